"""How much a day of three batteries writes into Home Assistant's recorder."""

import asyncio
from collections import Counter
from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import entity_registry as er

from simulation import assumptions as known
from simulation.manners import ON_ONE_HOST
from simulation.site import SimulatedSite
from tests.integration.world import World

from .day import summer_day
from .home import live

HOUR_S = 3600.0
LIMIT = 3000
NOON_S = 12 * HOUR_S


async def count(world: World, hours: float) -> dict[str, Any]:
    """Return the rows that the recorder would write while control runs: one for every change of state or attributes.

    It writes a row for each event `state_changed`, whatever changed, recorded or not; a state that is only reported
    again writes none.
    """
    rows: Counter[str] = Counter()
    by_hour: Counter[int] = Counter()
    loop = asyncio.get_running_loop()
    entities = er.async_entries_for_config_entry(er.async_get(world.hass), world.entry.entry_id)
    enabled = {entity.entity_id for entity in entities if entity.disabled_by is None}

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        rows[event.data["entity_id"]] += 1
        if event.data["entity_id"] in enabled:
            by_hour[int((loop.time() - started) // HOUR_S)] += 1

    await world.switch(on=True)
    await asyncio.sleep(60)
    cycles = 0

    @callback
    def cycle() -> None:
        nonlocal cycles
        cycles += 1

    started = loop.time()
    ends = (world.hass.bus.async_listen(EVENT_STATE_CHANGED, changed), world.coordinator.async_add_listener(cycle))
    await asyncio.sleep(hours * HOUR_S)
    for end in ends:
        end()
    return {
        "virtual_hours": hours,
        "cycles_per_h": round(cycles / hours),
        "entities": len(enabled),
        "rows_per_h": round(sum(rows[entity_id] for entity_id in enabled) / hours, 1),
        "rows_in_busiest_hour": max(by_hour.values()),
        "by_entity": {entity_id: round(rows[entity_id] / hours, 1) for entity_id in sorted(enabled)},
        "missed": [f"more than {LIMIT} rows in an hour"] if max(by_hour.values()) > LIMIT else [],
    }


def run(hours: float = 24.0) -> dict[str, Any]:
    """Return the figures of a summer's day that keeps three batteries busy, no faults."""
    load, pv = summer_day()
    # A single hour is one with sun and much going on.
    start_s = 0.0 if hours >= 24 else NOON_S
    site = SimulatedSite(
        3, load=load, pv=pv, start_s=start_s, latency_s=float(known.LATENCY_MEDIAN), manners=ON_ONE_HOST
    )
    return live(site, lambda world: count(world, hours))
