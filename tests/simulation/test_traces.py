"""Traces, scenarios and drills."""

import gzip
from itertools import pairwise
from pathlib import Path

import pytest

from simulation.traces import DRILLS, Trace, constant, noisy, points, pulses, scenario, synthetic_week


@pytest.mark.parametrize(
    ("name", "column", "step_s", "hours", "mean_w"),
    [
        ("rae_house1_1s_a", "load_w", 1, 3, 715.05),
        ("rae_house1_1s_b", "load_w", 1, 1, 1555.30),
        ("uci_sceaux_1min_2008-01", "load_w", 60, 14 * 24, 1463.08),
        ("uci_sceaux_1min_2008-07", "load_w", 60, 14 * 24, 743.97),
        ("prosumer_cyprus_30s", "load_w", 30, 7, 922.48),
        ("prosumer_cyprus_30s", "pv_w", 30, 7, 2997.07),
        ("pv_serf_east_1min", "pv_w", 60, 43.45, 1593.20),
    ],
)
def test_every_measured_trace_loads_with_its_step_and_mean(
    name: str, column: str, step_s: float, hours: float, mean_w: float
) -> None:
    """The six files are what their description says."""
    trace = Trace.load(name, column)
    assert trace.step_s == step_s
    assert trace.duration_s == pytest.approx(hours * 3600)
    assert sum(trace.values) / len(trace.values) == pytest.approx(mean_w, abs=0.01)


def test_a_value_holds_until_the_next_and_the_end_leads_back_to_the_beginning() -> None:
    """No interpolation, no end."""
    trace = Trace([100, 200, 300], 10)
    assert [trace(t) for t in (0, 9.9, 10, 29.9, 30, 45)] == [100, 100, 200, 300, 100, 200]


def test_own_files_load_plain_and_packed(tmp_path: Path) -> None:
    """A user's own trace needs the two columns, in seconds or in local time."""
    text = "local_time,load_w,other\n2026-01-05 10:00,100,1\n2026-01-05 10:05,150,2\n2026-01-05 10:10,50,3\n"
    plain, packed = tmp_path / "own.csv", tmp_path / "own.csv.gz"
    plain.write_text(text)
    packed.write_bytes(gzip.compress(text.encode()))
    for path in (plain, str(packed)):
        trace = Trace.load(path)
        assert (trace.step_s, trace(300), trace(899)) == (300, 150, 50)


def test_a_trace_with_a_gap_is_refused(tmp_path: Path) -> None:
    """A missing row would shift everything after it."""
    path = tmp_path / "gap.csv"
    path.write_text("t_s,load_w\n0,1\n1,2\n3,3\n")
    with pytest.raises(ValueError, match=r"gap\.csv is not evenly spaced"):
        Trace.load(path)


def test_resampling_goes_along_straight_lines() -> None:
    """The sun does not jump every 30 s."""
    assert Trace([0, 30, 0], 3).resampled(1, 2.0).values == [0, 20, 40, 60, 40, 20, 0, 0, 0]


def test_scenarios_are_the_four_of_the_benchmark() -> None:
    """A load, B load - PV, C 2 load - 1.3 PV, D 2 load."""
    load, sun = Trace.load("rae_house1_1s_a"), Trace.load("prosumer_cyprus_30s", "pv_w")
    at_s = 60.0
    for name, load_factor, pv_factor in (("A", 1, 0), ("B", 1, 1), ("C", 2, 1.3), ("D", 2, 0)):
        played = scenario(name)
        assert played.load(at_s) == load_factor * load(at_s)
        assert played.pv(at_s) == pytest.approx(pv_factor * sun(at_s))
    assert scenario("A").load(3 * 3600 + 7) == Trace.load("rae_house1_1s_b")(7)


def test_a_synthetic_week_keeps_the_minutes_and_has_steps_within_them() -> None:
    """Means as measured, some 60 steps of more than 300 W per hour, and the same again for the same seed."""
    minutes, week = Trace.load("uci_sceaux_1min_2008-01"), synthetic_week(days=2)
    assert week.duration_s == 2 * 86400
    means = [sum(week.values[60 * i : 60 * i + 60]) / 60 for i in range(2 * 1440)]
    errors = [abs(mean - minutes.values[i]) for i, mean in enumerate(means)]
    assert sum(errors) / len(errors) < 10
    steps = sum(abs(after - before) > 300 for before, after in pairwise(week.values))
    assert 40 < steps / 48 < 120
    assert min(week.values) >= 0
    assert synthetic_week(days=2).values == week.values != synthetic_week(days=2, seed=2).values


def test_points_make_steps_and_ramps() -> None:
    """Before the first and after the last corner it stays."""
    signal = points((10, 0), (20, 100), (20, 300))
    assert [signal(t) for t in (0, 10, 15, 19.9, 20, 99)] == pytest.approx([0, 0, 50, 99, 300, 300])


def test_pulses_and_noise_are_the_same_every_time() -> None:
    """A drill has a known answer only if it can be repeated."""
    hob = pulses(300, 2400, 20, 40)
    assert [hob(t) for t in (0, 19.9, 20, 59.9, 60)] == [2700, 2700, 300, 300, 2700]
    noise = noisy(constant(0), 150)
    assert [noise(t) for t in range(99)] == [noise(t) for t in range(99)]
    assert -150 <= min(noise(t) for t in range(999)) < -100 < 100 < max(noise(t) for t in range(999)) <= 150


def test_the_drills_of_the_benchmark_are_there() -> None:
    """Each begins and moves as its name says."""
    assert DRILLS["step_+3000"](61) - DRILLS["step_+3000"](59) == 3000
    assert DRILLS["step_-6000"](61) - DRILLS["step_-6000"](59) == -6000
    assert DRILLS["ramp"](70) - DRILLS["ramp"](69) == pytest.approx(50)
    assert DRILLS["kettle"](150) - DRILLS["kettle"](211) == 2000
    assert DRILLS["cloud"](80) - DRILLS["cloud"](60) == pytest.approx(3200)
    assert DRILLS["car"](61) - DRILLS["car"](59) == 3700
    assert DRILLS["tumble_washer"](9) - DRILLS["tumble_washer"](10) == 300
    assert DRILLS["sunset"](0) < 0 < DRILLS["sunset"](1800)
    assert DRILLS["night"](3) == 180
