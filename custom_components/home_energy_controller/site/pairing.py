"""Version 2 of HomeWizard's API: becoming a user of a meter by its button, and seeing that it is there."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Final, Self

from homeassistant.const import CONF_HOST, CONF_PORT, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import instance_id
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..const import (
    CONF_METER_TYPE,
    CONF_PRODUCT,
    CONF_SERIAL,
    DEFAULT_METER_PORT_V2,
    METER_HOMEWIZARD,
    METER_HOMEWIZARD_V2,
)
from ..meter.base import (
    MeterApiDisabled,
    MeterError,
    MeterNotFound,
    MeterNotPaired,
    MeterUnauthorized,
    MeterUnreachable,
    MeterWrongCertificate,
    NotAGridMeter,
)
from ..meter.homewizard_v2 import HomeWizardV2

BUTTON_LIMIT_S: Final = 30.0
"""So long a person has to press the button."""
ASK_EVERY_S: Final = 1.0
LOOK_LIMIT_S: Final = 4.0
"""A person may be waiting."""
LOST_S: Final = 60.0
"""A meter that is silent for less may be on its way back."""
LOOK_EVERY_S: Final = 120.0
NEEDS_OWNER: Final = (MeterUnauthorized, MeterApiDisabled, MeterNotFound, MeterWrongCertificate)
"""No waiting mends these."""
GONE: Final = (MeterApiDisabled, MeterNotFound, MeterUnreachable)
"""What a first API that is no more looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpairedMeter:
    """A meter to become a user of: its address, and who it has to be where that is known."""

    host: str
    port: int
    serial: str | None = None
    product: str | None = None

    @classmethod
    def of(cls, meter: Mapping[str, Any]) -> Self:
        """Return the HomeWizard meter of an entry: to pair it again, or the one behind its first API."""
        is_paired = meter[CONF_METER_TYPE] == METER_HOMEWIZARD_V2
        port = meter[CONF_PORT] if is_paired else DEFAULT_METER_PORT_V2
        return cls(host=meter[CONF_HOST], port=port, serial=meter.get(CONF_SERIAL), product=meter.get(CONF_PRODUCT))

    def device(self, hass: HomeAssistant, token: str | None = None) -> HomeWizardV2:
        """Return the device at the address, on Home Assistant's session."""
        identity = (self.product, self.serial) if self.product and self.serial else None
        session = async_get_clientsession(hass)
        return HomeWizardV2(session, self.host, port=self.port, identity=identity, token=token)

    async def async_is_there(self, hass: HomeAssistant) -> bool:
        """Return whether the device answers at the address, as itself; it need not know us."""
        try:
            async with asyncio.timeout(LOOK_LIMIT_S):
                return await self.device(hass).is_there()
        except TimeoutError:
            return False

    async def async_pair(self, hass: HomeAssistant) -> dict[str, Any]:
        """Wait for the button, and return the `meter` part of an entry; raise MeterError when it comes to nothing."""
        # Each program has one token; a second of the same name takes the first one's place.
        name = f"home-energy-controller#{(await instance_id.async_get(hass))[:6]}"
        device, time = self.device(hass), hass.loop.time
        until = time() + BUTTON_LIMIT_S
        while True:
            try:
                token = await device.request_token(name)
                break
            except MeterNotPaired:
                if time() >= until:
                    raise
            await asyncio.sleep(ASK_EVERY_S)
        told = await self.device(hass, token).identify()
        if not told.is_grid_meter:
            raise NotAGridMeter(told.product_name)
        if self.serial not in {None, told.serial}:
            raise MeterWrongCertificate("Another meter answers")
        paired = UnpairedMeter(host=self.host, port=self.port, serial=told.serial, product=told.product_type)
        await paired.device(hass, token).identify()
        return {
            CONF_METER_TYPE: METER_HOMEWIZARD_V2,
            CONF_HOST: self.host,
            CONF_PORT: self.port,
            CONF_SERIAL: told.serial,
            CONF_PRODUCT: told.product_type,
            CONF_TOKEN: token,
        }


class Successor:
    """Sees whether a meter whose first API is gone speaks the second one: then its owner is led there."""

    def __init__(self, hass: HomeAssistant, meter: Mapping[str, Any], clock: Callable[[], float]) -> None:
        """Watch over the `meter` part of an entry; one that has no successor has none."""
        self.is_there = False
        self._hass, self._clock = hass, clock
        self._meter = UnpairedMeter.of(meter) if meter[CONF_METER_TYPE] == METER_HOMEWIZARD else None
        self._look_at = inf

    def note(self, failure: MeterError | None) -> None:
        """Take note of what came of the newest reading, and look behind it when that is due."""
        now = self._clock()
        if self._meter is None or not isinstance(failure, GONE):
            self.is_there, self._look_at = False, inf
            return
        if self._look_at == inf:
            self._look_at = now if isinstance(failure, NEEDS_OWNER) else now + LOST_S
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY_S
            self._hass.async_create_background_task(self.async_look(failure), "look for version 2 of the meter's API")

    async def async_look(self, failure: MeterError | None) -> bool:
        """Look now; return whether it is there."""
        if self._meter is not None and isinstance(failure, GONE):
            self.is_there = await self._meter.async_is_there(self._hass)
        return self.is_there
