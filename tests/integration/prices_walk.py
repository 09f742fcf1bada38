"""Somebody who goes through the options of prices."""

from datetime import UTC, datetime
from typing import Any

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.planning.presets import Preset
from custom_components.home_energy_controller.site.contract import PricesConfig

from .flow_home import TEXTS, assert_translated, suggested

PRICE = "sensor.price"
COLOUR = "sensor.colour"
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)
FOLLOWING = (Preset.NL_DYNAMIC, Preset.BE_DYNAMIC, Preset.OWN)


class Walk:
    """The options of prices, as somebody goes through them; there is a text for all that they show."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        """Begin with what is there."""
        self.hass, self.flow, self.entry = hass, hass.config_entries.options, entry
        self.result: Any = None

    @property
    def step(self) -> str:
        """Return where it is."""
        return str(self.result["step_id"])

    @property
    def error(self) -> str | None:
        """Return what is wrong with what was sent."""
        error: str | None = (self.result["errors"] or {}).get("base")
        return error

    @property
    def told(self) -> dict[str, str]:
        """Return what the texts are filled with."""
        return dict(self.result["description_placeholders"])

    async def send(self, **given: Any) -> None:
        """Send what is asked."""
        self.result = await self.flow.async_configure(self.result["flow_id"], given)
        assert_translated(self.result, TEXTS["options"])

    async def choose(self, option: str) -> None:
        """Choose from a menu that offers it."""
        assert option in self.result["menu_options"]
        await self.send(next_step_id=option)

    async def details(self, preset: str) -> None:
        """Go up to the numbers of a contract."""
        self.result = await self.flow.async_init(self.entry.entry_id)
        assert_translated(self.result, TEXTS["options"])
        await self.choose("prices")
        await self.send(preset=preset)
        assert self.step == "price_details"

    async def edit(self, **changes: Any) -> None:
        """Send the numbers that the form holds, some of them changed; None empties a field."""
        held = {name: {**part} for name, part in suggested(self.result).items()}
        for key, value in changes.items():
            field = next(name for name, keys in FIELDS.items() if key in keys)
            held[field][key] = value
        sent = {name: {key: value for key, value in part.items() if value is not None} for name, part in held.items()}
        await self.send(**sent)

    async def keep(self) -> PricesConfig:
        """Keep what is shown."""
        await self.choose("price_keep")
        assert self.result["type"] == "create_entry"
        assert self.entry.options["other"] == 1, "other options stay"
        return PricesConfig.from_options(self.entry.options)


FIELDS = {name: set(part["data"]) for name, part in TEXTS["options"]["step"]["price_details"]["sections"].items()}


async def walk_of(hass: HomeAssistant) -> Walk:
    """Return somebody who sets the prices of a site that is not set up, beside two sensors, of price and colour."""
    await hass.config.async_set_time_zone("Europe/Amsterdam")
    hass.states.async_set(PRICE, "0.1", {"unit_of_measurement": "EUR/kWh"})
    hass.states.async_set(COLOUR, "Rouge")
    entry = MockConfigEntry(domain=DOMAIN, data={"meter": {}}, options={"other": 1}, minor_version=2)
    entry.add_to_hass(hass)
    return Walk(hass, entry)
