"""What people set with entities, and what must outlive a restart: one versioned file per site."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
import logging
import math
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady, HomeAssistantError, UnsupportedStorageVersionError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..control.model import OWNER_STRATEGIES, BatteryMode, Mode, Strategy
from .energy import Today

_LOGGER = logging.getLogger(__name__)

VERSION, MINOR_VERSION = 1, 1
DEFAULT_RESERVE_PCT = 12.0
"""The floor that devices have themselves, unless their owner set another depth of discharge."""
TOTALS_INTERVAL_S = 60.0
"""Energy totals change with every reading: a crash may cost a minute of them, a flash card is spared the rest."""


SAVE_EVERY_S = 5.0
"""What people set is written at once; set again and again, it is written so often."""
DAMAGED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    UnsupportedStorageVersionError,
    ValueError,
)
"""What a file may raise that could be read, and holds something else than we wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBattery:
    """One battery's part of the file."""

    wish: BatteryMode = BatteryMode.CONTROLLED
    setpoint_w: int = 0
    reserve_pct: float = DEFAULT_RESERVE_PCT
    found_mode: Mode | None = None
    sign_proven: bool = False
    """It was seen to move the way it was told."""
    charged_wh: float = 0.0
    discharged_wh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSite:
    """The whole file."""

    enabled: bool = False
    was_started: bool = False
    """Its owner switched the controller on before, or does not want to be asked."""
    strategy: Strategy = Strategy.ZERO
    strategy_before: Strategy = Strategy.ZERO
    """What `to_full` goes back to by itself."""
    setpoint_w: int = 0
    grid_target_w: int = 0
    today: Today = field(default_factory=Today)
    batteries: Mapping[str, StoredBattery] = field(default_factory=dict)

    def battery(self, battery_id: str) -> StoredBattery:
        """Return a battery's part; the defaults for one that was never stored."""
        return self.batteries.get(battery_id, StoredBattery())


class SiteFile(Store[dict[str, Any]]):
    """The file itself."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name it after the entry."""
        super().__init__(hass, VERSION, f"{DOMAIN}.{entry_id}", atomic_writes=True, minor_version=MINOR_VERSION)
        self.written: dict[str, Any] | None = None
        """What is on the disk, as far as we wrote it."""

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        """Write the file, and keep what was written: Home Assistant logs an error and goes on as if it had been."""
        await super()._async_write_data(data)
        self.written = data.get("data")

    @override
    async def _async_migrate_func(self, old_major_version: int, old_minor_version: int, old_data: Any) -> Any:
        """Return an older file as it is: whatever it lacks has a default, and what it has too much is not read."""
        return old_data

    def set_aside(self, at: str) -> None:
        """Give the file another name, as Home Assistant does with one that is no JSON."""
        path = Path(self.path)
        with suppress(FileNotFoundError):
            path.rename(path.with_name(f"{path.name}.corrupt.{at}"))


