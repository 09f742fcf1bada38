"""What the controller sees, what it is told, and what it answers.

Everything is a frozen value. Power of a battery is positive while it discharges, power of the grid while the house
imports. Every `at` is in seconds of one monotonic clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from .power_range import PowerRange

AGE_LIMIT_S = 90.0
"""How old a reading may be where nothing else is said: three polls of 30 s."""
PLAUSIBLE_MAX = 1_000_000.0
"""No power of a home (W) and no charge (%) is larger; it also keeps sums finite."""
TOLERANCE_W = 50.0
TOLERANCE_SHARE = 0.1
"""Measured power proves a setpoint within the larger of both: inverters round, ramp and measure to a few per cent."""
COUNTDOWN_S = 300
"""So long a setpoint acts that nobody renews."""
DIRECTION_UNVERIFIED_W = 300
"""No more is asked of a battery until it has shown that it does not do the opposite."""


class Mode(StrEnum):
    """What a battery says that it is doing."""

    AUTO = "auto"
    MANUAL = "manual"
    PASSIVE = "passive"
    AI = "ai"
    UPS = "ups"
    UNKNOWN = "unknown"


class OwnMeter(StrEnum):
    """Which meter the owner paired with the battery in the app ("yes" is old: any); without one, Auto idles."""

    THIS = "this"
    OWN = "own"
    NO = "no"
    UNSURE = "unsure"
    YES = "yes"


class BatteryMode(StrEnum):
    """What the owner wants of one battery."""

    CONTROLLED = "controlled"
    AUTOMATIC = "automatic"
    FIXED = "fixed"
    IDLE = "idle"


class Release(StrEnum):
    """What a battery is left doing when the controller lets go of it."""

    RESTORE = "as_found"
    AUTOMATIC = "automatic"
    IDLE = "idle"


class Strategy(StrEnum):
    """What the owner wants of the site, in HomeWizard's words."""

    ZERO = "zero"
    ZERO_CHARGE_ONLY = "zero_charge_only"
    ZERO_DISCHARGE_ONLY = "zero_discharge_only"
    TO_FULL = "to_full"
    STANDBY = "standby"
    FIXED = "fixed"
    PREDICTIVE = "predictive"
    """The day-ahead plan chooses one of the others; where none has, net zero."""
    CHARGE_FROM_GRID = "charge_from_grid"
    """At least with the setpoint, and with all of a larger surplus."""
    DELIVER_TO_GRID = "deliver_to_grid"
    """At least the setpoint, and all that the house needs beyond it."""


PLANNED_STRATEGIES = (Strategy.CHARGE_FROM_GRID, Strategy.DELIVER_TO_GRID)
"""Only the plan chooses them."""
OWNER_STRATEGIES = tuple(strategy for strategy in Strategy if strategy not in PLANNED_STRATEGIES)


class SiteState(StrEnum):
    """Why the site does what it does; at most seventeen, each translated."""

    OFF = "off"
    STARTING = "starting"
    LEADER_ALONE = "leader_alone"
    LEADER_AND_FOLLOWERS = "leader_and_followers"
    SWAPPING = "swapping"
    NO_LEADER = "no_leader"
    HOLDING = "holding"
    STANDBY = "standby"
    FIXED = "fixed"
    TO_FULL = "to_full"
    METER_LOST = "meter_lost"
    NO_BATTERY = "no_battery"
    SPARING_CAR = "sparing_car"
    """The car draws more than the surplus: the batteries serve the house alone, by setpoints."""
    METER_NOT_FOLLOWING = "meter_not_following"
    """What the batteries do does not show on the meter, or the wrong way round: nothing is told by it."""
    POLLING_OFF = "polling_off"
    CHARGING_FROM_GRID = "charging_from_grid"
    DELIVERING_TO_GRID = "delivering_to_grid"


class LeaderFault(StrEnum):
    """Why a battery failed as leader."""

    NO_AUTO = "no_auto"
    """It does not enter Auto."""
    WITHOUT_EFFECT = "without_effect"
    """The meter stays far from zero, and it does nothing about that."""
    AGAINST = "against"
    """It works against what the meter asks for."""


class MeterEffect(StrEnum):
    """What a battery's change of power did to the meter instead of what it should."""

    UNMOVED = "unmoved"
    OPPOSITE = "opposite"


class Role(StrEnum):
    """The part of one battery in the present decision."""

    LEADER = "leader"
    FOLLOWER = "follower"
    OWNER = "owner"
    """The owner took it out with the battery's own mode select."""
    UNAVAILABLE = "unavailable"
    """Silent, of unknown charge, or refused: out of control until that changes."""


class Action(StrEnum):
    """What one battery should be doing."""

    AUTO = "auto"
    SETPOINT = "setpoint"
    IDLE = "idle"
    NOTHING = "nothing"
    """Leave it as it is and send nothing."""


class CommandKind(StrEnum):
    """The three things that the controller ever sends."""

    AUTO = "auto"
    PASSIVE = "passive"
    MANUAL_IDLE = "manual_idle"
    """Manual with a disabled placeholder slot: other slots of the device go on acting."""


class Health(StrEnum):
    """How far a battery does what it was told."""

    UNTOUCHED = "untouched"
    SETTLING = "settling"
    """Told, not yet proven."""
    PROVEN = "proven"
    NOT_FOLLOWING = "not_following"
    SILENT = "silent"
    TAKEN = "taken"
    """Somebody else runs it: the app, the cloud, another integration."""
    WRONG_SIGN = "wrong_sign"
    """It does the opposite of what it is told."""


