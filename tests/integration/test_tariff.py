"""Tariff hours and prices: set in the options, used without a restart."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, State
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.control.settings import Prices, TariffHours
from custom_components.home_energy_controller.site.config import SiteOptions
from custom_components.home_energy_controller.site.contract import PricesConfig
from custom_components.home_energy_controller.site.prices import is_refused, price_of, prices_of

from .flow_home import TEXTS, assert_translated, suggested
from .test_car import Home, home_with
from .world import World, issues

PRICE = "sensor.price"
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TARIFF: dict[str, Any] = {"high_days": EVERY_DAY[:5], "high_from": "07:00:00", "high_to": "22:00:00"}
BY_SENSOR = {
    "prices": {"preset": "own", "source": f"entity:{PRICE}", "fallback_per_kwh": 0.3, "sell_fixed_per_kwh": 0.08}
}


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """Return a site that is not set up."""
    entry = MockConfigEntry(domain=DOMAIN, data={"meter": {}})
    entry.add_to_hass(hass)
    return entry


async def open_limits(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Open the form that has the hours."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    return await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "limits"})


async def fill(hass: HomeAssistant, entry: MockConfigEntry, result: Any = None, **tariff: Any) -> Any:
    """Send the options with another tariff."""
    flow = hass.config_entries.options
    if result is None:
        result = await open_limits(hass, entry)
    sent = {"circuits": {}, "connection": {}, "meter": {"meter_age_limit_s": 60}, "tariff": TARIFF | tariff}
    result = await flow.async_configure(result["flow_id"], sent)
    assert_translated(result, TEXTS["options"])
    return result


async def test_hours_are_chosen_in_the_options(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """And shown again."""
    changes = {"high_days": ["sat"], "high_from": "17:00:00", "high_to": "00:00:00"}
    result = await fill(hass, entry, **changes)
    assert result["type"] == "create_entry"
    assert SiteOptions(entry.options).tariff == TariffHours(
        high_days=frozenset({5}), high_from=time(17), high_to=time()
    )
    assert suggested(await open_limits(hass, entry))["tariff"] == changes


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"high_from": "22:00:00", "high_to": "07:00:00"}, "tariff_ends_before_start"),
        ({"high_from": "07:00:00", "high_to": "07:00:00"}, "tariff_ends_before_start"),
    ],
)
async def test_nonsense_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, given: dict[str, Any], error: str
) -> None:
    """And can be put right in the same form."""
    result = await fill(hass, entry, **given)
    assert result["errors"] == {"tariff": error}
    assert (await fill(hass, entry, result))["type"] == "create_entry"
    assert SiteOptions(entry.options).tariff == TariffHours()


@pytest.mark.parametrize(
    ("state", "unit", "prices"),
    [
        ("0.21", "EUR/kWh", (0.21, 0.08)),
        ("21.5", "ct/kWh", (0.215, 0.08)),
        ("95", "€/MWh", (0.095, 0.08)),
        ("0.0001", "EUR/Wh", (0.1, 0.08)),
        ("-0.02", "EUR/kWh", (-0.02, -0.02)),
        ("unknown", "EUR/kWh", (0.3, 0.08)),
        ("nan", "EUR/kWh", (0.3, 0.08)),
        ("0.21", "EUR", (0.3, 0.08)),
        ("0.21", "/kWh", (0.3, 0.08)),
    ],
)
async def test_the_sensor_replaces_the_price_of_buying(
    hass: HomeAssistant, state: str, unit: str, prices: tuple[float, float]
) -> None:
    """Whatever its unit; selling is never worth more, and what is no price leaves the fixed one."""
    hass.states.async_set(PRICE, state, {"unit_of_measurement": unit})
    found = prices_of(hass, BY_SENSOR)
    assert (found.buy_per_kwh, found.sell_per_kwh) == pytest.approx(prices)


async def test_price_counts_for_as_long_as_its_sensor_is_available(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """That of day and night is written twice a day; one that was not heard since Friday is still the contract's."""
    hass.states.async_set(PRICE, "0.21", {"unit_of_measurement": "EUR/kWh"})
    for hours in (1, 2, 9, 60):
        freezer.tick(timedelta(hours=hours))
        assert prices_of(hass, BY_SENSOR).buy_per_kwh == 0.21
    hass.states.async_set(PRICE, "unavailable", {"unit_of_measurement": "EUR/kWh"})
    assert prices_of(hass, BY_SENSOR).buy_per_kwh == 0.3
    hass.states.async_remove(PRICE)
    assert prices_of(hass, BY_SENSOR).buy_per_kwh == 0.3


