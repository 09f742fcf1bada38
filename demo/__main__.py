"""Starts the house and Home Assistant, and ends both in order."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
import signal
import socket
import sys
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from homeassistant.const import RESTART_EXIT_CODE

from simulation.site import SimulatedSite

from .api import PASSWORD, USER, Api
from .check import SETTLE_S, judge, measure, window_start_s
from .console import DemoError, patience, put, reason, say
from .home_assistant import HomeAssistant, install_requirements, package_errors
from .house import BATTERY_LIMIT_W, BATTERY_NAMES, START_S, Playback, battery_names, describe, open_house
from .plan import PRICE_NAME, WORDS, plan, price_sensor
from .site_setup import add_dashboard, set_up
from .window import NoWindowError

USUAL_BATTERY_PORT = 30000
MIN_CHECK_S = 60


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the choices; argparse ends the program with an explanation when they make no sense."""
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Start a simulated house with three batteries and a real Home Assistant that runs them.",
    )
    scenarios = "a measured household: A without sun, B with sun, C twice the load and more sun, D twice the load"
    parser.add_argument("--scenario", choices=START_S, default="C", help=scenarios)
    parser.add_argument(
        "--speed", type=float, default=1.0, metavar="N", help="let load, sun and charge go N times faster"
    )
    empty = "leave the set-up to you: the site is not added, and the addresses to type are printed"
    parser.add_argument("--empty", action="store_true", help=empty)
    with_plan = (
        "with made-up prices, history and sun forecast, so that there is a day-ahead plan; the strategy is Smart"
    )
    parser.add_argument("--plan", action="store_true", help=with_plan)
    parser.add_argument("--language", choices=("en", "nl", "de", "fr"), default="en", help="what the home speaks")
    parser.add_argument("--home", default="Home", metavar="NAME", help="how the home is called, such as Thuis")
    check = "no browser: measure for that long, print a line of JSON, exit 1 when it is not good enough"
    parser.add_argument("--check", type=int, metavar="SECONDS", help=check)
    options = parser.parse_args(arguments)
    if not 1 <= options.speed <= 100:
        parser.error("--speed must lie between 1 and 100")
    if options.check is not None and options.check < MIN_CHECK_S:
        parser.error(f"--check must be at least {MIN_CHECK_S}: it decides every half a minute")
    if options.check is not None and (options.speed != 1 or options.empty):
        parser.error("--check runs in real time and sets the site up itself; leave --speed and --empty out")
    if options.plan and options.empty:
        parser.error("--plan sets the site up itself; leave --empty out")
    if options.plan and (options.check is not None or options.speed != 1):
        parser.error("--plan goes by the clock on the wall, and --check judges net zero; leave --speed and --check out")
    return options


