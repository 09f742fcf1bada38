"""Reading what is due: the meter, the batteries, and what both together say of the house."""

import asyncio
from collections.abc import Callable, Mapping, Set as AbstractSet
from math import inf

from homeassistant.helpers.update_coordinator import UpdateFailed

from ..const import DOMAIN
from ..control.model import BatteryObservation, Timed
from ..control.net_load import sample_net_load
from .battery import Battery
from .isolation import Isolation
from .meter import SiteMeter

NET_LOAD_HISTORY_S = 600.0
FIRST_LIMIT_S = 2.0


class Observing:
    """Reads the meter and the batteries, and keeps the samples of the net load."""

    def __init__(
        self, meter: SiteMeter, batteries: Mapping[str, Battery], clock: Callable[[], float], parts: Isolation
    ) -> None:
        """Nothing was read yet."""
        self.net_load_w: tuple[Timed[float], ...] = ()
        self._meter, self._batteries, self._clock, self._parts = meter, batteries, clock, parts
        self._reading = asyncio.Lock()
        self._read_at = -inf
        self._unsampled: tuple[tuple[BatteryObservation, ...], str | None] = ((), None)
        """What was seen in the last cycle: the meter reading behind it may come only now."""

    async def async_read(
        self,
        wanted: Mapping[str, float],
        leader_id: str | None,
        *,
        limit_s: float,
        meter_limit_s: float,
        max_age_s: float = 0.0,
    ) -> None:
        """Read the meter and the batteries that are due or wanted (since when), all batteries at the same time.

        Nothing is read when that was done within `max_age_s`, by whoever had the turn before.
        """
        async with self._reading:
            if self._clock() - self._read_at < max_age_s:
                return
            self._read_at = self._clock()
            time = asyncio.get_running_loop().time
            deadline = time() + limit_s
            await self._async_read_meter(meter_limit_s)
            now, awaited = self._clock(), dict[str, asyncio.Task[None]]()
            for battery in self._batteries.values():
                with self._parts.part(f"begin to read {battery.name}"):
                    if (task := battery.read(now, wanted.get(battery.id))) is not None and battery.answering:
                        awaited[battery.id] = task
            if (leaders_read := awaited.get(leader_id or "")) is not None:
                # The meter again right behind the leader's reply, whoever is slow: the two readings bracket it.
                await asyncio.wait([leaders_read], timeout=deadline - time())
                if (left_s := deadline - time()) > 0:
                    await self._async_read_meter(min(meter_limit_s, left_s))
            if awaited and (left_s := deadline - time()) > 0:
                await asyncio.wait(awaited.values(), timeout=left_s)

    async def async_require_answers(self, taken_ports: AbstractSet[int]) -> None:
        """Refuse a first cycle that tells nothing: raises UpdateFailed, and Home Assistant says so and tries again.

        Where only the owner can help, the site runs without a meter: batteries are released, and a repair says why.
        """
        await self._meter.async_read_first(FIRST_LIMIT_S)
        if self._meter.power_w is None and not await self._meter.async_needs_owner():
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="meter_silent",
                translation_placeholders={"meter": self._meter.source.description},
            )
        if self._batteries and not any(battery.was_heard for battery in self._batteries.values()):
            key = "port_taken" if taken_ports else "batteries_silent"
            raise UpdateFailed(translation_domain=DOMAIN, translation_key=key)

    async def _async_read_meter(self, limit_s: float) -> None:
        """Read the meter."""
        powers = (battery.observation.power_w for battery in self._batteries.values())
        with self._parts.part("meter"):
            await self._meter.read(limit_s, sum(power.value for power in powers if power is not None))

    def sample_net_load(self, leader_id: str | None, *, started: bool) -> None:
        """Add a sample of the net load, when this cycle makes one, and forget old ones.

        After a start nobody is known for some seconds: without the batteries it would be what the meter shows.
        """
        now, meter_w = self._clock(), self._meter.power_w
        recent = tuple(old for old in self.net_load_w if old.fresh(now, NET_LOAD_HISTORY_S))
        observations = tuple(battery.observation for battery in self._batteries.values())
        if not started and any(seen.power_w is None for seen in observations):
            return
        limits = {battery.id: battery.age_limit_s for battery in self._batteries.values()}
        for seen, led_by in (self._unsampled, (observations, leader_id)):
            power = next((battery.power_w for battery in seen if battery.battery_id == led_by), None)
            before, after = (meter_w, meter_w) if power is None else self._meter.bracket(power.at)
            sample = sample_net_load(before, after, seen, led_by, now, age_limit_s=limits)
            if sample is not None and (not recent or sample.at > recent[-1].at):
                recent = (*recent, sample)
        self.net_load_w, self._unsampled = recent, (observations, leader_id)
