"""A real Home Assistant with a throw-away configuration directory: requirements, start, stop, log."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
import ctypes
from datetime import UTC, datetime
import hashlib
import importlib.metadata
import json
import os
from pathlib import Path
import re
import shutil
import signal
import socket
import sys
from typing import Any

import homeassistant.components

from simulation.certificates import authority_pem

from .console import DemoError, patience, say

ROOT = Path(__file__).resolve().parent.parent
DOMAIN = "home_energy_controller"
DASHBOARD_PATH = "home-batteries"
"""Where the demo puts the dashboard, and opens with it."""
USUAL_PORT = 8123
TIME_ZONE = "Europe/Amsterdam"
STOP_LIMIT_S = 60.0
TERMINAL = "terminal.log"
P1_AUTHORITY = "p1-authority.pem"
"""The certificate that the simulated P1 is signed with."""
_LOG_RECORD = re.compile(r"(?m)^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [A-Z]+ )")
_LOG_ERROR = re.compile(r"\S+ \S+ (ERROR|CRITICAL) ")
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_PACKAGE = Path(homeassistant.components.__path__[0]).parent

# What both kinds of Home Assistant have.
_CORE: dict[str, Any] = {
    "homeassistant": {
        "latitude": 52.09,
        "longitude": 5.12,
        "elevation": 5,
        "unit_system": "metric",
        "time_zone": TIME_ZONE,
        "currency": "EUR",
        "country": "NL",
    },
    "logger": {"default": "warning", "logs": {f"custom_components.{DOMAIN}": "info"}},
}
# The coordinator tells of every cycle at level debug.
_BARE_LOGS = {f"custom_components.{DOMAIN}": "info", f"custom_components.{DOMAIN}.coordinator": "debug"}
_BARE: dict[str, Any] = {
    **_CORE,
    **{component: {} for component in ("api", "config", "onboarding", "websocket_api")},
    "logger": {"default": "warning", "logs": _BARE_LOGS},
}
# No default_config: it brings discovery, cloud and weather, which need a network and have no part in this house.
_CONFIGURATION: dict[str, Any] = {
    **_CORE,
    "frontend": {},
    **{component: {} for component in ("config", "energy", "history", "logbook")},
    "automation": "!include automations.yaml",
}


def requirements() -> list[str]:
    """Return what Home Assistant fetches from PyPI when it starts with our configuration, as its manifests pin it.

    Like Home Assistant itself it looks through everything that a component may come after, set up or not.
    """
    from homeassistant.auth.mfa_modules.totp import REQUIREMENTS  # noqa: PLC0415 - every login offers this module
    from homeassistant.bootstrap import CORE_INTEGRATIONS, DEFAULT_INTEGRATIONS  # noqa: PLC0415 - takes seconds
    from homeassistant.requirements import DISCOVERY_INTEGRATIONS  # noqa: PLC0415

    pending = [*CORE_INTEGRATIONS, *DEFAULT_INTEGRATIONS, *_CONFIGURATION, DOMAIN]
    needed: dict[str, list[str]] = {}
    while pending:
        if (component := pending.pop()) not in needed:
            manifest = _manifest(component)
            needed[component] = manifest.get("requirements", [])
            pending += manifest.get("dependencies", []) + manifest.get("after_dependencies", [])
            pending += [finder for finder, keys in DISCOVERY_INTEGRATIONS.items() if manifest.keys() & set(keys)]
    return sorted({pin for pins in [*needed.values(), REQUIREMENTS] for pin in pins})


def _manifest(component: str) -> dict[str, Any]:
    """Return the manifest of a component: ours, or one of Home Assistant's own."""
    folder = ROOT / "custom_components" if component == DOMAIN else _PACKAGE / "components"
    manifest: dict[str, Any] = json.loads((folder / component / "manifest.json").read_text())
    return manifest


def _wanted() -> str:
    """Return what the requirements depend on: the version of Home Assistant, and what we configure in it."""
    sources = Path(__file__).read_bytes() + (ROOT / "custom_components" / DOMAIN / "manifest.json").read_bytes()
    return f"{importlib.metadata.version('homeassistant')} {hashlib.sha256(sources).hexdigest()}"


async def install_requirements() -> None:
    """Install what Home Assistant would otherwise fetch package by package while it starts; once per version."""
    stamp, wanted = Path(sys.prefix) / ".demo-requirements", _wanted()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    where = ("--python", sys.executable, "--constraints", str(_PACKAGE / "package_constraints.txt"))
    async with patience(f"installing what Home Assistant {wanted.split()[0]} fetches when it starts", 60):
        install = ("pip", "install", "--quiet", *where, *await asyncio.to_thread(requirements))
        process = await asyncio.create_subprocess_exec(Path(sys.prefix) / "bin" / "uv", *install)
        failed = await process.wait()
    if failed:
        raise DemoError("the packages that Home Assistant needs could not be installed; above, uv tells why")
    stamp.write_text(wanted)


