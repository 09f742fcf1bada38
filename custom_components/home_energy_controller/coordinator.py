"""One cycle: observe, dispatch, actuate, publish. It wires; it decides nothing."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Set as AbstractSet
from dataclasses import replace
from datetime import timedelta
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .control.actuation.actuation import Actuation, ActuationMemory
from .control.actuation.release import found_modes, release, stop
from .control.actuation.write_budget import Writes, paced_settings
from .control.cycle import Cycle, CycleResult, run_cycle
from .control.dispatch.dispatch import DispatchMemory
from .control.model import CarObservation, Command, CommandKind, Decision, Release, Snapshot
from .control.recorder import Recorder
from .control.settings import Settings
from .errors import refusal
from .marstek.client import MarstekClient
from .site.battery import async_send_last
from .site.changes import Changes
from .site.charger import Charger
from .site.energy import EnergyStatistics
from .site.isolation import Isolation
from .site.meter import SiteMeter
from .site.observing import Observing
from .site.overrides import Overrides
from .site.planner import Planner
from .site.prices import prices_of
from .site.requests import Requests
from .site.settings import site_batteries, site_settings
from .site.store import SiteStore
from .view.health import Watch
from .view.publish import site_snapshot
from .view.snapshot import SiteSnapshot

_LOGGER = logging.getLogger(__name__)

CALM_INTERVAL_S = 10.0
BUSY_INTERVAL_S = 2.0
"""While a command is unproven, a handover runs or the meter is late."""
OBSERVE_LIMIT_S = 3.0
"""Nothing waits longer for anyone: a late answer belongs to the next cycle."""
METER_LIMIT_S = 1.6
"""A little more than the reader of the P1 allows itself."""
RELEASE_LIMIT_S = 4.5
STOP_LIMIT_S = 8.0
"""Home Assistant gives its shutdown jobs twenty seconds in all."""

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
        meter: SiteMeter,
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
        self.meter: SiteMeter = meter
        self.store = store
        self.clock = clock
        self.parts = Isolation()
        self.batteries = site_batteries(entry, client, store, clock, self.spawn)
        self.charger = Charger(hass, entry, self.spawn)
        self.observing = Observing(self.meter, self.batteries, clock, self.parts)
        self._dispatch_memory = DispatchMemory()
        self._actuation_memory = ActuationMemory()
        self._actuation: Actuation | None = None
        self._last_settings: Settings | None = None
        """What the last cycle was told."""
        self._leader_id: str | None = None
        """Who runs Auto for the site now."""
        self._last_leader_id: str | None = None
        self._closing = False
        self._is_hurried = False
        """Something was asked for since the last cycle began."""
        self.changes = Changes(self)
        self.recorder = Recorder()
        self.energy_statistics = EnergyStatistics(store.site.today)
        self.requests = Requests(self, self.changes)
        self.overrides = Overrides(self, self.requests, self.changes)
        self.planner = Planner(hass, entry, self.spawn, clock)
        self._watch = Watch(self)

    @override
    async def _async_update_data(self) -> SiteSnapshot:
        """Run one cycle: what must end, what is commanded, and then what may fail without harm to either."""
        self._is_hurried = False
        self.changes.note_cycle()
        self.overrides.end_due()
        await self._async_observe()
        if self.data is None:
            await self.observing.async_require_answers(self.client.taken_ports)
        now = self.clock()
        asked = self._settings()
        settings = paced_settings(asked, self._last_settings, self.writes, now)
        result = self._run_cycle(settings, now)
        decision, self._dispatch_memory, self._last_settings = result.cycle.decision, result.dispatch_memory, settings
        self._leader_id = decision.leader_id
        may_send = not self._closing and not self.config_entry.pref_disable_polling
        if may_send:
            self._actuate(result, now)
        with self.parts.part("charger"):
            self.charger.steer(decision.car_power_w if may_send and settings.enabled else None, now)
        with self.parts.part("recorder"):
            self.recorder.add(result, sent=may_send)
        with self.parts.part("plan"):
            self.planner.observe(result.cycle.snapshot, settings)
        with self.parts.part("figures"):
            self.energy_statistics.add(result.cycle.snapshot, settings)
            self.store.note(today=self.energy_statistics.today)
        if decision.finished and settings.enabled:
            with self.parts.part("return to the strategy before"):
                _LOGGER.info("All are full: back to the strategy %s", self.store.site.strategy_before)
                self.requests.set_strategy(self.store.site.strategy_before)
        published = self._publish(decision, settings, now)
        with self.parts.part("watch"):
            self._watch.observe(published, result.actuation.diagnosis if may_send else {}, now)
        if self._is_hurried or settings != asked:
            self.update_interval = timedelta(seconds=BUSY_INTERVAL_S)
        return published

    def _run_cycle(self, settings: Settings, now: float) -> CycleResult:
        """Return what to do by what was observed; this changes nothing."""
        return run_cycle(now, self._snapshot(), settings, self._dispatch_memory, self._actuation_memory)

    async def _async_observe(self, max_age_s: float = 0.0) -> None:
        """Read what is due, unless that was done just now, and add it up."""
        wanted = self._actuation.reads if self._actuation else {}
        limits = {"limit_s": OBSERVE_LIMIT_S, "meter_limit_s": METER_LIMIT_S, "max_age_s": max_age_s}
        await self.observing.async_read(wanted, self._leader_id, **limits)
        for battery in self.batteries.values():
            with self.parts.part(f"energy {battery.name}"):
                self.store.count(battery.id, battery.totals.charged_wh, battery.totals.discharged_wh)
        with self.parts.part("net load"):
            self.observing.sample_net_load(self._leader_id, started=self._dispatch_memory.started)

    def _actuate(self, result: CycleResult, now: float) -> None:
        """Send what makes the decision true, and come back when something is due."""
        actuation, cycle = result.actuation, result.cycle
        self._actuation, self._actuation_memory, self._leader_id = actuation, actuation.memory, actuation.leader_id
        self._last_leader_id = actuation.leader_id or self._last_leader_id
        for command in actuation.commands:
            self.batteries[command.battery_id].write(command)
        with self.parts.part("what was learnt"):
            decision, memory, is_first = cycle.decision, actuation.memory, self.data is None
            found = found_modes(decision, cycle.snapshot, result.settings, memory, is_first=is_first)
            self.store.learn(actuation.directions, found)
        due_s = CALM_INTERVAL_S if actuation.next_due is None else actuation.next_due - now
        if self.meter.is_awaited(now):
            due_s = BUSY_INTERVAL_S
        self.update_interval = timedelta(seconds=min(CALM_INTERVAL_S, max(BUSY_INTERVAL_S, due_s)))

    def _publish(self, decision: Decision, settings: Settings, now: float) -> SiteSnapshot:
        """Return what entities read."""
        fresh_s, meter_w = settings.meter_age_limit_s, self.meter.power_w
        return site_snapshot(
            meter_w=meter_w if meter_w and meter_w.fresh(now, fresh_s) else None,
            decision=decision,
            is_polled=not self.config_entry.pref_disable_polling,
            actuation=self._actuation,
            store=self.store,
            full_charge_w=self.requests.full_charge_w(),
            batteries=tuple(self.batteries.values()),
            energy_statistics=self.energy_statistics,
            planner=self.planner,
            parts=self.parts,
            before=self.data,
            now=now,
        )

    def _snapshot(self) -> Snapshot:
        """Return the site as the controller sees it."""
        car = CarObservation()
        with self.parts.part("car"):
            car = self.charger.observe()
        return Snapshot(
            meter_w=self.meter.power_w,
            phases_w=self.meter.phases_w,
            meter_is_frozen=self.meter.is_frozen,
            batteries=tuple(battery.observation for battery in self.batteries.values()),
            net_load_w=self.observing.net_load_w,
            car=car,
            local_time=dt_util.now(),
            feedback=self._actuation_memory.feedback(self.clock()),
        )

    def _settings(self, release: Release | None = None) -> Settings:
        """Return what the controller is told; `release` for batteries whose owner chose nothing."""
        settings = site_settings(self.config_entry, self.store.site, self.batteries, self._last_leader_id, release)
        with self.parts.part("prices"):
            settings = replace(settings, prices=prices_of(self.hass, self.config_entry.options))
        with self.parts.part("what the plan does"):
            settings = self.planner.followed(settings, dt_util.now())
        return replace(settings, car=self.charger.settings)

    async def async_dry_run(self) -> Cycle:
        """Observe, and return what would be done with the controller on; nothing is sent or remembered."""
        await self._async_observe(max_age_s=BUSY_INTERVAL_S)
        return self._run_cycle(replace(self._settings(), enabled=True), self.clock()).cycle

    def hurry(self) -> None:
        """Let the next cycle come soon."""
        if not self._is_hurried and not self._closing:
            self._is_hurried, self.update_interval = True, timedelta(seconds=BUSY_INTERVAL_S)
            self._schedule_refresh()

    async def async_release(self, only: str | None = None) -> None:
        """Leave the batteries (or one) as their settings say; who does not confirm is told again by later cycles."""
        commands, self._actuation_memory = release(
            self._settings(Release.RESTORE if only else None),
            self._actuation_memory,
            {} if self._closing else {key: battery.observation.mode for key, battery in self.batteries.items()},
            self.clock(),
            only=only,
            is_closing=self._closing,
        )
        for command in commands:
            self.batteries[command.battery_id].forget_mode()
        await async_send_last(self.batteries, commands, RELEASE_LIMIT_S)

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
        with self.parts.part("release"):
            await self.async_release()
        with self.parts.part("watch"):
            self._watch.end()
        with self.parts.part("save"):
            await self.store.async_save()
        with self.parts.part("save the plan"):
            await self.planner.async_save()

    async def async_stop(self) -> None:
        """Home Assistant stops. That is no release: the house goes on being served while it is away."""
        self._closing = True
        with self.parts.part("stop"):
            commands = stop(self._settings(), self._actuation_memory, self._snapshot())
            await async_send_last(self.batteries, commands, STOP_LIMIT_S)
        with self.parts.part("save"):
            await self.store.async_save()
        with self.parts.part("save the plan"):
            await self.planner.async_save()

    def note_writes(self, battery_id: str, kind: CommandKind, number: int) -> None:
        """Count writes that are made besides control."""
        commands = [Command(battery_id=battery_id, kind=kind)] * number
        self._actuation_memory = self._actuation_memory.written(commands, self.clock())

    @property
    def writes(self) -> Mapping[str, Writes]:
        """Return what each battery was sent."""
        return self._actuation_memory.writes

    def reset_trust(self, battery_ids: Iterable[str]) -> None:
        """Give batteries that were locked out work again: their owner says so."""
        self._actuation_memory = self._actuation_memory.reset(battery_ids)

    def reconfigure(self, battery_ids: AbstractSet[str]) -> None:
        """Divide work anew, and put to the test again what was learnt of batteries under other settings."""
        self.reset_trust(battery_ids)
        self._dispatch_memory = self._dispatch_memory.reconfigured(battery_ids)

    def require_polling(self) -> None:
        """Raise ServiceValidationError while polling is switched off: nobody would follow up a command."""
        if self.config_entry.pref_disable_polling:
            raise refusal("polling_off")

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a task that ends with the entry."""
        return self.config_entry.async_create_background_task(self.hass, self.parts.async_run(name, coroutine), name)