CENTS = (
    "ct/kWh|ct / kWh|Ct/kWh|CT/KWH|cts/kWh|c/kWh|c€/kWh|C€/kWh|€c/kWh|€ct/kWh|ct€/kWh|cent/kWh|Cent/kWh|cents/kWh|"
    "¢/kWh|US¢/kWh|cEUR/kWh|EURct/kWh|ctEUR/kWh|eurocent/kWh|Euro Cents/kWh|p/kWh|pence/kWh|GBp/kWh|GBX/kWh|öre/kWh|"
    "Öre/kWh|øre/kWh|o\u0308re/kWh|Rp/kWh|Rp./kWh|Rappen/kWh|cSEK/kWh|ct per kWh|Cent pro kWh|"
    "ct\u00a0/\u2009kWh|ct/kW h"
)
WHOLE = (
    "€/kWh|€\u00a0/\u00a0kWh|EUR/kWh|eur/kwh|EUR per kWh|euro/kWh|Euro per kWh| EUR/kWh |£/kWh|GBP/kWh|$/kWh|CHF/kWh|"
    "Fr./kWh|kr/kWh|kr./kWh|SEK/kWh|NOK/kWh|DKK/kWh|Kč/kWh|zł/kWh|PLN/kWh|CAD/kWh|CZK/kWh"
)


@pytest.mark.parametrize("unit", CENTS.split("|"))
def test_unit_of_cents_is_cents_however_it_is_spelt(unit: str) -> None:
    """25 of them are a quarter."""
    assert price_of(State(PRICE, "25", {"unit_of_measurement": unit})) == pytest.approx(0.25)


@pytest.mark.parametrize("unit", WHOLE.split("|"))
def test_unit_of_a_currency_is_whole_however_it_is_spelt(unit: str) -> None:
    """A quarter of one is a quarter."""
    assert price_of(State(PRICE, "0.25", {"unit_of_measurement": unit})) == pytest.approx(0.25)


@pytest.mark.parametrize(("unit", "price"), [("EUR/MWh", 0.085), ("ct/MWh", 0.00085), ("€ per MWh", 0.085)])
def test_price_of_other_amounts_of_energy_is_converted(unit: str, price: float) -> None:
    """The exchange trades megawatt-hours."""
    assert price_of(State(PRICE, "85", {"unit_of_measurement": unit})) == pytest.approx(price)


@pytest.mark.parametrize(
    "unit",
    ["", "kWh", "EUR", "/kWh", "mEUR/kWh", "m€/kWh", "credits/kWh", "EUR/kWh/h", "EUR/100kWh", "€ kWh", "kWh/EUR", "%"],
)
def test_unit_that_may_mean_anything_is_refused(unit: str) -> None:
    """Rather than to be off by a hundred."""
    state = State(PRICE, "0.25", {"unit_of_measurement": unit})
    assert price_of(state) is None
    assert is_refused(state)


@pytest.mark.parametrize(
    ("state", "unit"), [("25", "EUR/kWh"), ("-8", "€/kWh"), ("24.9", "GBP/kWh"), ("250", "EUR/Wh"), ("5100", "EUR/MWh")]
)
async def test_price_that_is_too_high_to_be_true_is_not_used(hass: HomeAssistant, state: str, unit: str) -> None:
    """The fixed price holds."""
    hass.states.async_set(PRICE, state, {"unit_of_measurement": unit})
    assert prices_of(hass, BY_SENSOR).buy_per_kwh == 0.3


async def test_price_sensor_that_is_not_used_is_a_repair(world: World) -> None:
    """Until its unit is mended."""
    world.hass.states.async_set(PRICE, "25", {"unit_of_measurement": "EUR/kWh"})
    world.hass.config_entries.async_update_entry(world.entry, options=BY_SENSOR)
    await world.settle()
    await world.pass_time(10)
    assert issues(world) == {"price_refused"}
    world.hass.states.async_set(PRICE, "25", {"unit_of_measurement": "ct/kWh"})
    await world.pass_time(10)
    assert not issues(world)


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    ("evening", "morning"),
    [
        # The clock goes forward in the night to 29 March and back in the night to 25 October.
        (datetime(2026, 3, 28, 21, tzinfo=UTC), datetime(2026, 3, 29, 5, tzinfo=UTC)),
        (datetime(2026, 3, 29, 20, tzinfo=UTC), datetime(2026, 3, 30, 5, tzinfo=UTC)),
        (datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 6, tzinfo=UTC)),
        (datetime(2026, 10, 25, 21, tzinfo=UTC), datetime(2026, 10, 26, 6, tzinfo=UTC)),
    ],
)
async def test_the_car_charges_in_low_hours_on_daylight_saving_days(
    hass: HomeAssistant, evening: datetime, morning: datetime
) -> None:
    """From 22 to 7 h by the clock on the wall: before and after that it does not."""
    options = {"tariff": TARIFF | {"high_days": EVERY_DAY}}
    begin = evening - timedelta(minutes=5)
    async with home_with(hass, (70,), begin, options=options) as home:
        await home.world.switch(on=True)
        await home.drive(290)
        assert home.intended == "0"
        await home.drive(90)
        assert home.intended == "1380"
        begin_again(home, morning - timedelta(minutes=2))
        await home.drive(110)
        assert home.intended == "1380"
        await home.drive(210)
        assert home.intended == "0"


