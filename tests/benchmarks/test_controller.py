"""The integration's controller in virtual time."""

from functools import partial

import pytest

from benchmarks.controller import Controller
from benchmarks.home import HOMES, STEP_S, Home, Stage
from benchmarks.seed_fixed import seed_fixed
from benchmarks.strategies import STRATEGIES
from custom_components.home_energy_controller.control.dispatch.dispatch import dispatch
from custom_components.home_energy_controller.control.dispatch.law import LawInput, LawOutput
from simulation.battery import DeviceMode
from tests.benchmarks.build import flat, stage


class Spy:
    """A law that notes when it is asked."""

    def __init__(self) -> None:
        self.asked: list[LawInput] = []

    def __call__(self, given: LawInput) -> LawOutput:
        """Answer as seed_fixed does."""
        self.asked.append(given)
        return seed_fixed(given)


def run(played: Stage, controller: Controller, duration_s: float) -> None:
    """Let time pass."""
    for _ in range(round(duration_s / STEP_S)):
        controller.step(played.house.now)
        played.step()


def test_one_leads_and_the_others_take_the_rest() -> None:
    """4 kW on three batteries: one in Auto, setpoints for the others, nothing left for the grid."""
    played = stage(flat((4000, 600)))
    run(played, Controller(played, partial(dispatch, law=seed_fixed)), 600)
    assert [battery.mode for battery in played.batteries].count(DeviceMode.AUTO) == 1
    followers = [battery.passive_w for battery in played.batteries if battery.mode is DeviceMode.PASSIVE]
    assert followers == pytest.approx([750, 750], abs=30)
    assert abs(played.house.grid_w) < 60


@pytest.mark.parametrize(("every_s", "times"), [(10.0, 60), (60.0, 10), (None, 20)])
def test_law_runs_as_often_as_asked(every_s: float | None, times: int) -> None:
    """In ten minutes; left alone twice a minute. A cycle takes 10 s and what the answers take."""
    played, spy = stage(flat((500, 600))), Spy()
    run(
        played,
        Controller(played, partial(dispatch, law=spy, interval_s=every_s or 30.0), every_s=every_s, poll_s=10.0),
        600,
    )
    assert len(spy.asked) == pytest.approx(times, rel=0.2)


def test_batteries_are_polled_as_it_ships() -> None:
    """Every 30 s; every 120 s with the firmware that suffers from it."""
    for name, polls in (("base", 20), ("poll120", 5), ("poll10", 60)):
        played = Stage(flat((0, 60)), HOMES[name], 1)
        played.home = Home(device=played.home.device, poll_s=played.home.poll_s, loss_pct=0.0)
        controller = Controller(played)
        run(played, controller, 120)
        before = played.tally.copy()
        run(played, controller, 600)
        asked = (played.tally["datagrams"] - before["datagrams"]) - (played.tally["commands"] - before["commands"])
        assert asked / 3 == pytest.approx(polls, rel=0.2)


def test_nothing_is_sent_while_home_assistant_restarts() -> None:
    """For 90 s after a quarter of the run; then the batteries are taken over again."""
    played = Stage(flat((4000, 2400)), Home(restarts=True, loss_pct=0.0), 1)
    controller = Controller(played)
    run(played, controller, 120 + 600)
    before = played.tally.copy()
    run(played, controller, 89)
    assert played.tally == before
    run(played, controller, 60)
    assert played.tally["datagrams"] > before["datagrams"]


def test_dead_battery_is_left_out() -> None:
    """The fullest loses its power after a quarter; the others take its work."""
    played = Stage(flat((1000, 2400)), Home(dies=True, loss_pct=0.0), 1)
    run(played, STRATEGIES["ours"](played), 2400)  # type: ignore[arg-type]  # a controller
    assert played.batteries[0].power_w == 0.0
    assert abs(played.house.grid_w) < 60


def test_outcomes_tell_when_a_command_was_sent_and_what_the_battery_said() -> None:
    """As the coordinator would."""
    played = stage(flat((300, 600)))
    controller = Controller(played)
    run(played, controller, 60)
    for battery in controller._batteries:
        outcome = battery.seen.outcome
        assert outcome is not None
        assert outcome.accepted is True
        assert 0 < outcome.sent_at < outcome.done_at < outcome.sent_at + 12


def test_a_seed_makes_the_batteries() -> None:
    """The same for every strategy, others for another seed, and all of one home different."""
    first, again, other = (stage(flat((300, 60)), seed=seed) for seed in (1, 1, 2))
    scales = [[battery.cells.loss_scale for battery in each.batteries] for each in (first, again, other)]
    assert scales[0] == scales[1]
    assert len({*scales[0], *scales[2]}) == 6


def test_renewals_are_counted_apart() -> None:
    """An idle follower is told the same again."""
    played = stage(flat((300, 60)), 2)
    for power_w in (0.0, 0.0, 500.0, 500.0, 0.0):
        played.count(0, DeviceMode.PASSIVE, power_w)
    played.count(0, DeviceMode.AUTO, 0.0)
    counted = {"commands": 6, "mode_changes": 2, "setpoint_changes": 2, "renewals": 2, "datagrams": 0}
    assert played.tally == counted
