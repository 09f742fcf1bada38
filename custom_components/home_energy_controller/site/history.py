"""What the household used and the sun yielded, from the statistics of the Energy dashboard's own sources."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
import logging
from typing import Any, Final, Literal

from homeassistant.components.recorder import statistics
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util

from ..planning.slots import SLOT_S, by_slot
from .dashboard import async_sources
from .foreign_calls import async_outcome
from .price_reader import Row

_LOGGER = logging.getLogger(__name__)

RECORDER: Final = "recorder"
FINE_DAYS: Final = 10
"""How long the recorder keeps rows of five minutes, unless it was told otherwise; hours fill what is not there."""
WAIT_S: Final = 120.0
"""Four weeks of ten statistics take a second or two from a card; the recorder may be busy with a purge."""
HOUR: Final = timedelta(hours=1)
STILL_WH: Final = 25.0
"""A counter that moved by less while it was silent stood still: an inverter at night, a charger without a car."""
STILL_W: Final = 25.0
LONGEST_SILENCE: Final = timedelta(days=7)
LONGEST_NIGHT: Final = timedelta(hours=18)
MOST_W: Final = 100_000.0
"""More is a counter that was replaced."""
FAR_BELOW_W: Final = -300.0
"""Counters that are read at different moments make the load a little negative; more is a counter that is missing."""


class HistoryProblem(StrEnum):
    """Why there is no history."""

    NO_RECORDER = "no_recorder"
    NO_DASHBOARD = "no_dashboard"
    """The Energy dashboard has no sources, or is not there."""
    NO_GRID = "no_grid"
    """It has none that counts what is taken from the grid."""
    NO_ANSWER = "no_answer"
    NO_ROWS = "no_rows"
    """There is no slot of which all is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeHistory:
    """Mean W by slot; a flow that the home does not have has no slots."""

    load_w: dict[int, float] = field(default_factory=dict)
    """What the household used, without batteries and what is kept apart; only where all of it is known."""
    sun_w: dict[int, float] = field(default_factory=dict)
    grid_import_w: dict[int, float] = field(default_factory=dict)
    grid_export_w: dict[int, float] = field(default_factory=dict)
    battery_w: dict[int, float] = field(default_factory=dict)
    """Positive discharges."""
    has_grid: bool = False
    has_sun: bool = False
    has_battery: bool = False
    problem: HistoryProblem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """The statistics (of energy, by their ids) that make up a home."""

    imports: tuple[str, ...]
    exports: tuple[str, ...]
    sun: tuple[str, ...]
    discharges: tuple[str, ...]
    charges: tuple[str, ...]
    apart: tuple[str, ...]

    @property
    def all_ids(self) -> set[str]:
        """Return every statistic that is needed."""
        return {*self.imports, *self.exports, *self.sun, *self.discharges, *self.charges, *self.apart}


async def async_home_history(
    hass: HomeAssistant,
    start: datetime,
    end: datetime,
    *,
    battery_statistics: Sequence[tuple[str, str]] = (),
    apart: Sequence[str] = (),
) -> HomeHistory:
    """Return what the home did between two moments, as far as every part of it is known.

    `battery_statistics` (discharged, charged) are our own, used where the dashboard has no battery: what they give
    and take is no load. `apart` are consumers, as a car, that are not to be part of the load.
    """
    if RECORDER not in hass.config.components:
        return HomeHistory(problem=HistoryProblem.NO_RECORDER)
    flows = await _async_flows(hass, battery_statistics, apart)
    home = HomeHistory(
        has_grid=bool(flows.imports), has_sun=bool(flows.sun), has_battery=bool(flows.discharges or flows.charges)
    )
    if not flows.imports:
        is_empty = not (flows.exports or flows.sun)
        return replace(home, problem=HistoryProblem.NO_DASHBOARD if is_empty else HistoryProblem.NO_GRID)
    powers = await _async_powers(hass, start, end, flows)
    if powers is None:
        return replace(home, problem=HistoryProblem.NO_ANSWER)
    return _filled(home, flows, powers)


async def _async_flows(hass: HomeAssistant, own: Sequence[tuple[str, str]], apart: Sequence[str]) -> Flows:
    """Return the statistics that the Energy dashboard names."""
    grids, suns, batteries = [await async_sources(hass, kind) for kind in ("grid", "solar", "battery")]
    own = () if batteries else own
    return Flows(
        imports=_ids(grids, "flow_from", "stat_energy_from"),
        exports=_ids(grids, "flow_to", "stat_energy_to"),
        sun=_ids(suns, "", "stat_energy_from"),
        discharges=_ids(batteries, "", "stat_energy_from") or tuple(out_id for out_id, _ in own),
        charges=_ids(batteries, "", "stat_energy_to") or tuple(in_id for _, in_id in own),
        apart=tuple(dict.fromkeys(apart)),
    )


def _ids(sources: Iterable[Mapping[str, Any]], parts: str, key: str) -> tuple[str, ...]:
    """Return the ids that sources name; until 2026.2 those of a grid lay in lists of parts."""
    named = [part.get(key) for source in sources for part in (source, *source.get(parts, ()))]
    return tuple(dict.fromkeys(each for each in named if each))


