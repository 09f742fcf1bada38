"""The law of the user's first script, verbatim, its sign included: a baseline, never used by the integration.

The script counts the power of its helpers + = charging and sends that unchanged; the devices read + as discharging. So
its helpers work against the battery that runs in Auto, and that is kept here: it is what the script did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

MOST_W = 2500.0
LEAST_W = 300.0
ALONE_W = 1500.0
SWAP_W = 1500.0
CALM_W = 100.0
LOW_PCT, HIGH_PCT, RICH_PCT, FULL_PCT = 20.0, 95.0, 90.0, 100.0
GAP_PCT = 5.0
SPREAD_PCT = 10.0
CAR_SHARE = 0.85
CAR_NIGHT_W = 1400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedBattery:
    """A battery as the script knows it; what it could not read, it took for 0 % and for Auto."""

    charge_pct: float
    power_w: float = 0.0
    """Off-grid power if that is not 0, else on-grid power; only its size matters."""
    is_auto: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedDecision:
    """What the script sets."""

    car_w: float
    auto: int | None
    """Which battery runs in Auto."""
    manual_w: tuple[int, ...]
    """What the others are told, as it is sent: the script means + as charging. 0 for the one in Auto."""


def seed(batteries: Sequence[SeedBattery], p1_w: float, *, car_connected: bool, local_time: datetime) -> SeedDecision:
    """Return what the script sets for batteries, meter power (W, + import), car and local time."""
    car_w = _car_w(batteries, p1_w, local_time) if car_connected else 0.0
    energy_w = p1_w + car_w
    if not batteries:
        return SeedDecision(car_w=car_w, auto=None, manual_w=())
    old = next((index for index, battery in enumerate(batteries) if battery.is_auto), None)
    auto = _auto(batteries, energy_w, old)
    manual_w = [0] * len(batteries)
    if not _one_is_enough(batteries, energy_w, {auto} if old is None else {auto, old}):
        for index, battery in enumerate(batteries):
            if index != auto:
                manual_w[index] = _helper_w(battery, batteries, energy_w)
    return SeedDecision(car_w=car_w, auto=auto, manual_w=tuple(manual_w))


def _car_w(batteries: Sequence[SeedBattery], p1_w: float, local_time: datetime) -> float:
    """Return the power for a connected car (rule 1)."""
    all_rich = all(battery.charge_pct >= RICH_PCT for battery in batteries)
    if p1_w < 0:
        return -p1_w * (1.0 if all_rich else CAR_SHARE)
    high_tariff = local_time.weekday() < 5 and 7 <= local_time.hour < 22
    all_low = all(battery.charge_pct <= LOW_PCT for battery in batteries)
    return 0.0 if high_tariff or (all_low and not all_rich) else CAR_NIGHT_W


def _auto(batteries: Sequence[SeedBattery], energy_w: float, old: int | None) -> int:
    """Return which battery runs in Auto: the old one or the candidate (rule 3)."""
    candidate = _candidate(batteries, energy_w)
    if old is None:
        return candidate
    old_pct = batteries[old].charge_pct
    if not LOW_PCT < old_pct < HIGH_PCT:
        return candidate
    is_close = abs(old_pct - batteries[candidate].charge_pct) < GAP_PCT
    return old if is_close or abs(energy_w) < SWAP_W else candidate


def _candidate(batteries: Sequence[SeedBattery], energy_w: float) -> int:
    """Return the battery that suits the direction best (rule 2)."""
    by_soc = sorted(range(len(batteries)), key=lambda index: batteries[index].charge_pct)
    if energy_w > CALM_W:
        above = [index for index in by_soc if batteries[index].charge_pct > LOW_PCT]
        return (above or by_soc)[-1]
    if energy_w < -CALM_W:
        below = [index for index in by_soc if batteries[index].charge_pct < HIGH_PCT]
        return (below or by_soc)[0]
    return by_soc[len(by_soc) // 2]


def _one_is_enough(batteries: Sequence[SeedBattery], energy_w: float, autos: set[int]) -> bool:
    """Return whether the battery in Auto has the head-room to do all (rule 4)."""
    headroom_w = max(max(0.0, MOST_W - abs(batteries[index].power_w)) for index in autos)
    return abs(energy_w) <= ALONE_W + headroom_w / 2


def _helper_w(battery: SeedBattery, batteries: Sequence[SeedBattery], energy_w: float) -> int:
    """Return what one helper is told, + meant as charging (rules 5 and 6): each gets the whole need."""
    if battery.charge_pct <= LOW_PCT if energy_w > 0 else battery.charge_pct >= FULL_PCT:
        return 0
    power_w = min(MOST_W, abs(energy_w)) * min(1.0, (abs(energy_w) - ALONE_W) / 1000.0)
    charges = [other.charge_pct for other in batteries]
    spread_pct = max(charges) - min(charges)
    if spread_pct > SPREAD_PCT:
        mean_pct = sum(charges) / len(charges)
        power_w *= 0.5 + 0.5 * abs(battery.charge_pct - mean_pct) / spread_pct
    if power_w < LEAST_W:
        return 0
    return round(-power_w if energy_w > 0 else power_w)
