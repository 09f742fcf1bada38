"""The long runs, short: each in a process of its own, for they start Home Assistant as its users do."""

import json
from pathlib import Path
import subprocess
import sys
from typing import Any

import pytest

from . import day

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("part", ["day", "recorder", "sums", "sum", "kills"])
def test_a_short_run_misses_nothing(part: str) -> None:
    """Half an hour with outages and drops, an hour's writes and sums, three kills; `scripts/soak` runs them in full."""
    command = (sys.executable, "-m", "tests.soak", part, "--short")
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert run.stdout, run.stderr[-5000:]
    result: dict[str, Any] = json.loads(run.stdout)
    assert not result["missed"], (result, run.stderr[-5000:])
    assert run.returncode == 0


def test_what_grows_is_missed() -> None:
    """A run that leaks a socket and one that leaks an object per cycle are told apart from a good one."""
    good = {"tasks": 10, "sockets": 22, "objects": 280_000, "rss_kb": 220_000}
    result = {
        "before": good,
        "after": good | {"objects": 280_400, "rss_kb": 221_000},
        "not_back_in_control": [],
        "cycles": 11_000,
        "wall_s": 100.0,
        "warnings": 0,
        "outages": 42,
        "drops": 100,
        "warnings_of_others": [],
        "false_alarms": [],
    }
    assert not day.missed(day.Plan(), result)
    for leak in ({"sockets": 23}, {"objects": 290_000}):
        assert day.missed(day.Plan(), result | {"after": good | leak})
