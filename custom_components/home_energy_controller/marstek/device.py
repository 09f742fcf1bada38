"""One battery: what it last said, and what it can be told."""

import asyncio
from collections import deque
from collections.abc import Awaitable
import logging
from math import inf
from typing import Final

from .client import MarstekClient
from .errors import (
    MarstekConnectionError,
    MarstekProtocolError,
    MarstekRejected,
    MarstekSuperseded,
    MarstekTimeout,
    MarstekUnsupported,
    MarstekWrongDevice,
)
from .exchange import Answer
from .frames import (
    Config,
    Method,
    Params,
    auto_config,
    disabled_slot_config,
    passive_config,
    redact_address,
    set_result,
)
from .identity import Identity
from .models import BatteryStatus, DeviceInfo, LinkStatistics, ModeStatus, PvStatus, Reading, Status
from .profiles import Profile
from .results import parse_battery, parse_info, parse_mode, parse_pv, parse_status

_LOGGER = logging.getLogger(__name__)

BATTERY_INTERVAL_S: Final = 300.0
LINK_WINDOW: Final = 50
PV_TRIALS: Final = 3
"""So often an unknown model is asked for solar strings in vain: some are silent where others refuse (taurgis#86)."""
_ID: Final = {"id": 0}
"""Every method but Marstek.GetDevice refuses params without it (stijn, firmware 155)."""
_MAY_BE_MUTE: Final = {Method.BAT_GET_STATUS, Method.PV_GET_STATUS}
"""No answer to these says nothing about who is there."""


