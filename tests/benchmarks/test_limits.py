"""What the bench of strategies and limits counts."""

import numpy as np
import pytest

from benchmarks import limits
from benchmarks.limits import NOISE_W, Run, excess_w, forbidden_w, longest_s, play
from custom_components.home_energy_controller.control.model import Strategy
from tests.benchmarks.build import flat

POWERS_W = np.array([[100.0, -200.0, 300.0], [0.0, -50.0, -10.0]])


@pytest.mark.parametrize(
    ("strategy", "setpoint_w", "against_w"),
    [
        (Strategy.ZERO, 0, [0, 0, 0]),
        (Strategy.STANDBY, 0, [100, 250, 310]),
        (Strategy.ZERO_CHARGE_ONLY, 0, [100, 0, 300]),
        (Strategy.TO_FULL, 0, [100, 0, 300]),
        (Strategy.ZERO_DISCHARGE_ONLY, 0, [0, 250, 10]),
        (Strategy.FIXED, 500, [0, 250, 10]),
        (Strategy.FIXED, -500, [100, 0, 300]),
    ],
)
def test_what_flows_against_a_strategy(strategy: Strategy, setpoint_w: int, against_w: list[float]) -> None:
    """Of each battery, not of their sum."""
    run = Run(case="D", strategy=strategy, setpoint_w=setpoint_w)
    assert list(forbidden_w(run, POWERS_W)) == against_w


def test_what_exceeds_a_limit() -> None:
    """Of the connection only what batteries made worse."""
    run = Run(case="D", on_circuits=True, max_import_w=1000, max_export_w=500)
    powers_w = np.array([[-2000.0, 0.0], [0.0, 0.0], [0.0, 0.0], [-2000.0, 600.0]])
    found = excess_w(run, np.array([4500.0, -2000.0]), powers_w)
    assert {name: list(over_w) for name, over_w in found.items()} == {
        "circuits": [320, 0],
        "import": [3500, 0],
        "export": [0, 600],
    }
    assert excess_w(Run(case="D"), np.array([0.0]), np.array([[9000.0]])) == {}


def test_longest_time_without_a_break() -> None:
    """In steps of half a second."""
    assert longest_s(np.array([True, False, True, True, True, False])) == 1.5
    assert longest_s(np.array([False])) == 0


def test_short_run_of_a_strategy_with_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A surplus for ten minutes, then a deficit: charging only, six batteries, three fuses."""
    played = flat((-6000, 600), (1500, 300))
    monkeypatch.setattr(limits, "case", lambda name, seed: played)
    run = Run(case="flat", strategy=Strategy.ZERO_CHARGE_ONLY, home="n6", on_circuits=True)
    grid_w, powers_w, in_auto = play(run, hours=0.25)
    assert in_auto.any()
    assert abs(grid_w[900:1100]).mean() < 300, "the surplus is taken"
    assert longest_s(forbidden_w(run, powers_w) > limits.FLOWS_W) <= 45
    assert all(over_w.max() < NOISE_W for over_w in excess_w(run, grid_w, powers_w).values())
    assert abs(powers_w[:, -200:]).max() < 20, "the deficit is left to the grid"


def test_charging_to_full_rests_when_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Home Assistant, where the strategy before comes back."""
    played = flat((500, 1200))._replace(first_soc_pct=99.5, soc_step_pct=0.0)
    monkeypatch.setattr(limits, "case", lambda name, seed: played)
    _, powers_w, _ = play(Run(case="flat", strategy=Strategy.TO_FULL), hours=1 / 3)
    assert abs(powers_w[:, -100:]).max() < 20


def test_table_has_a_line_per_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was exceeded at its end."""
    monkeypatch.setattr(limits, "play", lambda run: (np.zeros(3), POWERS_W, POWERS_W > 0))
    line = limits.row(Run(case="D", strategy=Strategy.ZERO_CHARGE_ONLY, loss_pct=3.0, max_import_w=1000))
    end = "import: 0 W, longest 0 s, 0 s a day; by setpoints 0 W |"
    assert line == f"| zero_charge_only | D | 3 % | 0.0 | 0.0 | 300 | 0 | 1 | 0.1 | {end}"
