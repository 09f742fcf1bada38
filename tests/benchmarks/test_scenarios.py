"""Scenarios, and traces that somebody brings along."""

import gzip
from pathlib import Path
from statistics import fmean

import pytest

from benchmarks.scenarios import DRILL_NAMES, NAMED, case, own_case

HOURS = {"rae_b": 1, "sunset": 2, "cloud": 2, "january": 168, "july": 168}


@pytest.mark.parametrize("name", NAMED)
def test_each_has_a_value_every_second(name: str) -> None:
    """Four hours unless it says otherwise."""
    assert len(case(name, 1).net_load_w) == 3600 * HOURS.get(name, 4)


@pytest.mark.parametrize("name", ["sunset", "cloud", "july"])
def test_what_is_drawn_comes_from_the_seed(name: str) -> None:
    """The same seed draws the same, another another."""
    first = case(name, 1)
    case.cache_clear()
    assert case(name, 1) == first
    assert case(name, 2).net_load_w != first.net_load_w


def test_the_weeks_differ_as_winter_and_summer_do() -> None:
    """A January week has a deficit, a July week a surplus at noon and a load at night."""
    january, july = case("january", 1).net_load_w, case("july", 1).net_load_w
    noon = [watts for day in range(7) for watts in july[(24 * day + 12) * 3600 : (24 * day + 13) * 3600]]
    assert fmean(january) > 0
    assert fmean(noon) < -2000
    assert min(july[2 * 3600 : 3 * 3600]) > 0


def test_combinations_are_those_of_the_pilot() -> None:
    """C = 2 load - 1.3 PV and D = 2 load = 2 A, B = load - PV: C = D - 1.3 (A - B)."""
    a, b, c, d = (case(name, 1).net_load_w for name in "ABCD")
    for second in (0, 5000, 14_000):
        assert d[second] == 2 * a[second]
        assert c[second] == pytest.approx(d[second] - 1.3 * (a[second] - b[second]))


def test_drills_begin_and_step_after_a_minute() -> None:
    """Steps tell where settling is measured from, others do not."""
    step = case("drill_step_+1000", 1)
    assert (step.net_load_w[59], step.net_load_w[60], step.event_s) == (200.0, 1200.0, 60)
    assert case("drill_night", 1).event_s is None
    assert len(DRILL_NAMES) == 16


def test_cut_keeps_the_beginning() -> None:
    """Half an hour."""
    assert case("A", 1).cut(0.5).net_load_w == case("A", 1).net_load_w[:1800]


def test_no_battery_begins_below_the_lowest_start() -> None:
    """Six batteries in steps of 7 %: 55 down to 25, not 20."""
    assert [case("B", 1).soc_pct(index) for index in (0, 1, 5)] == [55.0, 48.0, 25.0]


def test_own_trace_in_seconds_and_in_local_time(tmp_path: Path) -> None:
    """Load every two seconds, plain; sun every minute, gzipped, with local time."""
    load, pv = tmp_path / "mine.csv", tmp_path / "sun.csv.gz"
    load.write_text("t_s,load_w\n" + "".join(f"{2 * i},{100 * i}\n" for i in range(5)))
    with gzip.open(pv, "wt") as file:
        file.write("local_time,pv_w\n2026-03-01 10:00,60\n2026-03-01 10:01,120\n")
    played = own_case(load, pv)
    assert played.name == "mine.csv"
    assert played.net_load_w[:4] == (0 - 60.0, 50 - 61.0, 100 - 62.0, 150 - 63.0)
    assert len(played.net_load_w) == 10


def test_own_load_alone_is_the_net_load(tmp_path: Path) -> None:
    """No sun."""
    load = tmp_path / "alone.csv"
    load.write_text("t_s,load_w\n0,7\n1,8\n2,9\n")
    assert own_case(load).net_load_w == (7.0, 8.0, 9.0)
