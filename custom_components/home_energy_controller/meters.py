"""The meter that an entry names."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.const import CONF_ENTITY_ID, CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .const import CONF_INVERT, CONF_METER_TYPE, DEFAULT_METER_PORT, METER_HOMEWIZARD
from .meter.base import Meter
from .meter.homewizard import HomeWizardMeter
from .sensor_meter import SensorMeter


def make_meter(hass: HomeAssistant, data: Mapping[str, Any], clock: Callable[[], float]) -> Meter:
    """Return the meter of an entry's `meter` part."""
    if data[CONF_METER_TYPE] == METER_HOMEWIZARD:
        return HomeWizardMeter(
            async_get_clientsession(hass),
            data[CONF_HOST],
            port=data.get(CONF_PORT, DEFAULT_METER_PORT),
            clock=clock,
        )
    return SensorMeter(hass, data[CONF_ENTITY_ID], invert=data.get(CONF_INVERT, False), clock=clock)
