"""Entities of other integrations that the owner named: they may be renamed or removed, and may show nothing."""

from math import isfinite

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN


def own_entities(hass: HomeAssistant) -> list[str]:
    """Return the ids of our own entities, which no flow offers: a site that follows itself runs away."""
    return [entity.entity_id for entity in er.async_get(hass).entities.values() if entity.platform == DOMAIN]


def lasting_id(hass: HomeAssistant, entity_id: str) -> str:
    """Return an entity's registry id, which survives renaming; where it has none, its entity id."""
    entry = er.async_get(hass).async_get(entity_id)
    return entry.id if entry else entity_id


def present_id(hass: HomeAssistant, named: str | None) -> str | None:
    """Return the present entity id of what was named by a lasting id; None without one, or when it was removed."""
    return er.async_resolve_entity_id(er.async_get(hass), named) if named else None


def state_of(hass: HomeAssistant, named: str | None) -> State | None:
    """Return the state of what was named by a lasting id, None when it has none."""
    entity_id = present_id(hass, named)
    return hass.states.get(entity_id) if entity_id else None


def number_of(state: State) -> float | None:
    """Return the number that a state is, None when it is none."""
    try:
        number = float(state.state)
    except ValueError:
        return None
    return number if isfinite(number) else None
