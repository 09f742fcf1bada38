"""Prices, load and sun where no files are given: drawn, simulated, and of years that are not the same."""

from collections.abc import Iterator, Mapping, Sequence
import csv
from datetime import UTC, datetime, timedelta
from functools import cache
import gzip
from math import asin, cos, pi, radians, sin, sqrt
from pathlib import Path
from random import Random
from statistics import NormalDist

from benchmarks.plan.inputs import AMSTERDAM, moved, read_powers
from custom_components.home_energy_controller.planning.slots import SLOT_H, start_of

DATA = Path(__file__).parent / "data"
DRAWN_YEAR = 2025
KWP, SUN_KWH = 5.0, 4494.0
"""The roof of the home: what it could give at most, and what it gives in a year."""
LATITUDE, LONGITUDE, TILT = 50.67, 7.97, 35.0
"""Of the test reference year's station, degrees; the roof faces south."""
CET = timedelta(hours=1)
ALBEDO = 0.2
HEAT_PER_K, K_PER_W_M2 = -0.004, 0.03
"""What a warm cell loses, and how much the sun warms it."""
LEAST_SINE, MOST_BEAM_W_M2 = 0.05, 1000.0
"""Beam radiation is told on the horizontal: near the horizon, what it is on the roof is a small number by another."""
_DAYS_ALIKE, _HOURS_ALIKE, _DAY_SHARE = 0.6, 0.8, 0.75
"""How much of yesterday's factor is today's, of an hour's the next one's, and of a price the day's."""


def draw_prices(seed: int, slots: range) -> dict[int, float]:
    """Return EUR/kWh of the market: days that differ, between the 10th and 90th percentile of month and hour.

    A day is cheap or dear as a whole, and so is the next one, to a part; hours differ beside. The tails are cut: days
    are a little more alike than they were.
    """
    random, profile, normal = Random(f"prices {seed}"), _price_profile(), NormalDist()
    prices, day_z, hour_z = dict[int, float](), random.gauss(), random.gauss()
    day, hour, price = None, None, 0.0
    for slot in slots:
        local = start_of(slot, AMSTERDAM)
        if local.date() != day:
            day = local.date()
            day_z = _walked(random, day_z, _DAYS_ALIKE)
        if local.hour != hour or not local.minute:
            hour = local.hour
            hour_z = _walked(random, hour_z, _HOURS_ALIKE)
            rank = normal.cdf(sqrt(_DAY_SHARE) * day_z + sqrt(1 - _DAY_SHARE) * hour_z)
            low, middle, high = profile[local.month, local.hour]
            price = low + (middle - low) * 2 * rank if rank < 0.5 else middle + (high - middle) * (2 * rank - 1)
        prices[slot] = round(price, 5)
    return prices


def _walked(random: Random, z: float, alike: float) -> float:
    """Return the next of values that are standard normal and resemble those before."""
    return alike * z + sqrt(1 - alike**2) * random.gauss()


def _price_profile() -> dict[tuple[int, int], tuple[float, float, float]]:
    """Return percentiles 10, 50 and 90 in EUR/kWh by month and local hour."""
    with (DATA / "price_profile_nl_2025.csv").open(encoding="utf-8") as file:
        return {
            (int(row["month"]), int(row["hour_local"])): (
                float(row["p10"]) / 100,
                float(row["p50"]) / 100,
                float(row["p90"]) / 100,
            )
            for row in csv.DictReader(file)
        }


@cache
def family_load(slots: range) -> Mapping[int, float]:
    """Return watts of a simulated family, 4,174 kWh in its own year. SYNTHETIC."""
    return moved(read_powers(DATA / "load_synpro_family_15min.csv.gz", "load_w").by_slot, slots)


@cache
def roof(slots: range) -> Mapping[int, float]:
    """Return watts of 5 kWp to the south at 35 degrees in the test reference year, scaled to 4,494 kWh in a year."""
    by_day = _whole_year_of_sun()
    result = {}
    for slot in slots:
        cet = start_of(slot, UTC) + CET
        day = min(cet.day, 28) if cet.month == 2 else cet.day
        result[slot] = by_day[cet.month, day][cet.hour * 4 + cet.minute // 15]
    return result


@cache
def _whole_year_of_sun() -> Mapping[tuple[int, int], Sequence[float]]:
    """Return watts of the quarters (CET) by month and day.

    The year's radiation lies evenly about 12:32 of its hours, and noon is at 12:29 there: a value is that of the hour
    around its time, not of the hour before.
    """
    with gzip.open(DATA / "sun_try06_hourly.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    days = dict[tuple[int, int], list[float]]()
    for row in rows:
        month, day = int(row["month"]), int(row["day"])
        label = datetime(DRAWN_YEAR, month, day, tzinfo=UTC) + timedelta(hours=int(row["hour_cet"]))
        beam, diffuse = float(row["direct_horizontal_w_m2"]), float(row["diffuse_horizontal_w_m2"])
        quarters = _quarters(label - CET - timedelta(minutes=30), beam, diffuse, float(row["temperature_c"]))
        days.setdefault((month, day), []).extend(quarters)
    scale = SUN_KWH * 1000 / SLOT_H / sum(map(sum, days.values()))
    return {day: [scale * value for value in (*values[-2:], *values[:-2])] for day, values in days.items()}


def _quarters(begin: datetime, beam: float, diffuse: float, celsius: float) -> Iterator[float]:
    """Return what a roof of 1 kWp gives in the quarters of an hour (W), whose radiation on the horizontal is known."""
    suns = [_sun(begin + timedelta(minutes=minute)) for minute in (7.5, 22.5, 37.5, 52.5)]
    mean_sine = sum(max(0.0, sine) for sine, _ in suns) / len(suns)
    for sine, on_roof in suns:
        share = max(0.0, sine) / mean_sine if mean_sine > 0 else 1.0
        across = min(MOST_BEAM_W_M2, share * beam / max(sine, LEAST_SINE))
        tilt = radians(TILT)
        irradiance = (
            across * max(0.0, on_roof)
            + share * diffuse * (1 + cos(tilt)) / 2
            + ALBEDO * share * (beam + diffuse) * (1 - cos(tilt)) / 2
        )
        yield irradiance * (1 + HEAT_PER_K * (celsius + K_PER_W_M2 * irradiance - 25))


def _sun(moment: datetime) -> tuple[float, float]:
    """Return the sine of the sun's elevation, and the cosine of its angle to the roof's normal."""
    day_angle = 2 * pi * (moment.timetuple().tm_yday - 1) / 365
    declination = asin(0.39795 * cos(day_angle - 2 * pi * 172 / 365))
    minutes = 9.87 * sin(2 * (day_angle - 2 * pi * 80 / 365)) - 7.53 * cos(day_angle - 2 * pi * 80 / 365)
    minutes -= 1.5 * sin(day_angle - 2 * pi * 80 / 365)
    solar_h = moment.hour + (moment.minute + moment.second / 60 + minutes) / 60 + LONGITUDE / 15
    turned, latitude, tilt = radians(15 * (solar_h - 12)), radians(LATITUDE), radians(TILT)
    sine = sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(turned)
    lower = latitude - tilt
    return sine, sin(lower) * sin(declination) + cos(lower) * cos(declination) * cos(turned)