class SiteStore:
    """The file of one site, read once and written when something changed."""

    def __init__(self, hass: HomeAssistant, entry_id: str, *, clock: Callable[[], float] | None = None) -> None:
        """Name the file; nothing is read yet."""
        self._hass = hass
        self._store = SiteFile(hass, entry_id)
        self._clock = clock or hass.loop.time
        self._saved_at = self._clock()
        self._is_planned, self._planned_for = False, -math.inf
        """Whether a save for what people set is still to come: it writes what is set until then."""
        self.site = self.saved = StoredSite()
        """As it is, and as it was last written: totals are shown from there, so that no crash turns them back."""

    async def async_load(self) -> None:
        """Read the file. What cannot be understood falls back to its default, part by part.

        Home Assistant itself sets a file aside that is no JSON; we do so with one that is no file of its store, or of a
        newer version of ours. Raises ConfigEntryNotReady while the disk cannot be read: it may be back soon.
        """
        try:
            try:
                site = parse(await self._store.async_load())
            except DAMAGED as err:
                site = StoredSite()
                await self._hass.async_add_executor_job(self._store.set_aside, dt_util.utcnow().isoformat())
                _LOGGER.warning(
                    "The stored settings cannot be read and were set aside, it begins anew: %s", type(err).__name__
                )
        except (OSError, HomeAssistantError) as err:
            raise ConfigEntryNotReady(translation_domain=DOMAIN, translation_key="storage_unreadable") from err
        self.site = self.saved = site

    def update(self, **changes: Any) -> None:
        """Change fields of the site and save at once: people expect that what they set is kept."""
        self.site = replace(self.site, **changes)
        self._save_soon()

    def update_battery(self, battery_id: str, **changes: Any) -> None:
        """Change fields of one battery and save at once."""
        self._replace_battery(battery_id, **changes)
        self._save_soon()

    def learn(self, directions: Mapping[str, bool], found_modes: Mapping[str, Mode | None]) -> None:
        """Keep which way round batteries work, and the modes that they were found in, as far as that is news."""
        for battery_id, mode in found_modes.items():
            self.update_battery(battery_id, found_mode=mode)
        for battery_id, direction_verified in directions.items():
            if self.site.battery(battery_id).sign_proven is not direction_verified:
                self.update_battery(battery_id, sign_proven=direction_verified)

    def note(self, **changes: Any) -> None:
        """Change fields of the site that are saved with the totals."""
        self.site = replace(self.site, **changes)

    def count(self, battery_id: str, charged_wh: float, discharged_wh: float) -> None:
        """Keep the totals of one battery and save them now and then.

        Home Assistant's delayed save starts its delay anew with every call, so totals that change every few seconds
        would never be written: the interval is kept here.
        """
        self._replace_battery(battery_id, charged_wh=charged_wh, discharged_wh=discharged_wh)
        if self._clock() - self._saved_at >= TOTALS_INTERVAL_S:
            self._saved_at = self._clock()
            self._hass.async_create_task(self.async_save(), f"save {self._store.key}")

    async def async_save(self) -> None:
        """Write everything, now; what could not be written is not taken for saved."""
        site = self.site
        content = self._content()
        await self._store.async_save(content)
        if self._store.written is content:
            self.saved = site

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()

    def _replace_battery(self, battery_id: str, **changes: Any) -> None:
        """Change fields of one battery in memory."""
        battery = replace(self.site.battery(battery_id), **changes)
        self.site = replace(self.site, batteries={**self.site.batteries, battery_id: battery})

    def _save_soon(self) -> None:
        """Write the file as soon as the event loop is free; of a flood, the last value after some seconds."""
        if self._is_planned:
            return
        now = self._hass.loop.time()
        self._is_planned, self._planned_for = True, max(now, self._planned_for + SAVE_EVERY_S)
        self._store.async_delay_save(self._content, self._planned_for - now)

    def _content(self) -> dict[str, Any]:
        """Return what is to be written; what changes from now on needs another save."""
        self._is_planned = False
        return asdict(self.site)


def parse(data: object) -> StoredSite:
    """Return the site in a file's content, whatever it holds.

    A fixed power is never resumed after a restart: a battery set to `fixed` comes back as `controlled`, a site with the
    strategy that it had before.
    """
    site = _read_fields(StoredSite, data)
    batteries = {
        key: replace(
            battery,
            wish=BatteryMode.CONTROLLED if battery.wish is BatteryMode.FIXED else battery.wish,
            reserve_pct=min(100.0, battery.reserve_pct),
        )
        for key, battery in site.batteries.items()
    }
    strategy = site.strategy
    if strategy is Strategy.FIXED:
        was_for_a_while = site.strategy_before in {Strategy.FIXED, Strategy.TO_FULL}
        strategy = Strategy.ZERO if was_for_a_while else site.strategy_before
    was_started = site.was_started or site.enabled
    return replace(site, strategy=strategy, was_started=was_started, batteries=batteries)


def _read_fields[PartT](kind: type[PartT], data: object) -> PartT:
    """Return a part of the file; a field that is missing, or holds what it cannot, has its default."""
    given, default = data if isinstance(data, Mapping) else {}, kind()
    hints = get_type_hints(kind).items()
    values = {name: _read_value(hint, given[name], getattr(default, name)) for name, hint in hints if name in given}
    return kind(**values)


def _read_value(kind: Any, value: object, default: object) -> object:
    """Return the value of one field; energy and charge are never below 0."""
    if kind is bool:
        return value is True
    if kind in {int, float}:
        if not isinstance(value, int | float) or not math.isfinite(value):
            return default
        return int(value) if kind is int else max(0.0, float(value))
    if kind is Today:
        return _read_fields(Today, value)
    if get_origin(kind) is Mapping:
        parts = value.items() if isinstance(value, Mapping) else ()
        return {str(key): _read_fields(get_args(kind)[1], part) for key, part in parts if isinstance(part, Mapping)}
    if kind is str:
        return str(value)
    # Of what may be None as well, the first; of the strategies, those that people can choose.
    members = OWNER_STRATEGIES if kind is Strategy else next(iter(get_args(kind)), kind)
    return next((member for member in members if member == value), default)
