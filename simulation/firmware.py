"""The JSON behaviour of a battery: what each model and firmware answers, field by field."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import json
from math import nan
from random import Random
from typing import Any

from simulation import assumptions as known
from simulation.battery import BatteryModel
from simulation.faults import Fault
from simulation.set_mode import BadParams, RpcError, apply_mode

type Json = dict[str, Any]

_SILENT = frozenset({Fault.DEAD, Fault.SETTINGS_WIPE, Fault.MUTE_60S})
_METER_FIELDS = ("a_power", "b_power", "c_power", "total_power", "input_energy", "output_energy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
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
        self._meter_w = meter_w
        self._random = Random(f"firmware {seed}")
        self._frozen = False
        self._mute_until: float | None = None
        self._counters: tuple[float, float] | None = None
        self._written: tuple[Json, float] | None = None
        self._written_at = -1e9
        self._methods: dict[str, Callable[[Json, float, frozenset[Fault]], Json | None]] = {
            "Marstek.GetDevice": self._get_device,
            "Wifi.GetStatus": self._wifi,
            "BLE.GetStatus": self._ble,
            "Bat.GetStatus": self._battery,
            "PV.GetStatus": self._pv,
            "EM.GetStatus": self._meter,
            "ES.GetStatus": self._energy,
            "ES.GetMode": self._mode,
            "ES.SetMode": self._set_mode,
            "DOD.SET": self._set_dod,
            "Led.Ctrl": lambda *_: {"set_result": True},
        }

    def handle(self, datagram: bytes, now: float, *, broadcast: bool = False) -> list[tuple[float, bytes]]:
        """Return the frames that one datagram brings about, each with its delay in seconds."""
        faults = frozenset(self.model.faults)
        if self.once:
            faults |= {self.once.popleft()}
        if not datagram:  # freezes the API until a reboot (taurgis)
            self._frozen = True
        if Fault.DEAD in faults:
            self._frozen = False
        if self._frozen or self._is_deaf(faults, now, broadcast=broadcast):
            return []
        reply = self._reply(datagram, now, faults)
        return [] if reply is None else self._frames(reply, datagram, faults)

    def _is_deaf(self, faults: frozenset[Fault], now: float, *, broadcast: bool) -> bool:
        """Return whether a datagram goes unheard."""
        if Fault.MUTE_60S in faults:
            if self._mute_until is None:
                self._mute_until = now + known.MUTE_PHASE
            if now >= self._mute_until:
                self.model.faults.discard(Fault.MUTE_60S)
                faults -= {Fault.MUTE_60S}
        if Fault.MUTE_60S not in faults:
            self._mute_until = None
        if Fault.BROADCAST_ONLY in faults and not broadcast:
            return True
        return bool(faults & _SILENT) or self._is_lost(faults)

    def _is_lost(self, faults: frozenset[Fault]) -> bool:
        """Return whether this datagram gets lost."""
        return Fault.PACKET_LOSS in faults and self._random.random() * 100 < known.LOSSY

    def _reply(self, datagram: bytes, now: float, faults: frozenset[Fault]) -> Json | None:
        """Return the object to answer with, None for silence."""
        reply: Json = {"id": 0, "src": f"{self.model.device.name}-{self._mac(faults)}"}
        try:
            request = json.loads(datagram)
        except ValueError:
            return reply | {"error": {"code": -32700, "message": "Parse error", "data": 402}}
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            return reply | {"error": {"code": -32600, "message": "Invalid Request", "data": 402}}
        if Fault.PARSE_ERROR in faults:
            return reply | {"error": {"code": -32700, "message": "Parse error", "data": 403}}
        request_id = request.get("id")
        if isinstance(request_id, int):
            reply["id"] = request_id & 0xFFFF  # kept in 16 bits (taurgis)
        elif Fault.INTEGER_ID_ONLY in faults:
            return None
        else:
            reply["id"] = request_id
        try:
            result = self._result(request["method"], request.get("params"), now, faults)
        except RpcError as error:
            return reply | {"error": error.body}
        return None if result is None else reply | {"result": result}

    def _result(self, method: str, params: object, now: float, faults: frozenset[Fault]) -> Json | None:
        """Return the result of a method, None for silence; raises RpcError."""
        known_params = params if isinstance(params, dict) else {}
        self.received.append(Received(at=now, method=method, params=known_params))
        handler = self._methods.get(method)
        if handler is None:
            raise RpcError(-32601, "Method not found", 424)
        if method == "Marstek.GetDevice":
            return handler(known_params, now, faults)
        # Only DOD.SET and Led.Ctrl come without an id in the document; the other methods reject that (stijn, timo).
        if "id" not in known_params and method not in ("DOD.SET", "Led.Ctrl"):
            raise BadParams
        result = handler(known_params, now, faults)
        return None if result is None else {"id": 0} | result

    def _frames(self, reply: Json, datagram: bytes, faults: frozenset[Fault]) -> list[tuple[float, bytes]]:
        """Return what really goes out for a reply."""
        if Fault.NO_REPLY in faults or self._is_lost(faults):
            return []
        if Fault.WRONG_ID in faults and isinstance(reply["id"], int):
            reply["id"] = (reply["id"] + 1) & 0xFFFF
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

    def _mac(self, faults: frozenset[Fault]) -> str:
        """Return the BLE MAC that it claims."""
        return "02ffffffffff" if Fault.WRONG_MAC in faults else self.model.mac

    def _wifi_mac(self) -> str:
        """Return the Wi-Fi MAC: the BLE MAC with another prefix."""
        return "06" + self.model.mac[2:]

    def _power(self, faults: frozenset[Fault]) -> float:
        """Return the AC power as it is told."""
        return nan if Fault.NAN in faults else round(self.model.measured_w)

    def _soc(self, faults: frozenset[Fault]) -> float:
        """Return the charge as it is told: whole per cents."""
        return nan if Fault.NAN in faults else int(self.model.soc_pct + 1e-6)

    def _get_device(self, _params: Json, _now: float, faults: frozenset[Fault]) -> Json:
        """Answer Marstek.GetDevice."""
        device = self.model.device
        result: Json = {"device": device.name, "ver": device.firmware}
        if Fault.MACS_MISSING not in faults:
            result |= {"ble_mac": self._mac(faults), "wifi_mac": self._wifi_mac(), "wifi_name": "simulation"}
        return result | {"ip": self.ip}

    def _wifi(self, _params: Json, _now: float, faults: frozenset[Fault]) -> Json | None:
        """Answer Wifi.GetStatus."""
        if Fault.WIFI_MUTE in faults:
            return None
        network = self.ip.rpartition(".")[0]
        return {
            "wifi_mac": self._wifi_mac(),
            "ssid": "simulation",
            "rssi": -59,
            "sta_ip": self.ip,
            "sta_gate": f"{network}.1",
            "sta_mask": "255.255.255.0",
            "sta_dns": f"{network}.1",
        }

    def _ble(self, _params: Json, _now: float, faults: frozenset[Fault]) -> Json:
        """Answer BLE.GetStatus."""
        return {"state": "disconnect", "ble_mac": self._mac(faults)}

    def _battery(self, _params: Json, _now: float, faults: frozenset[Fault]) -> Json | None:
        """Answer Bat.GetStatus."""
        if Fault.BAT_READ_WIPES in faults:
            self.model.faults.add(Fault.SETTINGS_WIPE)
        if Fault.BAT_MUTE in faults:
            return None
        device, cells = self.model.device, self.model.cells
        result = {
            "soc": self._soc(faults),
            "charg_flag": not cells.full,
            "dischrg_flag": not cells.empty,
            "bat_temp": round((20 + abs(self.model.power_w) / 250) / device.temperature_unit, 1),
            "bat_capacity": round(int(cells.energy_wh) / device.capacity_unit_wh, 1),
            "rated_capacity": device.capacity_wh,
        }
        if device.old_battery_fields:
            result |= {"bat_voltage": 5200, "bat_current": round(-self.model.power_w / 5.2), "error_code": 0}
        return result

    def _pv(self, _params: Json, _now: float, faults: frozenset[Fault]) -> Json:
        """Answer PV.GetStatus: the panels hang on the first of four strings."""
        device, power_w = self.model.device, self.model.pv_w
        if not device.has_pv or Fault.PV_ABSENT in faults:
            raise RpcError(-32601, "Method not found", 424)
        values = (round(power_w / device.first_pv_unit_w), 40, round(power_w / 40), int(power_w > 0))
        fields = ("power", "voltage", "current", "state")
        strings = {f"pv{string}_{field}": 0 for string in range(1, 5) for field in fields}
        return strings | {f"pv1_{field}": value for field, value in zip(fields, values, strict=True)}

    def _meter_fields(self, *, live: bool) -> Json:
        """Return what it tells of its meter; all power is on phase a."""
        meter_w = self._meter_w() if live and self.model.own_meter else None
        result = {"ct_state": int(meter_w is not None)} | dict.fromkeys(_METER_FIELDS, 0)
        if meter_w is not None:
            result["a_power"] = result["total_power"] = round(meter_w)
        return result

    def _meter(self, _params: Json, _now: float, _faults: frozenset[Fault]) -> Json:
        """Answer EM.GetStatus."""
        if not self.model.device.has_meter:
            raise RpcError(-32601, "Method not found", 424)
        return self._meter_fields(live=True)

    def _energy(self, _params: Json, _now: float, faults: frozenset[Fault]) -> Json | None:
        """Answer ES.GetStatus."""
        if Fault.STATUS_MUTE in faults:
            return None
        device, cells = self.model.device, self.model.cells
        counters = (cells.discharged_wh, cells.charged_wh)
        if Fault.COUNTERS_FROZEN in faults:
            self._counters = counters = self._counters or counters
        else:
            self._counters = None
        pv_unit_wh = device.pv_energy_unit_wh
        result = {
            "bat_soc": self._soc(faults),
            "bat_cap": round(device.capacity_wh),
            "pv_power": 0,  # often 0 even where there are panels: PV.GetStatus tells
            "ongrid_power": self._power(faults),
            "offgrid_power": 0,
            "total_pv_energy": round(cells.pv_wh / pv_unit_wh) if pv_unit_wh else 0,
            "total_grid_output_energy": round(counters[0] / device.energy_unit_wh),
            "total_grid_input_energy": round(counters[1] / device.energy_unit_wh),
            "total_load_energy": 0,
        }
        if device.has_battery_power:
            result["bat_power"] = round(-10 * self.model.measured_w)
        return result

    def _mode(self, _params: Json, now: float, faults: frozenset[Fault]) -> Json:
        """Answer ES.GetMode."""
        if Fault.MODE_READ_REVERTS in faults and now - self._written_at < known.MODE_READ_REVERT_WITHIN:
            self.model.fall_to_auto_at(now + known.MODE_READ_REVERT_AFTER)
        device = self.model.device
        result: Json = {} if Fault.MODE_MISSING in faults else {"mode": self.model.mode.value}
        result |= {"ongrid_power": self._power(faults), "offgrid_power": 0, "bat_soc": self._soc(faults)}
        return result | (self._meter_fields(live=device.mode_meter_live) if device.mode_has_meter else {})

    def _set_mode(self, params: Json, now: float, faults: frozenset[Fault]) -> Json:
        """Answer ES.SetMode."""
        config = params.get("config")
        if not isinstance(config, dict):
            raise BadParams
        if Fault.SET_REFUSED in faults:
            return {"set_result": False}
        if Fault.SET_IGNORED in faults or (Fault.SECOND_SEND_NEEDED in faults and not self._is_second(config, now)):
            return {"set_result": True}
        self._written_at = now
        return {"set_result": apply_mode(self.model, config, now)}

    def _is_second(self, config: Json, now: float) -> bool:
        """Return whether this very command came before, and long enough ago."""
        if self._written is None or self._written[0] != config:
            self._written = (config, now)
        return now - self._written[1] >= known.SECOND_SEND_AFTER

    def _set_dod(self, params: Json, _now: float, _faults: frozenset[Fault]) -> Json:
        """Answer DOD.SET: the depth of discharge sets the floor."""
        value = params.get("value")
        if not isinstance(value, int) or not 30 <= value <= 88:
            return {"set_result": False}
        self.model.cells.floor_pct = 100.0 - value
        return {"set_result": True}
