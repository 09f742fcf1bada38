"""Planners side by side: the bench's own rules, on a few days."""

from datetime import datetime
import json
from pathlib import Path
import sys

import pytest

from benchmarks.plan.__main__ import main
from benchmarks.plan.cases import ALL, Task, play
from benchmarks.plan.homes import home_named, year_of
from benchmarks.plan.inputs import AMSTERDAM
from benchmarks.plan.planners import Allowed
from benchmarks.plan.tariffs import CASES
from benchmarks.plan.view import Views, Wish
from benchmarks.plan.year import Bill, NetZero, play_together, scores
from custom_components.home_energy_controller.planning.slots import slot_of


def task(*planners: str, **changes: object) -> Task:
    """Return four days of a home."""
    usual = {
        "home": "family1",
        "tariff": "nl_dynamic",
        "planners": planners,
        "allowed": Allowed(),
        "prices": None,
        "load": None,
        "pv": None,
        "seed": 1,
        "first_day": 100,
        "days": 4,
    }
    return Task(**{**usual, **changes})  # type: ignore[arg-type]


def test_nobody_is_better_than_who_knows_all_before() -> None:
    """And ours wins something over net zero."""
    found = play(task("none", "rule", "ours_unjudged"))
    assert found["perfect"].cost_eur <= min(score.cost_eur for score in found.values()) + 0.01
    assert found["ours_unjudged"].cost_eur < found["net_zero"].cost_eur
    assert found["perfect"].share_pct == pytest.approx(100)
    assert found["net_zero"].share_pct == pytest.approx(0)


class Resting:
    """Stands by."""

    def choose(self, _view: object) -> Wish:
        """Return standing by."""
        return Wish("standby")


def test_standing_by_costs_what_no_battery_costs_and_its_own_draw() -> None:
    """And net zero saves."""
    home, slots = home_named("family3"), range(*(slot_of(datetime(2025, 6, day, tzinfo=AMSTERDAM)) for day in (2, 5)))
    year = year_of(home, slots)
    bills = play_together({"rests": Resting(), "net_zero": NetZero()}, home, year, Views(home, year, CASES["flat"], {}))
    assert bills["net_zero"].cost_eur < bills["none"].cost_eur < bills["rests"].cost_eur
    assert bills["rests"].cost_eur == pytest.approx(bills["none"].cost_eur, abs=0.6)
    assert bills["rests"].changes_per_day == 0


def test_what_is_not_allowed_wins_nothing() -> None:
    """Each permission less can only cost."""
    everything = play(task("ours_unjudged"))["perfect"].cost_eur
    kept = play(task("ours_unjudged", allowed=Allowed(deliver_to_grid=False)))["perfect"].cost_eur
    neither = play(task(allowed=Allowed(charge_from_grid=False, deliver_to_grid=False)))["perfect"].cost_eur
    assert everything < kept < neither + 0.01


def test_judged_ours_is_net_zero_until_days_have_spoken() -> None:
    """Two days say nothing."""
    found = play(task("ours", days=3))
    assert found["ours"].cost_eur == pytest.approx(found["net_zero"].cost_eur)


def test_the_same_case_gives_the_same_figures() -> None:
    """Nothing is drawn anew."""
    assert play(task("ours_unjudged", days=2)) == play(task("ours_unjudged", days=2))


def test_the_worst_week_is_measured_against_net_zero() -> None:
    """And of nothing to win there is no share."""

    def bill(*weeks: float) -> Bill:
        return Bill(cost_eur=sum(weeks), weeks_eur=weeks, changes_per_day=0.0)

    found = scores({"net_zero": bill(5, 5), "perfect": bill(4, 4), "ours": bill(4, 5.5)})
    assert found["ours"].worst_week_eur == -0.5
    assert found["ours"].share_pct == pytest.approx(25)
    assert scores({"net_zero": bill(5), "perfect": bill(5)})["perfect"].share_pct is None


def test_the_command_writes_what_it_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cost, share and worst week by case and planner."""
    file = tmp_path / "found.json"
    arguments = "--homes small1 --tariffs flat --planners none,ours --days 1 --processes 1 --json"
    monkeypatch.setattr(sys, "argv", ["plan", *arguments.split(), str(file)])
    main()
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found.keys() == {"small1+flat"}
    assert found["small1+flat"].keys() == {"none", "net_zero", "ours", "perfect"}
    assert found["small1+flat"]["ours"].keys() == {"cost_eur", "share_pct", "worst_week_eur"}
    assert set(ALL) >= found["small1+flat"].keys()


@pytest.mark.parametrize("wrong", [["--homes", "castle"], ["--tariffs", "free"]])
def test_what_does_not_exist_is_refused_with_words(wrong: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And says what there is."""
    monkeypatch.setattr(sys, "argv", ["plan", *wrong])
    with pytest.raises(SystemExit, match="there are"):
        main()
