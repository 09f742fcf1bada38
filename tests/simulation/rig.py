"""A battery on the bench: a house without load, its firmware, and the shortest ways to use both."""

import json
from typing import Any

from simulation.battery import BatteryModel
from simulation.devices import VENUS_E3_150, Device
from simulation.faults import Fault
from simulation.firmware import Firmware
from simulation.house import House
from simulation.manners import RUDE, Manners
from simulation.traces import constant

type Json = dict[str, Any]

MONDAY_MIDNIGHT = 0.0
HOUR_S = 3600.0


class Rig:
    """One battery in Manual without slots, stepped by a house."""

    def __init__(
        self,
        device: Device = VENUS_E3_150,
        *faults: Fault,
        soc_pct: float = 50.0,
        load_w: float = 0.0,
        seed: int = 1,
        manners: Manners = RUDE,
    ) -> None:
        self.model = BatteryModel(device, soc_pct=soc_pct, seed=seed, manners=manners)
        self.model.faults.update(faults)
        self.house = House([self.model], constant(load_w), seed=seed)
        self.firmware = Firmware(self.model, seed=seed)

    def run(self, seconds: float) -> float:
        """Let time pass and return the AC power at its end."""
        self.house.run(seconds)
        return self.model.power_w

    def send(self, datagram: bytes, *, broadcast: bool = False) -> list[tuple[float, bytes]]:
        """Send raw bytes."""
        return self.firmware.handle(datagram, self.house.now, broadcast=broadcast)

    def ask(self, method: str, params: Json | None = None, *, request_id: object = 7) -> Json | None:
        """Send a request and return the whole answer, None for silence."""
        body = {"id": request_id, "method": method, "params": {"id": 0} if params is None else params}
        frames = self.send(json.dumps(body).encode())
        if not frames:
            return None
        answer: Json = json.loads(frames[-1][1])
        return answer

    def result(self, method: str) -> Json:
        """Return the result of a method that must have one."""
        answer = self.ask(method)
        assert answer is not None
        result: Json = answer["result"]
        return result

    def set_mode(self, mode: str, **settings: object) -> object:
        """Set a mode and return set_result, or the code of the error."""
        config = {"mode": mode, f"{mode.lower()}_cfg": settings or {"enable": 1}}
        answer = self.ask("ES.SetMode", {"id": 0, "config": config})
        if answer is None:
            return None
        return answer["result"]["set_result"] if "result" in answer else answer["error"]["code"]

    def passive(self, power_w: int, countdown_s: int = 300) -> object:
        """Set Passive."""
        return self.set_mode("Passive", power=power_w, cd_time=countdown_s)

    def slot(self, number: int, start: str, end: str, power_w: int, *, week_set: int = 127, enable: int = 1) -> object:
        """Write a slot."""
        times = {"start_time": start, "end_time": end}
        return self.set_mode("Manual", time_num=number, **times, week_set=week_set, power=power_w, enable=enable)
