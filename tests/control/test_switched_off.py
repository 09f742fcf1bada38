"""The controller switched off: the same is decided, and nothing is done."""

from dataclasses import replace

from custom_components.home_energy_controller.control.dispatch.dispatch import DispatchMemory, dispatch
from custom_components.home_energy_controller.control.model import (
    Action,
    Role,
    SiteState,
)
from tests.control.build import battery, seen, site, snapshot
from tests.control.course import course, work

AUTO, SETPOINT, IDLE, NOTHING = Action.AUTO, Action.SETPOINT, Action.IDLE, Action.NOTHING


def test_switched_off_the_same_is_decided_and_nothing_done() -> None:
    """Off is the dry run."""
    settings = site(battery("a"), battery("b"))
    view = snapshot(seen("a"), seen("b"), meter=3000)
    on, _ = dispatch(view, settings, DispatchMemory(), 0)
    off, _ = dispatch(view, replace(settings, enabled=False), DispatchMemory(), 0)
    assert off.state is SiteState.OFF
    assert off.leader_id == on.leader_id
    assert [target.action for target in off.targets] == [NOTHING, NOTHING]
    assert [replace(target, action=NOTHING) for target in on.targets] == list(off.targets)


def test_dry_run_does_not_blame_a_leader_that_was_never_told() -> None:
    """Of course it is not in Auto."""
    made = course("a")
    made.settings = replace(made.settings, enabled=False)
    made.at(0, 400)
    made.every(10, 300, 400)
    assert made.memory.ineligible == {}
    assert made.memory.leader.id == "a"


def test_switching_on_begins_at_once() -> None:
    """With the newest sample."""
    made = course("a", "b")
    made.settings = replace(made.settings, enabled=False)
    made.at(0, load=3000)
    made.settings = replace(made.settings, enabled=True)
    assert work(made.at(5, load=4000))["b"] == (Role.FOLLOWER, SETPOINT, 1500)
