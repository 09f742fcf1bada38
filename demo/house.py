"""The simulated house of the demo, and a playback that stands still until the controller is switched on."""

from dataclasses import asdict
from math import inf
from typing import Final

from simulation.battery import BatteryModel, DeviceMode
from simulation.house import Account, Baseline, simulate
from simulation.manners import ON_ONE_HOST
from simulation.site import SimulatedSite, default_batteries
from simulation.traces import scenario

BATTERY_NAMES: Final = ("Garage", "Attic", "Shed")
DUTCH_NAMES: Final = ("Garage", "Zolder", "Schuur")


def battery_names(language: str) -> tuple[str, ...]:
    """Return what the owner of a home that speaks this language calls the batteries."""
    return DUTCH_NAMES if language == "nl" else BATTERY_NAMES


BATTERY_LIMIT_W: Final = 2500
"""Power class of the simulated batteries."""
SCENARIO_S: Final = 14_400
START_S: Final = {"A": 10_700, "B": 6_900, "C": 6_900, "D": 10_700}
"""Where a demonstration of each scenario begins: one battery is not enough there."""
LATENCY_S: Final = 0.2
"""Median of a battery's answers."""


def net_load(name: str) -> list[float]:
    """Return what a scenario asks of grid and batteries, second by second."""
    played = scenario(name)
    return [played.load(float(t)) - played.pv(float(t)) for t in range(SCENARIO_S)]


class Playback:
    """Plays a scenario to a house, which does not know that it can be paused."""

    def __init__(self, name: str, start_s: float) -> None:
        """Stand still at `start_s` of the scenario until `play`."""
        self._scenario, self._start_s, self._played_from = scenario(name), start_s, inf

    def play(self, now: float) -> None:
        """Go on from now, in seconds of the house's traces."""
        self._played_from = now

    def position_s(self, now: float) -> float:
        """Return the second of the scenario that is played."""
        return self._start_s + max(0.0, now - self._played_from)

    def load(self, now: float) -> float:
        """Return the load."""
        return self._scenario.load(self.position_s(now))

    def pv(self, now: float) -> float:
        """Return what the sun gives."""
        return self._scenario.pv(self.position_s(now))


def open_house(playback: Playback, speed: float, *, port: int) -> SimulatedSite:
    """Return the house with its batteries on 127.0.0.2 and up, all on one port as at home; one runs by itself."""
    batteries = default_batteries(len(BATTERY_NAMES))
    for battery in batteries[1:]:
        battery.mode = DeviceMode.MANUAL
    load, pv = playback.load, playback.pv
    return SimulatedSite(
        batteries,
        port=port,
        latency_s=LATENCY_S,
        load=load,
        pv=pv,
        speed=speed,
        realtime=True,
        manners=ON_ONE_HOST,
    )


def commands_sent(site: SimulatedSite) -> int:
    """Return how many commands reached the batteries."""
    received = [request for battery in site.batteries for request in battery.firmware.received]
    return sum(request.method == "ES.SetMode" for request in received)


def since(before: Account, after: Account) -> Account:
    """Return what happened between two states of one account."""
    earlier = asdict(before)
    return Account(**{name: value - earlier[name] for name, value in asdict(after).items()})


def baseline(kind: Baseline, name: str, *, start_s: float, lead_in_s: float, duration_s: float) -> Account:
    """Return how a simple strategy does in a window, given the same time before it to settle."""

    def run(until_s: float) -> Account:
        batteries = default_batteries(len(BATTERY_NAMES))
        return simulate(kind, scenario(name), batteries, duration_s=until_s, start_s=start_s - lead_in_s)

    return since(run(lead_in_s), run(lead_in_s + duration_s))


def describe(name: str, battery: BatteryModel) -> str:
    """Return what a battery is doing, in words."""
    if battery.mode is DeviceMode.PASSIVE:
        return f"{name} was told to keep {battery.passive_w:.0f} W"
    return f"{name} {'runs by itself' if battery.mode is DeviceMode.AUTO else 'rests'}"
