"""One battery at run time: its device, the one read and the one write that may be under way, and what it counted."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
import logging
from math import inf
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.util import dt as dt_util

from ..const import RELEASE_DEFAULT
from ..control.model import BatteryObservation, Command, CommandKind, CommandOutcome, Mode, Release, Timed
from ..control.settings import BatterySettings, Circuit
from ..marstek.client import MarstekClient
from ..marstek.device import MarstekDevice
from ..marstek.errors import MarstekError, MarstekSuperseded, MarstekWrongDevice
from ..marstek.models import DeviceInfo
from ..marstek.plausibility import ChargeGuard, ChargeLimits
from .config import BatteryConfig
from .energy import EnergyTotals
from .store import StoredBattery

_LOGGER = logging.getLogger(__name__)

SHORTEST_AGE_LIMIT_S = 90.0
POLL_SLACK_S = 1.0
"""Cycles do not keep exact time: a poll that is due within a second is due."""


type Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
"""Starts a background task, given its name, that ends with the config entry."""


class Battery:
    """What the coordinator holds of one battery subentry."""

    def __init__(
        self,
        subentry: ConfigSubentry,
        client: MarstekClient,
        stored: StoredBattery,
        *,
        circuits: Callable[[], Mapping[str, Circuit]] = dict,
        clock: Callable[[], float],
        spawn: Spawn,
    ) -> None:
        """Wrap the device of a subentry; nothing is sent yet."""
        self.subentry = subentry
        config = self.config
        self.id = config.mac
        self._circuits = circuits
        info = DeviceInfo(model=config.model, firmware=config.firmware, ble_mac=self.id)
        self.device = MarstekDevice(client, config.host, config.port, mac=self.id, info=info)
        self.totals = EnergyTotals(charged_wh=stored.charged_wh, discharged_wh=stored.discharged_wh)
        # Whoever ran before us may have sent a command a moment ago.
        self.device.note_write()
        self.outcome: CommandOutcome | None = None
        self.failure: MarstekError | None = None
        """Why the newest read gave nothing."""
        self.leaves = False
        """It was taken out of the site: left in Auto, it would fight the next leader over the meter."""
        self.last_answer: datetime | None = None
        self.charge = ChargeGuard()
        self._clock = clock
        self._spawn = spawn
        self._read: asyncio.Task[None] | None = None
        self._write: asyncio.Task[None] | None = None
        self._read_started_at: float | None = None
        self._proof_read_at: float | None = None
        self._mode_from = -inf

    @property
    def name(self) -> str:
        """Return what its owner calls it."""
        return self.subentry.title

    @property
    def config(self) -> BatteryConfig:
        """Return what its owner told, as it is now: what is changed acts in the next cycle."""
        return BatteryConfig.from_data(self.subentry.data)

    @property
    def configured(self) -> BatterySettings:
        """Return what the controller is told about it, but for what people set with entities."""
        config = self.config
        return config.settings(self.device.profile, self._circuits().get(config.circuit))

    @property
    def answering(self) -> bool:
        """Return whether the newest read was answered; a battery that is not answering is not waited for."""
        return self.failure is None

    @property
    def was_heard(self) -> bool:
        """Return whether it ever answered."""
        return self.observation.last_answer_at is not None

    @property
    def age_limit_s(self) -> float:
        """Return how old a reading may be: three polls, so that two lost ones in a row are no news."""
        return max(SHORTEST_AGE_LIMIT_S, 3 * self.device.profile.poll_interval_s)

    def confirmed(self, command: Command) -> bool:
        """Return whether the device said yes to just this command."""
        return self.outcome is not None and self.outcome.command == command and self.outcome.accepted is True

    @property
    def observation(self) -> BatteryObservation:
        """Return what is known of it."""
        mode = self.device.mode if self.device.mode and self.device.mode.received_at > self._mode_from else None
        power = self.device.ac_power_w
        soc = self.charge.believed
        return BatteryObservation(
            battery_id=self.id,
            soc_pct=None if soc is None else Timed(*soc),
            power_w=None if power is None else Timed(*power),
            mode=None if mode is None else Timed(Mode(mode.mode.value), mode.received_at),
            outcome=self.outcome,
        )

    def is_available(self, now: float) -> bool:
        """Return whether it was heard recently."""
        heard_at = self.observation.last_answer_at
        return heard_at is not None and now - heard_at <= self.age_limit_s

    def settings(self, stored: StoredBattery, default_release: Release) -> BatterySettings:
        """Return what the controller is told about it."""
        release = self.config.release
        return replace(
            self.configured,
            battery_mode=stored.wish,
            fixed_power_w=stored.setpoint_w,
            reserve_pct=stored.reserve_pct,
            release=default_release if release == RELEASE_DEFAULT else Release(release),
            found_mode=stored.found_mode,
            direction_verified=stored.sign_proven,
        )

    def read(self, now: float, wanted_at: float | None) -> asyncio.Task[None] | None:
        """Start a read when one is due, by the firmware's interval or because somebody wants one; at most one runs."""
        if self._read is not None and not self._read.done():
            return self._read
        last = self._read_started_at
        due = last is None or now - last >= self.device.profile.poll_interval_s - POLL_SLACK_S
        wanted = wanted_at is not None and wanted_at <= now and (last is None or last < wanted_at)
        if wanted and self._proof_read_at is not None:
            wanted = now - self._proof_read_at >= self.device.profile.proof_spacing_s
        if not due and not wanted:
            return None
        self._read_started_at = now
        if wanted:
            self._proof_read_at = now
        self._read = self._spawn(self._async_read(), f"read {self.name}")
        return self._read

    def follow_address(self) -> None:
        """Ask it where its owner, or a search, says that it is by now."""
        address = self.config.host, self.config.port
        if address != (self.device.host, self.device.port):
            self.device.move(*address)
            self._read_started_at = None

    def forget_mode(self) -> None:
        """Take no mode for true that was read before now, and read it anew: a command changes it."""
        self._mode_from = self._clock()
        self._read_started_at = None

    def write(self, command: Command) -> asyncio.Task[None]:
        """Start a write; one that is under way is given up, because its command is history."""
        if self._write is not None:
            self._write.cancel()
        self._write = self._spawn(self._async_write(command), f"write {self.name}")
        return self._write

    async def _async_read(self) -> None:
        """Poll the device and count its energy."""
        try:
            await self.device.poll()
        except MarstekSuperseded:
            return  # A command came first, and asks for a reading of its own.
        except MarstekError as err:
            _LOGGER.debug("%s: not read: %s", self.name, err)
            self.failure = err
            return
        self._judge_charge()
        self.failure = None
        first = self.last_answer is None
        self.last_answer = dt_util.utcnow().replace(microsecond=0)
        if (power := self.device.power_w) is not None:
            self.totals = self.totals.counted(*power)
        # Nobody waits for the rest: the device needs a pause before the next question. The first poll has to be quick.
        if not first and (self.device.details_due or self.device.identity.is_due(self._clock())):
            self._spawn(self._async_read_details(), f"read details of {self.name}")

    def _judge_charge(self) -> None:
        """Take the newest state of charge for true, or hold it back for a while."""
        if (reading := self.device.soc_pct) is not None:
            profile = self.device.profile
            # Panels charge the cells beside the inverter; those of a model that nobody knows may.
            most_w = profile.rated_charge_w * (1 if profile.has_pv is False else 2)
            limits = ChargeLimits(capacity_wh=self.configured.capacity_wh, most_w=most_w)
            self.charge = self.charge.after(reading, limits)

    async def _async_read_details(self) -> None:
        """Ask who it is, because its firmware may be another by now, and read what changes slowly."""
        try:
            if self.device.identity.is_due(self._clock()):
                await self.device.identify()
            if self.device.details_due:
                await self.device.read_details()
                self._judge_charge()
        except MarstekWrongDevice as err:
            self.failure = err
        except MarstekError as err:
            _LOGGER.debug("%s: no details: %s", self.name, err)

    async def _async_write(self, command: Command) -> None:
        """Send one command and note what became of it."""
        sent_at = self._clock()
        accepted: bool | None = None
        try:
            match command.kind:
                case CommandKind.AUTO:
                    accepted = await self.device.set_auto()
                case CommandKind.PASSIVE:
                    accepted = await self.device.set_passive(command.power_w, command.countdown_s)
                case CommandKind.MANUAL_IDLE:
                    accepted = await self.device.disable_slot()
        except MarstekError as err:
            _LOGGER.debug("%s: %s not confirmed: %s", self.name, command.kind, err)
        self.outcome = CommandOutcome(command=command, sent_at=sent_at, done_at=self._clock(), accepted=accepted)


async def async_send_last(batteries: Mapping[str, Battery], commands: Iterable[Command], limit_s: float) -> None:
    """Send commands that end control; a battery that does not confirm in time is named in the log."""
    tasks = {batteries[command.battery_id].write(command): command for command in commands}
    if tasks:
        await asyncio.wait(tasks, timeout=limit_s)
    for command in tasks.values():
        battery = batteries[command.battery_id]
        if not battery.confirmed(command):
            _LOGGER.warning("%s did not confirm that it was released (%s)", battery.name, command.kind)
