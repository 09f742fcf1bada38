"""The site as a decision sees it, and what one decision leaves to the next."""

from collections.abc import Mapping, Set as AbstractSet
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType

from ..model import (
    PLAUSIBLE_MAX,
    BatteryMode,
    BatteryObservation,
    Health,
    LeaderFault,
    Mode,
    Snapshot,
    Strategy,
    Timed,
    plausible,
)
from ..permissions import CHARGE_ONLY, FREE, NOTHING_ALLOWED, Permission, allowed_power_w, by_soc, by_strategy, of_auto
from ..power_range import PowerRange
from ..settings import BatterySettings, Settings
from .car import CarMemory, CarView
from .evidence import MeterWindow
from .headroom import ObservedLimit
from .witness import WitnessMemory

FLOOR_LEARNT_S = 3600.0
"""For so long a battery is not asked for more than it gave; then its owner may have changed it in the app."""
METER_FRESH_S = 15.0
"""An older meter reading freezes the decision; beyond the owner's limit it ends it."""
METER_GONE_S = 900.0
"""A meter that is lost for so long is not expected back soon: the followers are released."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryView:
    """A battery with only those readings that are young enough; None is unknown."""

    settings: BatterySettings
    seen: BatteryObservation
    soc_pct: float | None
    power_w: float | None
    mode: Mode | None
    charge: Permission
    """What its charge allows."""
    permission: Permission
    """What charge and strategy allow: every setpoint keeps to it."""
    auto: Permission
    """What Auto would be allowed: it may run only where nothing is forbidden."""
    lockout: Health | None = None
    """Why it gets no work now, None if it does."""
    drops_to_auto: bool = False
    """It falls into Auto whatever it is told."""
    may_run_auto: bool = False
    """Silent, it may run Auto: it was in it when it was heard last, or was told it since."""

    @property
    def battery_id(self) -> str:
        """Return whose view it is."""
        return self.settings.battery_id

    @property
    def is_known(self) -> bool:
        """Return whether all is known that control needs; without it a battery is never given power."""
        return self.soc_pct is not None and self.power_w is not None and self.mode is not None

    @property
    def is_ours(self) -> bool:
        """Return whether its owner leaves it to the controller."""
        return self.settings.battery_mode is BatteryMode.CONTROLLED

    @property
    def is_out(self) -> bool:
        """Return whether it is out of control; one that does not leave Auto, whatever it is told, can still lead."""
        in_auto = self.drops_to_auto or self.last_mode is Mode.AUTO or self.may_run_auto
        leads_on = self.lockout is Health.NOT_FOLLOWING and in_auto and self.settings.may_lead
        return self.lockout is not None and not leads_on

    @property
    def in_auto(self) -> bool:
        """Return whether it says that it runs in Auto."""
        return self.mode is Mode.AUTO

    @property
    def last_mode(self) -> Mode | None:
        """Return the mode that it said last, however long ago."""
        return None if self.seen.mode is None else self.seen.mode.value

    @property
    def limits(self) -> PowerRange:
        """Return what may be asked of it now."""
        return self.settings.limits & self.permission

    @property
    def owners_power_w(self) -> int:
        """Return what its owner set it to (W), within what limits and charge allow; 0 unless fixed."""
        fixed_w = self.settings.fixed_power_w if self.settings.battery_mode is BatteryMode.FIXED else 0
        return allowed_power_w(fixed_w, self.settings, self.charge)


def battery_views(
    snapshot: Snapshot, settings: Settings, before: Mapping[str, Permission], now: float, *, spare_car: bool = False
) -> tuple[BatteryView, ...]:
    """Return the batteries in the owner's order; `before` is what their charge allowed in the last cycle."""
    views, feedback = [], snapshot.feedback
    for battery in settings.batteries:
        key, seen = battery.battery_id, snapshot.battery(battery.battery_id)
        limit_s = settings.age_limit_s(key)
        soc_pct = _fresh(plausible(seen.soc_pct), now, limit_s)
        charge = NOTHING_ALLOWED if soc_pct is None else by_soc(battery, soc_pct, before.get(key, FREE))
        mode = _fresh(seen.mode, now, limit_s)
        was_auto = (seen.mode is not None and seen.mode.value is Mode.AUTO) or key in feedback.may_be_auto
        view = BatteryView(
            settings=battery,
            seen=seen,
            soc_pct=soc_pct,
            power_w=_fresh(plausible(seen.power_w), now, limit_s),
            mode=mode,
            charge=charge,
            permission=by_strategy(settings.acting_strategy) & charge,
            auto=of_auto(battery, settings.acting_strategy, charge) & (CHARGE_ONLY if spare_car else FREE),
            lockout=feedback.locked_out.get(key),
            drops_to_auto=key in feedback.drops_to_auto,
            may_run_auto=mode is None and was_auto,
        )
        views.append(view)
    return tuple(views)