@dataclass(frozen=True, slots=True)
class Timed[T]:
    """A value and the moment (monotonic seconds) at which it held."""

    value: T
    at: float

    def fresh(self, now: float, limit_s: float) -> bool:
        """Return whether the value is at most `limit_s` seconds old."""
        return now - self.at <= limit_s


def plausible(reading: Timed[float] | None) -> Timed[float] | None:
    """Return a reading that can be calculated with; NaN and the impossible are as good as nothing."""
    return reading if reading is not None and abs(reading.value) <= PLAUSIBLE_MAX else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing to send to one battery."""

    battery_id: str
    kind: CommandKind
    power_w: int = 0
    countdown_s: int = 0

    def fits(self, measured_w: float) -> bool:
        """Return whether a measured power (W) is what was told; Auto tells none."""
        return abs(measured_w - self.power_w) <= max(TOLERANCE_W, TOLERANCE_SHARE * abs(self.power_w))


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOutcome:
    """What became of a command that was sent."""

    command: Command
    sent_at: float
    done_at: float
    accepted: bool | None
    """True or False as the device said; None when no answer came: it may act all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryObservation:
    """What is known of one battery; None is unknown and never 0."""

    battery_id: str
    soc_pct: Timed[float] | None = None
    power_w: Timed[float] | None = None
    """AC power, + feeding the house: what setpoints set and the meter sees, also where panels feed the cells."""
    mode: Timed[Mode] | None = None
    outcome: CommandOutcome | None = None
    """Of the newest finished command."""

    @property
    def last_answer_at(self) -> float | None:
        """Return when anything was last heard."""
        times = [timed.at for timed in (self.soc_pct, self.power_w, self.mode) if timed is not None]
        return max(times, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarObservation:
    """What is known of the car; None is unknown."""

    connected: bool | None = None
    power_w: float | None = None
    """What it draws; without it, what it was meant to draw has to do."""
    output_w: float | None = None
    """What its charger is set to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What actuation learnt of the batteries that dispatch has to know."""

    locked_out: Mapping[str, Health] = field(default_factory=lambda: MappingProxyType({}))
    """Batteries that get no work for now, and why (see `actuation/trust.py`)."""
    drops_to_auto: frozenset[str] = frozenset()
    """Those of them that fall into Auto whatever they are told."""
    runs_until: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Until when a setpoint acts for certain, should nothing reach the battery any more."""
    may_be_auto: frozenset[str] = frozenset()
    """Batteries that were told Auto, or may not have left it, for all that is known: silent ones may run it."""
    refused_auto: str | None = None
    """Who was told to lead in the last handover, and said that it is not in Auto."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The site at one instant, as far as it is known."""

    meter_w: Timed[float] | None
    batteries: tuple[BatteryObservation, ...]
    phases_w: Timed[tuple[float, float, float]] | None = None
    """What flows on each phase of the connection (W, + import), where the meter tells."""
    meter_is_frozen: bool = False
    net_load_w: tuple[Timed[float], ...] = ()
    """Samples of L = meter + sum of battery power, oldest first (see `net_load.py`)."""
    car: CarObservation = field(default_factory=CarObservation)
    feedback: Feedback = field(default_factory=Feedback)
    local_time: datetime
    """Wall clock of the home, aware; for hours of the day only, never for durations."""

    def battery(self, battery_id: str) -> BatteryObservation:
        """Return the observation of one battery; an empty one when there is none."""
        for battery in self.batteries:
            if battery.battery_id == battery_id:
                return battery
        return BatteryObservation(battery_id=battery_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What one battery should do, and as what."""

    battery_id: str
    role: Role
    action: Action
    power_w: int = 0
    transition: PowerRange | None = None
    """Whatever else it is told while the decision is being made true, it is within this; None is any power."""
    waits: bool = False
    """Auto has to wait until others that share its circuit have made room."""
    is_watched: bool = False
    """Auto may do one direction only: it is read more often, to end it at the first sign of the other."""
    is_relieved: bool = False
    """It led, and did not do what a leader does: it ends that at once, and nobody takes over its power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What every battery should do, and why."""

    state: SiteState
    intent: SiteState = SiteState.STARTING
    """The state or, while the controller is off, what it would be."""
    leader_id: str | None
    targets: tuple[Target, ...]
    net_load_w: float | None
    decided_at: float
    car_power_w: int | None = None
    """What the car should draw; None without one."""
    finished: bool = False
    """The strategy has come to its end: all are full."""
    ineligible: Mapping[str, LeaderFault] = field(default_factory=lambda: MappingProxyType({}))
    """Batteries that failed as leaders and have not led well since, and why."""
    derated: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """At which power (W) leaders stood below their class while the meter asked for more."""
    meter_effect: MeterEffect | None = None
    """What the meter does instead of following the batteries."""
    contradicted: Mapping[str, MeterEffect] = field(default_factory=lambda: MappingProxyType({}))
    """Batteries whose own measurement the meter contradicts."""
    believed: frozenset[str] = frozenset()
    """Batteries whose own measurement the meter has confirmed."""
    looks_closer: bool = False
    """The meter has to be read as often as can be."""
    let_go: bool = False
    """Followers that are left alone are released: what they wait for is not coming back soon."""

    def target(self, battery_id: str) -> Target | None:
        """Return the target of one battery."""
        return next((t for t in self.targets if t.battery_id == battery_id), None)
