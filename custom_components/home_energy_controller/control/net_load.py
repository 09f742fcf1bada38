"""Samples of the household's net load: the meter and all batteries at one instant."""

from collections.abc import Mapping

from .model import BatteryObservation, Timed


def sample_net_load(
    before: Timed[float] | None,
    after: Timed[float] | None,
    batteries: tuple[BatteryObservation, ...],
    leader_id: str | None,
    now: float,
    age_limit_s: Mapping[str, float] | None = None,
) -> Timed[float] | None:
    """Return L = meter + sum of battery power (W) and when it held, or None when this instant gives no sample."""
    return None
