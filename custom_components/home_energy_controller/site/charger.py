"""The charger of the car at run time: what its entities show, and what it is told."""

import asyncio
from contextlib import suppress
import logging
from math import inf

from homeassistant.components.number import ATTR_MAX, ATTR_MIN
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    UnitOfElectricCurrent,
    UnitOfPower,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.unit_conversion import PowerConverter
import voluptuous as vol

from ..const import CONF_CONNECTED, CONF_OUTPUT, CONF_POWER, CONF_SWITCH, SUBENTRY_CHARGER
from ..control.model import CarObservation
from ..control.settings import CarSettings
from ..meter.base import MeterError
from .battery import Spawn
from .config import car_settings
from .foreign_entities import number_of, state_of
from .sensor_meter import power_of

_LOGGER = logging.getLogger(__name__)

WRITE_EVERY_S = 30.0
"""Of whatever went wrong: a charger is told something at most so often."""

type Order = tuple[tuple[str, str, float | None], ...]
"""Entity, action and value (if it takes one) of the calls that set the charger."""


def output_unit_w(state: State, ampere_w: int) -> float | None:
    """Return how many watts one unit of a number is; None when it is neither a current nor a power."""
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if unit == UnitOfElectricCurrent.AMPERE:
        return float(ampere_w)
    return PowerConverter.convert(1, unit, UnitOfPower.WATT) if unit in PowerConverter.VALID_UNITS else None


class Charger:
    """Reads the entities that the owner named, and sets those that steer the charger; a site may have none.

    A number that begins at 6 A cannot stop the car: a switch does, where its owner named one.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, spawn: Spawn) -> None:
        """Find the subentry; nothing is set yet."""
        self.subentry = next(iter(entry.get_subentries_of_type(SUBENTRY_CHARGER)), None)
        self._hass, self._spawn = hass, spawn
        self._written: Order | None = None
        self._written_at = -inf
        self._writing: asyncio.Task[None] | None = None
        self._fails = False

    @property
    def settings(self) -> CarSettings | None:
        """Return what its owner told, as it is now."""
        return None if self.subentry is None else car_settings(self.subentry.data)

    def observe(self) -> CarObservation:
        """Return what the entities show now; what they do not show is unknown."""
        connected, power = self._state(CONF_CONNECTED), self._state(CONF_POWER)
        output, unit_w = self._output()
        set_to = number_of(output) if output and unit_w and not self._is_off else None
        power_w = None
        if power:
            with suppress(MeterError):
                power_w = power_of(power)
        return CarObservation(
            connected={STATE_ON: True, STATE_OFF: False}.get(connected.state) if connected else None,
            power_w=power_w,
            output_w=set_to * unit_w if set_to and unit_w else None,
        )

    def steer(self, power_w: int | None, now: float) -> None:
        """Set the output to a power, when that is something new; None leaves it alone."""
        order = None if power_w is None else self._order(power_w)
        if order is None or self._is_gone(order):
            self._written = None  # Whatever it is set to when this is over, it is told anew.
            if power_w is None and self._writing is not None:
                self._writing.cancel()  # What is late sets nothing after control has ended.
            return
        is_new = order != self._written or self._is_on_against(order)
        if is_new and now - self._written_at >= WRITE_EVERY_S:
            if self._writing is not None:
                self._writing.cancel()  # A late call must not come behind a newer one.
            self._written, self._written_at = order, now
            self._writing = self._spawn(self._async_write(order), "set the charger")

    def _is_gone(self, order: Order) -> bool:
        """Return whether something that is to be called is unavailable."""
        states = (self._hass.states.get(entity_id) for entity_id, *_ in order)
        return any(state is not None and state.state == STATE_UNAVAILABLE for state in states)

    def _is_on_against(self, order: Order) -> bool:
        """Return whether the charger is on though it is to be off: it starts by itself, or somebody started it."""
        switch = self._state(CONF_SWITCH)
        return switch is not None and switch.state == STATE_ON and order[0][1] == "turn_off"

    def _order(self, power_w: int) -> Order | None:
        """Return what is to be called, in turn: of a charger with a switch, what is below its least is off.

        None while that cannot be told: but to stop, the switch is enough.
        """
        switch, (output, unit_w) = self._state(CONF_SWITCH), self._output()
        off: Order | None = None if switch is None else ((switch.entity_id, "turn_off", None),)
        if off is not None and power_w <= 0:
            return off
        if output is None or unit_w is None:
            return None
        value = min(power_w / unit_w, float(output.attributes.get(ATTR_MAX, inf)))
        number = (output.entity_id, "set_value", value)
        if switch is None:
            return (number,)
        if off is not None and value < float(output.attributes.get(ATTR_MIN, 0)):
            return off
        return (number, (switch.entity_id, "turn_on", None))

    async def _async_write(self, order: Order) -> None:
        """Call what was decided; trouble is told once, and all of it called again later."""
        failed, entity_id = True, ""
        try:
            for entity_id, action, value in order:
                data = {ATTR_ENTITY_ID: entity_id} | ({} if value is None else {"value": value})
                await self._hass.services.async_call(entity_id.partition(".")[0], action, data, blocking=True)
            failed = False
        except asyncio.CancelledError:
            failed = self._fails  # A newer order takes its place, or none does.
            raise
        except (HomeAssistantError, vol.Invalid) as err:  # a helper refuses what is out of its range like a schema
            if not self._fails:
                _LOGGER.warning("The output of the charger (%s) cannot be set: %s", entity_id, err)
        finally:
            # Whatever else another integration may raise, it is told again as well.
            if failed and self._written is order:
                self._written = None
            elif self._fails:
                _LOGGER.info("The output of the charger (%s) can be set again", entity_id)
            self._fails = failed

    @property
    def _is_off(self) -> bool:
        """Return whether the charger's switch is off."""
        switch = self._state(CONF_SWITCH)
        return switch is not None and switch.state == STATE_OFF

    def _output(self) -> tuple[State | None, float | None]:
        """Return the state of the output, and what one unit of it is in watts."""
        output, settings = self._state(CONF_OUTPUT), self.settings
        return output, output_unit_w(output, settings.step_w) if output and settings else None

    def _state(self, key: str) -> State | None:
        """Return the state of an entity that the owner named, by its registry id or its name."""
        return state_of(self._hass, self.subentry.data.get(key)) if self.subentry else None
