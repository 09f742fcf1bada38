"""What was decided can be decided again, from what a report carries."""

from dataclasses import replace
import json
from typing import Any

import pytest

from benchmarks.replay import read, replay
from custom_components.home_energy_controller.control.actuation.actuation import actuate
from custom_components.home_energy_controller.control.actuation.release import release
from custom_components.home_energy_controller.control.codec import CodecError, encode
from custom_components.home_energy_controller.control.cycle import run_cycle
from custom_components.home_energy_controller.control.dispatch.dispatch import dispatch
from custom_components.home_energy_controller.control.model import Strategy
from custom_components.home_energy_controller.control.recorder import KEPT_CYCLES, Recorder
from tests.control.build import battery, site
from tests.control.world import World


class RecordedWorld(World):
    """A house whose cycles are recorded, as the coordinator does."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.recorder = Recorder()
        self.may_send = True

    def cycle(self) -> None:
        """Run a cycle and keep it."""
        before = self.dispatch_memory, self.actuation_memory
        super().cycle()
        result = run_cycle(self.now, self.snapshot(), self.settings, *before)
        self.dispatch_memory, self.actuation_memory = result.dispatch_memory, result.actuation.memory
        if not self.may_send:
            self.actuation_memory, self.actuation = before[1], None
        self.recorder.add(result, sent=self.may_send)


def recorded(duration_s: float = 120.0, **options: Any) -> RecordedWorld:
    """Return a house of two that was run for a while."""
    world = RecordedWorld(site(battery("a"), battery("b")), load_w=3200.0, **options)
    world.run(duration_s)
    return world


def document(world: RecordedWorld) -> Any:
    """Return the recording as it comes out of a file."""
    return json.loads(json.dumps(world.recorder.as_json(), allow_nan=False))


def test_a_recording_decides_and_sends_the_same_again() -> None:
    """Through lost datagrams, an unheard battery, a new strategy, a release, and a while in which nothing is sent."""
    world = recorded(100, loss=0.2, seed=3)
    world.toys["b"].reachable = False
    world.run(110)
    world.toys["b"].reachable = True
    world.settings = replace(world.settings, strategy=Strategy.ZERO_CHARGE_ONLY)
    world.run(30)
    _, world.actuation_memory = release(world.settings, world.actuation_memory, {}, world.now)
    world.run(20)
    world.may_send = False
    world.run(20)
    cycles = list(replay(read(document(world))))
    assert 40 < len(cycles) <= KEPT_CYCLES
    assert not [cycle.recorded.now for cycle in cycles if cycle.differs]
    assert any(cycle.commands for cycle in cycles)
    assert cycles[-1].commands is None


def test_only_the_last_cycles_are_kept() -> None:
    """A recording that grew for ever would be a leak."""
    world = recorded(900)
    assert len(tuple(world.recorder.cycles())) == KEPT_CYCLES
    assert read(document(world))[-1].now == world.recorder.last.now
    assert not any(cycle.differs for cycle in replay(read(document(world))))


def test_what_the_cycle_before_tells_is_written_once() -> None:
    """Memory and settings are long; both are there where they begin, or were changed from outside."""
    first, *others = read(document(recorded(100)))
    assert None not in (first.settings, first.dispatch_memory, first.actuation_memory)
    assert all(
        (cycle.settings, cycle.dispatch_memory, cycle.actuation_memory) == (None, None, None) for cycle in others
    )


def test_other_settings_are_seen_as_a_difference() -> None:
    """Which is what the replay is for."""
    cycles = list(read(document(recorded(100))))
    assert cycles[0].settings is not None
    cycles[0] = replace(cycles[0], settings=replace(cycles[0].settings, strategy=Strategy.STANDBY))
    assert any(cycle.differs for cycle in replay(cycles))


def test_a_recording_is_found_in_a_diagnostics_file() -> None:
    """Home Assistant wraps what the integration gives."""
    bare = document(recorded(20))
    assert read({"home_assistant": {}, "data": {"recording": bare, "entry": {}}}) == read(bare)


@pytest.mark.parametrize(
    "found", [None, [], {}, {"format": 3, "cycles": []}, {"format": 2}, {"format": 2, "cycles": [{}]}]
)
def test_what_is_no_recording_is_refused(found: Any) -> None:
    """With an error of its own."""
    with pytest.raises(CodecError):
        read(found)


def test_a_recording_without_a_beginning_is_refused() -> None:
    """The first cycle must say what it remembered."""
    with pytest.raises(CodecError):
        list(replay(read(document(recorded(60)))[1:]))


def test_the_same_inputs_give_the_same_decision() -> None:
    """Dispatch and actuate have no hidden state: twice is the same, to the letter."""
    world = recorded(200, loss=0.3, seed=7)
    inputs = (world.snapshot(), world.settings)
    decisions = [dispatch(*inputs, world.dispatch_memory, world.now) for _ in range(2)]
    pursuits = [actuate(decisions[0][0], *inputs, world.actuation_memory, world.now) for _ in range(2)]
    assert encode(decisions[0]) == encode(decisions[1])
    assert encode(pursuits[0]) == encode(pursuits[1])
