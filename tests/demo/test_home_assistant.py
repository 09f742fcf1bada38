"""The throw-away Home Assistant, before it is started."""

from contextlib import suppress
import json
import os
from pathlib import Path
import re
import select
import signal
import socket
import subprocess
import sys

from homeassistant.auth.mfa_modules import totp
from homeassistant.components import frontend
import pytest

from demo.home_assistant import DOMAIN, USUAL_PORT, HomeAssistant, free_port, package_errors, requirements

STAMP = "2026-11-24 02:01:56.600"
LOG = f"""{STAMP} INFO (MainThread) [custom_components.{DOMAIN}] The meter answers again
{STAMP} ERROR (MainThread) [haffmpeg.core] FFmpeg fails
Traceback (most recent call last):
FileNotFoundError: 'ffmpeg'
{STAMP} ERROR (MainThread) [homeassistant.core] Error doing job
Traceback (most recent call last):
  File "/config/custom_components/{DOMAIN}/coordinator.py", line 1, in f
ValueError
{STAMP} WARNING (MainThread) [custom_components.{DOMAIN}] Garage did not confirm
{STAMP} CRITICAL (MainThread) [custom_components.{DOMAIN}] Broken
"""


def test_errors_of_our_package_are_found_even_in_a_traceback_that_others_log() -> None:
    """Errors of others and warnings of ours do not count."""
    errors = package_errors(LOG)
    assert [re.split(r"\] ", error)[1].splitlines()[0] for error in errors] == ["Error doing job", "Broken"]
    assert "coordinator.py" in errors[0]


def test_requirements_hold_the_frontend_that_home_assistant_pins() -> None:
    """The pin is read, not repeated here."""
    manifest = json.loads((Path(frontend.__file__).parent / "manifest.json").read_text())
    assert set(manifest["requirements"]) <= set(requirements())


def test_requirements_hold_what_components_only_come_after() -> None:
    """Home Assistant looks through those as well, set up or not, and fetches what they need."""
    folder = Path(frontend.__file__).parent.parent
    backup, hassio = (json.loads((folder / name / "manifest.json").read_text()) for name in ("backup", "hassio"))
    assert "hassio" in backup["after_dependencies"]
    assert set(hassio["requirements"]) <= set(requirements())


def test_requirements_hold_those_of_the_second_factor_that_every_login_offers() -> None:
    """They stand in no manifest."""
    assert set(totp.REQUIREMENTS) <= set(requirements())


@pytest.mark.parametrize("component", ["dhcp", "zeroconf", "recorder", "backup", "ffmpeg", "conversation"])
def test_requirements_hold_those_of_everything_that_starts(component: str) -> None:
    """Whether our manifest, our configuration or Home Assistant itself brings it along."""
    manifest = json.loads((Path(frontend.__file__).parents[1] / component / "manifest.json").read_text())
    assert set(manifest["requirements"]) <= set(requirements())


@pytest.mark.usefixtures("socket_enabled")
def test_another_port_is_taken_when_the_usual_one_is_not_free() -> None:
    """A Home Assistant on this machine is left alone."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", USUAL_PORT))
            other.listen()
        except OSError:
            pass  # Somebody else has it: as good.
        assert free_port() not in {0, USUAL_PORT}


@pytest.mark.usefixtures("socket_enabled")
def test_prepared_home_assistant_listens_on_loopback_only_and_asks_nobody_anything(tmp_path: Path) -> None:
    """Only the owner is left to be created."""
    home_assistant = HomeAssistant(tmp_path)
    home_assistant.prepare()
    stored = {path.name: json.loads(path.read_text())["data"] for path in (tmp_path / ".storage").iterdir()}
    assert stored["http"]["stable"]["server_host"] == ["127.0.0.1"]
    assert stored["http"]["stable"]["server_port"] == home_assistant.port
    assert "user" not in stored["onboarding"]["done"]
    assert (tmp_path / "custom_components" / DOMAIN / "manifest.json").is_file()
    configuration = (tmp_path / "configuration.yaml").read_text()
    assert "default_config" not in configuration
    assert '"automation": !include automations.yaml' in configuration
    assert len(list((tmp_path / "blueprints" / "automation" / DOMAIN).iterdir())) >= 4


@pytest.mark.usefixtures("socket_enabled")
def test_a_bare_home_assistant_has_interfaces_but_no_frontend(tmp_path: Path) -> None:
    """And never the usual port: it must not be in the way of one that people look at."""
    home_assistant = HomeAssistant(tmp_path, bare=True)
    home_assistant.prepare()
    configuration = json.loads((tmp_path / "configuration.yaml").read_text())
    assert {"api", "config", "onboarding", "websocket_api"} <= set(configuration)
    assert "frontend" not in configuration
    assert home_assistant.port != USUAL_PORT


STARTS_ONE = """
import asyncio, sys
from pathlib import Path
from demo.home_assistant import HomeAssistant

async def main():
    home_assistant = HomeAssistant(Path(sys.argv[1]), bare=True)
    home_assistant.prepare()
    await home_assistant.start()
    print(home_assistant._process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_home_assistant_ends_with_a_demo_that_is_killed(tmp_path: Path) -> None:
    """A time limit of the tests kills without a word: nobody is left behind."""
    root = Path(__file__).parents[2]
    command = (sys.executable, "-c", STARTS_ONE, str(tmp_path))
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as demo:  # noqa: S603
        assert demo.stdout is not None
        running = os.pidfd_open(int(demo.stdout.readline()))
        demo.kill()
    try:
        ended, _, _ = select.select([running], [], [], 30)
        assert ended
    finally:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(running, signal.SIGKILL)
        os.close(running)