def begin_again(home: Home, moment: datetime) -> None:
    """Set the clock on the wall; that of the devices just goes on."""
    home.begin, home.begun_at = moment, home.world.clock.now


@pytest.mark.usefixtures("socket_enabled")
async def test_other_hours_act_without_a_restart(hass: HomeAssistant) -> None:
    """Low at once, and the car goes on a minute later."""
    noon = datetime(2026, 11, 23, 11, tzinfo=UTC)
    async with home_with(hass, (70,), noon) as home:
        await home.world.switch(on=True)
        await home.drive(100)
        assert home.intended == "0"
        await fill(hass, home.world.entry, high_from="17:00:00")
        await home.world.settle()
        await home.drive(100)
        assert home.intended == "1380"


async def test_price_of_the_present_band_counts(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """By the clock on the wall."""
    await hass.config.async_set_time_zone("Europe/Amsterdam")
    for hour, buy in ((11, 0.29), (23, 0.24)):
        freezer.move_to(datetime(2026, 11, 23, hour, tzinfo=UTC))
        assert prices_of(hass, {"prices": {"preset": "day_night"}}) == Prices(buy_per_kwh=buy, sell_per_kwh=0.05)


async def test_price_of_a_coloured_day_needs_its_colour(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Which begins at 6 h; while it is unknown, the price for that holds."""
    await hass.config.async_set_time_zone("Europe/Paris")
    freezer.move_to(datetime(2026, 11, 24, 2, tzinfo=UTC))
    options = {"prices": {"preset": "fr_tempo", "fallback_per_kwh": 0.2, "day_kind_today": "sensor.colour"}}
    for state, buy in (("Rouge", 0.146), ("TEMPO_BLEU", 0.1232), ("\u26aa\ufe0f", 0.1391), ("inconnu", 0.2)):
        hass.states.async_set("sensor.colour", state)
        assert prices_of(hass, options).buy_per_kwh == buy
    hass.states.async_set("sensor.colour", "Rouge")
    freezer.move_to(datetime(2026, 11, 24, 12, tzinfo=UTC))
    assert prices_of(hass, options).buy_per_kwh == 0.6468


@pytest.mark.parametrize(
    ("damaged", "prices"),
    [
        ({"preset": "gone"}, Prices(buy_per_kwh=0.30, sell_per_kwh=0.02)),
        ({"buy_tax_per_kwh": "much"}, Prices(buy_per_kwh=0.27, sell_per_kwh=0.02)),
        ({"buy_vat_pct": float("nan"), "buy_fee_per_kwh": [], "sell_spot_pct": {}}, None),
        ({"source": 7, "bands": [{"begin": "07:00"}], "by_hour": "no", "sell_not_below_zero": 1}, None),
        ({"bands": 3, "may_charge_from_grid": "yes", "fallback_per_kwh": None}, None),
        ({"bands": [{"price_per_kwh": 1, "days": ["someday"]}]}, None),
        ({"bands": [{"price_per_kwh": 1, "begin": "25:00"}]}, None),
    ],
)
async def test_part_of_the_prices_that_is_damaged_breaks_no_other(
    hass: HomeAssistant, damaged: dict[str, Any], prices: Prices | None
) -> None:
    """What it should have told is as usual for the contract."""
    options = {"prices": {"preset": "nl_fixed", "sell_fixed_per_kwh": 0.02} | damaged}
    assert prices_of(hass, options) == (prices or Prices(buy_per_kwh=0.27, sell_per_kwh=0.02))
    assert not PricesConfig.from_options(options).may_charge_from_grid
    assert prices_of(hass, {"prices": "all"}) == Prices()
