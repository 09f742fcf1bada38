"""A HomeWizard P1 on the network: real HTTP for the first version of its API, real HTTPS for the second."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
import json
from math import nan, sin
from pathlib import Path
from random import Random
import re
import secrets
from ssl import SSLContext
from typing import Any, Final

from aiohttp import web

from simulation import assumptions as known
from simulation.certificates import server_context
from simulation.faults import Fault
from simulation.house import House

_SAMPLE: Final = json.loads((Path(__file__).parent / "data" / "p1.json").read_text())
_ODD_POWER: Final = {Fault.P1_NAN: nan, Fault.P1_NULL: None, Fault.P1_TEXT: "a lot"}
type _Handler = Callable[[web.Request], Awaitable[web.Response]]

_ONE_VERSION: Final = {Fault.P1_API_OFF, Fault.P1_NOT_FOUND}
_USER: Final = re.compile(r"local/[a-zA-Z0-9\-_/\\# ]{1,40}")
BUTTON_S: Final = 30.0
"""So long a pressed button allows one token."""


class FakeP1:
    """Serves the meter of one house; port 0 takes a free one.

    Version 1 (`port`) is `/api` and `/api/v1/data` for everybody; version 2 (`port_v2`) is `/api`, `/api/measurement`
    and `/api/user` for those with a token (api-documentation of HomeWizard, v2).
    """

    def __init__(self, house: House, *, host: str = "127.0.0.1", port: int = 0, port_v2: int = 0) -> None:
        self.house, self.host, self.port, self.port_v2 = house, host, port, port_v2
        self.tokens: dict[str, str] = {}
        """Of each program, the token that is accepted."""
        self.certified_serial: str = _SAMPLE["product"]["serial"]
        """Of the device that the certificate is of, from the next start on."""
        self.requests: deque[str] = deque(maxlen=1000)
        """What was asked for, by method and path."""
        self._pressed_until = 0.0
        self.others_w: tuple[int, int] | None = None
        """What flows on a second and a third phase, where the connection has them."""
        self.is_old = False
        """DSMR 2 or 4: no voltages, power in steps of 10 W; `house.meter.period_s` is 10 then."""
        self.without_neutral = False
        """Belgian 3 x 230 V: the total is right, every phase is 0 (AstraMeter#650)."""
        self._frozen: dict[str, Any] | None = None
        self._wifi = Random("wifi")
        self._runners: list[web.AppRunner] = []
        self._released = asyncio.Event()

    @property
    def faults(self) -> set[Fault]:
        """Return the faults that act now; add and remove at will."""
        return self.house.meter.faults

    async def start(self) -> None:
        """Open the server; `port` tells where."""
        self._released.clear()
        self._runners = []
        secured = await asyncio.to_thread(server_context, f"appliance/p1dongle/{self.certified_serial}")
        self.port = await self._serve(self.port, ["/api", "/api/v1/data"], self._get)
        self.port_v2 = await self._serve(self.port_v2, ["/api", "/api/measurement"], self._get_v2, secured)

    async def _serve(self, port: int, paths: list[str], handler: _Handler, secured: SSLContext | None = None) -> int:
        """Serve one version; return its port."""
        app = web.Application()
        app.add_routes([web.get(path, handler) for path in paths])
        if secured is not None:
            app.add_routes([web.post("/api/user", self._add_user)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, self.host, port, ssl_context=secured).start()
        taken: int = runner.addresses[0][1]
        return taken

    async def stop(self) -> None:
        """Close the server and let go of whoever waits."""
        self._released.set()
        for runner in self._runners:
            await runner.cleanup()
        self._runners = []

    async def _get(self, request: web.Request) -> web.Response:
        """Answer a request to version 1, as the faults have it."""
        if (broken := await self._broken(request, self.faults)) is not None:
            return broken
        return web.json_response(self._data() if request.path == "/api/v1/data" else self._product())

    async def _get_v2(self, request: web.Request) -> web.Response:
        """Answer a request to version 2, as the faults have it."""
        if (broken := await self._broken(request, self.faults - _ONE_VERSION)) is not None:
            return broken
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens.values():
            return web.json_response({"error": {"code": "user:unauthorized"}}, status=401)
        if request.path == "/api":
            reply = web.json_response(self._product() | {"api_version": "2.0.0"})
        else:
            reply = web.json_response(_as_v2(self._data()))
        if Fault.P1_CUTS in self.faults:
            reply.force_close()
        return reply

    async def _add_user(self, request: web.Request) -> web.Response:
        """Give a token to who asks in time; a program that has one gets another in its place."""
        if (broken := await self._broken(request, self.faults - _ONE_VERSION)) is not None:
            return broken
        name = (await request.json()).get("name")
        if not isinstance(name, str) or not _USER.fullmatch(name):
            return web.json_response({"error": {"code": "user:name-invalid"}}, status=400)
        if asyncio.get_running_loop().time() > self._pressed_until:
            return web.json_response({"error": {"code": "user:creation-not-enabled"}}, status=403)
        self._pressed_until = 0.0
        self.tokens[name] = secrets.token_hex(16).upper()
        return web.json_response({"token": self.tokens[name], "name": name})

    def press_button(self) -> None:
        """Do what the owner does who stands beside it."""
        self._pressed_until = asyncio.get_running_loop().time() + BUTTON_S

    async def _broken(self, request: web.Request, faults: set[Fault]) -> web.Response | None:
        """Return the answer that a fault makes, if one does."""
        self.requests.append(f"{request.method} {request.path}")
        if Fault.P1_TIMEOUT in faults:
            await self._released.wait()
        for fault in _SAMPLE["errors"].keys() & faults:
            status, content_type, text = _SAMPLE["errors"][fault]
            body = text.ljust(4_000_000) if fault == Fault.P1_HUGE else text
            return web.Response(status=status, text=body, content_type=content_type)
        return None

    @staticmethod
    def _product() -> dict[str, Any]:
        """Return what it is."""
        return dict(_SAMPLE["product"])

    def _data(self) -> dict[str, Any]:
        """Return a reading; with the cable out (AstraMeter#427), that of the last telegram with what the P1 adds."""
        if Fault.P1_FROZEN not in self.faults:
            self._frozen = None
        elif self._frozen is None:
            self._frozen = self._telegram()
        data = self._frozen or self._telegram()
        return data | {"wifi_strength": self._wifi.randint(70, 100)}

    def _telegram(self) -> dict[str, Any]:
        """Return a telegram in HomeWizard's shape; what is not on other phases is on the first."""
        account, power_w = self.house.account, self.house.meter.value_w or 0.0
        if Fault.P1_WRONG_SIGN in self.faults:
            power_w = -power_w
        shown_w = round(power_w, -1 if self.is_old else None)
        data: dict[str, Any] = _SAMPLE["data"] | {"active_power_w": shown_w, "active_power_l1_w": shown_w}
        if self.others_w is not None:
            phases_w = (shown_w - sum(self.others_w), *self.others_w)
            data |= {f"active_power_l{phase}_w": power for phase, power in enumerate(phases_w, 1)}
        if self.without_neutral:
            data |= {f"active_power_l{phase}_w": 0 for phase in (1, 2, 3)}
        if self.is_old:
            data = {name: value for name, value in data.items() if "voltage" not in name and "current" not in name}
            data["smr_version"] = 42
        else:
            data |= self._voltages(data)
        for way, moved_wh in (("import", account.import_wh), ("export", account.export_wh)):
            for total in (f"total_power_{way}_kwh", f"total_power_{way}_t2_kwh"):
                data[total] = round(data[total] + moved_wh / 1000, 3)
        for fault in _ODD_POWER.keys() & self.faults:
            data["active_power_w"] = _ODD_POWER[fault]
        if Fault.P1_FIELD_MISSING in self.faults:
            del data["active_power_w"]
        return data

    def _voltages(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return voltage and current of the phases that are told, other ones in each telegram."""
        history = self.house.meter.history
        measured_at = history[-1][0] if history else 0.0
        random = Random(f"volts {measured_at}")
        told: dict[str, Any] = {}
        for phase in (1, 2, 3):
            if (power_w := data.get(f"active_power_l{phase}_w")) is not None:
                slow_v = known.GRID_VOLTAGE_SWING * sin(measured_at / 1800 + phase)
                volts = round(known.GRID_VOLTAGE + slow_v + random.gauss(0.0, known.GRID_VOLTAGE_NOISE), 1)
                told |= {f"active_voltage_l{phase}_v": volts, f"active_current_l{phase}_a": round(power_w / volts)}
        return told


def _as_v2(data: dict[str, Any]) -> dict[str, Any]:
    """Return a reading as version 2 says it: what is unknown is left out, and Wi-Fi is elsewhere."""
    data = {name: value for name, value in data.items() if not name.startswith("wifi_")}
    found = {"protocol_version": data.pop("smr_version")}
    for name, value in data.items():
        found[name.removeprefix("active_").replace("total_power_", "energy_")] = value
    return found
