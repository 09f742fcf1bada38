"""The end of a check: what is printed, and the exit code."""

import json

import pytest

from demo.check import judge
from demo.console import DemoError
from demo.home_assistant import DOMAIN
from tests.demo.test_window import GOOD

STARTED = f"2026-11-24 02:01:56.600 WARNING (Worker) [homeassistant.loader] We found a custom integration {DOMAIN}\n"
BROKEN = f"2026-11-24 02:01:57.600 ERROR (MainThread) [custom_components.{DOMAIN}] Broken\n"


def test_good_check_ends_well_with_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A program can read it."""
    assert judge(GOOD.copy(), STARTED) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["missed"] == []


def test_an_error_in_the_log_fails_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    """However good the control was."""
    assert judge(GOOD.copy(), STARTED + BROKEN) == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["log_errors"], len(result["missed"])) == (1, 1)


def test_a_log_that_is_missing_is_not_a_log_without_errors() -> None:
    """Home Assistant always names our package in it."""
    with pytest.raises(DemoError, match="no log"):
        judge(GOOD.copy(), "")