def _fresh[T](reading: Timed[T] | None, now: float, limit_s: float) -> T | None:
    """Return the value of a reading that is young enough."""
    return reading.value if reading is not None and reading.fresh(now, limit_s) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """How much of the limits that are shared a battery has to itself (see `control/dispatch/limits.py`)."""

    commanded: PowerRange
    """What it was told last; Auto is its full class."""
    transition: PowerRange
    """What it may be told beside that, to hold its power while the decision is being made true."""
    worst_case: PowerRange
    """The most that it may be doing."""
    at: float
    """Since when it is told this."""


type Span = tuple[float, float]
"""Between which powers (W, + import) a net load is: on a phase, batteries may be that hang on another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What house and sun asked of the connection and, where the meter tells, of each of its phases."""

    spans: tuple[Span, ...]
    until: float
    """So long it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse:
    """Why a battery is not asked to lead, until when, and how often that happened."""

    fault: LeaderFault
    until: float
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A step of setpoints that nobody leads, and what they were before (W)."""

    before: Mapping[str, int]
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """Who leads, and what is noted of it; another leader is another one of these."""

    id: str | None = None
    """None while nobody leads."""
    auto_inhibited: bool = True
    """Kept from Auto: what a new leader is until it is known to be harmless."""
    auto_range: Permission = FREE
    """What Auto was allowed in the last cycle: when that changes, the leader is held until the meter speaks for it."""
    auto: Timed[bool] | None = None
    """Whether it says that it is in Auto, and since when; None while it is not meant to."""
    best_output: Timed[float] | None = None
    """Its power (W) when it last went further towards what the meter asks for."""
    doubted_at: float | None = None
    """Since when the meter is looked at more closely, because of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastingMemory:
    """What one decision leaves to the next, whatever its owner asks for then."""

    begun_at: float | None = None
    started: bool = False
    meter_window: MeterWindow = ()
    charge: Mapping[str, Permission] = field(default_factory=lambda: MappingProxyType({}))
    leader: Leader = field(default_factory=Leader)
    presumed_lost: frozenset[str] = frozenset()
    """Silent, and the meter says that nobody does their work."""
    ineligible: Mapping[str, Lapse] = field(default_factory=lambda: MappingProxyType({}))
    """Batteries that failed as leaders."""
    witness: WitnessMemory = field(default_factory=WitnessMemory)
    reservations: Mapping[str, Reservation] = field(default_factory=lambda: MappingProxyType({}))
    loads: tuple[Load, ...] = ()
    """What house and sun asked of the connection in the last minutes, where a limit needs it."""
    floors: Mapping[str, Timed[float]] = field(default_factory=lambda: MappingProxyType({}))
    """Charges (%) at which a leader stopped delivering: its owner set such a depth of discharge in the app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchMemory(LastingMemory):
    """What one decision leaves to the next; after a new strategy, or switching on, only what lasts."""

    asked: tuple[bool, Strategy] | None = None
    asked_at: float | None = None
    """Since when the strategy is what it is."""
    handed_over_at: float | None = None
    """When the law last replaced a leader."""
    setpoints: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    decided_at: float | None = None
    """When the law ran last; None lets it run at once."""
    sampled_at: float | None = None
    decided_for: frozenset[tuple[str, Permission]] = frozenset()
    """Who was there when the law ran, and what each might do."""
    observed_limits: tuple[ObservedLimit, ...] = ()
    """What batteries near full or empty were seen to do at most."""
    unseen: Unseen | None = None
    """What setpoints alone did last that the meter has not shown yet."""
    told_at: float | None = None
    """When a target was changed last."""
    full_since: float | None = None
    """Since when all are as full as the strategy `to_full` makes them."""
    car: CarMemory = field(default_factory=CarMemory)
    meter_lost_at: float | None = None

    def begun_anew(self, asked: tuple[bool, Strategy], now: float) -> DispatchMemory:
        """Return what lasts; how the leader does is judged anew as well."""
        lasting = {each.name: getattr(self, each.name) for each in fields(LastingMemory)}
        leader = replace(self.leader, auto=None, best_output=None, doubted_at=None)
        return replace(DispatchMemory(**lasting), leader=leader, asked=asked, asked_at=now)

    def reconfigured(self, battery_ids: AbstractSet[str]) -> DispatchMemory:
        """Return the memory under other settings: work is divided anew, and nothing was learnt of these batteries."""
        return replace(
            self,
            # The law runs at once when the leader is heard; what was decided still expires while he is not.
            sampled_at=None,
            ineligible={key: lapse for key, lapse in self.ineligible.items() if key not in battery_ids},
            floors={key: floor for key, floor in self.floors.items() if key not in battery_ids},
            observed_limits=tuple(each for each in self.observed_limits if each.battery_id not in battery_ids),
        )

    def with_floors(self, settings: Settings, now: float) -> Settings:
        """Return the settings with the reserve of batteries that stopped by themselves raised to where they did."""
        floors = {key: floor.value for key, floor in self.floors.items() if floor.fresh(now, FLOOR_LEARNT_S)}
        batteries = (
            replace(battery, reserve_pct=max(battery.reserve_pct, floors.get(battery.battery_id, 0.0)))
            for battery in settings.batteries
        )
        return replace(settings, batteries=tuple(batteries)) if floors else settings

    def is_unfit(self, battery_id: str, now: float) -> bool:
        """Return whether a battery is not asked to lead now."""
        lapse = self.ineligible.get(battery_id)
        return lapse is not None and now < lapse.until

    def lets_go(self, now: float) -> bool:
        """Return whether the meter is lost for so long that followers are released."""
        return self.meter_lost_at is not None and now - self.meter_lost_at >= METER_GONE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """All that one decision looks at."""

    snapshot: Snapshot
    settings: Settings
    views: tuple[BatteryView, ...]
    car: CarView = field(default_factory=CarView)
    meter: Timed[float] | None
    now: float

    @property
    def grid_w(self) -> float:
        """Return the meter's newest reading (W); asked for only while there is one."""
        return 0.0 if self.meter is None else self.meter.value

    @property
    def phases(self) -> Timed[tuple[float, float, float]] | None:
        """Return what flows on each phase (W), where the meter tells and it can be true."""
        phases_w = self.snapshot.phases_w
        is_plausible = phases_w is not None and all(abs(power_w) <= PLAUSIBLE_MAX for power_w in phases_w.value)
        return phases_w if is_plausible else None

    @property
    def power_w(self) -> float:
        """Return what all batteries together are known to deliver (W)."""
        return sum(view.power_w or 0.0 for view in self.views)

    @property
    def members(self) -> tuple[BatteryView, ...]:
        """Return the batteries that may be given work."""
        return tuple(view for view in self.views if view.is_ours and view.is_known and not view.is_out)

    @property
    def terms(self) -> frozenset[tuple[str, Permission]]:
        """Return who is there and what each may do: when that changes, work is divided anew at once."""
        return frozenset((view.battery_id, view.permission) for view in self.members)

    @property
    def members_w(self) -> float:
        """Return what the members together deliver (W)."""
        return sum(view.power_w or 0.0 for view in self.members)

    def member(self, battery_id: str | None) -> BatteryView | None:
        """Return one of the members."""
        return next((view for view in self.members if view.battery_id == battery_id), None)

    def meter_is_fresh(self, limit_s: float) -> bool:
        """Return whether the meter's reading is young enough for `limit_s` and for the owner."""
        limit_s = min(limit_s, self.settings.meter_age_limit_s)
        return self.meter is not None and self.meter.fresh(self.now, limit_s) and not self.snapshot.meter_is_frozen
