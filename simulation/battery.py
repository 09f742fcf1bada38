"""One battery: physics and device behaviour, the same in real and in virtual time."""

from collections.abc import Iterable
from enum import StrEnum

from simulation.devices import VENUS_E3_150, Device
from simulation.faults import Fault


class DeviceMode(StrEnum):
    """A mode in the device's own words."""

    AUTO = "Auto"
    MANUAL = "Manual"
    PASSIVE = "Passive"
    AI = "AI"
    UPS = "UPS"


class BatteryModel:
    """A battery that is stepped by the house; power is positive while it discharges."""

    def __init__(
        self,
        device: Device = VENUS_E3_150,
        *,
        soc_pct: float = 50.0,
        power_class_w: int = 2500,
        own_meter: bool = True,
        mode: DeviceMode = DeviceMode.AUTO,
        mac: str | None = None,
        seed: int = 1,
        faults: Iterable[Fault] = (),
    ) -> None:
        self.device = device
        self.mode = mode
        self.mac = mac or f"02a1b0{seed:06x}"
        self.power_w = 0.0
        self.faults: set[Fault] = set(faults)

    @property
    def soc_pct(self) -> float:
        """Return the exact state of charge."""
        raise NotImplementedError

    def step(self, dt_s: float, meter_w: float | None, now: float) -> None:
        """Go on by `dt_s` seconds; `meter_w` is what its own meter shows, None for nothing."""
        raise NotImplementedError
