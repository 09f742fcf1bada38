"""One cycle: observe, decide, pursue, publish. It wires; it decides nothing."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from datetime import timedelta
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .battery import Battery
from .const import CONF_MAC, CONF_METER_AGE_LIMIT_S, DEFAULT_METER_AGE_LIMIT_S, DOMAIN, SUBENTRY_BATTERY
from .control.decide import DecideMemory, decide
from .control.model import Command, Decision, Release, Settings, SiteState, Snapshot, Strategy, Timed, Wish
from .control.net_load import sample_net_load
from .control.pursue import PursueMemory, Pursuit, pursue
from .control.release import release, stop
from .marstek import MarstekClient
from .meter import Meter, MeterError
from .publish import site_snapshot
from .snapshot import SiteSnapshot
from .store import SiteStore

_LOGGER = logging.getLogger(__name__)

CALM_INTERVAL_S = 10.0
BUSY_INTERVAL_S = 2.0
"""While a command is unproven, a swap runs or the meter is late."""
OBSERVE_LIMIT_S = 3.0
"""Nothing waits longer for anyone: a late answer belongs to the next cycle."""
RELEASE_LIMIT_S = 4.5
STOP_LIMIT_S = 8.0
"""Home Assistant gives its shutdown jobs twenty seconds in all."""
NET_LOAD_HISTORY_S = 600.0

type SiteConfigEntry = ConfigEntry[SiteCoordinator]


class SiteCoordinator(DataUpdateCoordinator[SiteSnapshot]):
    """The one that meets the meter, the batteries and the controller every few seconds."""

    config_entry: SiteConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: SiteConfigEntry,
        *,
        client: MarstekClient,
        meter: Meter,
        store: SiteStore,
        clock: Callable[[], float],
    ) -> None:
        """Gather the parts; nothing is sent yet."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=timedelta(seconds=CALM_INTERVAL_S),
            always_update=False,
        )
        self.client = client
        self.meter = meter
        self.store = store
        self.clock = clock
        subentries = entry.get_subentries_of_type(SUBENTRY_BATTERY)
        batteries = [
            Battery(subentry, client, store.site.battery(subentry.data[CONF_MAC]), clock=self.clock, spawn=self._spawn)
            for subentry in subentries
        ]
        self.batteries = {battery.id: battery for battery in batteries}
        self._meter_w: Timed[float] | None = None
        self._meter_answers = True
        self._net_load_w: tuple[Timed[float], ...] = ()
        self._decide_memory = DecideMemory()
        self._pursue_memory = PursueMemory()
        self._pursuit: Pursuit | None = None
        self._leader_id: str | None = None
        self._closing = False

    # One cycle.

    @override
    async def _async_update_data(self) -> SiteSnapshot:
        """Run one cycle."""
        await self._async_observe()
        if self.data is None:
            self._require_answers()
        now = self.clock()
        self._report_availability(now)
        snapshot = self._snapshot()
        settings = self._settings()
        decision, self._decide_memory = decide(snapshot, settings, self._decide_memory, now)
        self._leader_id = decision.leader_id or self._leader_id
        if not self._closing and not self.config_entry.pref_disable_polling:
            self._pursue(decision, snapshot, settings, now)
        return self._publish(decision, now)

    async def _async_observe(self) -> None:
        """Read the meter and the batteries that are due, all batteries at the same time."""
        deadline = self.clock() + OBSERVE_LIMIT_S
        before = await self._async_read_meter(deadline)
        wanted = self._pursuit.reads if self._pursuit else {}
        now = self.clock()
        reads = {battery: battery.read(now, wanted.get(battery.id)) for battery in self._leader_first()}
        awaited = [task for battery, task in reads.items() if task is not None and battery.answering]
        if awaited:
            await asyncio.wait(awaited, timeout=max(0.0, deadline - self.clock()))
        after = await self._async_read_meter(deadline) if awaited else None
        for battery in self.batteries.values():
            self.store.count(battery.id, battery.totals.charged_wh, battery.totals.discharged_wh)
        self._sample_net_load(before, after or before)

    async def _async_read_meter(self, deadline: float) -> Timed[float] | None:
        """Return a reading made now, or None; down and up are logged once each."""
        try:
            async with asyncio.timeout(max(0.0, deadline - self.clock())):
                reading = await self.meter.read()
        except (MeterError, TimeoutError) as err:
            if self._meter_answers:
                _LOGGER.info("The meter (%s) does not answer: %s", self.meter.description, err or "too late")
            self._meter_answers = False
            return None
        if not self._meter_answers:
            _LOGGER.info("The meter (%s) answers again", self.meter.description)
        self._meter_answers = True
        self._meter_w = Timed(reading.power_w, reading.at)
        return self._meter_w

    def _leader_first(self) -> list[Battery]:
        """Return the batteries, the leader first: its reply is what the meter's two readings bracket."""
        return sorted(self.batteries.values(), key=lambda battery: battery.id != self._leader_id)

    def _sample_net_load(self, before: Timed[float] | None, after: Timed[float] | None) -> None:
        """Add a sample of the net load, when this cycle makes one, and forget old ones."""
        now = self.clock()
        observations = tuple(battery.observation for battery in self.batteries.values())
        limits = {battery.id: battery.age_limit_s for battery in self.batteries.values()}
        sample = sample_net_load(before, after, observations, self._leader_id, now, age_limit_s=limits)
        recent = tuple(old for old in self._net_load_w if old.fresh(now, NET_LOAD_HISTORY_S))
        if sample is None or (recent and sample.at <= recent[-1].at):
            self._net_load_w = recent
        else:
            self._net_load_w = (*recent, sample)

    def _pursue(self, decision: Decision, snapshot: Snapshot, settings: Settings, now: float) -> None:
        """Send what makes the decision true, and come back when something is due."""
        pursuit = pursue(decision, snapshot, settings, self._pursue_memory, now)
        self._pursuit, self._pursue_memory = pursuit, pursuit.memory
        for command in pursuit.commands:
            self._remember_found_mode(command.battery_id)
            self.batteries[command.battery_id].write(command)
        due_s = CALM_INTERVAL_S if pursuit.next_due is None else pursuit.next_due - now
        if not self._meter_answers:
            due_s = BUSY_INTERVAL_S
        self.update_interval = timedelta(seconds=min(CALM_INTERVAL_S, max(BUSY_INTERVAL_S, due_s)))

    def _publish(self, decision: Decision, now: float) -> SiteSnapshot:
        """Return what entities read."""
        polling_off = self.config_entry.pref_disable_polling
        fresh_s = self.config_entry.options.get(CONF_METER_AGE_LIMIT_S, DEFAULT_METER_AGE_LIMIT_S)
        return site_snapshot(
            meter_w=self._meter_w if self._meter_w and self._meter_w.fresh(now, fresh_s) else None,
            decision=decision,
            state=SiteState.POLLING_OFF if polling_off else decision.state,
            health=self._pursuit.health if self._pursuit else {},
            stored=self.store.site,
            batteries=tuple(self.batteries.values()),
            now=now,
        )

    def _snapshot(self) -> Snapshot:
        """Return the site as the controller sees it."""
        return Snapshot(
            meter_w=self._meter_w,
            batteries=tuple(battery.observation for battery in self.batteries.values()),
            net_load_w=self._net_load_w,
            local_time=dt_util.now(),
        )

    def _settings(self) -> Settings:
        """Return what the controller is told."""
        stored = self.store.site
        return Settings(
            enabled=stored.enabled,
            strategy=stored.strategy,
            setpoint_w=stored.setpoint_w,
            batteries=tuple(
                battery.settings(stored.battery(battery.id), self._default_release(battery.id))
                for battery in self.batteries.values()
            ),
            meter_age_limit_s=self.config_entry.options.get(CONF_METER_AGE_LIMIT_S, DEFAULT_METER_AGE_LIMIT_S),
            battery_age_limit_s={battery.id: battery.age_limit_s for battery in self.batteries.values()},
        )

    def _default_release(self, battery_id: str) -> Release:
        """Return how a battery is released when its owner chose nothing: one of several goes on serving the house."""
        if len(self.batteries) == 1:
            return Release.AS_FOUND
        able = [battery.id for battery in self.batteries.values() if battery.may_lead]
        server = self._leader_id if self._leader_id in self.batteries else next(iter(able), None)
        return Release.AUTOMATIC if battery_id == server else Release.IDLE

    def _require_answers(self) -> None:
        """Refuse a first refresh that tells nothing, so that Home Assistant says so and tries again."""
        if self._meter_w is None:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="meter_silent",
                translation_placeholders={"meter": self.meter.description},
            )
        if self.batteries and all(b.observation.last_answer_at is None for b in self.batteries.values()):
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="batteries_silent")

    def _report_availability(self, now: float) -> None:
        """Log once when a battery falls silent and once when it is back."""
        for battery in self.batteries.values():
            down = not battery.is_available(now)
            if down != battery.reported_down:
                battery.reported_down = down
                _LOGGER.info("%s %s", battery.name, "does not answer" if down else "answers again")

    # What people and Home Assistant ask for.

    async def async_set_enabled(self, enabled: bool) -> None:
        """Switch the controller on, or off: then every battery that it commanded is released."""
        self._require_polling()
        self.store.update(enabled=enabled)
        if not enabled:
            await self.async_release()
        await self.async_refresh()

    async def async_set_strategy(self, strategy: Strategy) -> None:
        """Change what the site is run for."""
        self.store.update(strategy=strategy)
        await self.async_refresh()

    async def async_set_setpoint(self, setpoint_w: int) -> None:
        """Change the power (W, + discharging) of the strategy `fixed`."""
        self.store.update(setpoint_w=setpoint_w)
        await self.async_refresh()

    async def async_set_wish(self, battery_id: str, wish: Wish) -> None:
        """Take a battery out of control, or give it back."""
        self._require_polling()
        battery = self.batteries[battery_id]
        if wish is Wish.FIXED and not battery.device.profile.has_passive:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="no_passive", translation_placeholders={"name": battery.name}
            )
        self.store.update_battery(battery_id, wish=wish)
        if wish is Wish.CONTROLLED and not self.store.site.enabled:
            await self.async_release(battery_id)
        await self.async_refresh()

    async def async_set_battery_setpoint(self, battery_id: str, setpoint_w: int) -> None:
        """Change the power (W, + discharging) that a battery has while it is `fixed`."""
        self.store.update_battery(battery_id, setpoint_w=setpoint_w)
        await self.async_refresh()

    async def async_release(self, only: str | None = None) -> None:
        """Leave the batteries (or one) as their settings say."""
        # Switched off, somebody is still here to renew what was set by hand; closing, nobody is.
        keep_wishes = not self._closing and only is None
        commands = release(self._settings(), self._pursue_memory, self._snapshot(), keep_wishes=keep_wishes)
        commands = tuple(command for command in commands if only in {None, command.battery_id})
        released = {only} if only else {command.battery_id for command in commands}
        self._pursue_memory = self._pursue_memory.without(released)
        for battery_id in released:
            self.batteries[battery_id].cancel_write()
        await self._async_send_last(commands, RELEASE_LIMIT_S)
        for battery_id in released:
            self.store.update_battery(battery_id, found_mode=None)

    async def async_close(self) -> None:
        """End control for good: no cycle commands from here on, every battery is released, the totals are kept."""
        self._closing = True
        await self.async_shutdown()
        await self.async_release()
        await self.store.async_save()

    async def async_stop(self) -> None:
        """Home Assistant stops. That is no release: the house goes on being served while it is away."""
        self._closing = True
        commands = stop(self._settings(), self._pursue_memory, self._snapshot())
        await self._async_send_last(commands, STOP_LIMIT_S)

    async def _async_send_last(self, commands: Iterable[Command], limit_s: float) -> None:
        """Send commands that nobody will follow up; a battery that does not confirm is named in the log."""
        tasks = {self.batteries[command.battery_id].write(command): command for command in commands}
        if tasks:
            await asyncio.wait(tasks, timeout=limit_s)
        for task, command in tasks.items():
            battery = self.batteries[command.battery_id]
            confirmed = task.done() and battery.outcome is not None and battery.outcome.accepted
            if not confirmed:
                _LOGGER.warning("%s did not confirm that it was released (%s)", battery.name, command.kind)

    def _require_polling(self) -> None:
        """Refuse to command while the owner switched polling off: nobody would follow up."""
        if self.config_entry.pref_disable_polling:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="polling_off")

    def _remember_found_mode(self, battery_id: str) -> None:
        """Note what a battery did before it is commanded for the first time."""
        mode = self.batteries[battery_id].observation.mode
        if mode is not None and self.store.site.battery(battery_id).found_mode is None:
            self.store.update_battery(battery_id, found_mode=mode.value)

    def _spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a task that ends with the entry."""
        return self.config_entry.async_create_background_task(self.hass, coroutine, name)
