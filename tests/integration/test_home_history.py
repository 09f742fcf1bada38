"""What the home used, of statistics in a real recorder."""

from datetime import datetime, timedelta

from homeassistant.components.energy import data
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.home_energy_controller.planning.slots import slot_of
from custom_components.home_energy_controller.site.history import HistoryProblem, async_home_history, power_rows

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _let_home_assistant_load_ours(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Let Home Assistant load custom integrations; a recorder must be there before it."""


def count(hass: HomeAssistant, name: str, first: datetime, kwh: float, hours: int = 6) -> None:
    """Let a counter (kWh) grow by as much each hour."""
    async_import_statistics(
        hass,
        {
            "source": "recorder", "statistic_id": f"sensor.{name}", "name": name, "unit_of_measurement": "kWh",
            "unit_class": "energy", "has_sum": True, "mean_type": StatisticMeanType.NONE,
        },
        [{"start": first + HOUR * hour, "sum": 50 + kwh * hour} for hour in range(hours)],
    )  # fmt: skip


async def test_the_load_is_what_the_counters_leave(hass: HomeAssistant) -> None:
    """Import - export + sun + batteries out - in, without the car."""
    first = dt_util.utcnow().replace(minute=0, second=0, microsecond=0) - timedelta(days=20)
    for name, kwh in (("in", 1.0), ("out", 0.2), ("sun", 0.5), ("give", 0.3), ("take", 0.1), ("car", 0.4)):
        count(hass, name, first, kwh)
    await async_wait_recording_done(hass)
    assert await async_setup_component(hass, "energy", {})
    assert (await async_home_history(hass, first, first + HOUR)).problem == HistoryProblem.NO_DASHBOARD
    grid = {"type": "grid", "stat_energy_from": "sensor.in", "stat_energy_to": "sensor.out"}
    sources = [grid, {"type": "solar", "stat_energy_from": "sensor.sun"}]
    await (await data.async_get_manager(hass)).async_update({"energy_sources": sources})  # type: ignore[typeddict-item]
    own = [("sensor.give", "sensor.take")]
    home = await async_home_history(hass, first, first + 6 * HOUR, battery_statistics=own, apart=["sensor.car"])
    assert (home.has_grid, home.has_sun, home.has_battery, home.problem) == (True, True, True, None)
    assert len(home.load_w) == 5 * 4
    assert home.load_w[slot_of(first + 2 * HOUR)] == pytest.approx(1000 - 200 + 500 + 300 - 100 - 400)
    assert home.battery_w[slot_of(first + 2 * HOUR)] == pytest.approx(200)


@pytest.mark.parametrize(("days", "known_h"), [(8, 8 * 24 + 5), (6, 5)])
async def test_the_load_before_the_batteries_came_is_known(hass: HomeAssistant, days: int, known_h: int) -> None:
    """A battery that first counts after a week or more was not there; after less it may have been silent."""
    first = dt_util.utcnow().replace(minute=0, second=0, microsecond=0) - timedelta(days=20)
    came = first + timedelta(days=days)
    count(hass, "in", first, 1.0, days * 24 + 6)
    count(hass, "give", came, 0.3)
    count(hass, "take", came, 0.1)
    await async_wait_recording_done(hass)
    assert await async_setup_component(hass, "energy", {})
    sources = [{"type": "grid", "stat_energy_from": "sensor.in"}]
    await (await data.async_get_manager(hass)).async_update({"energy_sources": sources})  # type: ignore[typeddict-item]
    own = [("sensor.give", "sensor.take")]
    home = await async_home_history(hass, first, came + 6 * HOUR, battery_statistics=own)
    assert len(home.load_w) == known_h * 4
    assert home.load_w[slot_of(came + 2 * HOUR)] == pytest.approx(1000 + 300 - 100)
    assert home.load_w.get(slot_of(came - 2 * HOUR)) == (pytest.approx(1000) if days > 7 else None)


def test_a_counter_that_stood_still_while_it_was_silent_is_known() -> None:
    """One that moved is not: its first change is that of all the silence."""
    rows = [{"start": hour * 3600.0, "end": (hour + 1) * 3600.0, "change": 5.0} for hour in (0, 1, 8)]
    assert sum((end - begin) / HOUR for begin, end, _ in power_rows(rows)) == pytest.approx(8)
    rows[2]["change"] = 900.0
    assert sum((end - begin) / HOUR for begin, end, _ in power_rows(rows)) == pytest.approx(1)
