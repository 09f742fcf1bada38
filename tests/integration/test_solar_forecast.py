"""The sun, as the forecasts of the Energy dashboard tell it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.components.energy import data, websocket_api
from homeassistant.components.recorder.core import Recorder
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockModule, mock_integration, mock_platform

from custom_components.home_energy_controller.planning.slots import by_slot, slot_of
from custom_components.home_energy_controller.site import dashboard
from custom_components.home_energy_controller.site.forecasts import async_solar_forecast, power_rows

from .foreign_libraries import make_up

ZONE = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 6, 10, 9, 5, tzinfo=ZONE)
TODAY = NOW.replace(hour=0, minute=0)
HOUR = timedelta(hours=1)

type Told = dict[str, Any] | None


@pytest.fixture(autouse=True)
def _let_home_assistant_load_ours(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Let Home Assistant load custom integrations; a recorder must be there before it."""


@pytest.fixture
async def dashboard_of(hass: HomeAssistant, freezer: Any) -> Callable[..., Any]:
    """Return what sets up an Energy dashboard with forecasts, each an entry of an integration that tells it."""
    await hass.config.async_update(time_zone="Europe/Amsterdam")

    async def set_up(*told: Told | Exception, per_source: int = 1, state: Any = ConfigEntryState.LOADED) -> None:
        answers: dict[str, Told | Exception] = {}

        async def forecast(_hass: HomeAssistant, entry_id: str) -> Told:
            answer = answers[entry_id]
            if isinstance(answer, Exception):
                raise answer
            return answer

        mock_integration(hass, MockModule("sunny"))
        mock_platform(hass, "sunny.energy", SimpleNamespace(async_get_solar_forecast=forecast))
        hass.config.components.add("sunny")
        assert await async_setup_component(hass, "energy", {})
        for each in told:
            entry = MockConfigEntry(domain="sunny", state=state)
            entry.add_to_hass(hass)
            answers[entry.entry_id] = each
        ids = list(answers)
        await name_sources(hass, [ids[index : index + per_source] for index in range(0, len(ids), per_source)])
        freezer.move_to(NOW)

    return set_up


async def name_sources(hass: HomeAssistant, forecasts: list[list[str]]) -> None:
    """Tell the Energy dashboard its solar sources, by the entries that forecast each."""
    manager = await data.async_get_manager(hass)
    sources = [
        {"type": "solar", "stat_energy_from": f"sensor.sun_{index}", "config_entry_solar_forecast": ids or None}
        for index, ids in enumerate([*forecasts, []])
    ]
    await manager.async_update({"energy_sources": sources})  # type: ignore[typeddict-item]


def wh_hours(values: Mapping[float, float] | Mapping[int, float], days: int = 1) -> dict[str, Any]:
    """Return the energies of hours of today and the days after it, as an integration tells them."""
    return {
        "wh_hours": {
            (TODAY + timedelta(days=day, hours=hour)).isoformat(): wh
            for day in range(days)
            for hour, wh in values.items()
        }
    }


def test_the_installed_home_assistant_has_what_is_used() -> None:
    """Neither is a public interface."""
    assert dashboard.MANAGER is data.async_get_manager
    assert dashboard.PLATFORMS is websocket_api.async_get_energy_platforms


async def test_forecasts_are_summed(hass: HomeAssistant, dashboard_of: Any) -> None:
    """Of several roofs, in one source or in several; hours and quarters."""
    quarters = {hour / 4: 100.0 for hour in range(24, 80)}
    await dashboard_of(wh_hours(dict.fromkeys(range(6, 20), 1000.0)), wh_hours(quarters), per_source=2)
    forecast = await async_solar_forecast(hass)
    assert forecast is not None
    assert (forecast.is_empty, forecast.missing) == (False, 0)
    assert forecast.by_slot[slot_of(TODAY + 12 * HOUR)] == pytest.approx(1400.0)
    assert forecast.read_at == NOW
    assert slot_of(TODAY + 5.75 * HOUR) not in forecast.by_slot
    assert sum(forecast.by_slot.values()) / 4 == pytest.approx(14_000 + 5_600)


async def test_a_day_that_one_does_not_know_is_not_summed(hass: HomeAssistant, dashboard_of: Any) -> None:
    """Half the roof is no forecast of it."""
    hours = dict.fromkeys(range(6, 20), 1000.0)
    await dashboard_of(wh_hours(hours, days=2), wh_hours(hours))
    forecast = await async_solar_forecast(hass)
    assert forecast is not None
    assert max(forecast.by_slot) == slot_of(TODAY + 23.75 * HOUR)


