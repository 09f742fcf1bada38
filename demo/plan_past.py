"""A month that never was: made-up prices, load, sun and forecasts, so that the day-ahead plan has a past to learn from.

What the days cost is not made up: it is the integration's own back-test of these numbers, and what the meter would have
shown is the plan's cost and a little more.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from math import pi, sin
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from custom_components.home_energy_controller.planning.backtest import back_test
from custom_components.home_energy_controller.planning.forecasts import Records
from custom_components.home_energy_controller.planning.modes import Storage
from custom_components.home_energy_controller.planning.presets import Preset, preset_contract
from custom_components.home_energy_controller.planning.slots import PER_DAY, slot_of, start_of
from custom_components.home_energy_controller.site.plan_file import PlanPast, encode

from .home_assistant import TIME_ZONE
from .house import BATTERY_LIMIT_W, BATTERY_NAMES

SPOT: Final = (
    *(0.082, 0.076, 0.072, 0.070, 0.074, 0.086, 0.118, 0.146),
    *(0.132, 0.088, 0.052, 0.028, 0.014, 0.012, 0.022, 0.050),
    *(0.094, 0.158, 0.224, 0.246, 0.202, 0.150, 0.118, 0.096),
)
"""EUR/kWh at the begin of each hour: a Dutch day with sun, cheap at noon and dear in the evening."""
PACE: Final = (0.85, 1.1, 0.95, 1.2, 0.9)
"""By so much the prices of a day are higher or lower, in turn."""
LOAD_W: Final = (
    *(230, 210, 200, 200, 210, 260, 480, 720),
    *(560, 430, 400, 420, 520, 460, 410, 480),
    *(760, 1350, 1700, 1450, 1050, 820, 560, 340),
)
SUNRISE_H, SUNSET_H, PEAK_W = 8.0, 17.0, 1900.0
HISTORY_DAYS: Final = 28
JUDGED_DAYS: Final = 14
AHEAD: Final = 2 * PER_DAY
_CAPACITY_WH, _RESERVE_PCT = 5120.0, 12.0
_ABOVE_PLAN: Final = 1.03
"""What a day cost by the meter, against the plan's account: no day goes quite as planned."""


def between_hours(values: tuple[float, ...], hour: float) -> float:
    """Return the value at a time of day, on the straight line between those of two hours."""
    whole = int(hour)
    here, there = values[whole % 24], values[(whole + 1) % 24]
    return here + (there - here) * (hour - whole)


def pace(day: int) -> float:
    """Return by how much the prices of a day (its ordinal) are higher or lower."""
    return PACE[day % len(PACE)]


def spot_at(moment: datetime) -> float:
    """Return the made-up price of the market (EUR/kWh) at a moment of the home; the price entity shows the same."""
    return round(between_hours(SPOT, _hour(moment)) * pace(moment.toordinal()), 5)


def _hour(moment: datetime) -> float:
    """Return the time of day in hours, by the quarter."""
    return moment.hour + moment.minute // 15 / 4


def _sun_w(hour: float) -> float:
    """Return what a clear sky yields."""
    share = (hour - SUNRISE_H) / (SUNSET_H - SUNRISE_H)
    return PEAK_W * sin(pi * share) ** 1.3 if 0 < share < 1 else 0.0


def made_up_past(now: datetime) -> PlanPast:
    """Return four weeks before a moment, and the forecast of the sun for the two days after it; always the same."""
    zone, past = ZoneInfo(TIME_ZONE), PlanPast()
    present, tariff = slot_of(now), preset_contract(Preset.NL_DYNAMIC)
    for slot in range(present - HISTORY_DAYS * PER_DAY, present + AHEAD):
        moment = start_of(slot, zone)
        chance, of_day = Random(slot), Random(moment.toordinal())
        clear = of_day.uniform(0.35, 1.0)
        sun_w = _sun_w(_hour(moment)) * clear
        past.sun_forecast_w[slot] = round(sun_w)
        past.spot[slot] = spot_at(moment)
        if slot < present:
            past.sun_w[slot] = round(sun_w * of_day.uniform(0.85, 1.15) * chance.uniform(0.9, 1.1))
            past.load_w[slot] = round(between_hours(LOAD_W, _hour(moment)) * chance.uniform(0.75, 1.25))
    past.prices = tariff.prices(range(present - HISTORY_DAYS * PER_DAY, present), past.spot, zone, {})
    _judge(past, now.astimezone(zone))
    return past


def _judge(past: PlanPast, now: datetime) -> None:
    """Add what the last days cost, as the integration's own back-test finds."""
    present = slot_of(now)
    records = Records(
        prices=past.prices,
        load_w=past.load_w,
        sun_w=past.sun_w,
        sun_forecast_w={slot: power_w for slot, power_w in past.sun_forecast_w.items() if slot < present},
        zone=ZoneInfo(TIME_ZONE),
    )
    units = len(BATTERY_NAMES)
    storage = Storage(
        units=units,
        usable_wh=units * _CAPACITY_WH * (100 - _RESERVE_PCT) / 100,
        charge_w=float(units * BATTERY_LIMIT_W),
        discharge_w=float(units * BATTERY_LIMIT_W),
        may_charge_from_grid=True,
    )
    first_day = now.date() - timedelta(days=JUDGED_DAYS)
    played = back_test(records, storage, first_day, JUDGED_DAYS, follows_market=True)
    past.days = [replace(day, actual=day.plan * _ABOVE_PLAN) for day in played]


def stored_past(entry_id: str, domain: str, now: datetime) -> tuple[str, dict[str, Any]]:
    """Return the name of the plan's file of a site, and what it holds."""
    return f"{domain}.{entry_id}.plan", encode(made_up_past(now))
