"""The JSON behaviour of a battery: what each model and firmware answers, field by field."""

from collections import deque
from collections.abc import Callable
import json
from math import nan
from random import Random
from typing import Any, NamedTuple

from simulation import assumptions as known
from simulation.battery import BatteryModel
from simulation.faults import Fault
from simulation.set_mode import RpcError, apply_mode, bad_params

type Json = dict[str, Any]

_DEAF = {Fault.DEAD, Fault.SETTINGS_WIPE, Fault.MUTE_60S}
_MUTE = {
    "Wifi.GetStatus": Fault.WIFI_MUTE,
    "Bat.GetStatus": Fault.BAT_MUTE,
    "EM.GetStatus": Fault.METER_MUTE,
    "ES.GetStatus": Fault.STATUS_MUTE,
}
_METER_FIELDS = ("ct_state", "a_power", "b_power", "c_power", "total_power", "input_energy", "output_energy")
_PV_FIELDS = ("power", "voltage", "current", "state")


class Received(NamedTuple):
    """One request that reached the device."""

    at: float
    method: str
    params: Json


class Firmware:
    """Turns datagrams into answers for one battery.

    `meter_w` is what its own meter shows it, None without one; `once` makes faults act on one request each.
    """

    def __init__(
        self,
        model: BatteryModel,
        *,
        ip: str = "127.0.0.2",
        meter_w: Callable[[], float | None] = lambda: None,
        late_s: float = 6.0,
        seed: int = 1,
    ) -> None:
        self.model, self.ip, self.late_s = model, ip, late_s
        self.once: deque[Fault] = deque()
        self.received: deque[Received] = deque(maxlen=10_000)
        self._meter_w, self._random = meter_w, Random(f"firmware {seed}")
        self._faults: set[Fault] = set()
        self._frozen = False
        self._now, self._written_at, self._mute_until = 0.0, -1e9, -1e9
        self._counters: tuple[float, float] | None = None
        self._written: tuple[Json, float] = ({}, 0.0)
        self._methods: dict[str, Callable[[Json], Json]] = {
            "Wifi.GetStatus": self._wifi,
            "BLE.GetStatus": lambda _: {"state": "disconnect", "ble_mac": self._mac},
            "Bat.GetStatus": self._battery,
            "PV.GetStatus": self._pv,
            "EM.GetStatus": self._meter,
            "ES.GetStatus": self._energy,
            "ES.GetMode": self._mode,
            "ES.SetMode": self._set_mode,
        }

    def handle(self, datagram: bytes, now: float, *, broadcast: bool = False) -> list[tuple[float, bytes]]:
        """Return the frames that one datagram brings about, each with its delay in seconds."""
        self._now, self._faults = now, self.model.faults | ({self.once.popleft()} if self.once else set())
        if not datagram:  # freezes the API until a reboot (taurgis)
            self._frozen = True
        self._frozen = self._frozen and Fault.DEAD not in self._faults
        if self._frozen or self._is_deaf() or self._is_lost():
            return []
        if Fault.BROADCAST_ONLY in self._faults and not broadcast:
            return []
        reply = self._reply(datagram)
        return [] if reply is None else self._frames(reply, datagram)

    def _is_deaf(self) -> bool:
        """Return whether a datagram goes unheard; a mute phase ends by itself."""
        if Fault.MUTE_60S in self.model.faults:
            if self._mute_until < 0:
                self._mute_until = self._now + known.MUTE_PHASE
            elif self._now >= self._mute_until:
                self.model.faults.discard(Fault.MUTE_60S)
                self._faults.discard(Fault.MUTE_60S)
        if Fault.MUTE_60S not in self.model.faults:
            self._mute_until = -1e9
        return bool(self._faults & _DEAF)

    def _is_lost(self) -> bool:
        """Return whether this datagram gets lost."""
        return Fault.PACKET_LOSS in self._faults and self._random.random() * 100 < known.PACKET_LOSS

    def _reply(self, datagram: bytes) -> Json | None:
        """Return the object to answer with, None for silence."""
        reply: Json = {"id": 0, "src": f"{self.model.device.name}-{self._mac}"}
        try:
            request = json.loads(datagram)
        except ValueError:
            return reply | {"error": {"code": -32700, "message": "Parse error", "data": 402}}
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            return reply | {"error": {"code": -32600, "message": "Invalid Request", "data": 402}}
        if Fault.PARSE_ERROR in self._faults:
            return reply | {"error": {"code": -32700, "message": "Parse error", "data": 403}}
        reply["id"] = request.get("id")
        if isinstance(reply["id"], int):
            reply["id"] &= 0xFFFF  # kept in 16 bits (taurgis)
        elif Fault.INTEGER_ID_ONLY in self._faults:
            return None
        params = request.get("params")
        try:
            result = self._result(request["method"], params if isinstance(params, dict) else {})
        except RpcError as error:
            return reply | {"error": error.body}
        return None if result is None else reply | {"result": result}

    def _result(self, method: str, params: Json) -> Json | None:
        """Return the result of a method, None for silence; raises RpcError."""
        self.received.append(Received(self._now, method, params))
        if method == "Marstek.GetDevice":
            return self._get_device()
        if method not in self._methods:
            raise RpcError(-32601, "Method not found", 424)
        if "id" not in params:  # all others reject that (stijn, timo)
            bad_params()
        result = self._methods[method](params)
        return None if _MUTE.get(method) in self._faults else {"id": 0} | result

    def _frames(self, reply: Json, datagram: bytes) -> list[tuple[float, bytes]]:
        """Return what really goes out for a reply."""
        faults = self._faults
        if Fault.NO_REPLY in faults or self._is_lost():
            return []
        if Fault.WRONG_ID in faults:
            reply["id"] = (int(reply["id"]) + 1) & 0xFFFF
        if Fault.NO_SRC in faults:
            del reply["src"]
        frame = json.dumps(reply, separators=(",", ":")).encode()
        if Fault.NOT_JSON in faults:
            frame = b"\xff\xfe" + frame[:20]
        elif Fault.LIST_FRAME in faults:
            frame = b"[" + frame + b"]"
        delay_s = self.late_s if Fault.LATE_REPLY in faults else 0.0
        frames = [(delay_s, frame)] * (2 if Fault.DUPLICATE_REPLY in faults else 1)
        return [(0.0, datagram), *frames] if Fault.ECHO in faults else frames

    @property
    def _mac(self) -> str:
        """Return the BLE MAC that it claims."""
        return "02ffffffffff" if Fault.WRONG_MAC in self._faults else self.model.mac

    @property
    def _wifi_mac(self) -> str:
        """Return the Wi-Fi MAC: the BLE MAC with another beginning."""
        return "06" + self.model.mac[2:]

    @property
    def _power_w(self) -> float:
        """Return the AC power as it is told."""
        return nan if Fault.NAN in self._faults else round(self.model.measured_w)

    @property
    def _soc_pct(self) -> float:
        """Return the charge as it is told: whole per cents."""
        return nan if Fault.NAN in self._faults else int(self.model.soc_pct + 1e-6)

    def _get_device(self) -> Json:
        """Answer Marstek.GetDevice."""
        result: Json = {"device": self.model.device.name, "ver": self.model.device.firmware, "ip": self.ip}
        if Fault.MACS_MISSING not in self._faults:
            result |= {"ble_mac": self._mac, "wifi_mac": self._wifi_mac, "wifi_name": "simulation"}
        return result

    def _wifi(self, _params: Json) -> Json:
        """Answer Wifi.GetStatus."""
        gate = self.ip.rpartition(".")[0] + ".1"
        network = {"sta_ip": self.ip, "sta_gate": gate, "sta_mask": "255.255.255.0", "sta_dns": gate}
        return {"wifi_mac": self._wifi_mac, "ssid": "simulation", "rssi": -59} | network

    def _battery(self, _params: Json) -> Json:
        """Answer Bat.GetStatus."""
        if Fault.BAT_READ_WIPES in self._faults:
            self.model.faults.add(Fault.SETTINGS_WIPE)
        device, cells = self.model.device, self.model.cells
        result = {
            "soc": self._soc_pct,
            "charg_flag": not cells.full,
            "dischrg_flag": not cells.empty,
            "bat_temp": round((20 + abs(self.model.power_w) / 250) / device.temperature_unit, 1),
            "bat_capacity": round(int(cells.energy_wh) / device.capacity_unit_wh, 1),
            "rated_capacity": device.capacity_wh,
        }
        if device.has_battery_current:
            result |= {"bat_voltage": 5200, "bat_current": round(-self.model.power_w / 5.2), "error_code": 0}
        return result

    def _pv(self, _params: Json) -> Json:
        """Answer PV.GetStatus: the panels hang on the first of four strings."""
        if not self.model.device.has_pv or Fault.PV_ABSENT in self._faults:
            raise RpcError(-32601, "Method not found", 424)
        power_w = self.model.pv_w
        values = (round(power_w / self.model.device.first_pv_unit_w), 40, round(power_w / 40), int(power_w > 0))
        strings = {f"pv{string}_{field}": 0 for string in range(1, 5) for field in _PV_FIELDS}
        return strings | {f"pv1_{field}": value for field, value in zip(_PV_FIELDS, values, strict=True)}

    def _meter(self, _params: Json, *, live: bool = True) -> Json:
        """Answer EM.GetStatus, or what ES.GetMode tells of it; all power is on phase a."""
        if not self.model.device.has_meter:
            raise RpcError(-32601, "Method not found", 424)
        meter_w = self._meter_w() if live and self.model.own_meter else None
        result = dict.fromkeys(_METER_FIELDS, 0)
        if meter_w is not None:
            result |= {"ct_state": 1, "a_power": round(meter_w), "total_power": round(meter_w)}
        return result

    def _energy(self, _params: Json) -> Json:
        """Answer ES.GetStatus; its `pv_power` is often 0 even where there are panels."""
        device, cells = self.model.device, self.model.cells
        counters = (cells.discharged_wh, cells.charged_wh)
        if Fault.COUNTERS_FROZEN in self._faults:
            counters = self._counters or counters
        self._counters = counters
        result = {
            "bat_soc": self._soc_pct,
            "bat_cap": round(device.capacity_wh),
            "pv_power": 0,
            "ongrid_power": self._power_w,
            "offgrid_power": 0,
            "total_pv_energy": 0,
            "total_grid_output_energy": round(counters[0] / device.energy_unit_wh),
            "total_grid_input_energy": round(counters[1] / device.energy_unit_wh),
            "total_load_energy": 0,
        }
        return result | ({"bat_power": round(-10 * self.model.measured_w)} if device.has_battery_power else {})

    def _mode(self, params: Json) -> Json:
        """Answer ES.GetMode."""
        if Fault.MODE_READ_REVERTS in self._faults and self._now - self._written_at < known.MODE_READ_REVERT_WITHIN:
            self.model.fall_to_auto_at(self._now + known.MODE_READ_REVERT_AFTER)
        device = self.model.device
        result: Json = {} if Fault.MODE_MISSING in self._faults else {"mode": self.model.mode.value}
        result |= {"ongrid_power": self._power_w, "offgrid_power": 0, "bat_soc": self._soc_pct}
        return result | (self._meter(params, live=device.mode_meter_live) if device.mode_has_meter else {})

    def _set_mode(self, params: Json) -> Json:
        """Answer ES.SetMode."""
        config = params.get("config")
        if not isinstance(config, dict):
            bad_params()
        if Fault.SET_REFUSED in self._faults:
            return {"set_result": False}
        if config != self._written[0]:
            self._written = (config, self._now)
        early = self._now - self._written[1] < known.SECOND_SEND_AFTER
        if Fault.SET_IGNORED in self._faults or (early and Fault.SECOND_SEND_NEEDED in self._faults):
            return {"set_result": True}
        self._written_at = self._now
        return {"set_result": apply_mode(self.model, config, self._now)}