def battery_port() -> int:
    """Return the batteries' usual port, or 0 for any free one when somebody has it on one of their addresses."""
    for index in range(len(BATTERY_NAMES)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((f"127.0.0.{index + 2}", USUAL_BATTERY_PORT))
            except OSError:
                return 0
    return USUAL_BATTERY_PORT


@asynccontextmanager
async def running(
    playback: Playback,
    speed: float,
    *,
    empty: bool = False,
    more: Mapping[str, Any] | None = None,
    language: str = "en",
    home: str = "Home",
) -> AsyncIterator[tuple[HomeAssistant, SimulatedSite]]:
    """Run the house and Home Assistant; at the end Home Assistant stops first, so that it can leave the batteries."""
    with TemporaryDirectory(prefix="home-energy-controller-") as folder:
        home_assistant = HomeAssistant(Path(folder), language=language, home=home)
        async with open_house(playback, speed, port=battery_port()) as simulated:
            home_assistant.prepare(empty=empty, more=more)
            try:
                await home_assistant.start()
                yield home_assistant, simulated
            finally:
                say("stopping Home Assistant")
                await home_assistant.stop()
                for name, battery in zip(BATTERY_NAMES, simulated.house.batteries, strict=True):
                    say(describe(name, battery))
                for error in package_errors(home_assistant.log()):
                    say(f"in Home Assistant's log: {error}")


async def open_up(api: Api) -> None:
    """Wait for Home Assistant, and create its owner."""
    async with patience("starting Home Assistant", 20):
        await api.wait_until_up()
        await api.onboard()


async def bring_up(
    api: Api, simulated: SimulatedSite, playback: Playback, planned_by: HomeAssistant | None = None
) -> dict[str, str]:
    """Set everything up, switch the controller on and let the scenario begin; return the site's entity ids.

    With the Home Assistant whose storage takes the plan's past, there is a plan.
    """
    await open_up(api)
    async with patience("setting the site up", 10):
        entities = await set_up(api, simulated, battery_names(api.language))
        await add_dashboard(api)
    if planned_by is not None:
        async with patience("making a plan", 20):
            entities = await plan(api, planned_by)
    playback.play(simulated.house.trace_s)
    await api.act("switch.turn_on", entities["controller"])
    return entities


def addresses(simulated: SimulatedSite) -> str:
    """Return what a person has to type into the set-up."""
    hosts = ", ".join(battery.host for battery in simulated.batteries)
    meter = f"{simulated.p1.host}:{simulated.p1.port}"
    return (
        f"  P1 meter        {meter}\n"
        f"  batteries       {hosts}, port {simulated.batteries[0].port}\n"
        f"  in their app    {BATTERY_LIMIT_W} W, each with a meter\n"
        "  dashboard       Settings, Dashboards, Add dashboard, Home Energy Controller\n"
    )


async def show(options: argparse.Namespace) -> int:
    """Run until the person has seen enough."""
    playback = Playback(options.scenario, START_S[options.scenario])
    empty, with_plan, more = options.empty, options.plan, price_sensor() if options.plan else None
    spoken = {"language": options.language, "home": options.home}
    async with (
        running(playback, options.speed, empty=empty, more=more, **spoken) as (home_assistant, simulated),
        Api(home_assistant) as api,
    ):
        if empty:
            await open_up(api)
            playback.play(simulated.house.trace_s)
        else:
            await bring_up(api, simulated, playback, home_assistant if with_plan else None)
        say("ready")
        put(f"\n  Home Assistant  {home_assistant.url}\n  login           {USER} / {PASSWORD}")
        put(addresses(simulated) if empty else "")
        if with_plan:
            put(f"  price sensor    {PRICE_NAME}; {WORDS}\n")
        put("  Ctrl+C ends it.\n")
        while await home_assistant.wait() == RESTART_EXIT_CODE:
            await home_assistant.start()
        raise DemoError(f"Home Assistant ended by itself:\n{home_assistant.log()[-5000:]}")


async def check(scenario: str, seconds: int) -> int:
    """Measure and judge; what Home Assistant logs while it stops counts as well."""
    playback = Playback(scenario, window_start_s(scenario, seconds) - SETTLE_S)
    async with running(playback, 1.0) as (home_assistant, simulated), Api(home_assistant) as api:
        entities = await bring_up(api, simulated, playback)
        result = await measure(api, entities, simulated, playback, scenario=scenario, seconds=seconds)
        await home_assistant.stop()
        log = home_assistant.log()
    return judge(result, log)


async def main(options: argparse.Namespace) -> int:
    """Do what was asked for; the first signal ends it in order, later ones change nothing."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    signals = iter([task])

    def end() -> None:
        if first := next(signals, None):
            first.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    with suppress(asyncio.CancelledError):
        await install_requirements()
        if options.check is not None:
            return await check(options.scenario, options.check)
        return await show(options)
    return 0 if options.check is None else 130


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(parse(sys.argv[1:]))))
    except (DemoError, OSError, aiohttp.ClientError, NoWindowError) as error:
        sys.exit(f"demo: {reason(error)}")
