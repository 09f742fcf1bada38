"""A HomeWizard P1 on the network: real HTTP."""

import asyncio
import json
from math import nan, sin
from pathlib import Path
from random import Random
from typing import Any, Final

from aiohttp import web

from simulation import assumptions as known
from simulation.faults import Fault
from simulation.house import House

_SAMPLE: Final = json.loads((Path(__file__).parent / "data" / "p1.json").read_text())
_ODD_POWER: Final = {Fault.P1_NAN: nan, Fault.P1_NULL: None, Fault.P1_TEXT: "a lot"}


class FakeP1:
    """Serves `/api` and `/api/v1/data` for the meter of one house; port 0 takes a free one."""

    def __init__(self, house: House, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.house, self.host, self.port = house, host, port
        self.others_w: tuple[int, int] | None = None
        """What flows on a second and a third phase, where the connection has them."""
        self.is_old = False
        """DSMR 2 or 4: no voltages, power in steps of 10 W; `house.meter.period_s` is 10 then."""
        self.without_neutral = False
        """Belgian 3 x 230 V: the total is right, every phase is 0 (AstraMeter#650)."""
        self._frozen: dict[str, Any] | None = None
        self._wifi = Random("wifi")
        self._runner: web.AppRunner | None = None
        self._released = asyncio.Event()

    @property
    def faults(self) -> set[Fault]:
        """Return the faults that act now; add and remove at will."""
        return self.house.meter.faults

    async def start(self) -> None:
        """Open the server; `port` tells where."""
        app = web.Application()
        app.add_routes([web.get("/api", self._get), web.get("/api/v1/data", self._get)])
        self._released.clear()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the server and let go of whoever waits."""
        self._released.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _get(self, request: web.Request) -> web.Response:
        """Answer a request, as the faults have it."""
        if Fault.P1_TIMEOUT in self.faults:
            await self._released.wait()
        for fault in _SAMPLE["errors"].keys() & self.faults:
            status, content_type, text = _SAMPLE["errors"][fault]
            body = text.ljust(4_000_000) if fault == Fault.P1_HUGE else text
            return web.Response(status=status, text=body, content_type=content_type)
        return web.json_response(self._data() if request.path == "/api/v1/data" else self._product())

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
