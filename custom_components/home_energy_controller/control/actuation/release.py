"""How batteries are let go."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..model import PLANNED_STRATEGIES, Action, BatteryMode, Command, CommandKind, Decision, Mode, Snapshot, Timed
from ..permissions import by_strategy
from ..settings import Settings, is_spared
from .commands import release_command, setpoint
from .tracking import MODE_OF, TrackedCommand, may_be_auto
from .write_budget import Writes

if TYPE_CHECKING:
    from .actuation import ActuationMemory


STOP_COUNTDOWN_S = 900
"""A restart takes minutes; after that the device may do as it likes."""


def release(
    settings: Settings,
    memory: ActuationMemory,
    modes: Mapping[str, Timed[Mode] | None],
    now: float,
    *,
    only: str | None = None,
    is_closing: bool = False,
) -> tuple[tuple[Command, ...], ActuationMemory]:
    """Return what leaves batteries (or one) that were commanded as their owner wants, and what to remember.

    Commanded is what is remembered, and what has a mode in which it was found: it was commanded before a restart, or it
    leads in the Auto that it was found in. One that somebody else runs is theirs. With the controller switched off,
    those that the owner set by hand go on as they are: somebody still renews them. Closing, nobody does, nor sends what
    is not confirmed again.
    """
    keep_modes = not is_closing and only is None
    commands = [
        command
        for battery in settings.batteries
        if only in {None, battery.battery_id}
        and (battery.battery_id in memory.tracked or battery.found_mode is not None)
        and not memory.is_taken(battery.battery_id)
        and not (keep_modes and battery.battery_mode is not BatteryMode.CONTROLLED)
        and (command := release_command(battery)) is not None
    ]
    sent = tuple(
        command
        for command in commands
        if is_closing
        or is_needed(
            command,
            memory.tracked.get(command.battery_id),
            memory.writes.get(command.battery_id),
            modes.get(command.battery_id),
        )
    )
    return sent, memory.released(sent, now, [command for command in commands if command not in sent])


def is_needed(
    command: Command, tracked: TrackedCommand | None, writes: Writes | None, mode: Timed[Mode] | None
) -> bool:
    """Return whether a release has to be sent: the battery neither does just this nor is told it again anyway."""
    if tracked is not None:
        return tracked.command != command or not (tracked.is_release or tracked.proven_at is not None)
    is_so = mode is not None and mode.value is MODE_OF[command.kind]
    return not is_so or not (command.kind is CommandKind.AUTO or (writes is not None and writes.last == command))


def found_modes(
    decision: Decision, snapshot: Snapshot, settings: Settings, memory: ActuationMemory, *, is_first: bool
) -> dict[str, Mode | None]:
    """Return the modes that batteries were found in, as far as that is news; None once one was released.

    It is what a release after a restart goes by. Leading in the Auto that it was found in counts as touched. In the
    first cycle of all it is what an earlier run left to be released.
    """
    known = {battery.battery_id: battery.found_mode for battery in settings.batteries}
    news: dict[str, Mode | None] = {}
    for target in decision.targets:
        key, mode = target.battery_id, snapshot.battery(target.battery_id).mode
        if target.action is not Action.NOTHING or key in memory.tracked:
            if known.get(key) is None and mode is not None:
                news[key] = mode.value
        elif known.get(key) is not None and not settings.enabled and not is_first:
            news[key] = None
    return news


def stop(settings: Settings, memory: ActuationMemory, snapshot: Snapshot) -> tuple[Command, ...]:
    """Return what keeps the house safe while Home Assistant is away: that is no release.

    A leader that may do everything goes on; any other would do, unwatched, what is forbidden. Followers are told
    nothing: their countdowns end. But nobody goes on charging from the grid, or delivering to it.
    """
    strategy = settings.acting_strategy
    if not settings.enabled or (by_strategy(strategy).both and not is_spared(settings.car, snapshot.car)):
        return ()
    commands = (
        setpoint(battery, 0, STOP_COUNTDOWN_S)
        for battery in settings.batteries
        if battery.battery_mode is BatteryMode.CONTROLLED
        and battery.battery_id in memory.tracked
        and (
            battery.battery_id == memory.leader_id
            or strategy in PLANNED_STRATEGIES
            or may_be_auto(memory.tracked.get(battery.battery_id), snapshot.battery(battery.battery_id))
        )
    )
    return tuple(command for command in commands if command is not None)
