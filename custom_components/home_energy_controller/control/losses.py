"""What a Venus loses, and over how many of them a power is spread so that the least is lost."""

from collections.abc import Container, Mapping

STEP_W = 10
"""Batteries take whole watts, and hit them to about this."""
RUNS_W, RUNNING_W, IDLE_W = 20.0, 28.0, 8.0
CHARGE_LOSS, DISCHARGE_LOSS = (0.0001, 17.5e-6), (0.0428, 26.3e-6)
"""Losses: running, per W and per W^2 (fitted to measurements of the Omnibattery project)."""
START_W = 60.0
"""What it has to save to start one more inverter (6 s of error in 5 min, and wear)."""


def loss_w(power_w: float, *, runs: bool = False) -> float:
    """Return what a battery loses at a power (W); one that leads `runs` at any: the next change is near."""
    if abs(power_w) < RUNS_W and not runs:
        return IDLE_W
    linear, square = DISCHARGE_LOSS if power_w > 0 else CHARGE_LOSS
    return RUNNING_W + linear * abs(power_w) + square * power_w**2


def divide(total_w: float, limits: Mapping[str, int], step_w: int = STEP_W) -> dict[str, int]:
    """Return equal shares of a power (W, positive); what one cannot take falls to those that can."""
    shares: dict[str, int] = {}
    left_w = total_w
    for done, (battery_id, limit_w) in enumerate(sorted(limits.items(), key=lambda item: item[1])):
        share_w = min(limit_w, left_w / (len(limits) - done))
        left_w -= share_w
        shares[battery_id] = min(limit_w, step_w * round(share_w / step_w))
    return shares


def spread(power_w: float, limits: Mapping[str, int], at_work: Container[str] = ()) -> dict[str, int]:
    """Return setpoints (W) that sum up to a power, over the number of batteries that loses least.

    `limits` (W, positive, in the direction of the power) are in the order in which they serve.
    """
    sign = 1 if power_w > 0 else -1
    able = [battery_id for battery_id, limit_w in limits.items() if limit_w > 0]
    choices = [divide(abs(power_w), {key: limits[key] for key in able[:count]}) for count in range(len(able) + 1)]
    best = min(choices, key=lambda shares: _cost(sign, abs(power_w), shares, able, at_work))
    return dict.fromkeys(limits, 0) | {battery_id: sign * share_w for battery_id, share_w in best.items()}


def _cost(
    sign: int, power_w: float, shares: Mapping[str, int], able: list[str], at_work: Container[str]
) -> tuple[float, float]:
    """Return what is left undone (W, rounding aside), then what is lost, with what starting costs."""
    undone_w = max(0.0, power_w - sum(shares.values()) - 5.0 * len(shares))
    lost_w = sum(loss_w(sign * shares.get(battery_id, 0)) for battery_id in able)
    return undone_w, lost_w + START_W * sum(battery_id not in at_work for battery_id in shares)
