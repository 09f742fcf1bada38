"""Decides the cycles of a diagnostics file again, and shows where the code now does something else."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
import sys
from typing import Any

from custom_components.home_energy_controller.control.actuation.actuation import ActuationMemory
from custom_components.home_energy_controller.control.codec import CodecError, decode, encode
from custom_components.home_energy_controller.control.cycle import Cycle, run_cycle
from custom_components.home_energy_controller.control.dispatch.site import DispatchMemory
from custom_components.home_energy_controller.control.model import Command, Decision
from custom_components.home_energy_controller.control.recorder import FORMAT
from custom_components.home_energy_controller.control.settings import Settings


def main(arguments: Sequence[str]) -> int:
    """Print one line per cycle, and below it what differs; return 1 when something does, 2 for no recording."""
    parser = argparse.ArgumentParser(prog="scripts/replay", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="a diagnostics file, or the recording in it")
    path: Path = parser.parse_args(arguments).file
    try:
        replayed = list(replay(read(json.loads(path.read_text(encoding="utf-8")))))
    except (OSError, ValueError) as err:
        print(f"{path.name}: {err}", file=sys.stderr)
        return 2
    for number, cycle in enumerate(replayed, 1):
        print(_line(number, cycle, replayed[0].recorded.now))
        print(*_differences(cycle), sep="\n", end="\n" if cycle.differs else "")
    differing = sum(cycle.differs for cycle in replayed)
    print(f"{len(replayed)} cycles, {differing} decided otherwise")
    return 1 if differing else 0


def _line(number: int, cycle: Replayed, begun_at: float) -> str:
    """Return a cycle in one line: when, why, and who does what."""
    recorded = cycle.recorded
    meter = recorded.snapshot.meter_w
    grid = "   unknown" if meter is None else f"{meter.value:8.0f} W"
    sent = len(recorded.commands or ())
    return (
        f"{number:4} {recorded.now - begun_at:8.1f} s  grid {grid}  {recorded.decision.state:22}"
        f" {_targets(recorded.decision)}  sent {sent}{'  DIFFERS' if cycle.differs else ''}"
    )


def _targets(decision: Decision) -> str:
    """Return who does what."""
    return "  ".join(
        f"{target.battery_id} {target.role} {target.action} {target.power_w}" for target in decision.targets
    )


def _differences(cycle: Replayed) -> list[str]:
    """Return what was recorded beside what comes out now."""
    lines = [f"       {line}" for line in _changes("", encode(cycle.recorded.decision), encode(cycle.decision))]
    was_sent, now_sent = _commands(cycle.recorded.commands), _commands(cycle.commands)
    if was_sent != now_sent:
        lines.append(f"       sent: was {was_sent}, now {now_sent}")
    return lines


def _changes(path: str, was: Any, now: Any) -> Iterator[str]:
    """Return each value that is another one, with the way to it."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in was | now:
            yield from _changes(f"{path} {key}".lstrip(), was.get(key), now.get(key))
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for before, after in zip(was, now, strict=True):
            name = before.get("battery_id", "") if isinstance(before, dict) else ""
            yield from _changes(f"{path} {name}", before, after)
    elif was != now:
        yield f"{path}: was {was}, now {now}"


def _commands(commands: tuple[Command, ...] | None) -> str:
    """Return commands as one reads them."""
    if not commands:
        return "nothing"
    return ", ".join(f"{command.battery_id} {command.kind} {command.power_w} W" for command in commands)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One cycle of a recording, decided again."""

    recorded: Cycle
    decision: Decision
    commands: tuple[Command, ...] | None

    @property
    def differs(self) -> bool:
        """Return whether the code decides, or sends, something else than it did."""
        recorded = self.recorded
        return bool(encode((self.decision, self.commands)) != encode((recorded.decision, recorded.commands)))


def read(document: Any) -> tuple[Cycle, ...]:
    """Return the cycles in a recording, or in a diagnostics file around one; raise CodecError when there are none."""
    for key in ("data", "recording"):
        if isinstance(document, Mapping) and key in document:
            document = document[key]
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise CodecError(f"This holds no recording of format {FORMAT}")
    cycles: tuple[Cycle, ...] = decode(tuple[Cycle, ...], document.get("cycles"))
    return cycles


def replay(cycles: Sequence[Cycle]) -> Iterator[Replayed]:
    """Decide every cycle again; where the recording says nothing else, memory is fed on. Raises CodecError."""
    settings: Settings | None = None
    dispatch_memory: DispatchMemory | None = None
    actuation_memory: ActuationMemory | None = None
    for cycle in cycles:
        settings = _given(cycle.settings, settings)
        dispatch_memory = _given(cycle.dispatch_memory, dispatch_memory)
        actuation_memory = _given(cycle.actuation_memory, actuation_memory)
        result = run_cycle(cycle.now, cycle.snapshot, settings, dispatch_memory, actuation_memory)
        dispatch_memory = result.dispatch_memory
        commands: tuple[Command, ...] | None = None
        if cycle.commands is not None:
            commands, actuation_memory = result.actuation.commands, result.actuation.memory
        yield Replayed(recorded=cycle, decision=result.cycle.decision, commands=commands)


def _given[T](recorded: T | None, before: T | None) -> T:
    """Return what the recording says or, where it says nothing, what the cycle before left; raise CodecError."""
    value = before if recorded is None else recorded
    if value is None:
        raise CodecError("The first cycle does not say what it began with")
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
