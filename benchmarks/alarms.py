"""Does anybody cry wolf: `python -m benchmarks.alarms --help`.

Plays our strategy and prints every verdict on what is well.

With a leader and, in a second round, with setpoints alone, where the meter is asked at every step.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing import Pool
import os
import sys

from benchmarks.controller import Controller
from benchmarks.home import BASE, HOMES, WARM_UP_S, Stage
from benchmarks.scenarios import NAMED, case
from custom_components.home_energy_controller.control.model import Decision, OwnMeter
from simulation.manners import MANNERS

type Job = tuple[str, int, str, bool]
"""Scenario, seed, house, and whether setpoints are alone."""

WEEKS = ("january", "july")


def verdicts(decision: Decision) -> Iterator[str]:
    """Yield what a decision holds against meter and batteries; in this house all of it is false."""
    if decision.meter_effect is not None:
        yield f"meter {decision.meter_effect}"
    for word, found in (("contradicted", decision.contradicted), ("leads", decision.ineligible)):
        yield from (f"battery {key}: {word} {what}" for key, what in found.items())


def play(job: Job) -> tuple[Job, dict[str, float], float]:
    """Return the verdicts of a run, each with the time (s) of the first, and how many hours were played."""
    name, seed, house, is_alone = job
    played = case(name, seed)
    stage = Stage(played, replace(HOMES[BASE], manners=MANNERS[house]), seed)
    controller = Controller(stage)
    if is_alone:
        batteries = tuple(replace(own, own_meter=OwnMeter.NO) for own in controller.settings.batteries)
        controller.settings = replace(controller.settings, batteries=batteries)
        for battery in stage.batteries:
            battery.own_meter = False
    found: dict[str, float] = {}
    while stage.house.now < WARM_UP_S + len(played.net_load_w):
        stage.step()
        controller.step(stage.house.now)
        for verdict in verdicts(controller.decision) if controller.decision is not None else ():
            found.setdefault(verdict, stage.house.now)
    return job, found, len(played.net_load_w) / 3600


def parse(arguments: Sequence[str]) -> Namespace:
    """Return the options; raises SystemExit when they make no sense."""
    parser = ArgumentParser(prog="python -m benchmarks.alarms", description=__doc__)
    parser.add_argument("--scenarios", default=",".join(name for name in NAMED if name not in WEEKS), metavar="A,B")
    parser.add_argument("--seeds", type=int, default=5, metavar="N")
    parser.add_argument("--house", choices=MANNERS, default="rude")
    parser.add_argument("--processes", type=int, default=os.process_cpu_count() or 1, metavar="N")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Play and print; 1 when somebody cried wolf."""
    options = parse(arguments)
    jobs: list[Job] = [
        (name, seed, options.house, is_alone)
        for name in options.scenarios.split(",")
        for seed in range(1, options.seeds + 1)
        for is_alone in (False, True)
    ]
    hours, alarms = 0.0, 0
    with Pool(options.processes) as pool:
        for (name, seed, house, is_alone), found, played_h in pool.imap_unordered(play, jobs):
            hours, alarms = hours + played_h, alarms + len(found)
            for verdict, at in found.items():
                home = "setpoints alone" if is_alone else "one leads"
                print(f"{house} house, {name}, seed {seed}, {home}, after {at:.0f} s: {verdict}", flush=True)
    print(f"{len(jobs)} runs, {hours:.0f} hours, {alarms} false alarms")
    return int(alarms > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