async def _async_powers(
    hass: HomeAssistant, start: datetime, end: datetime, flows: Flows
) -> dict[str, dict[int, float]] | None:
    """Return the mean W by slot of each statistic: of rows of five minutes where they are, else of hours."""
    now = dt_util.utcnow()
    last = min(end, now)
    fine_start = max(start, now - timedelta(days=FINE_DAYS))
    hours = await _async_rows(hass, start - HOUR, last, flows.all_ids, "hour")
    fine = await _async_rows(hass, fine_start - HOUR, last, flows.all_ids, "5minute") if fine_start < last else {}
    if hours is None or fine is None:
        return None
    first_slot, end_slot = -int(-start.timestamp() // SLOT_S), int(last.timestamp() // SLOT_S)
    powers = {}
    for statistic_id in flows.all_ids:
        until = last if statistic_id in flows.sun else None
        found = by_slot(power_rows(hours.get(statistic_id, ()), until))
        found |= by_slot(power_rows(fine.get(statistic_id, ()), until))
        powers[statistic_id] = {slot: power_w for slot, power_w in found.items() if first_slot <= slot < end_slot}
    return powers


async def _async_rows(
    hass: HomeAssistant, start: datetime, end: datetime, ids: set[str], period: Literal["5minute", "hour"]
) -> Mapping[str, Sequence[Mapping[str, Any]]] | None:
    """Return the recorder's rows, None where it fails or takes too long."""

    async def read() -> dict[str, list[statistics.StatisticsRow]]:
        """Read in the recorder's thread."""
        units = {"energy": UnitOfEnergy.WATT_HOUR}
        return await get_instance(hass).async_add_executor_job(
            statistics.statistics_during_period, hass, start, end, ids, period, units, {"change"}
        )

    outcome = await async_outcome(hass, read(), wait_s=WAIT_S)
    if isinstance(outcome, BaseException):
        _LOGGER.debug("The recorder does not tell statistics: %r", outcome)
        return None
    return outcome


def power_rows(changes: Sequence[Mapping[str, Any]], until: datetime | None = None) -> list[Row]:
    """Return the mean W of rows with a change (Wh), and of the silence between where the counter stood still.

    After a silence the first change is that of all of it, so it is no power of its row. `until` makes a counter
    that was nearly still when it fell silent stand still up to then (the sun in the evening).
    """
    known = [row for row in changes if row.get("change") is not None]
    rows: list[Row] = []
    for before, row in pairwise(known):
        begin, end = dt_util.utc_from_timestamp(row["start"]), dt_util.utc_from_timestamp(row["end"])
        silent_from = dt_util.utc_from_timestamp(before["end"])
        if silent_from < begin:
            if row["change"] >= STILL_WH or begin - silent_from > LONGEST_SILENCE:
                continue
            begin = silent_from
        power_w = row["change"] / ((end - begin) / HOUR)
        if 0 <= power_w <= MOST_W:
            rows.append((begin, end, power_w))
    if until is not None and rows:
        _, end, power_w = rows[-1]
        if power_w <= STILL_W and timedelta() < until - end <= LONGEST_NIGHT:
            rows.append((end, until, 0.0))
    return rows


def _filled(home: HomeHistory, flows: Flows, powers: Mapping[str, Mapping[int, float]]) -> HomeHistory:
    """Return the home with what its counters tell."""
    powers = _with_new_batteries(flows, powers)
    imports, exports, sun, discharges, charges, apart = (
        _sum(powers, ids)
        for ids in (flows.imports, flows.exports, flows.sun, flows.discharges, flows.charges, flows.apart)
    )
    signed = [
        (1, imports, flows.imports),
        (-1, exports, flows.exports),
        (1, sun, flows.sun),
        (1, discharges, flows.discharges),
        (-1, charges, flows.charges),
        (-1, apart, flows.apart),
    ]
    needed = [(sign, part) for sign, part, ids in signed if ids]
    slots = set.intersection(*(set(part) for _, part in needed))
    load = {slot: sum(sign * part[slot] for sign, part in needed) for slot in sorted(slots)}
    load_w = {slot: max(0.0, power_w) for slot, power_w in load.items() if power_w > FAR_BELOW_W}
    return replace(
        home,
        load_w=load_w,
        sun_w=sun,
        grid_import_w=imports,
        grid_export_w=exports,
        battery_w={slot: discharges[slot] - charges[slot] for slot in sorted(discharges.keys() & charges.keys())},
        problem=None if load_w else HistoryProblem.NO_ROWS,
    )


def _with_new_batteries(flows: Flows, powers: Mapping[str, Mapping[int, float]]) -> dict[str, Mapping[int, float]]:
    """Return the powers of all, with 0 before the first row of a battery that was not there for a week or longer.

    Else a home with years of grid and sun would have no load before the day on which its batteries came.
    """
    counted = sorted({slot for each in flows.imports for slot in powers.get(each, ())})
    added = dict(powers)
    for battery in (*flows.discharges, *flows.charges):
        first = min(powers.get(battery, ()), default=None)
        if counted and first is not None and (first - counted[0]) * SLOT_S > LONGEST_SILENCE.total_seconds():
            added[battery] = {slot: 0.0 for slot in counted if slot < first} | dict(powers[battery])
    return added


def _sum(powers: Mapping[str, Mapping[int, float]], ids: Sequence[str]) -> dict[int, float]:
    """Return the sum of statistics by slot, of those slots in which each is known."""
    parts: defaultdict[int, list[float]] = defaultdict(list)
    for statistic_id in ids:
        for slot, power_w in powers.get(statistic_id, {}).items():
            parts[slot].append(power_w)
    return {slot: sum(each) for slot, each in sorted(parts.items()) if len(each) == len(ids)}
