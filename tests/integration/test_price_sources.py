"""Prices as the installed Home Assistant's actions and the attributes of entities tell them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from homeassistant import components
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.home_energy_controller.planning.slots import slot_of
from custom_components.home_energy_controller.site import foreign_calls
from custom_components.home_energy_controller.site.price_reader import PriceProblem
from custom_components.home_energy_controller.site.price_sources import (
    ACTIONS,
    SpotPrices,
    async_read_spot,
    available_sources,
)

from .foreign_libraries import make_up

ZONE = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 1, 10, 14, 5, tzinfo=ZONE)
TODAY = NOW.replace(hour=0, minute=0)
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)


@pytest.fixture(autouse=True)
async def _in_amsterdam(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the home where the clock changes, and the euro is."""
    make_up(monkeypatch)
    await hass.config.async_update(time_zone="Europe/Amsterdam", currency="EUR")


@dataclass
class Market:
    """What the libraries of all integrations answer: a price (EUR per kWh) is the hour of the day / 100."""

    days: set[date]
    fails: set[date] = field(default_factory=set)
    error: Exception = field(default_factory=lambda: RuntimeError("down"))

    def quarters(self, day: date) -> list[tuple[datetime, float]]:
        """Return the starts of a day and what a kWh costs."""
        if day in self.fails:
            raise self.error
        midnight, end = (datetime.combine(each, datetime.min.time(), ZONE) for each in (day, day + timedelta(days=1)))
        count = int((end.timestamp() - midnight.timestamp()) // 900) if day in self.days else 0
        starts = [(midnight.astimezone(UTC) + QUARTER * index).astimezone(ZONE) for index in range(count)]
        return [(start, start.hour / 100) for start in starts]

    def rows(self) -> list[tuple[datetime, float]]:
        """Return all days that are published."""
        return [row for day in sorted(self.days) for row in self.quarters(day)]


def nordpool_client(market: Market) -> Any:
    async def period(day: datetime, _currency: str, areas: list[str]) -> Any:
        entries = [
            SimpleNamespace(start=start, end=start + QUARTER, entry=dict.fromkeys(areas, price * 1000))
            for start, price in market.quarters(day.date())
        ]
        return SimpleNamespace(entries=entries)

    return SimpleNamespace(client=SimpleNamespace(async_get_delivery_period=period))


def tibber_client(market: Market) -> Any:
    home = SimpleNamespace(name="Home", price_total={start.isoformat(): price for start, price in market.rows()})

    async def client(_hass: HomeAssistant) -> Any:
        return SimpleNamespace(get_homes=lambda only_active: [home])

    return SimpleNamespace(async_get_client=client)


class Span(NamedTuple):
    start_including: datetime
    end_excluding: datetime


def energyzero_client(market: Market) -> Any:
    async def prices(*, start_date: date, interval: str, price_type: str, **_: Any) -> Any:
        assert (interval, price_type) == ("quarter", "market")
        spans = {
            Span(start_including=start.astimezone(UTC), end_excluding=start.astimezone(UTC) + QUARTER): price
            for start, price in market.quarters(start_date)
        }
        return SimpleNamespace(prices=spans)

    return SimpleNamespace(energyzero=SimpleNamespace(get_electricity_prices=prices))


def easyenergy_client(market: Market) -> Any:
    async def prices(*, start_date: date, granularity: str, vat: str, **_: Any) -> Any:
        assert (granularity, vat) == ("quarter", "exclude")
        rows = [{"timestamp": start.astimezone(UTC), "price": price} for start, price in market.quarters(start_date)]
        return SimpleNamespace(timestamp_prices=rows, intervals=())

    return SimpleNamespace(easyenergy=SimpleNamespace(energy_prices=prices))


def green_planet_client(market: Market) -> Any:
    data = {
        f"gpe_price_{start:%H_%M}" + "_tomorrow" * (start.date() > NOW.date()): price * 100
        for start, price in market.rows()
    }
    return SimpleNamespace(data=data)


CLIENTS: dict[str, Callable[[Market], Any]] = {
    "nordpool": nordpool_client,
    "tibber": tibber_client,
    "energyzero": energyzero_client,
    "easyenergy": easyenergy_client,
    "green_planet_energy": green_planet_client,
}


def loaded_entry(hass: HomeAssistant, domain: str, **data: Any) -> MockConfigEntry:
    """Return an entry that is loaded, of an integration that is not."""
    entry = MockConfigEntry(domain=domain, title=domain.title(), data=data, state=ConfigEntryState.LOADED)
    entry.add_to_hass(hass)
    return entry


def installed(hass: HomeAssistant, domain: str, market: Market) -> str:
    """Return a source whose action is that of the installed Home Assistant."""
    importlib.import_module(f"homeassistant.components.{domain}.services").async_setup_services(hass)
    entry = loaded_entry(hass, domain, areas=["NL"], currency="EUR")
    entry.runtime_data = CLIENTS[domain](market)
    return available_sources(hass)[0][0]


async def read(hass: HomeAssistant, source: str, now: datetime = NOW) -> SpotPrices:
    """Return prices, which must be there."""
    prices = await async_read_spot(hass, source, now)
    assert isinstance(prices, SpotPrices), prices
    return prices


@pytest.mark.parametrize("domain", CLIENTS)
async def test_an_installed_integration_tells_today_and_tomorrow(
    hass: HomeAssistant, freezer: Any, domain: str
) -> None:
    """By its own action, with the fields that this takes."""
    freezer.move_to(NOW)
    today = NOW.date()
    source = installed(hass, domain, Market({today, today + timedelta(days=1)}))
    prices = await read(hass, source)
    assert len(prices.by_slot) == (96 if domain == "green_planet_energy" else 192)
    assert prices.by_slot[slot_of(NOW)] == pytest.approx(0.14)
    assert prices.by_slot[slot_of(NOW + timedelta(hours=20))] == pytest.approx(0.10)
    assert prices.is_all_in == (domain in {"tibber", "green_planet_energy"})
    assert prices.currency == (None if domain == "tibber" else "EUR")
    assert (prices.title, prices.read_at) == (domain.title(), NOW)


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("domain", CLIENTS)
async def test_today_is_there_without_tomorrow(hass: HomeAssistant, freezer: Any, domain: str, fails: bool) -> None:
    """Whether tomorrow is empty or an error of a library that nobody catches."""
    morning = NOW.replace(hour=9)
    freezer.move_to(morning)
    tomorrow = NOW.date() + timedelta(days=1)
    source = installed(hass, domain, Market({NOW.date()}, fails={tomorrow} if fails else set()))
    prices = (await read(hass, source, morning)).by_slot
    assert max(prices) == slot_of(NOW.replace(hour=23, minute=45))


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
@pytest.mark.parametrize("domain", [each for each in CLIENTS if each != "green_planet_energy"])
async def test_a_day_of_the_clock_change_is_whole(hass: HomeAssistant, freezer: Any, domain: str, day: date) -> None:
    """With each of its hours."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZONE)
    freezer.move_to(noon)
    prices = (await read(hass, installed(hass, domain, Market({day})), noon)).by_slot
    slots = 92 if day.month == 3 else 100
    assert len(prices) == slots
    assert sorted({round(price * 100) for price in prices.values()}) == [
        hour for hour in range(24) if slots > 92 or hour != 2
    ]


async def test_a_market_day_is_not_the_day_of_the_home(hass: HomeAssistant, freezer: Any) -> None:
    """In Helsinki the first hour of a day is the market's last of the day before."""
    await hass.config.async_update(time_zone="Europe/Helsinki")
    late = datetime(2026, 1, 10, 23, 30, tzinfo=ZONE)
    freezer.move_to(late)
    source = installed(hass, "nordpool", Market({late.date(), late.date() + timedelta(days=1)}))
    assert slot_of(late) in (await read(hass, source, late)).by_slot


@pytest.mark.parametrize(
    ("domain", "fields"),
    [
        ("nordpool", {"config_entry", "date", "areas", "currency"}),
        ("tibber", {"start", "end"}),
        ("energyzero", {"config_entry", "incl_vat", "start", "end", "interval", "price_type"}),
        ("easyenergy", {"config_entry", "incl_vat", "start", "end", "granularity", "price_type"}),
        ("green_planet_energy", {"config_entry_id", "hours"}),
        ("omie", {"date", "countries"}),
    ],
)
def test_the_installed_actions_have_the_fields_that_are_used(domain: str, fields: set[str]) -> None:
    """As their descriptions say; a field that is gone would be an action that fails."""
    there = load_yaml_dict(Path(next(iter(components.__path__))) / domain / "services.yaml")[ACTIONS[domain].name][
        "fields"
    ]
    entry = MockConfigEntry(domain=domain)
    asked = {key for request in ACTIONS[domain].requests(entry, "NL", NOW) for key in request}
    assert asked <= fields
    assert asked <= there.keys() or domain == "tibber", "it describes none of its fields"


type Handler = Callable[[ServiceCall], Awaitable[dict[str, Any] | None]]


def offer(hass: HomeAssistant, domain: str, handler: Handler, schema: Any = None) -> None:
    """Offer an action instead of an integration."""
    name = ACTIONS[domain].name
    hass.services.async_register(domain, name, handler, schema, supports_response=SupportsResponse.ONLY)  # type: ignore[arg-type]


def answering(answer: Any) -> Handler:
    async def handler(_call: ServiceCall) -> Any:
        return answer

    return handler


def raising(error: BaseException) -> Handler:
    async def handler(_call: ServiceCall) -> Any:
        raise error

    return handler


def hourly(price: float, first: datetime = TODAY) -> list[dict[str, Any]]:
    """Return a day of hours, without ends."""
    return [{"start": (first + HOUR * hour).isoformat(), "price": price} for hour in range(24)]


async def test_a_country_of_omie_is_read(hass: HomeAssistant) -> None:
    """Both are offered; what it tells is per kWh."""
    entry = loaded_entry(hass, "omie")
    offer(hass, "omie", answering({"pt": hourly(0.06)}))
    assert available_sources(hass)[:2] == [
        (f"omie:{entry.entry_id}:es", "Omie (ES)"),
        (f"omie:{entry.entry_id}:pt", "Omie (PT)"),
    ]
    assert set((await read(hass, f"omie:{entry.entry_id}:pt")).by_slot.values()) == {0.06}
    assert await async_read_spot(hass, f"omie:{entry.entry_id}:es", NOW) == PriceProblem.NO_PRICES
    entry.mock_state(hass, ConfigEntryState.NOT_LOADED)  # Or it is unloaded, by a library that is not there.


async def test_each_area_of_nord_pool_is_a_source(hass: HomeAssistant) -> None:
    """Its own prices are asked for, and in a small currency nothing is taken for cents."""
    entry = loaded_entry(hass, "nordpool", areas=["SE3", "SE4"], currency="SEK")
    calls: list[ServiceCall] = []

    async def handler(call: ServiceCall) -> dict[str, Any]:
        calls.append(call)
        return {area: hourly(9000.0) for area in call.data["areas"]}

    offer(hass, "nordpool", handler)
    assert [title for _, title in available_sources(hass)] == ["Nordpool (SE3)", "Nordpool (SE4)", "entity"]
    prices = await read(hass, f"nordpool:{entry.entry_id}:SE4")
    assert (set(prices.by_slot.values()), prices.currency) == ({9.0}, "SEK")
    assert [(call.data["areas"], call.data["date"]) for call in calls] == [
        (["SE4"], "2026-01-10"),
        (["SE4"], "2026-01-11"),
    ]


async def test_homes_of_tibber_that_differ_are_not_mixed(hass: HomeAssistant) -> None:
    """Where they pay the same it does not matter whose prices they are."""
    entry = loaded_entry(hass, "tibber")
    answer = {"prices": {"Home": hourly(0.2), "Hut": hourly(0.2), "Empty": []}}
    offer(hass, "tibber", answering(answer))
    assert set((await read(hass, f"tibber:{entry.entry_id}")).by_slot.values()) == {0.2}
    answer["prices"]["Hut"] = hourly(0.3)
    assert await async_read_spot(hass, f"tibber:{entry.entry_id}", NOW) == PriceProblem.HOMES_DIFFER
    assert set((await read(hass, f"tibber:{entry.entry_id}:Hut")).by_slot.values()) == {0.3}


@pytest.mark.parametrize(
    ("handler", "problem"),
    [
        (raising(ServiceValidationError("no")), PriceProblem.ACTION_FAILED),
        (raising(HomeAssistantError("no")), PriceProblem.ACTION_FAILED),
        (raising(vol.Invalid("no")), PriceProblem.ACTION_CHANGED),
        (raising(TimeoutError()), PriceProblem.NO_ANSWER),
        (raising(OSError("no")), PriceProblem.ACTION_FAILED),
        (raising(AttributeError("runtime_data")), PriceProblem.ACTION_FAILED),
        (raising(type("LibraryError", (Exception,), {})()), PriceProblem.ACTION_FAILED),
        (raising(asyncio.CancelledError()), PriceProblem.ACTION_FAILED),
        (answering(None), PriceProblem.ACTION_FAILED),
        (answering({}), PriceProblem.NO_PRICES),
        (answering({"prices": None}), PriceProblem.NO_PRICES),
        (answering({"prices": []}), PriceProblem.NO_PRICES),
        (answering({"prices": "dear"}), PriceProblem.NO_PRICES),
        (answering({"prices": hourly(0.2, NOW - timedelta(days=3))}), PriceProblem.OUTDATED),
        (answering({"prices": hourly(25.0)}), PriceProblem.LOOKS_LIKE_CENTS),
        (answering({"prices": hourly(90.0)}), PriceProblem.LOOKS_LIKE_MWH),
    ],
)
async def test_what_is_wrong_is_told_and_never_raised(
    hass: HomeAssistant, handler: Handler, problem: PriceProblem
) -> None:
    """Whatever an action raises or answers."""
    entry = loaded_entry(hass, "energyzero")
    offer(hass, "energyzero", handler)
    assert await async_read_spot(hass, f"energyzero:{entry.entry_id}", NOW) == problem


async def test_an_action_that_is_gone_or_takes_other_fields_is_told(hass: HomeAssistant) -> None:
    """As after an update of Home Assistant."""
    entry = loaded_entry(hass, "energyzero")
    source = f"energyzero:{entry.entry_id}"
    assert await async_read_spot(hass, source, NOW) == PriceProblem.ACTION_CHANGED
    offer(hass, "energyzero", answering({}), vol.Schema({vol.Required("day"): str}))
    assert await async_read_spot(hass, source, NOW) == PriceProblem.ACTION_CHANGED


@pytest.mark.parametrize("is_deaf", [False, True])
async def test_an_action_that_hangs_is_not_waited_for(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, is_deaf: bool
) -> None:
    """Also one that does not listen when it is told to end."""
    monkeypatch.setattr(foreign_calls.async_outcome, "__kwdefaults__", {"wait_s": 0.05, "is_shared": False})
    entry = loaded_entry(hass, "energyzero")
    free = asyncio.Event()

    async def handler(_call: ServiceCall) -> dict[str, Any]:
        try:
            await free.wait()
        except asyncio.CancelledError:
            if not is_deaf:
                raise
            await free.wait()
        return {}

    offer(hass, "energyzero", handler)
    async with asyncio.timeout(5):
        assert await async_read_spot(hass, f"energyzero:{entry.entry_id}", NOW) == PriceProblem.NO_ANSWER
    free.set()


@pytest.mark.parametrize("state", [each for each in ConfigEntryState if each is not ConfigEntryState.LOADED])
async def test_a_source_that_is_not_loaded_is_told(hass: HomeAssistant, state: ConfigEntryState) -> None:
    """And not offered."""
    entry = MockConfigEntry(domain="energyzero", state=state)
    entry.add_to_hass(hass)
    assert available_sources(hass) == [("entity", "entity")]
    assert await async_read_spot(hass, f"energyzero:{entry.entry_id}", NOW) == PriceProblem.SOURCE_NOT_LOADED


@pytest.mark.parametrize(
    "source", ["", "energyzero:gone", "unheard:of", "entity:", "entity:" + "0" * 32, "entity:sensor.gone"]
)
async def test_a_source_that_is_gone_is_told(hass: HomeAssistant, source: str) -> None:
    """An entry or an entity that was removed, and nonsense."""
    problem = await async_read_spot(hass, source, NOW)
    assert problem in {PriceProblem.SOURCE_GONE, PriceProblem.SOURCE_NOT_LOADED}


async def test_an_entry_of_another_integration_is_no_source(hass: HomeAssistant) -> None:
    """Its id is not enough."""
    entry = loaded_entry(hass, "omie")
    assert await async_read_spot(hass, f"energyzero:{entry.entry_id}", NOW) == PriceProblem.SOURCE_GONE
    entry.mock_state(hass, ConfigEntryState.NOT_LOADED)
