"""A real Home Assistant with a throw-away configuration directory: requirements, start, stop, log."""

import asyncio
from contextlib import suppress
import ctypes
from datetime import UTC, datetime
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

from .console import DemoError, say

ROOT = Path(__file__).resolve().parent.parent
DASHBOARD = ROOT / "docs" / "dashboard.yaml"
DOMAIN = "home_energy_controller"
USUAL_PORT = 8123
TIME_ZONE = "Europe/Amsterdam"
STOP_LIMIT_S = 60.0
_EXTRA_COMPONENTS = ("automation", "config", "energy", "history", "logbook")
_LOG_RECORD = re.compile(r"(?m)^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [A-Z]+ )")
_LOG_ERROR = re.compile(r"\S+ \S+ (ERROR|CRITICAL) ")
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_PACKAGE = Path(homeassistant.components.__path__[0]).parent

# What both kinds of Home Assistant have.
_CORE: dict[str, Any] = {
    "homeassistant": {
        "name": "Home",
        "latitude": 52.09,
        "longitude": 5.12,
        "elevation": 5,
        "unit_system": "metric",
        "time_zone": TIME_ZONE,
        "currency": "EUR",
        "country": "NL",
        "language": "en",
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
    **{component: {} for component in _EXTRA_COMPONENTS},
    "automation": "!include automations.yaml",
    "lovelace": {
        "dashboards": {
            "lovelace": {
                "mode": "yaml",
                "filename": str(DASHBOARD),
                "title": "Home energy",
                "icon": "mdi:home-battery",
                "show_in_sidebar": True,
            }
        }
    },
}


def requirements() -> list[str]:
    """Return what the components of this Home Assistant need from PyPI, as their manifests pin it."""
    from homeassistant.bootstrap import CORE_INTEGRATIONS, DEFAULT_INTEGRATIONS  # noqa: PLC0415 - takes seconds

    ours = json.loads((ROOT / "custom_components" / DOMAIN / "manifest.json").read_text())
    pending = [*CORE_INTEGRATIONS, *DEFAULT_INTEGRATIONS, *_EXTRA_COMPONENTS, *ours["dependencies"]]
    pending += {"dhcp", "zeroconf"} & ours.keys()  # Home Assistant brings these along where a manifest names them.
    needed: dict[str, list[str]] = {}
    while pending:
        if (component := pending.pop()) not in needed:
            manifest = json.loads((_PACKAGE / "components" / component / "manifest.json").read_text())
            needed[component] = manifest.get("requirements", [])
            pending += manifest.get("dependencies", [])
    return sorted({pin for pins in needed.values() for pin in pins})


async def install_requirements() -> None:
    """Install what Home Assistant would otherwise fetch package by package while it starts; once per version."""
    stamp, version = Path(sys.prefix) / ".demo-requirements", importlib.metadata.version("homeassistant")
    if stamp.exists() and stamp.read_text() == version:
        return
    say(f"installing what Home Assistant {version} needs for its frontend")
    where = ("--python", sys.executable, "--constraints", str(_PACKAGE / "package_constraints.txt"))
    install = ("pip", "install", "--quiet", *where, *requirements())
    process = await asyncio.create_subprocess_exec(Path(sys.prefix) / "bin" / "uv", *install)
    if await process.wait():
        raise DemoError("the packages for Home Assistant's frontend could not be installed")
    stamp.write_text(version)


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

    def __init__(self, config_dir: Path, *, bare: bool = False) -> None:
        """Nothing is started or written yet."""
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
        """Return the log file of Home Assistant."""
        with suppress(FileNotFoundError):
            return (self.config_dir / "home-assistant.log").read_text(errors="replace")
        return ""

    def prepare(self, *, empty: bool = False) -> None:
        """Write the configuration: everything that onboarding asks but for the user, and our integration.

        Empty, it does not begin with a dashboard whose entities are still to come.
        """
        configuration = self.config_dir / "configuration.yaml"
        # Its editor of automations writes to a file that must be included; a tag has no place in JSON.
        text = json.dumps(_BARE if self.bare else _CONFIGURATION)
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
        self._store("http", {"stable": http, "pending": None, "yaml_migration_done": True}, version=(2, 2))
        # Its own step for the place would add integrations that want the internet; analytics stay off.
        self._store("onboarding", {"done": ["core_config", "analytics", "integration"]}, version=(4, 1))
        if not empty:
            self._store("frontend.system_data", {"core": {"default_panel": "lovelace"}})

    def _store(self, key: str, data: dict[str, Any], *, version: tuple[int, int] = (1, 1)) -> None:
        """Write a file as Home Assistant's storage helper would."""
        path = self.config_dir / ".storage" / key
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"version": version[0], "minor_version": version[1], "key": key, "data": data}))

    async def start(self) -> None:
        """Start the process in a session of its own: Ctrl+C is for the demo, which then stops it in order."""
        program = (sys.executable, "-m", "demo.bare") if self.bare else (Path(sys.prefix) / "bin" / "hass",)
        self._process = await asyncio.create_subprocess_exec(
            *program,
            *("--config", self.config_dir),
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
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
