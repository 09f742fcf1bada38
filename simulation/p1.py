"""A HomeWizard P1 on the network: real HTTP."""

import asyncio
from math import nan
from typing import Any, Final

from aiohttp import web

from simulation.faults import Fault
from simulation.house import House

_ERRORS: Final = {
    Fault.P1_API_OFF: (403, {"error": {"id": 202, "description": "API not enabled"}}),
    Fault.P1_NOT_FOUND: (404, {"error": {"id": 201, "description": "Unknown request"}}),
    Fault.P1_SERVER_ERROR: (500, {"error": {"id": 1, "description": "Internal error"}}),
}
_BODIES: Final = {
    Fault.P1_HTML: "<!DOCTYPE html><html><body>Please sign in</body></html>",
    Fault.P1_GARBAGE: '{"active_power_w": 12',
    Fault.P1_HUGE: '{"active_power_w": 1, "filler": "' + "x" * 4_000_000 + '"}',
}


class FakeP1:
    """Serves `/api` and `/api/v1/data` for the meter of one house; port 0 takes a free one."""

    def __init__(self, house: House, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.house, self.host, self.port = house, host, port
        self.requests = 0
        self._runner: web.AppRunner | None = None
        self._released = asyncio.Event()

    @property
    def faults(self) -> set[Fault]:
        """Return the faults that act now; add and remove at will."""
        return self.house.meter.faults

    async def start(self) -> None:
        """Open the server; `port` tells where."""
        app = web.Application()
        app.router.add_get("/api", self._get)
        app.router.add_get("/api/v1/data", self._get)
        self._released.clear()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
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
        self.requests += 1
        if Fault.P1_TIMEOUT in self.faults:
            await self._released.wait()
        for fault, (status, body) in _ERRORS.items():
            if fault in self.faults:
                return web.json_response(body, status=status)
        for fault, text in _BODIES.items():
            if fault in self.faults:
                return web.Response(
                    text=text, content_type="text/html" if fault is Fault.P1_HTML else "application/json"
                )
        return web.json_response(self._data() if request.path == "/api/v1/data" else self._product())

    @staticmethod
    def _product() -> dict[str, Any]:
        """Return what it is."""
        return {
            "product_type": "HWE-P1",
            "product_name": "P1 meter",
            "serial": "02a1b0ffffff",
            "firmware_version": "5.18",
            "api_version": "v1",
        }

    def _data(self) -> dict[str, Any]:
        """Return a reading in HomeWizard's shape: three phases, all power on the first."""
        account, power_w = self.house.account, self.house.meter.value_w or 0.0
        if Fault.P1_WRONG_SIGN in self.faults:
            power_w = -power_w
        data = {
            "wifi_ssid": "simulation",
            "wifi_strength": 84,
            "smr_version": 50,
            "meter_model": "Simulated meter",
            "unique_id": "0" * 32,
            "active_tariff": 2,
            "total_power_import_kwh": round(4321.0 + account.import_wh / 1000, 3),
            "total_power_export_kwh": round(1234.0 + account.export_wh / 1000, 3),
            "active_power_w": round(power_w),
            "active_power_l1_w": round(power_w),
            "active_power_l2_w": 0,
            "active_power_l3_w": 0,
            "active_voltage_l1_v": 230.1,
            "active_current_l1_a": round(abs(power_w) / 230.1, 3),
            "external": [],
        }
        odd = {Fault.P1_NAN: nan, Fault.P1_NULL: None, Fault.P1_TEXT: "a lot"}
        for fault in odd.keys() & self.faults:
            data["active_power_w"] = odd[fault]
        if Fault.P1_FIELD_MISSING in self.faults:
            del data["active_power_w"]
        return data
