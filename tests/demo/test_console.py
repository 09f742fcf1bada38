"""What the demo says: how far it is, and why it failed."""

import asyncio
from pathlib import Path
import subprocess
import sys

import aiohttp
import pytest

from demo.api import Api
from demo.console import DemoError, patience, reason
from demo.home_assistant import HomeAssistant


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TimeoutError(), "Home Assistant took too long"),
        (aiohttp.ServerTimeoutError(), "Home Assistant took too long"),
        (TimeoutError("the site was not set up"), "the site was not set up"),
        (aiohttp.ClientConnectionError(), "ClientConnectionError"),
        (aiohttp.ServerDisconnectedError(), "Server disconnected"),
        (DemoError(" "), "DemoError"),
        (FileNotFoundError(2, "No such file or directory", "uv"), "[Errno 2] No such file or directory: 'uv'"),
    ],
    ids=repr,
)
def test_every_error_says_why(error: Exception, text: str) -> None:
    """Also one that has no text: no error is false, so `error or text` would never show the text."""
    assert reason(error) == text


@pytest.mark.parametrize("error", ["TimeoutError()", "OSError(28, 'No space left on device')", "DemoError('no port')"])
def test_the_program_ends_with_the_reason_in_one_line(error: str) -> None:
    """No traceback, and never nothing."""
    fails = f"""
import runpy, sys
from demo import home_assistant
from demo.console import DemoError
async def fail():
    raise {error}
home_assistant.install_requirements = fail
sys.argv = ["demo"]
runpy.run_module("demo", run_name="__main__")
"""
    ended = subprocess.run([sys.executable, "-c", fails], capture_output=True, text=True, check=False)  # noqa: S603
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("demo: ")
    assert len(line) > len("demo: ")


async def test_what_takes_long_is_said_again_and_again(capsys: pytest.CaptureFixture[str]) -> None:
    """With about how long it takes; and no more once it is over."""
    async with patience("starting", 20, every_s=0.02):
        await asyncio.sleep(0.07)
    await asyncio.sleep(0.05)
    lines = [line.split("] ")[1] for line in capsys.readouterr().err.splitlines()]
    assert lines[0] == "starting (about 20 s)"
    assert set(lines[1:]) == {"still starting (0 of about 20 s)"}
    assert len(lines) <= 5
    with pytest.raises(DemoError):
        async with patience("starting", 20):
            raise DemoError


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    ("program", "words"),
    [("raise ImportError('no such thing')", "no such thing"), ("import time; time.sleep(60)", "did not answer within")],
)
async def test_a_home_assistant_that_ends_or_hangs_before_its_log_begins_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    """What it wrote to the terminal is all that there is."""
    (tmp_path / "homeassistant.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("demo.api.START_LIMIT_S", 3.0 if "sleep" in program else 60.0)
    home_assistant = HomeAssistant(tmp_path, bare=True)
    home_assistant.prepare()
    await home_assistant.start()
    try:
        async with Api(home_assistant) as api:
            with pytest.raises(DemoError, match=words):
                await api.wait_until_up()
    finally:
        await home_assistant.stop()
