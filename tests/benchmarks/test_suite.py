"""The bench as a whole: the same seeds give the same results, and everything asked for is written."""

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main, parse, plan
from benchmarks.home import HOMES
from benchmarks.report import as_markdown
from benchmarks.scenarios import NAMED
from benchmarks.strategies import STRATEGIES
from benchmarks.suite import REFERENCES, Job, Results, run, run_all


def job(strategy: str, seed: int = 1, **more: object) -> Job:
    """Return a short run."""
    return Job(**{"scenario": "sunset", "strategy": strategy, "seed": seed, "hours": 0.1} | more)  # type: ignore[arg-type]


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_same_seed_same_run(strategy: str) -> None:
    """Bit by bit, and another seed another run."""
    first, second, other = (run(job(strategy, seed))[1] for seed in (1, 1, 2))
    assert first == second
    assert first != other


@pytest.mark.parametrize("home", sorted(HOMES))
def test_every_home_can_be_played(home: str) -> None:
    """By ours, for a few minutes."""
    assert run(job("ours", home=home))[1]["hours"] == pytest.approx(0.1)


def test_results_hold_means_and_errors_of_every_score() -> None:
    """Over two seeds, as the scores of the runs say."""
    jobs = [job(strategy, seed) for strategy in ("one_auto", *REFERENCES) for seed in (1, 2)]
    found = json.loads(run_all(jobs, 1).as_json())
    costs = [run(job("one_auto", seed))[1]["cost_flat_ct"] for seed in (1, 2)]
    assert set(found) == {"sunset"}
    assert set(found["sunset"]) == {"one_auto", *REFERENCES}
    assert found["sunset"]["one_auto"]["cost_flat_ct"]["mean"] == pytest.approx(sum(costs) / 2)
    assert found["sunset"]["one_auto"]["cost_flat_ct"]["se"] == pytest.approx(abs(costs[0] - costs[1]) / 2)
    assert found["sunset"]["tracking_oracle"]["unwanted_kwh"] == {"mean": 0.0, "se": 0.0}


def made(costs: dict[str, tuple[float, ...]]) -> Results:
    """Return results with given costs by seed."""
    base = {"exchange_kwh": 1.0, "steady_exchange_kwh": 0.0, "loss_kwh": 0.0, "hours": 1.0, "cost_day_night_ct": 0.0}
    costs |= dict.fromkeys(REFERENCES, (0.0,) * 3)
    jobs = {(name, seed): job(name, seed) for name in costs for seed in (1, 2, 3)}
    scored = [(each, base | {"cost_flat_ct": costs[name][seed - 1]}) for (name, seed), each in jobs.items()]
    return Results(jobs.values(), scored)


def test_lowest_is_decided_seed_by_seed() -> None:
    """A small difference that every seed has is a difference; a large one that only some have is none."""
    results = made(
        {"vem": (10.0, 20.0, 30.0), "ours": (10.5, 20.5, 30.5), "stijn": (5.0, 30.0, 30.0), "seed": (11.0, 22.0, 33.0)}
    )
    among = ["vem", "ours", "stijn", "seed"]
    assert results.is_lowest("sunset", "vem", "cost_flat_ct", among)
    assert not results.is_lowest("sunset", "ours", "cost_flat_ct", among)
    assert results.is_lowest("sunset", "stijn", "cost_flat_ct", among)
    assert not results.is_lowest("sunset", "seed", "cost_flat_ct", among)  # 2 more, with a standard error of 0.6


def test_report_marks_the_lowest_and_leaves_out_what_is_not_there() -> None:
    """Bold for the lowest; a dash, no "nan", where there is no score."""
    text = as_markdown(made({"vem": (10.0, 20.0, 30.0), "ours": (10.5, 20.5, 30.5)}))
    assert "| vem | **20.0 ± 5.8** |" in text
    assert "| *ours* | 20.5 ± 5.8 |" in text
    assert "nan" not in text


def test_options_choose_what_is_played() -> None:
    """Strategies, scenarios, batteries and seeds; the references always."""
    options = parse(["--strategies", "ours,vem", "--scenarios", "A,B", "--batteries", "4", "--seeds", "3"])
    jobs = plan(options)
    assert {each.scenario for each in jobs} == {"A", "B"}
    assert {each.strategy for each in jobs} == {"ours", "vem", *REFERENCES}
    assert {each.batteries for each in jobs} == {4}
    assert len(jobs) == 2 * 5 * 3
    assert jobs[0].prepared()[1].batteries == 4


def test_without_options_everything_is_played() -> None:
    """All scenarios with all strategies, the other homes, the drills."""
    jobs = plan(parse([]))
    assert set(NAMED) <= {each.scenario for each in jobs}
    assert {each.home for each in jobs} == set(HOMES)
    assert {each.seed for each in jobs} == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("arguments", [["--strategies", "magic"], ["--scenarios", "Z"], ["--pv", "x"]])
def test_unknown_names_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With what there is."""
    with pytest.raises(SystemExit):
        parse(arguments)
    assert "error" in capsys.readouterr().err


def test_somebodys_own_house_is_played_reported_and_drawn(tmp_path: Path) -> None:
    """Ten minutes from two files; scores as JSON, the report beside its picture."""
    load, pv = tmp_path / "house.csv", tmp_path / "roof.csv"
    load.write_text("t_s,load_w\n" + "".join(f"{10 * i},{500 + 50 * (i % 7)}\n" for i in range(60)))
    pv.write_text("t_s,pv_w\n" + "".join(f"{60 * i},1000\n" for i in range(10)))
    scores, report = tmp_path / "scores.json", tmp_path / "out.md"
    files = ["--load", str(load), "--pv", str(pv), "--json", str(scores), "--report", str(report)]
    main([*files, "--strategies", "ours,vem", "--seeds", "1", "--processes", "1"])
    assert set(json.loads(scores.read_text())["house.csv"]) == {"ours", "vem", *REFERENCES}
    assert "![cost](out/cost.png)" in report.read_text()
    assert 0 < (tmp_path / "out" / "cost.png").stat().st_size < 150_000


def test_a_run_is_drawn_small(tmp_path: Path) -> None:
    """A named scenario gets a picture of its own."""
    report = tmp_path / "out.md"
    arguments = ["--scenarios", "B", "--strategies", "ours", "--seeds", "1", "--hours", "0.1", "--processes", "1"]
    main([*arguments, "--report", str(report)])
    assert 0 < (tmp_path / "out" / "run_B.png").stat().st_size < 150_000