class MarstekDevice:
    """A battery behind an address.

    Reads and commands raise what `MarstekClient.exchange` raises. Values stay until newer ones come: look at their
    `received_at`. All power is in W, + = discharging.
    """

    def __init__(
        self,
        client: MarstekClient,
        host: str,
        port: int,
        *,
        mac: str | None = None,
        info: DeviceInfo | None = None,
    ) -> None:
        """Ask nothing yet; with `mac` no other battery is listened to, `info` spares an `identify()`."""
        self.host = host
        self.port = port
        self.mac = mac
        self.identity = Identity(info)
        self.mode: ModeStatus | None = None
        self.status: Status | None = None
        self.battery: BatteryStatus | None = None
        self.pv: PvStatus | None = None
        self.replies: dict[Method, Answer] = {}
        """The last answer to each question as it came, for diagnostics."""
        self._client = client
        self._clock = client.clock
        self._unsupported: set[Method] = set()
        self._pv_trials = 0
        self._written_at = self._battery_asked_at = -inf
        self._asked = self._answered = 0
        self._window: deque[bool] = deque(maxlen=LINK_WINDOW)
        self._latency_s: float | None = None
        self._answered_at: float | None = None

    @property
    def info(self) -> DeviceInfo | None:
        """Return what it told of itself last, or else what the configuration remembers."""
        return self.identity.info

    @property
    def profile(self) -> Profile:
        """Return how this model and firmware is treated; with great care while unknown."""
        return self.identity.profile

    @property
    def has_pv(self) -> bool:
        """Return whether solar strings are connected to it, as far as its model and its answers tell."""
        if Method.PV_GET_STATUS in self._unsupported:
            return False
        return self.pv is not None if self.profile.has_pv is None else self.profile.has_pv

    @property
    def ac_power_w(self) -> Reading | None:
        """Return the power of its inverter (W, + feeding the house), which setpoints set; None while unknown.

        What flows to the house and what flows to the backup socket both come from the inverter, so they add up; the
        load on the socket is a load of the home that the grid meter does not see. A model without a socket leaves that
        field out.
        """
        statuses = [status for status in (self.mode, self.status) if status and status.ongrid_power_w is not None]
        status = max(statuses, key=lambda status: status.received_at, default=None)
        if status is None or status.ongrid_power_w is None:
            return None
        return Reading(status.ongrid_power_w + (status.offgrid_power_w or 0.0), status.received_at)

    @property
    def power_w(self) -> Reading | None:
        """Return the battery's own power (W, + discharging) and since when it is known; None while unknown.

        Solar strings feed the same terminals and are taken off: battery = ongrid + offgrid - PV (taurgis#7); the
        reading is then as old as the older of the two.
        """
        ac = self.ac_power_w
        if ac is None or not self.has_pv:
            return ac
        if self.pv is None or self.pv.power_w is None:
            return None
        return Reading(ac.value - self.pv.power_w, min(ac.received_at, self.pv.received_at))

    @property
    def soc_pct(self) -> Reading | None:
        """Return the newest state of charge (%); None while unknown."""
        known = [
            Reading(status.soc_pct, status.received_at)
            for status in (self.mode, self.status, self.battery)
            if status is not None and status.soc_pct is not None
        ]
        return max(known, key=lambda reading: reading.received_at, default=None)

    @property
    def link(self) -> LinkStatistics:
        """Return how well the battery answers."""
        return LinkStatistics(
            asked=self._asked,
            answered=self._answered,
            quality_pct=round(100 * sum(self._window) / len(self._window)) if self._window else None,
            last_latency_s=self._latency_s,
            last_answer_at=self._answered_at,
        )

    def move(self, host: str, port: int) -> None:
        """Ask at another address from now on; who answers there is not known until he tells."""
        self.host, self.port = host, port
        self.identity.doubt()

    async def identify(self) -> DeviceInfo:
        """Ask who it is; raises MarstekWrongDevice when it is not the one with our `mac`, which else is learned."""
        answer = await self._ask(Method.GET_DEVICE, {"ble_mac": "0"})
        info = parse_info(answer.result, model=answer.model, mac=answer.mac, received_at=answer.received_at)
        if self.mac and info.ble_mac is None:
            self.identity.miss()
            raise MarstekProtocolError("the device does not tell who it is")
        if self.mac and info.ble_mac and info.ble_mac != self.mac:
            self.identity.doubt()
            raise MarstekWrongDevice(self.mac, info.ble_mac)
        if self.info is None or (self.info.model, self.info.firmware) != (info.model, info.firmware):
            self._unsupported.clear()
            self._pv_trials = 0
        self.mac = self.mac or info.ble_mac
        self.identity.tell(info, self._clock())
        return info

    async def read_mode(self) -> ModeStatus:
        """Read mode, power and charge (ES.GetMode), which every firmware answers."""
        answer = await self._ask(Method.ES_GET_MODE, _ID)
        self.mode = parse_mode(answer.result, answer.received_at)
        return self.mode

    async def read_status(self) -> Status:
        """Read power and charge (ES.GetStatus); mute where the profile says so."""
        answer = await self._ask(Method.ES_GET_STATUS, _ID)
        self.status = parse_status(answer.result, answer.received_at)
        return self.status

    async def read_battery(self) -> BatteryStatus:
        """Read the cells (Bat.GetStatus); on firmware where that is not safe, do not."""
        answer = await self._ask(Method.BAT_GET_STATUS, _ID)
        self.battery = parse_battery(answer.result, self.profile, answer.received_at)
        return self.battery

    async def read_pv(self) -> PvStatus:
        """Read the solar strings (PV.GetStatus); raises MarstekUnsupported on models without."""
        answer = await self._ask(Method.PV_GET_STATUS, _ID)
        self.pv = parse_pv(answer.result, self.profile, answer.received_at)
        return self.pv

    async def poll(self) -> None:
        """Read what is due and safe on this firmware; raises only when power and charge could not be read."""
        wait_s = self._written_at + self.profile.mode_read_delay_s - self._clock()
        if wait_s <= 0.0:
            await self.read_mode()
        elif self.profile.energy_status_answers:
            await self.read_status()
        else:
            await asyncio.sleep(wait_s)
            await self.poll()  # Another command may have come meanwhile.
            return
        if self._pv_due:
            self._pv_trials += 1
            await self._try(self.read_pv())

    async def read_details(self) -> None:
        """Read what changes slowly and control can do without; a device that does not tell loses nothing."""
        asked_at, self._battery_asked_at = self._battery_asked_at, self._clock()
        try:
            await self._try(self.read_battery())
        except MarstekSuperseded:
            self._battery_asked_at = asked_at
            raise

    async def set_auto(self) -> bool:
        """Let the device regulate on its own meter; returns whether it says that it does."""
        return await self._command(auto_config())

    async def set_passive(self, power_w: int, countdown_s: int) -> bool:
        """Hold a power for a time; returns whether the device says that it does. Raises MarstekUnsupported as well."""
        if not self.profile.has_passive:
            raise MarstekUnsupported(-32601, "this model or firmware has no Passive mode")
        return await self._command(passive_config(power_w, countdown_s))

    async def disable_slot(self, slot: int | None = None) -> bool:
        """Disable one schedule slot and switch to Manual, which is 0 W as long as no other slot is enabled.

        Without a number it is the last slot, which the app does not show.
        """
        return await self._command(disabled_slot_config(self.profile.slot_count - 1 if slot is None else slot))

    async def clear_slots(self) -> bool:
        """Disable all schedule slots, which leaves the device in Manual; returns whether it says that it did."""
        results = [await self.disable_slot(slot) for slot in range(self.profile.slot_count)]
        return all(results)

    def note_write(self) -> None:
        """Note that a command was sent now, by whomever: where that matters, ES.GetMode waits from here on."""
        self._written_at = self._clock()

    @property
    def _pv_due(self) -> bool:
        """Return whether to ask for solar strings; of a model that nobody knows, whether to find out."""
        is_trial = self.profile.has_pv is None and self._pv_trials < PV_TRIALS
        return self.has_pv or (is_trial and Method.PV_GET_STATUS not in self._unsupported)

    @property
    def details_due(self) -> bool:
        """Return whether `read_details` is due, and safe on this firmware as far as it is known for certain."""
        is_safe = self.profile.battery_status_safe and not self.identity.is_in_doubt
        is_asked = is_safe and Method.BAT_GET_STATUS not in self._unsupported
        return is_asked and self._clock() - self._battery_asked_at >= BATTERY_INTERVAL_S

    async def _try(self, reading: Awaitable[object]) -> None:
        """Read something that may be missing without loss to the rest."""
        try:
            await reading
        except (MarstekTimeout, MarstekProtocolError, MarstekRejected) as err:
            _LOGGER.debug("%s does not tell: %s", redact_address(self.host), err)

    async def _command(self, config: Config) -> bool:
        """Send a command to the right battery: whose newest answer does not name it is asked who it is first."""
        if self.mac and not self.identity.is_vouched(self._clock()):
            await self.identify()
        self.note_write()
        try:
            answer = await self._ask(Method.ES_SET_MODE, _ID | {"config": config})
        finally:
            # The last of up to three sends counts; without an answer it may have acted all the same.
            self.note_write()
        return set_result(answer.result)

    async def _ask(self, method: Method, params: Params) -> Answer:
        """Ask, and believe an answer that names nobody only of a battery that told lately who it is."""
        answer = await self._exchange(method, params)
        if method is not Method.GET_DEVICE:
            self.identity.hear(signed=answer.mac is not None)
            if self.mac and not self.identity.is_vouched(self._clock()):
                await self.identify()
        self.replies[method] = answer
        return answer

    async def _exchange(self, method: Method, params: Params) -> Answer:
        """Ask, and keep account of the link."""
        dual_home = (self.info.ip,) if self.info and self.info.ip else ()
        try:
            answer = await self._client.exchange(
                self.host,
                self.port,
                method,
                params,
                mac=self.mac,
                gap_s=self.profile.request_gap_s,
                also_from=dual_home,
            )
        except (MarstekTimeout, MarstekProtocolError) as err:
            self._account(sends=err.sends if isinstance(err, MarstekTimeout) else 1, answered=False)
            if method not in _MAY_BE_MUTE:
                self.identity.miss()
            raise
        except MarstekConnectionError:
            self.identity.miss()
            raise
        except MarstekWrongDevice:
            self.identity.doubt()
            raise
        except MarstekRejected as err:
            self._account(sends=1, answered=True)
            if isinstance(err, MarstekUnsupported):
                self._unsupported.add(method)
            raise
        self._account(sends=answer.sends, answered=True)
        self._latency_s, self._answered_at = answer.latency_s, answer.received_at
        return answer

    def _account(self, *, sends: int, answered: bool) -> None:
        """Count the datagrams of one request."""
        self._asked += sends
        self._answered += answered
        self._window.extend([False] * (sends - answered) + [True] * answered)
