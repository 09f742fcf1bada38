"""`scripts/demo --check`: measure control in real time and judge it by the acceptance."""

import asyncio
from copy import copy
import json
from statistics import fmean

from simulation.house import Baseline
from simulation.site import SimulatedSite

from .api import Api
from .console import DemoError, put, say
from .home_assistant import DOMAIN, package_errors
from .house import BATTERY_LIMIT_W, Playback, baseline, commands_sent, net_load, since
from .window import Result, choose_window, missed, share_above

SETTLE_S = 90
"""By then the law has decided on this load three times, and its commands are carried out."""
UNDECIDED = {"off", "starting", "unavailable", "unknown"}


def window_start_s(scenario: str, seconds: int) -> int:
    """Return where the measured window of a scenario starts."""
    return choose_window(net_load(scenario), seconds=seconds, lead_in=SETTLE_S, limit_w=BATTERY_LIMIT_W)


async def sample(api: Api, entity_id: str, seconds: int) -> list[str]:
    """Return the states of an entity, one per second."""
    clock, states = asyncio.get_running_loop().time, list[str]()
    end_at = clock() + seconds
    while (left_s := end_at - clock()) > 0:
        await asyncio.sleep(min(left_s, 1.0))
        states.append(await api.state(entity_id))
    return states


async def measure(
    api: Api, entities: dict[str, str], simulated: SimulatedSite, playback: Playback, *, scenario: str, seconds: int
) -> Result:
    """Wait until the controller has settled, then watch the house, and Home Assistant's view of it."""
    house = simulated.house
    say(f"the controller is on; settling for {SETTLE_S} s")
    await asyncio.sleep(SETTLE_S)
    if (state := await api.state(entities["state"])) in UNDECIDED:
        raise DemoError(f"the controller has not decided anything in {SETTLE_S} s: {state}")
    start_s, account, commands = (
        round(playback.position_s(house.trace_s)),
        copy(house.account),
        commands_sent(simulated),
    )
    say(f"measuring for {seconds} s from second {start_s} of scenario {scenario}")
    states = await sample(api, entities["grid_power"], seconds)
    account, all_commands = since(account, house.account), commands_sent(simulated)
    values_w = [abs(float(text)) for text in states if text not in UNDECIDED]
    none_w, one_auto_w = (
        baseline(kind, scenario, start_s=start_s, lead_in_s=SETTLE_S, duration_s=seconds).mean_abs_grid_w
        for kind in (Baseline.NONE, Baseline.ONE_AUTO)
    )
    return Result(
        scenario=scenario,
        window_start_s=start_s,
        settle_s=SETTLE_S,
        seconds=seconds,
        share_above_one_battery=round(share_above(net_load(scenario)[start_s : start_s + seconds], BATTERY_LIMIT_W), 3),
        mean_abs_grid_w=round(account.mean_abs_grid_w, 1),
        mean_abs_grid_w_home_assistant=round(fmean(values_w), 1) if values_w else None,
        mean_abs_grid_w_none=round(none_w, 1),
        mean_abs_grid_w_one_auto=round(one_auto_w, 1),
        cross_charged_wh=round(account.cross_charged_wh, 2),
        moved_wh=round(account.moved_wh, 1),
        follower_wh=round(account.follower_wh, 1),
        commands_sent=all_commands - commands,
        commands_sent_while_settling=commands,
        samples=len(states),
        samples_without_value=len(states) - len(values_w),
        state=await api.state(entities["state"]),
        log_errors=0,
    )


def judge(result: Result, log: str) -> int:
    """Print the result with the verdict as one line of JSON; return the exit code."""
    if DOMAIN not in log:  # It always warns that a custom integration is about.
        raise DemoError("Home Assistant wrote no log")
    result["log_errors"] = len(package_errors(log))
    lines = missed(result)
    put(json.dumps({**result, "missed": lines}))
    return 1 if lines else 0
