"""The window of a scenario that a check runs on, and the verdict about it: numbers only, nothing is started here."""

from collections.abc import Sequence
from itertools import accumulate
from typing import TypedDict

MAX_SHARE_OF_ONE_AUTO = 0.5
MAX_CROSS_CHARGED_SHARE = 0.01


class NoWindowError(ValueError):
    """No part of the scenario is heavy enough for a check."""


class Result(TypedDict):
    """What a check found, as it is printed."""

    scenario: str
    window_start_s: int
    settle_s: int
    seconds: int
    share_above_one_battery: float
    mean_abs_grid_w: float
    """By the account of the house."""
    mean_abs_grid_w_home_assistant: float | None
    """By the states of Home Assistant, one sample per second; None when there was none."""
    mean_abs_grid_w_none: float
    mean_abs_grid_w_one_auto: float
    cross_charged_wh: float
    moved_wh: float
    follower_wh: float
    commands_sent: int
    commands_sent_while_settling: int
    samples: int
    samples_without_value: int
    state: str
    log_errors: int


def share_above(net_load_w: Sequence[float], limit_w: float) -> float:
    """Return in which share of the samples one battery would not be enough, in either direction."""
    return sum(abs(power_w) > limit_w for power_w in net_load_w) / len(net_load_w)


def choose_window(net_load_w: Sequence[float], *, seconds: int, lead_in: int, limit_w: float) -> int:
    """Return the second at which the window starts in which one battery leaves the most to the grid.

    There is one sample per second; `lead_in` seconds of the scenario come before the window. At least half of it lies
    beyond what one battery can do: elsewhere there is nothing for a second battery to help with.
    """
    above = [0, *accumulate(int(abs(power_w) > limit_w) for power_w in net_load_w)]
    excess = [0.0, *accumulate(max(0.0, abs(power_w) - limit_w) for power_w in net_load_w)]
    heavy = [
        start
        for start in range(lead_in, len(net_load_w) - seconds + 1)
        if 2 * (above[start + seconds] - above[start]) >= seconds
    ]
    if not heavy:
        raise NoWindowError(f"|net load| exceeds {limit_w:.0f} W for half of {seconds} s nowhere in this scenario")
    return max(heavy, key=lambda start: excess[start + seconds] - excess[start])


def missed(result: Result) -> list[str]:
    """Return the lines of the acceptance that are missed, in words; both accounts of the grid must meet theirs."""
    limit_w = MAX_SHARE_OF_ONE_AUTO * result["mean_abs_grid_w_one_auto"]
    seen_w = result["mean_abs_grid_w_home_assistant"]
    lines = {
        "mean |grid| of the house is above half of one_auto": result["mean_abs_grid_w"] > limit_w,
        "mean |grid| in Home Assistant is above half of one_auto": seen_w is None or seen_w > limit_w,
        "cross-charged is above 1 % of the energy moved": (
            result["cross_charged_wh"] > MAX_CROSS_CHARGED_SHARE * result["moved_wh"]
        ),
        "the followers moved no energy": result["follower_wh"] <= 0,
        "our package logged errors": result["log_errors"] > 0,
    }
    return [line for line, is_missed in lines.items() if is_missed]
