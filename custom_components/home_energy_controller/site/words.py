"""The words of a home: powers, prices, times, lists and sentences as its people say them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final, Self

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..planning.reasons import Reason, Why
from ..planning.slots import start_of

CENTS: Final = {"EUR": "ct", "USD": "¢", "GBP": "p", "CHF": "Rp.", "AUD": "¢", "NZD": "¢", "CAD": "¢"}
"""What hundredths are called, in currencies in which a kWh costs less than one."""
COMMA: Final = frozenset({"de", "fr", "nl"})
STILL_W: Final = 15
"""A battery at rest, or a meter at zero, shows a few watts either way."""
SUMMARY: Final = "selector.summary.options"
BEYOND: Final = "_beyond"
"""Added to the key of a sentence whose reason lies beyond what is planned."""


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences and numbers in one language."""

    texts: Mapping[str, str]
    """By the keys of the translations."""
    language: str
    currency: str
    zone: tzinfo

    @classmethod
    async def async_load(cls, hass: HomeAssistant) -> Self:
        """Return the words of the home's language."""
        texts: dict[str, str] = {}
        for category in ("selector", "entity"):
            texts |= await async_get_translations(hass, hass.config.language, category, [DOMAIN])
        return cls(texts, hass.config.language, hass.config.currency, dt_util.get_default_time_zone())

    def text(self, key: str) -> str:
        """Return a translation; nothing where the language has none."""
        return self.texts.get(f"component.{DOMAIN}.{key}", "")

    def power(self, power_w: float) -> str:
        """Return a power (W) without its sign, as it is spoken of: 800 W, 1.2 kW."""
        rounded_w = round(abs(power_w), -1)
        if rounded_w < 1000:
            return f"{rounded_w:.0f} W"
        return f"{rounded_w / 1000:.1f} kW".replace(".0", "").replace(".", self.decimal_mark)

    def flow(self, where: str, power_w: float) -> str:
        """Return what a power (W, + towards the house) at the grid, the house or a battery is, without its sign."""
        way = "none" if abs(power_w) < STILL_W else "plus" if power_w > 0 else "minus"
        return self.text(f"selector.flow.options.{where}_{way}").format(power=self.power(power_w))

    def listed(self, names: Sequence[str]) -> str:
        """Return names as a list is spoken: Attic, Garage and Shed."""
        *first, last = names
        return self.text(f"{SUMMARY}.and").format(names=", ".join(first), name=last) if first else last

    def status(self, status: str) -> str:
        """Return whether the plan acts, or why it does not."""
        return self.text(f"selector.plan_status.options.{status}")

    def mode(self, mode: str) -> str:
        """Return what a mode is called."""
        return self.text(f"entity.sensor.plan.state.{mode}")

    @property
    def price_unit(self) -> tuple[str, float]:
        """Return the unit of prices per kWh, and its factor from the currency."""
        hundredth = CENTS.get(self.currency)
        return (f"{hundredth}/kWh", 100.0) if hundredth else (f"{self.currency}/kWh", 1.0)

    @property
    def decimal_mark(self) -> str:
        """Return what stands before tenths."""
        return decimal_mark(self.language)

    def price(self, per_kwh: float) -> str:
        """Return a price per kWh as it is spoken of."""
        return spoken_price(per_kwh, self.currency, self.language)

    def at(self, slot: int) -> str:
        """Return when a slot begins, by the clock on the wall."""
        return f"{start_of(slot, self.zone):%H:%M}"

    def sentence(self, reason: Reason) -> str:
        """Return why, in one sentence; nothing where the language has none."""
        is_open = reason.at is None and reason.why in {Why.KEPT, Why.CHEAP_NOW}
        key = f"{reason.why}{BEYOND if is_open else ''}"
        return self.text(f"selector.plan_reason.options.{key}").format(
            price=self.price(reason.price),
            other=self.price(reason.other_price),
            at="" if reason.at is None else self.at(reason.at),
        )


def spoken_price(per_kwh: float, currency: str, language: str) -> str:
    """Return a price per kWh as it is spoken of: 38.0 ct, or 2.310 SEK; with a comma where the language has one."""
    hundredth = CENTS.get(currency)
    text = f"{per_kwh * 100:.1f} {hundredth}" if hundredth else f"{per_kwh:.3f} {currency}"
    return text.replace(".", decimal_mark(language), 1)


def decimal_mark(language: str) -> str:
    """Return what stands before tenths in a language."""
    return "," if language.split("-", maxsplit=1)[0] in COMMA else "."
