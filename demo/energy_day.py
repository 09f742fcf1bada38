"""A day of the simulated house for the Energy dashboard, which shows hours and not the minutes that a demo lasts.

A day in July with three batteries under our own law (`benchmarks`), counted by the hour and handed to Home Assistant as
yesterday's statistics. Grid and sun get statistics of their own, as a meter and an inverter would bring; the batteries'
go to the sensors of the integration.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from benchmarks.home import HOMES
from benchmarks.scenarios import SUN, case
from benchmarks.strategies import play
from simulation.traces import Trace

from .api import Api
from .home_assistant import TIME_ZONE

HOURS: Final = 24
_BATTERY_IN, _BATTERY_OUT = "sensor.home_energy_charged", "sensor.home_energy_discharged"
_NAMES: Final = {"house:import": "Grid import", "house:export": "Grid export", "house:sun": "Solar panels"}


class Flows(NamedTuple):
    """What flowed in each hour (kWh), by statistic."""

    kwh: dict[str, list[float]]


def simulated_day() -> Flows:
    """Return a day of July; takes most of a minute."""
    played = case("july", 1).cut(HOURS)
    record = play("ours", played, HOMES["base"], 1)
    battery_w, grid_w, sun_w = record.powers_w.sum(axis=0), record.grid_w, _sun_w()
    per_hour = round(3600 / record.step_s)

    def hourly(watts: list[float]) -> list[float]:
        kwh = record.step_s / 3.6e6
        return [sum(watts[hour * per_hour : (hour + 1) * per_hour]) * kwh for hour in range(HOURS)]

    return Flows(
        {
            "house:import": hourly([max(0.0, float(watt)) for watt in grid_w]),
            "house:export": hourly([max(0.0, -float(watt)) for watt in grid_w]),
            _BATTERY_OUT: hourly([max(0.0, float(watt)) for watt in battery_w]),
            _BATTERY_IN: hourly([max(0.0, -float(watt)) for watt in battery_w]),
            "house:sun": [sum(sun_w[hour * 60 : (hour + 1) * 60]) / 60_000 for hour in range(HOURS)],
        }
    )


def _sun_w() -> list[float]:
    """Return the sun of that day, minute by minute, as the scenario has it."""
    measured = [max(0.0, value) for value in Trace.load("pv_serf_east_1min", "pv_w").values]
    return [SUN["july"] * watt for watt in ([0.0] * (2 * 1440 - len(measured)) + measured)[:1440]]


async def show_yesterday(api: Api, flows: Flows) -> datetime:
    """Hand the day over as yesterday's, set the Energy dashboard up, and return the day."""
    midnight = datetime.now(ZoneInfo(TIME_ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
    for statistic, kwh in flows.kwh.items():
        total, stats = 0.0, []
        for hour, amount in enumerate(kwh):
            total += amount
            start = midnight - timedelta(hours=HOURS - hour)
            stats.append({"start": start.isoformat(), "state": total, "sum": total})
        about = {
            "statistic_id": statistic,
            "source": statistic.partition(":")[0] if ":" in statistic else "recorder",
            "name": _NAMES.get(statistic),
            "unit_of_measurement": "kWh",
            "unit_class": "energy",
            "has_sum": True,
            "mean_type": 0,
        }
        await api.command("recorder/import_statistics", metadata=about, stats=stats)
    prices = ("stat_cost", "entity_energy_price", "number_energy_price", "stat_compensation")
    unpriced = dict.fromkeys((*prices, "entity_energy_price_export", "number_energy_price_export"))
    sources = [
        {"type": "grid", "stat_energy_from": "house:import", "stat_energy_to": "house:export", **unpriced}
        | {"cost_adjustment_day": 0, "stat_rate": "sensor.home_grid_power"},
        {"type": "solar", "stat_energy_from": "house:sun", "config_entry_solar_forecast": None},
        {"type": "battery", "stat_energy_from": _BATTERY_OUT, "stat_energy_to": _BATTERY_IN}
        | {"stat_rate": "sensor.home_battery_power", "stat_soc": "sensor.home_soc"},
    ]
    await api.command("energy/save_prefs", energy_sources=sources)
    return midnight - timedelta(days=1)
