"""What a running Home Assistant holds on to: for tests that nothing lingers and nothing grows."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, fields
import gc
import os
from pathlib import Path
from typing import Self

from homeassistant.core import HomeAssistant

from custom_components.home_energy_controller.const import DOMAIN

_PROCESS = Path("/proc/self")


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Counts at one instant."""

    tasks: int
    timers: int
    descriptors: int
    sockets: int
    listeners: int
    """Of events in all of Home Assistant, and of the cycles of every loaded entry of ours."""

    @classmethod
    def of(cls, hass: HomeAssistant) -> Self:
        """Count now."""
        loop = asyncio.get_running_loop()
        links = [_target(path) for path in (_PROCESS / "fd").iterdir()]
        coordinators = [entry.runtime_data for entry in hass.config_entries.async_loaded_entries(DOMAIN)]
        return cls(
            tasks=len(asyncio.all_tasks()),
            timers=sum(not handle.cancelled() for handle in loop._scheduled),  # type: ignore[attr-defined]
            descriptors=len(links),
            sockets=sum(link.startswith("socket:") for link in links),
            listeners=sum(hass.bus.async_listeners().values()) + sum(len(c._listeners) for c in coordinators),
        )

    @classmethod
    def least(cls, several: Iterable[Self]) -> Self:
        """Return the smallest of several counts each: what is under way for a moment does not linger."""
        counts = list(several)
        return cls(**{field.name: min(getattr(one, field.name) for one in counts) for field in fields(cls)})

    def grown(self, since: Self) -> dict[str, int]:
        """Return what has become more, and by how many."""
        more = {field.name: getattr(self, field.name) - getattr(since, field.name) for field in fields(self)}
        return {name: number for name, number in more.items() if number > 0}


def memory() -> dict[str, int]:
    """Return how many objects Python keeps and how much memory the process has (kB), garbage taken away first."""
    gc.collect()
    pages = int((_PROCESS / "statm").read_text().split()[1])
    return {"objects": len(gc.get_objects()), "rss_kb": pages * os.sysconf("SC_PAGE_SIZE") // 1024}


def _target(link: Path) -> str:
    """Return what a descriptor refers to; the one that lists them is gone when it is looked at."""
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""
