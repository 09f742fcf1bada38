"""Samples of the household's net load: the meter and all batteries at one instant."""

from collections.abc import Mapping

from .model import AGE_LIMIT_S, BatteryObservation, CommandKind, Timed, plausible

STEADY_W = 300.0
"""A meter that moved by more around the leader's reply tells nothing of the moment between."""


def sample_net_load(
    before: Timed[float] | None,
    after: Timed[float] | None,
    batteries: tuple[BatteryObservation, ...],
    leader_id: str | None,
    now: float,
    *,
    age_limit_s: Mapping[str, float] | None = None,
) -> Timed[float] | None:
    """Return L = meter + sum of battery power (W) and when it held, or None when this instant gives no sample.

    The leader moves every second, so its reply must lie between two meter readings that agree. The others hold what
    they were told: their newest readings will do while fresh. One that is silent counts as a part of the house.
    """
    leader = next((battery for battery in batteries if battery.battery_id == leader_id), None)
    meter = _at_once(plausible(before), plausible(after), leader)
    if meter is None:
        return None
    limits = age_limit_s or {}
    total_w, heard = meter.value, False
    for battery in batteries:
        power = plausible(battery.power_w)
        if power is None or not power.fresh(now, limits.get(battery.battery_id, AGE_LIMIT_S)):
            continue
        if battery is not leader and outdated(battery, power):
            return None
        total_w += power.value
        heard = True
    return Timed(total_w, meter.at) if heard or not batteries else None


def _at_once(
    before: Timed[float] | None, after: Timed[float] | None, leader: BatteryObservation | None
) -> Timed[float] | None:
    """Return what the meter showed when the leader replied; with no leader, what it shows."""
    if leader is None:
        return after or before
    power = plausible(leader.power_w)
    if before is None or after is None or power is None or not before.at <= power.at <= after.at:
        return None
    if abs(after.value - before.value) >= STEADY_W:
        return None
    return Timed((before.value + after.value) / 2, power.at)


def outdated(battery: BatteryObservation, power: Timed[float]) -> bool:
    """Return whether the battery was told something else since its power was read."""
    outcome = battery.outcome
    if outcome is None or outcome.sent_at <= power.at:
        return False
    return outcome.command.kind is CommandKind.AUTO or not outcome.command.fits(power.value)
