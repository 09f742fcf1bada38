"""What people and automations ask a site for: it is kept, and a cycle acts on it."""

from math import inf
from typing import Final

from ..control.model import BatteryMode, Strategy
from ..errors import refusal
from .changes import Changes
from .running import RunningSite

CONFIRM_WITHIN_S: Final = 300.0
"""So long a full charge that a person chose waits for a second yes; then it is forgotten."""


class Requests:
    """Takes requests, refuses what cannot be done, and has every one followed by a cycle."""

    def __init__(self, site: RunningSite, changes: Changes) -> None:
        """Nothing was asked for yet."""
        self._site, self._changes = site, changes
        self._full_charge_until = -inf
        """Until then a full charge waits for its yes."""

    async def async_set_enabled(self, enabled: bool) -> None:
        """Switch the controller on, or off: then every battery that it commanded is released.

        Raises ServiceValidationError while polling is switched off.
        """
        if enabled:
            self._site.require_polling()
            self._site.reset_trust(self._site.batteries)
        self._site.store.update(enabled=enabled, was_started=enabled or self._site.store.site.was_started)
        if not enabled:
            await self._site.async_release()
        await self._changes.async_act()

    async def async_set_strategy(self, strategy: Strategy, *, is_tap: bool = False) -> None:
        """Change what the site is run for. A full charge that a person tapped waits for its yes: it takes kilowatts."""
        stored = self._site.store.site
        if is_tap and strategy is Strategy.TO_FULL and stored.strategy is not Strategy.TO_FULL:
            self._full_charge_until = self._site.clock() + CONFIRM_WITHIN_S
            await self._changes.async_act()
            return
        self.set_strategy(strategy)
        await self._changes.async_act()

    def set_strategy(self, strategy: Strategy) -> None:
        """Change what the site is run for; a cycle has to follow."""
        self._full_charge_until, stored = -inf, self._site.store.site
        before = stored.strategy_before if stored.strategy is Strategy.TO_FULL else stored.strategy
        # A power of another day must not act again: a fixed one begins at 0.
        begins = strategy is Strategy.FIXED and stored.strategy is not Strategy.FIXED
        power_w = 0 if begins else stored.setpoint_w
        self._site.store.update(strategy=strategy, strategy_before=before, setpoint_w=power_w)

    def full_charge_w(self) -> int | None:
        """Return what a full charge that waits for its yes may take (W); None while none waits."""
        if self._site.clock() >= self._full_charge_until:
            return None
        return sum(battery.configured.charge_limit_w for battery in self._site.batteries.values())

    async def async_confirm_full_charge(self) -> None:
        """Begin the full charge that waits; raises ServiceValidationError when none does any more."""
        if self.full_charge_w() is None:
            raise refusal("full_charge_lapsed")
        await self.async_set_strategy(Strategy.TO_FULL)

    async def async_update_site(self, **changes: int) -> None:
        """Change numbers of the site."""
        self._site.store.update(**changes)
        await self._changes.async_act()

    async def async_update_battery(self, battery_id: str, **changes: float) -> None:
        """Change numbers of one battery."""
        self._site.store.update_battery(battery_id, **changes)
        await self._changes.async_act()

    async def async_set_battery_mode(self, battery_id: str, mode: BatteryMode) -> None:
        """Take a battery out of control, or give it back; raises as `set_battery_mode` does. Fixed begins at 0 W."""
        begins = mode is BatteryMode.FIXED and self._site.store.site.battery(battery_id).wish is not BatteryMode.FIXED
        self.set_battery_mode(battery_id, mode, 0 if begins else None)
        await self._changes.async_act()

    def set_battery_mode(self, battery_id: str, mode: BatteryMode, setpoint_w: int | None = None) -> None:
        """Take a battery out of control, with another power (W, + discharging) if need be, or give it back.

        A cycle has to follow. Raises ServiceValidationError when the battery cannot do this.
        """
        site, battery = self._site, self._site.batteries[battery_id]
        if mode is not BatteryMode.CONTROLLED:
            site.require_polling()
        if mode is BatteryMode.FIXED and not battery.device.profile.has_passive:
            raise refusal("no_passive", name=battery.name)
        if mode is BatteryMode.AUTOMATIC and not battery.configured.may_run_auto:
            raise refusal("auto_beyond_limits", name=battery.name)
        if mode is BatteryMode.IDLE and not battery.configured.can_idle:
            raise refusal("cannot_idle", name=battery.name)
        site.reset_trust([battery_id])
        site.store.update_battery(battery_id, wish=mode, **({} if setpoint_w is None else {"setpoint_w": setpoint_w}))
        if mode is BatteryMode.CONTROLLED and not site.store.site.enabled:
            site.spawn(site.async_release(battery_id), f"release {battery.name}")
