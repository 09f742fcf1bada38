"""The JSON behaviour of a battery: what each model and firmware answers, field by field."""

from collections import deque
import json
from math import inf, nan
from random import Random
from typing import Any, NamedTuple

from simulation import assumptions as known
from simulation.battery import BatteryModel, DeviceMode
from simulation.devices import Family
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
_IGNORED = {"Passive": Fault.IGNORES_PASSIVE, "Auto": Fault.NEVER_AUTO, "AI": Fault.NEVER_AUTO}
_HIDDEN = {
    "ES.GetMode": [(Fault.MODE_MISSING, "mode"), (Fault.SOC_MISSING, "bat_soc")],
    "ES.GetStatus": [(Fault.SOC_MISSING, "bat_soc")],
    "Bat.GetStatus": [(Fault.SOC_MISSING, "soc")],
    "Marstek.GetDevice": [(Fault.MACS_MISSING, name) for name in ("ble_mac", "wifi_mac", "wifi_name")],
}


class Received(NamedTuple):
    """One request that reached the device."""

    at: float
    method: str
    params: Json


class Firmware:
    """Turns datagrams into answers for one battery; `once` makes faults act on one request each."""

    def __init__(self, model: BatteryModel, *, ip: str = "127.0.0.2", seed: int = 1) -> None:
        self.model, self.ip, self.late_s = model, ip, 6.0
        self.once: deque[Fault] = deque()
        self.received: deque[Received] = deque(maxlen=10_000)
        self._random, self._chance = Random(f"firmware {seed}"), Random(f"manners {seed}")
        self._glitches = Random(f"glitches {seed}")
        self._glitch_from = self._glitch_until = -inf
        self._asked_at = self._polled_from = -inf
        self.acting: set[Fault] = set()  # on the present request
        self._now, self._written_at, self._frozen = 0.0, -1e9, False
        self._counters: tuple[float, float] | None = None
        self._written: tuple[Json, float] = ({}, 0.0)

    def handle(self, datagram: bytes, now: float, *, broadcast: bool = False) -> list[tuple[float, bytes]]:
        """Return the frames that one datagram brings about, each with its delay in seconds."""
        self._now, self.acting = now, self.model.faults | ({self.once.popleft()} if self.once else set())
        # An empty datagram freezes the API until a reboot (taurgis).
        self._frozen = Fault.DEAD not in self.acting and (self._frozen or not datagram)
        unheard = (Fault.DIRECTED_ONLY if broadcast else Fault.BROADCAST_ONLY) in self.acting
        if self._frozen or unheard or self.acting & _DEAF or self._is_lost() or self._is_too_busy():
            return []
        reply = self._reply(datagram)
        return [] if reply is None else self._frames(reply, datagram)

    def _is_lost(self) -> bool:
        """Return whether this datagram gets lost."""
        return Fault.PACKET_LOSS in self.acting and self._random.random() * 100 < known.PACKET_LOSS

    def _is_too_busy(self) -> bool:
        """Return whether its meter keeps an HMG-50 from hearing this datagram, and let it lose that meter."""
        model, now = self.model, self._now
        if now - self._asked_at > known.METER_TURNS_BACK_AFTER:
            self._polled_from = now
        self._asked_at = now
        if Fault.METER_TURNS_AWAY in self.acting and now - self._polled_from > known.METER_TURNS_AFTER:
            model.meter_away_until = now + known.METER_TURNS_BACK_AFTER
        pct, serves = model.manners.busy_answers_pct, model.mode in (DeviceMode.AUTO, DeviceMode.AI)
        if pct >= 100.0 or not serves or model.meter_w is None or model.device.family is not Family.HMG50:
            return False
        return self._chance.random() * 100 >= pct

    def _is_garbled(self, size: int) -> bool:
        """Return whether an answer of its meter got in the way of a request of so many bytes."""
        pct = self.model.manners.parse_errors_pct * size / 100
        if not pct or self.model.meter_w is None or self.model.device.family is Family.HMG50:
            return False
        return self._chance.random() * 100 < pct

    def _reply(self, datagram: bytes) -> Json | None:
        """Return the object to answer with, None for silence."""
        source = self.model.device.family.value if Fault.SKU_SOURCE in self.acting else self._name
        reply: Json = {"id": 0, "src": f"{source}-{self._mac}"}
        try:
            request = json.loads(datagram)
        except ValueError:
            return reply | {"error": {"code": -32700, "message": "Parse error", "data": 402}}
        if isinstance(request, dict) and request.keys() & {"result", "error"}:
            return None  # the answer of another one, by broadcast
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            return reply | {"error": {"code": -32600, "message": "Invalid Request", "data": 402}}
        if Fault.PARSE_ERROR in self.acting or self._is_garbled(len(datagram)):
            return reply | {"error": {"code": -32700, "message": "Parse error", "data": 403}}
        reply["id"] = request.get("id")
        if isinstance(reply["id"], int):
            reply["id"] &= 0xFFFF  # kept in 16 bits (taurgis)
        elif Fault.INTEGER_ID_ONLY in self.acting:
            return None
        try:
            result = self._result(request["method"], request.get("params"))
        except RpcError as error:
            is_silent = Fault.UNKNOWN_SILENT in self.acting and error.body["code"] == -32601
            return None if is_silent else reply | {"error": error.body}
        return None if _MUTE.get(request["method"]) in self.acting else reply | {"result": result}

    def _frames(self, reply: Json, datagram: bytes) -> list[tuple[float, bytes]]:
        """Return what really goes out for a reply."""
        faults = self.acting
        if Fault.NO_REPLY in faults or self._is_lost():
            return []
        if Fault.WRONG_ID in faults:
            reply["id"] = (hash(reply["id"]) + 1) & 0xFFFF
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

    def _result(self, method: str, params: object) -> Json:
        """Return the result of a method; raises RpcError."""
        fields = self.model.device.shapes.get(method)
        settings: Json = params if isinstance(params, dict) else {}
        self.received.append(Received(self._now, method, settings))
        if fields is None or (method == "PV.GetStatus" and Fault.PV_ABSENT in self.acting):
            raise RpcError(-32601, "Method not found", 424)
        if method != "Marstek.GetDevice" and "id" not in settings:  # rejected (stijn, timo)
            bad_params()
        told = {"id": 0} | self._told_of_itself() | self._told_of_the_battery()
        meter_w = self.model.meter_w
        if meter_w is not None and (method != "ES.GetMode" or self.model.device.mode_meter_live):
            told |= {"ct_state": 1, "a_power": round(meter_w), "total_power": round(meter_w)}
        if method == "ES.SetMode":
            told["set_result"] = self._set_mode(settings)
        early = self._now - self._written_at < known.MODE_READ_REVERT_WITHIN
        if method == "ES.GetMode" and early and Fault.MODE_READ_REVERTS in self.acting:
            self.model.fall_to_auto_at(self._now + known.MODE_READ_REVERT_AFTER)
        if method == "Bat.GetStatus" and Fault.BAT_READ_WIPES in self.acting:
            self.model.faults.add(Fault.SETTINGS_WIPE)
        hidden = {name for fault, name in _HIDDEN.get(method, ()) if fault in self.acting}
        # What nobody told is 0: other panels and phases, ES.GetStatus's own pv_power, totals that never count.
        return {name: told.get(name, 0) for name in fields.split() if name not in hidden}

    @property
    def _mac(self) -> str:
        """Return the BLE MAC that it claims."""
        return "02ffffffffff" if Fault.WRONG_MAC in self.acting else self.model.mac

    @property
    def _name(self) -> str:
        """Return what it calls itself: an HMG-50 has no model name until its BMS is up."""
        model = self.model
        boots = model.device.family is Family.HMG50 and self._now - model.booted_at < model.manners.boot_name_s
        return "Venus" if boots or Fault.BOOT_NAME in self.acting else model.device.name

    def _soc_is_lost(self) -> bool:
        """Return whether its charge is told as 0: now and then, for a while."""
        every_h = self.model.manners.soc_glitch_every_h
        while self._now >= self._glitch_until and every_h < inf:
            begun_at = max(self._glitch_until, 0.0)
            self._glitch_from = begun_at + self._glitches.expovariate(1 / (3600.0 * every_h))
            length_s = self._glitches.uniform(known.SOC_GLITCH_MIN, known.SOC_GLITCH_MAX)
            self._glitch_until = self._glitch_from + length_s
        return Fault.SOC_ZERO in self.acting or self._glitch_from <= self._now < self._glitch_until

    def _told_of_itself(self) -> Json:
        """Return names and addresses."""
        device, gate = self.model.device, self.ip.rpartition(".")[0] + ".1"
        names = {"device": self._name, "ver": device.firmware, "wifi_name": "simulation", "ssid": "simulation"}
        addresses = {"ip": self.ip, "sta_ip": self.ip, "sta_gate": gate, "sta_mask": "255.255.255.0", "sta_dns": gate}
        macs = {"ble_mac": self._mac, "wifi_mac": self.model.manners.access_point or "06" + self.model.mac[2:]}
        return names | addresses | macs | {"rssi": -59, "state": "disconnect"}

    def _told_of_the_battery(self) -> Json:
        """Return charge, powers, and energies in the units of this firmware."""
        model, device, cells = self.model, self.model.device, self.model.cells
        counters = (cells.discharged_wh, cells.charged_wh)
        if Fault.COUNTERS_FROZEN in self.acting:
            counters = self._counters or counters
        self._counters = counters
        broken = Fault.NAN in self.acting
        soc_pct = nan if broken else 0 if self._soc_is_lost() else int(model.soc_pct + 1e-6)
        power_w = (
            model.passive_w if Fault.LIAR in self.acting and model.mode is DeviceMode.PASSIVE else model.measured_w
        )
        sticks = Fault.UPS_STICKS in self.acting and model.was_ups and model.mode is DeviceMode.MANUAL
        pv_unit_w = 0.1 if Fault.PV1_DECIWATT in self.acting else device.first_pv_unit_w
        return {
            "mode": (DeviceMode.UPS if sticks else model.mode).value,
            "soc": soc_pct,
            "bat_soc": soc_pct,
            "charg_flag": not cells.full,
            "dischrg_flag": not cells.empty,
            "bat_temp": round((20 + abs(model.power_w) / 250) / device.temperature_unit, 1),
            "bat_cap": round(device.capacity_wh),
            "bat_capacity": round(int(cells.energy_wh) / device.capacity_unit_wh, 1),
            "rated_capacity": device.capacity_wh,
            "bat_voltage": 5200,
            "bat_current": round(-model.power_w / 5.2),
            "bat_power": round(-10 * power_w),
            "ongrid_power": nan if broken else round(power_w),
            "total_grid_output_energy": round(counters[0] / device.energy_unit_wh),
            "total_grid_input_energy": round(counters[1] / device.energy_unit_wh),
            "pv1_power": round(model.pv_w / pv_unit_w),
            "pv1_voltage": 40 if model.pv_w else 0,
            "pv1_current": round(model.pv_w / 40),
            "pv1_state": int(model.pv_w > 0),
        }

    def _set_mode(self, params: Json) -> bool:
        """Take a command, or not, and return set_result."""
        config = params.get("config")
        if not isinstance(config, dict):
            bad_params()
        if Fault.SET_REFUSED in self.acting:
            return False
        if _IGNORED.get(str(config.get("mode"))) in self.acting:
            return True
        if config != self._written[0]:
            self._written = (config, self._now)
        early = self._now - self._written[1] < known.SECOND_SEND_AFTER
        if Fault.SET_IGNORED in self.acting or (early and Fault.SECOND_SEND_NEEDED in self.acting):
            return True
        self._written_at = self._now
        return apply_mode(self.model, config, self._now)