@pytest.mark.parametrize(
    "told",
    [
        wh_hours(dict.fromkeys(range(24), 0.0)),
        wh_hours({5: 0.0, 6: 100.0, 7: 200.0, 8: 0.0}),
        wh_hours({}),
        {"wh_hours": {"soon": 5, "later": None}},
        {"wh_hours": None},
        {},
        None,
        ValueError("down"),
        AttributeError("runtime_data"),
    ],
)
async def test_a_forecast_of_nothing_is_no_dark_day(hass: HomeAssistant, dashboard_of: Any, told: Any) -> None:
    """All zeros, all over, broken, or an error of whoever tells it."""
    await dashboard_of(told)
    forecast = await async_solar_forecast(hass)
    assert forecast is not None
    assert forecast.is_empty


async def test_one_that_fails_is_counted(hass: HomeAssistant, dashboard_of: Any) -> None:
    """The other is there; the sum is known to be too low."""
    await dashboard_of(wh_hours(dict.fromkeys(range(6, 20), 1000.0)), ValueError("down"))
    forecast = await async_solar_forecast(hass)
    assert forecast is not None
    assert (forecast.is_empty, forecast.missing) == (False, 1)


async def test_an_entry_that_is_not_loaded_or_gone_is_not_asked(hass: HomeAssistant, dashboard_of: Any) -> None:
    """Its integration would stumble over it."""
    await dashboard_of(wh_hours({10: 5.0, 11: 5.0}), state=ConfigEntryState.SETUP_RETRY)
    forecast = await async_solar_forecast(hass)
    assert forecast is not None
    assert (forecast.is_empty, forecast.missing) == (True, 1)
    await name_sources(hass, [["gone"]])
    forecast = await async_solar_forecast(hass)
    assert forecast is not None
    assert forecast.missing == 1


async def answer(value: Any) -> Any:
    return value


async def test_without_forecasts_there_is_none(
    hass: HomeAssistant, dashboard_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the dashboard, without a forecast in it, and without the function that tells who forecasts."""
    assert await async_solar_forecast(hass) is None
    await dashboard_of(wh_hours({10: 5.0, 11: 5.0}))
    for gone in (None, lambda _: answer(None), lambda _: answer(["changed"])):
        monkeypatch.setattr(dashboard, "PLATFORMS", gone)
        assert await async_solar_forecast(hass) is None
    monkeypatch.undo()
    await name_sources(hass, [])
    assert await async_solar_forecast(hass) is None
    monkeypatch.setattr(dashboard, "MANAGER", None)
    assert await async_solar_forecast(hass) is None


async def test_forecast_solar_as_it_is_installed(
    hass: HomeAssistant, dashboard_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins when the sun rises, and is silent at night."""
    make_up(monkeypatch)
    from homeassistant.components.forecast_solar.coordinator import (  # noqa: PLC0415
        ForecastSolarDataUpdateCoordinator as Coordinator,
    )

    hass.config.components.add("forecast_solar")
    await dashboard_of()
    entry = MockConfigEntry(domain="forecast_solar", state=ConfigEntryState.LOADED)
    entry.add_to_hass(hass)
    entry.runtime_data = Coordinator.__new__(Coordinator)
    told = {5.25: 75.0, 6: 500.0, 7: 800.0, 8: 900.0, 21: 200.0, 22: 0.0}
    days = [{TODAY + timedelta(days=day, hours=hour): wh for hour, wh in told.items()} for day in (0, 1)]
    entry.runtime_data.data = SimpleNamespace(wh_period=days[0] | days[1])
    await name_sources(hass, [[entry.entry_id]])
    forecast = await async_solar_forecast(hass)
    assert forecast is not None
    assert forecast.by_slot[slot_of(TODAY + 5.5 * HOUR)] == pytest.approx(100.0)
    assert forecast.by_slot[slot_of(TODAY + 26 * HOUR)] == 0.0
    assert forecast.by_slot[slot_of(TODAY + 30 * HOUR)] == pytest.approx(500.0)


def test_energy_lasts_until_the_next_row_and_no_longer_than_a_slot() -> None:
    """Over a night there is nothing, over a day that is missing nothing is known."""
    hours = {2: 0.0, 3: 300.0, 4: 200.0, 6: 800.0, 7: 100.0, 20: 50.0, 21: 60.0, 45: 10.0}
    told = {(TODAY + hour * HOUR).isoformat(): wh for hour, wh in hours.items()}
    powers = by_slot(power_rows(told | {"bad": 5, (TODAY + 5 * HOUR).isoformat(): -1}, ZONE))
    at = {hour: powers.get(slot_of(TODAY + hour * HOUR)) for hour in (3, 4, 5, 6, 7, 8, 19, 20, 21, 22, 44, 45, 46)}
    assert at == {
        3: 300, 4: 100, 5: 100, 6: 800, 7: 100, 8: 0, 19: 0, 20: 50, 21: 60, 22: None, 44: None, 45: 10, 46: None,
    }  # fmt: skip
