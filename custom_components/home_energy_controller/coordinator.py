"""One cycle: observe, decide, pursue, publish. It wires; it decides nothing."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .charger import Charger
from .const import DOMAIN
from .control.decide import DecideMemory
from .control.model import (
    Action,
    BatteryObservation,
    Command,
    Decision,
    Release,
    Settings,
    SiteState,
    Snapshot,
    Strategy,
    Target,
    Timed,
    Wish,
)
from .control.net_load import sample_net_load
from .control.pursue import PursueMemory, Pursuit
from .control.recording import Cycle, Recorder, Thought, think
from .control.release import release, stop
from .control.standing import Diagnosis
from .errors import refusal
from .figures import Figures
from .holds import Holds
from .marstek.client import MarstekClient
from .meter.base import Meter
from .publish import site_snapshot
from .settings import site_batteries, site_settings
from .site_meter import SiteMeter
from .snapshot import SiteSnapshot
from .store import SiteStore
from .tariffs import prices_of
from .watch import Watch

_LOGGER = logging.getLogger(__name__)

CALM_INTERVAL_S = 10.0
BUSY_INTERVAL_S = 2.0
"""While a command is unproven, a swap runs or the meter is late."""
OBSERVE_LIMIT_S = 3.0
"""Nothing waits longer for anyone: a late answer belongs to the next cycle."""
METER_LIMIT_S = 1.6
"""A little more than the reader of the P1 allows itself."""
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
        self.meter: SiteMeter = SiteMeter(meter)
        self.store = store
        self.clock = clock
        self.batteries = site_batteries(entry, client, store, clock, self.spawn)
        self.charger = Charger(hass, entry, self.spawn)
        self._net_load_w: tuple[Timed[float], ...] = ()
        self._decide_memory = DecideMemory()
        self._pursue_memory = PursueMemory()
        self._pursuit: Pursuit | None = None
        self._leader_id: str | None = None
        """Who runs Auto for the site now."""
        self._last_leader_id: str | None = None
        self._unsampled: tuple[tuple[BatteryObservation, ...], str | None] = ((), None)
        """What was seen in the last cycle: the meter reading behind it may come only now."""
        self._diagnosis: Mapping[str, Diagnosis] = {}
        self._closing = False
        self.recorder = Recorder()
        self.figures = Figures(store.site.today)
        self.holds = Holds(self)
        self._watch = Watch(self)

    # One cycle.

    @override
    async def _async_update_data(self) -> SiteSnapshot:
        """Run one cycle."""
        await self._async_observe()
        if self.data is None:
            self._require_answers()
        now = self.clock()
        thought = self._think(self._settings(), now)
        decision, self._decide_memory = thought.cycle.decision, thought.decide_memory
        self._leader_id = decision.leader_id
        may_send = not self._closing and not self.config_entry.pref_disable_polling
        if may_send:
            self._pursue(decision, thought.pursuit, now)
        self.charger.steer(decision.car_power_w if may_send and thought.settings.enabled else None, now)
        self.recorder.add(thought, sent=may_send)
        self.figures.add(thought.cycle.snapshot, thought.settings)
        self.store.note(today=self.figures.today)
        if decision.finished and thought.settings.enabled:
            _LOGGER.info("All are full: back to the strategy %s", self.store.site.strategy_before)
            self.store.update(strategy=self.store.site.strategy_before)
        published = self._publish(decision, thought.settings, now)
        self._watch.look(published, now)
        self.holds.end_due()
        return published

    def _think(self, settings: Settings, now: float) -> Thought:
        """Return what to do by what was observed; this changes nothing."""
        return think(now, self._snapshot(), settings, self._decide_memory, self._pursue_memory)

    async def _async_observe(self) -> None:
        """Read the meter and the batteries that are due, all batteries at the same time."""
        loop = self.hass.loop
        deadline = loop.time() + OBSERVE_LIMIT_S
        await self._async_read_meter(METER_LIMIT_S)
        wanted = self._pursuit.reads if self._pursuit else {}
        now = self.clock()
        reads = {battery.id: battery.read(now, wanted.get(battery.id)) for battery in self.batteries.values()}
        awaited = {key: task for key, task in reads.items() if task is not None and self.batteries[key].answering}
        if (leaders_read := awaited.get(self._leader_id or "")) is not None:
            # The meter again right behind the leader's reply, whoever is slow: the two readings bracket it.
            await asyncio.wait([leaders_read], timeout=deadline - loop.time())
            if (left_s := deadline - loop.time()) > 0:
                await self._async_read_meter(min(METER_LIMIT_S, left_s))
        if awaited and (left_s := deadline - loop.time()) > 0:
            await asyncio.wait(awaited.values(), timeout=left_s)
        for battery in self.batteries.values():
            self.store.count(battery.id, battery.totals.charged_wh, battery.totals.discharged_wh)
        self._sample_net_load()

    async def _async_read_meter(self, limit_s: float) -> None:
        """Read the meter."""
        powers = (battery.observation.power_w for battery in self.batteries.values())
        await self.meter.read(limit_s, sum(power.value for power in powers if power is not None))

    def _sample_net_load(self) -> None:
        """Add a sample of the net load, when this cycle makes one, and forget old ones.

        After a start nobody is known for some seconds: without the batteries it would be what the meter shows.
        """
        now, meter_w = self.clock(), self.meter.power_w
        recent = tuple(old for old in self._net_load_w if old.fresh(now, NET_LOAD_HISTORY_S))
        observations = tuple(battery.observation for battery in self.batteries.values())
        if not self._decide_memory.started and any(seen.power_w is None for seen in observations):
            return
        for seen, leader_id in (self._unsampled, (observations, self._leader_id)):
            power = next((battery.power_w for battery in seen if battery.battery_id == leader_id), None)
            before, after = (meter_w, meter_w) if power is None else self.meter.around(power.at)
            limits = {battery.id: battery.age_limit_s for battery in self.batteries.values()}
            sample = sample_net_load(before, after, seen, leader_id, now, age_limit_s=limits)
            if sample is not None and (not recent or sample.at > recent[-1].at):
                recent = (*recent, sample)
        self._net_load_w, self._unsampled = recent, (observations, self._leader_id)

    def _pursue(self, decision: Decision, pursuit: Pursuit, now: float) -> None:
        """Send what makes the decision true, and come back when something is due."""
        self._pursuit, self._pursue_memory, self._leader_id = pursuit, pursuit.memory, pursuit.leader_id
        self._last_leader_id = pursuit.leader_id or self._last_leader_id
        for target in decision.targets:
            self._keep_found_mode(target)
        self._keep_what_was_learnt(pursuit)
        for command in pursuit.commands:
            self.batteries[command.battery_id].write(command)
        due_s = CALM_INTERVAL_S if pursuit.next_due is None else pursuit.next_due - now
        if self.meter.is_awaited(now):
            due_s = BUSY_INTERVAL_S
        self.update_interval = timedelta(seconds=min(CALM_INTERVAL_S, max(BUSY_INTERVAL_S, due_s)))

    def _keep_what_was_learnt(self, pursuit: Pursuit) -> None:
        """Note which batteries do what they are told the right way round, and log new trouble once."""
        for battery_id, right in pursuit.sign.items():
            if self.store.site.battery(battery_id).sign_proven is not right:
                self.store.update_battery(battery_id, sign_proven=right)
        for battery_id, diagnosis in pursuit.diagnosis.items():
            if self._diagnosis.get(battery_id) is not diagnosis:
                _LOGGER.info("%s: %s (%s)", self.batteries[battery_id].name, diagnosis, pursuit.health[battery_id])
        self._diagnosis = pursuit.diagnosis

    def _publish(self, decision: Decision, settings: Settings, now: float) -> SiteSnapshot:
        """Return what entities read."""
        fresh_s, meter_w = settings.meter_age_limit_s, self.meter.power_w
        return site_snapshot(
            meter_w=meter_w if meter_w and meter_w.fresh(now, fresh_s) else None,
            decision=decision,
            state=self._state(decision),
            pursuit=self._pursuit,
            stored=self.store.site,
            saved=self.store.saved,
            batteries=tuple(self.batteries.values()),
            figures=self.figures,
            before=self.data,
            now=now,
        )

    def _state(self, decision: Decision) -> SiteState:
        """Return the state as it is shown."""
        if self.config_entry.pref_disable_polling:
            return SiteState.POLLING_OFF
        return SiteState.SWAPPING if self._pursuit and self._pursuit.swap else decision.state

    def _snapshot(self) -> Snapshot:
        """Return the site as the controller sees it."""
        return Snapshot(
            meter_w=self.meter.power_w,
            phases_w=self.meter.phases_w,
            meter_is_frozen=self.meter.is_frozen,
            batteries=tuple(battery.observation for battery in self.batteries.values()),
            net_load_w=self._net_load_w,
            car=self.charger.observe(),
            local_time=dt_util.now(),
            barred=self._pursue_memory.barred(self.clock()),
            loose=self._pursue_memory.loose(self.clock()),
            runs_until=self._pursue_memory.runs_until(),
        )

    def _settings(self, release: Release | None = None) -> Settings:
        """Return what the controller is told; `release` for batteries whose owner chose nothing."""
        options, stored = self.config_entry.options, self.store.site
        told = site_settings(self.config_entry, stored, self.batteries, self._last_leader_id, release)
        return replace(told, car=self.charger.settings, prices=prices_of(self.hass, options))

    def _require_answers(self) -> None:
        """Refuse a first refresh that tells nothing, so that Home Assistant says so and tries again."""
        if self.meter.power_w is None:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="meter_silent",
                translation_placeholders={"meter": self.meter.source.description},
            )
        if self.batteries and all(b.observation.last_answer_at is None for b in self.batteries.values()):
            key = "port_taken" if self.client.taken_ports else "batteries_silent"
            raise UpdateFailed(translation_domain=DOMAIN, translation_key=key)

    # What people and Home Assistant ask for.

    async def async_set_enabled(self, enabled: bool) -> None:
        """Switch the controller on, or off: then every battery that it commanded is released."""
        if enabled:
            self.require_polling()
            self._pursue_memory = self._pursue_memory.forgiven(self.batteries)
        self.store.update(enabled=enabled)
        if not enabled:
            await self.async_release()
        await self.async_refresh()

    async def async_set_strategy(self, strategy: Strategy) -> None:
        """Change what the site is run for."""
        before = self.store.site.strategy
        if before is Strategy.TO_FULL:
            before = self.store.site.strategy_before
        self.store.update(strategy=strategy, strategy_before=before)
        await self.async_refresh()

    async def async_update_site(self, **changes: int) -> None:
        """Change numbers of the site."""
        self.store.update(**changes)
        await self.async_refresh()

    async def async_update_battery(self, battery_id: str, **changes: float) -> None:
        """Change numbers of one battery."""
        self.store.update_battery(battery_id, **changes)
        await self.async_refresh()

    async def async_dry_run(self) -> Cycle:
        """Observe, and return what would be done with the controller on; nothing is sent or remembered."""
        await self._async_observe()
        return self._think(replace(self._settings(), enabled=True), self.clock()).cycle

    async def async_set_wish(self, battery_id: str, wish: Wish, setpoint_w: int | None = None) -> None:
        """Take a battery out of control, with another power (W, + discharging) if need be, or give it back."""
        battery = self.batteries[battery_id]
        if wish is not Wish.CONTROLLED:
            self.require_polling()
        if wish is Wish.FIXED and not battery.device.profile.has_passive:
            raise refusal("no_passive", name=battery.name)
        if wish is Wish.AUTOMATIC and not battery.configured.may_run_auto:
            raise refusal("auto_beyond_limits", name=battery.name)
        if wish is Wish.IDLE and not battery.configured.can_idle:
            raise refusal("cannot_idle", name=battery.name)
        self._pursue_memory = self._pursue_memory.forgiven([battery_id])
        self.store.update_battery(battery_id, wish=wish, **({} if setpoint_w is None else {"setpoint_w": setpoint_w}))
        if wish is Wish.CONTROLLED and not self.store.site.enabled:
            await self.async_release(battery_id)
        await self.async_refresh()

    async def async_release(self, only: str | None = None) -> None:
        """Leave the batteries (or one) as their settings say; who does not confirm is told again by later cycles."""
        # Switched off, somebody is still here to renew what was set by hand; closing, nobody is.
        keep_wishes = not self._closing and only is None
        settings = self._settings(Release.AS_FOUND if only else None)
        commands = release(settings, self._pursue_memory, keep_wishes=keep_wishes)
        commands = tuple(command for command in commands if only in {None, command.battery_id})
        self._pursue_memory = self._pursue_memory.released(commands, self.clock())
        for command in commands:
            self.batteries[command.battery_id].forget_mode()
        await self._async_send_last(commands, RELEASE_LIMIT_S)

    async def async_release_leftovers(self) -> None:
        """Release what an earlier run commanded and could not release, while the controller is off."""
        if not self.store.site.enabled and not self.config_entry.pref_disable_polling:
            await self.async_release()

    async def async_close(self) -> None:
        """End control for good: no cycle commands from here on, every battery is released, the totals are kept."""
        self._closing = True
        for battery in self.batteries.values():
            battery.leaves = battery.subentry.subentry_id not in self.config_entry.subentries
        await self.async_shutdown()
        await self.async_release()
        self._watch.end()
        await self.store.async_save()

    async def async_stop(self) -> None:
        """Home Assistant stops. That is no release: the house goes on being served while it is away."""
        self._closing = True
        await self.store.async_save()
        commands = stop(self._settings(), self._pursue_memory, self._snapshot())
        await self._async_send_last(commands, STOP_LIMIT_S)

    async def _async_send_last(self, commands: Iterable[Command], limit_s: float) -> None:
        """Send commands that end control; a battery that does not confirm is named in the log."""
        tasks = {self.batteries[command.battery_id].write(command): command for command in commands}
        if tasks:
            await asyncio.wait(tasks, timeout=limit_s)
        for command in tasks.values():
            battery = self.batteries[command.battery_id]
            if not battery.confirmed(command):
                _LOGGER.warning("%s did not confirm that it was released (%s)", battery.name, command.kind)

    def require_polling(self) -> None:
        """Refuse to command while the owner switched polling off: nobody would follow up."""
        if self.config_entry.pref_disable_polling:
            raise refusal("polling_off")

    def _keep_found_mode(self, target: Target) -> None:
        """Note what a battery did before we touched it, and forget it once it is released.

        It is noted in the file, for a release after a restart. Leading in the Auto that it was found in counts as well.
        """
        battery_id = target.battery_id
        mode = self.batteries[battery_id].observation.mode
        found = self.store.site.battery(battery_id).found_mode
        touched = target.action is not Action.NOTHING or battery_id in self._pursue_memory.sent
        if touched and found is None and mode is not None:
            self.store.update_battery(battery_id, found_mode=mode.value)
        elif not touched and found is not None and not self.store.site.enabled and self.data is not None:
            # In the first cycle it is what an earlier run left to be released.
            self.store.update_battery(battery_id, found_mode=None)

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a task that ends with the entry."""
        return self.config_entry.async_create_background_task(self.hass, coroutine, name)
