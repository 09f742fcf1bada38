"""The whole story of a new owner, in a real Chromium on the demo's real Home Assistant."""

from pathlib import Path
import subprocess
import sys

import pytest

from demo.browser import find_chromium

ROOT = Path(__file__).parents[2]
LIMIT_S = 900
"""Of a machine that does other work; the story takes two minutes."""


@pytest.mark.skipif(find_chromium() is None, reason="the story in a browser needs Chromium, and there is none here")
@pytest.mark.parametrize(("language", "home"), [("en", "Home"), ("nl", "Thuis")])
def test_a_new_owner_gets_from_nothing_to_an_automation(language: str, home: str) -> None:
    """In a process of its own: the story has real sockets, which the tests of Home Assistant forbid."""
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "demo.story", "--language", language, "--home", home],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