def free_port(usual: int = USUAL_PORT) -> int:
    """Return Home Assistant's usual port, or any free one when that is taken or 0 is asked for."""
    for port in (usual, 0):
        with socket.socket() as listener, suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            return int(listener.getsockname()[1])
    raise DemoError("no free port on 127.0.0.1")


def package_errors(log: str) -> list[str]:
    """Return the records of level error and up in Home Assistant's log that name our package, tracebacks included."""
    return [record for record in _LOG_RECORD.split(log) if DOMAIN in record and _LOG_ERROR.match(record)]


class HomeAssistant:
    """The process of one Home Assistant and its configuration directory.

    `bare` leaves out everything but its core and its interfaces: no frontend, no recorder, started in two seconds.
    """

    def __init__(self, config_dir: Path, *, bare: bool = False, language: str = "en", home: str = "Home") -> None:
        """Nothing is started or written yet."""
        self.language, self.home = language, home
        self.config_dir = config_dir
        self.bare = bare
        self.port = free_port(0) if bare else free_port()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Return the address for the browser, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Tell whether the process is alive."""
        return self._process is not None and self._process.returncode is None

    async def wait(self) -> int:
        """Wait until the process ends by itself."""
        if self._process is None:
            raise DemoError("Home Assistant was not started")
        return await self._process.wait()

    def log(self) -> str:
        """Return the log file of Home Assistant, or what it wrote to the terminal when it did not get that far."""
        for name in ("home-assistant.log", TERMINAL):
            with suppress(FileNotFoundError):
                if text := (self.config_dir / name).read_text(errors="replace"):
                    return text
        return ""

    def prepare(self, *, empty: bool = False, more: Mapping[str, Any] | None = None) -> None:
        """Write the configuration: everything that onboarding asks but for the user, and our integration.

        Empty, it does not begin with a dashboard whose entities are still to come; `more` is set up beside.
        """
        configuration = self.config_dir / "configuration.yaml"
        # Its editor of automations writes to a file that must be included; a tag has no place in JSON.
        kind = _BARE if self.bare else _CONFIGURATION
        core = {**kind["homeassistant"], "name": self.home, "language": self.language}
        text = json.dumps({**kind, "homeassistant": core, **(more or {})})
        configuration.write_text(re.sub(r'"(!include \S+)"', r"\1", text))
        (self.config_dir / "automations.yaml").write_text("[]\n")
        shutil.copytree(
            ROOT / "custom_components" / DOMAIN,
            self.config_dir / "custom_components" / DOMAIN,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        shutil.copytree(ROOT / "blueprints", self.config_dir / "blueprints")
        # Home Assistant moves `http:` from YAML to its store as a trial that it takes back after five minutes.
        http = {
            "server_host": ["127.0.0.1"],
            "server_port": self.port,
            "cors_allowed_origins": [],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": False,
            "ssl_profile": "modern",
            "use_x_frame_options": True,
            "created_at": datetime.now(UTC).isoformat(),
            "error": None,
            "error_message": None,
        }
        self.store("http", {"stable": http, "pending": None, "yaml_migration_done": True}, version=(2, 2))
        # Its own step for the place would add integrations that want the internet; analytics stay off.
        self.store("onboarding", {"done": ["core_config", "analytics", "integration"]}, version=(4, 1))
        if not empty:
            self.store("frontend.system_data", {"core": {"default_panel": DASHBOARD_PATH}})

    def store(self, key: str, data: dict[str, Any], *, version: tuple[int, int] = (1, 1)) -> None:
        """Write a file as Home Assistant's storage helper would."""
        path = self.config_dir / ".storage" / key
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"version": version[0], "minor_version": version[1], "key": key, "data": data}))

    async def start(self) -> None:
        """Start the process in a session of its own: Ctrl+C is for the demo, which then stops it in order."""
        (self.config_dir / P1_AUTHORITY).write_text(authority_pem())
        program = (sys.executable, "-m", "demo.bare" if self.bare else "demo.full")
        with (self.config_dir / TERMINAL).open("wb") as terminal:
            self._process = await asyncio.create_subprocess_exec(
                *program,
                *("--config", self.config_dir),
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=terminal,
                stderr=terminal,
                start_new_session=True,
                preexec_fn=_end_with_us,
                env=self._environment(),
            )

    def _environment(self) -> dict[str, str]:
        """Return the environment of the process; a bare one is started often, and compiled once, whatever ours says."""
        env = {key: value for key, value in os.environ.items() if not key.startswith(("HA_", "SUPERVISOR"))}
        if self.bare:
            env.pop("PYTHONDONTWRITEBYTECODE", None)
            env["PYTHONPYCACHEPREFIX"] = str(self.config_dir / "compiled")
        return env

    async def kill(self) -> None:
        """End the process without a word, as a power cut or the kernel's memory killer would."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """Stop the process as a service manager would, and by force when it does not end."""
        if self._process is None or self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_LIMIT_S)
        except TimeoutError:
            say("Home Assistant does not stop; ending it by force")
            self._process.kill()
            await self._process.wait()


def _end_with_us() -> None:
    """Have the kernel ask a new process to end when ours is gone, killed or crashed: nobody else would."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
