"""A report is decided again on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.replay import main
from tests.control.test_recorder import document, recorded


def written(path: Path, content: Any) -> str:
    """Write a file and return its name."""
    file = path / "diagnostics.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return str(file)


def test_a_report_that_decides_the_same_ends_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line per cycle and a sum."""
    assert main([written(tmp_path, {"data": {"recording": document(recorded(60))}})]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "0 decided otherwise" in lines[-1]
    assert all("sent" in line for line in lines[:-1])


def test_what_differs_is_shown_and_told_by_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Old beside new: here a report in which another leader and another command were written."""
    found = document(recorded(60))
    cycle = next(cycle for cycle in found["cycles"] if cycle["commands"])
    cycle["decision"]["leader_id"] = "nobody"
    cycle["commands"] = []
    assert main([written(tmp_path, found)]) == 1
    shown = capsys.readouterr().out
    assert "DIFFERS" in shown
    assert "leader_id: was nobody, now" in shown
    assert "sent: was nothing, now" in shown
    assert "1 decided otherwise" in shown


def test_an_unread_meter_and_a_silent_cycle_can_be_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is known at first."""
    found = document(recorded(20))
    found["cycles"][0]["snapshot"]["meter_w"] = None
    assert main([written(tmp_path, found)]) in {0, 1}
    assert "unknown" in capsys.readouterr().out


@pytest.mark.parametrize("content", [{}, [], {"format": 2, "cycles": 3}])
def test_what_is_no_report_is_said_so(content: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a traceback."""
    assert main([written(tmp_path, content)]) == 2
    assert "diagnostics.json:" in capsys.readouterr().err


def test_a_file_that_is_missing_is_said_so(tmp_path: Path) -> None:
    """As well."""
    assert main([str(tmp_path / "none.json")]) == 2
