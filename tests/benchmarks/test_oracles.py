"""The references: exact on small cases, and never beaten on their own objective."""

import pytest

from benchmarks.home import Home
from benchmarks.oracles import best_number, loss_lines, pay_least
from benchmarks.scenarios import Case, case
from benchmarks.scores import Scores, score
from benchmarks.strategies import COST, STRATEGIES, TRACKING, play
from simulation.physics import loss_w
from tests.benchmarks.build import flat, stage

HOME = Home(batteries=2)


def scored(name: str, played: Case, home: Home = HOME) -> Scores:
    """Return the scores of a run."""
    return score(play(name, played, home, 1))


@pytest.mark.parametrize(
    ("power_w", "number"), [(300, 1), (1200, 1), (1300, 2), (2200, 3), (-1500, 1), (-1600, 2), (-2700, 3)]
)
def test_number_of_batteries_changes_where_a_further_inverter_pays(power_w: float, number: int) -> None:
    """With 8 W idle: from 1.23 and 2.14 kW on when discharging, 1.52 and 2.63 kW when charging (control.md 5)."""
    assert best_number(power_w, 3) == number


def test_tracking_leaves_what_the_batteries_cannot_carry() -> None:
    """6 kW on two batteries of 2.5 kW leave 1 kW, 4 kW leave nothing."""
    scores = scored(TRACKING, flat((6000, 900), (4000, 900), (-4000, 900)))
    assert scores["import_kwh"] == pytest.approx(0.25)
    assert scores["export_kwh"] == 0.0
    assert scores["cross_kwh"] == 0.0


def test_tracking_splits_only_what_is_large() -> None:
    """300 W are carried by one battery, and lose what one loses beside an idle one."""
    run = play(TRACKING, flat((300, 1800)), Home(batteries=2), 1)
    busy = (run.powers_w > 0).sum(axis=0)
    assert set(busy) == {1}
    assert run.lost_wh == pytest.approx(0.5 * (loss_w(300) + loss_w(0)), rel=0.11)


@pytest.mark.parametrize("name", sorted(set(STRATEGIES) - {TRACKING}))
def test_nobody_exchanges_less_than_tracking(name: str) -> None:
    """While there is energy and room enough for everybody."""
    played = case("C", 1).cut(0.25)
    assert scored(name, played)["exchange_kwh"] >= scored(TRACKING, played)["exchange_kwh"]


@pytest.mark.parametrize("name", sorted(STRATEGIES))
@pytest.mark.parametrize("scenario", ["B", "D", "sunset"])
def test_nobody_pays_less_than_the_cost_oracle(name: str, scenario: str) -> None:
    """At either tariff."""
    played = case(scenario, 1).cut(0.25)
    least, scores = pay_least(stage(played, 2)), scored(name, played)
    assert COST not in STRATEGIES
    for tariff in ("cost_flat_ct", "cost_day_night_ct"):
        assert scores[tariff] >= least[tariff] - 1e-6


def test_cost_oracle_of_a_house_that_needs_nothing_pays_for_standing_still() -> None:
    """An hour at 0 W: what two batteries lose in it, at the worth of stored energy."""
    stood = stage(flat((0, 3600)), 2)
    scale = min(battery.cells.loss_scale for battery in stood.batteries)
    assert pay_least(stood)["cost_flat_ct"] == pytest.approx(2 * 0.008 * scale * 0.91 * 30)


def test_cost_oracle_moves_energy_from_night_to_day() -> None:
    """Empty at 5 h, 2 kW from 7 h on: it charges at 24 ct what would cost 34 ct. A flat price gives no reason to."""
    empty = flat((0, 2 * 3600), (2000, 3600), soc_pct=20.0, start_hour=5.0)
    least = pay_least(stage(empty, 2))
    served = scored(TRACKING, empty)
    assert least["cost_day_night_ct"] < served["cost_day_night_ct"] - 5
    assert least["cost_flat_ct"] == pytest.approx(served["cost_flat_ct"], abs=0.5)


@pytest.mark.parametrize("sign", [-1, 1])
def test_loss_lines_lie_below_the_least_loss(sign: int) -> None:
    """And close to it: within 20 W where inverters start, within 10 W above."""
    lines = loss_lines(sign, 3, 7.5, 1.0)
    for power_w in range(0, 7501, 50):
        least_w = min(n * loss_w(sign * power_w / n) + (3 - n) * loss_w(0.0) for n in (1, 2, 3))
        bound_w = max(slope * power_w + 1000 * constant for slope, constant in lines)
        assert bound_w <= least_w + 1e-9
        assert bound_w >= least_w - (20 if power_w < 500 else 10)
