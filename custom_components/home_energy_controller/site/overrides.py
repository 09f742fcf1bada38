"""Powers that were asked for with an end: after a time, or at a state of charge."""

from dataclasses import dataclass

from homeassistant.exceptions import ServiceValidationError

from ..control.losses import divide
from ..control.model import BatteryMode
from ..errors import refusal
from .battery import Battery
from .changes import Changes
from .requests import Requests
from .running import RunningSite


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerOverride:
    """One battery's power (W, + discharging), when it ends, and what comes after it."""

    power_w: int
    until: float | None
    target_soc_pct: float | None
    then: BatteryMode


class Overrides:
    """Begins them and, asked in every cycle, ends them: listeners are asked only when there is something new to show.

    They live in memory: like every fixed power they end with a restart.
    """

    def __init__(self, site: RunningSite, requests: Requests, changes: Changes) -> None:
        """Begin with none."""
        self._site, self._requests, self._changes = site, requests, changes
        self._overrides: dict[str, PowerOverride] = {}

    async def async_begin(
        self, battery: Battery | None, power_w: int, *, duration_s: float | None, target_soc_pct: float | None
    ) -> None:
        """Give one battery, or all that can take one together, a power; raises ServiceValidationError."""
        batteries = [battery] if battery else self._able()
        if battery is None or target_soc_pct is not None:
            batteries = [each for each in batteries if not _is_reached(each, power_w, target_soc_pct)]
        if not batteries:
            raise refusal("nobody_to_hold")
        able = ((each.id, each.configured) for each in batteries)
        limits = {key: own.discharge_limit_w if power_w > 0 else own.charge_limit_w for key, own in able}
        shares = divide(abs(power_w), limits, step_w=1)
        if sum(limits.values()) < abs(power_w):
            raise refusal("power_too_large", limit=str(sum(limits.values())))
        until = None if duration_s is None else self._site.clock() + duration_s
        for each in batteries:
            share_w = shares[each.id] if power_w > 0 else -shares[each.id]
            then = self._site.store.site.battery(each.id).wish
            if then is BatteryMode.FIXED:
                then = self._overrides[each.id].then if each.id in self._overrides else BatteryMode.CONTROLLED
            self._requests.set_battery_mode(each.id, BatteryMode.FIXED, share_w)
            self._overrides[each.id] = PowerOverride(
                power_w=share_w, until=until, target_soc_pct=target_soc_pct, then=then
            )
        await self._changes.async_act()

    def end_due(self) -> None:
        """Give back the batteries whose time is over or whose charge is reached; forget those that people changed.

        This comes first in a cycle: whatever else fails in it, a power goes on no longer than it was asked for.
        """
        for battery_id, override in list(self._overrides.items()):
            with self._site.parts.part(f"end of a power {self._site.batteries[battery_id].name}"):
                if self._ends(battery_id, override):
                    del self._overrides[battery_id]

    def _ends(self, battery_id: str, override: PowerOverride) -> bool:
        """Return whether a hold is no more; give its battery back, unless somebody took it over."""
        site = self._site
        stored = site.store.site.battery(battery_id)
        if stored.wish is not BatteryMode.FIXED or stored.setpoint_w != override.power_w:
            return True
        is_over = override.until is not None and site.clock() >= override.until
        if not is_over and not _is_reached(site.batteries[battery_id], override.power_w, override.target_soc_pct):
            return False
        try:
            self._requests.set_battery_mode(battery_id, override.then)
        except ServiceValidationError:
            # What it did before it may not do any more; that is no reason to go on with this.
            self._requests.set_battery_mode(battery_id, BatteryMode.CONTROLLED)
        return True

    def _able(self) -> list[Battery]:
        """Return the batteries that can hold a power and that nobody set to something else by hand."""
        site = self._site
        return [
            battery
            for battery in site.batteries.values()
            if battery.device.profile.has_passive
            and battery.is_available(site.clock())
            and site.store.site.battery(battery.id).wish in {BatteryMode.CONTROLLED, BatteryMode.FIXED}
        ]


def _is_reached(battery: Battery, power_w: int, target_soc_pct: float | None) -> bool:
    """Return whether a power has done what it was asked for; at 0 W it never does."""
    soc = battery.observation.soc_pct
    if target_soc_pct is None or soc is None or not power_w:
        return False
    return soc.value <= target_soc_pct if power_w > 0 else soc.value >= target_soc_pct
