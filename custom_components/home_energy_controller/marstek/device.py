"""One battery."""

from datetime import time

from .client import Clock, MarstekClient
from .frames import EVERY_DAY
from .models import (
    BatteryStatus,
    DeviceInfo,
    EnergyStatus,
    LinkStatistics,
    MeterStatus,
    ModeStatus,
    PvStatus,
    Reading,
)
from .profiles import Profile


class MarstekDevice:
    """Skeleton."""

    host: str
    port: int
    mac: str | None
    info: DeviceInfo | None
    mode: ModeStatus | None
    energy: EnergyStatus | None
    battery: BatteryStatus | None
    pv: PvStatus | None
    meter: MeterStatus | None

    def __init__(
        self,
        client: MarstekClient,
        host: str,
        port: int,
        *,
        mac: str | None = None,
        info: DeviceInfo | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Ask nothing yet."""
        raise NotImplementedError

    @property
    def profile(self) -> Profile:
        """Return how this model and firmware is treated."""
        raise NotImplementedError

    @property
    def power_w(self) -> Reading | None:
        """Return the battery's own power, + discharging."""
        raise NotImplementedError

    @property
    def soc_pct(self) -> Reading | None:
        """Return the newest state of charge."""
        raise NotImplementedError

    @property
    def link(self) -> LinkStatistics:
        """Return how well the battery answers."""
        raise NotImplementedError

    async def identify(self) -> DeviceInfo:
        """Ask who it is."""
        raise NotImplementedError

    async def read_mode(self) -> ModeStatus:
        """Read ES.GetMode."""
        raise NotImplementedError

    async def read_energy(self) -> EnergyStatus:
        """Read ES.GetStatus."""
        raise NotImplementedError

    async def read_battery(self) -> BatteryStatus:
        """Read Bat.GetStatus."""
        raise NotImplementedError

    async def read_pv(self) -> PvStatus:
        """Read PV.GetStatus."""
        raise NotImplementedError

    async def read_meter(self) -> MeterStatus:
        """Read EM.GetStatus."""
        raise NotImplementedError

    async def poll(self) -> None:
        """Read what is due and safe."""
        raise NotImplementedError

    async def set_auto(self) -> bool:
        """Command Auto."""
        raise NotImplementedError

    async def set_passive(self, power_w: int, countdown_s: int) -> bool:
        """Command Passive."""
        raise NotImplementedError

    async def set_manual_slot(
        self, slot: int, start: time, end: time, power_w: int, *, week_set: int = EVERY_DAY
    ) -> bool:
        """Command Manual with one enabled slot."""
        raise NotImplementedError

    async def disable_slot(self, slot: int | None = None) -> bool:
        """Command Manual with one disabled slot (None: the last one)."""
        raise NotImplementedError

    async def clear_slots(self) -> bool:
        """Disable every slot."""
        raise NotImplementedError
