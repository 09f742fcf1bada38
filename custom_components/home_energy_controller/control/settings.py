"""What the owner configured: the site, its batteries, the car, the tariff."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from types import MappingProxyType

from .model import AGE_LIMIT_S, PLAUSIBLE_MAX, BatteryMode, CarObservation, Mode, OwnMeter, Release, Strategy
from .power_range import PowerRange

LEAST_A = 6
"""No car charges with less (IEC 61851)."""
NOTED_W = 50.0
"""A car that draws less is not charging, and a change by less says nothing."""

MIDNIGHT = time()
WORKDAYS = frozenset(range(5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A fuse that batteries share, and what they may draw from it, or feed into it, together (W)."""

    name: str
    limit_w: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySettings:
    """What the owner configured about one battery, and what its firmware can do."""

    battery_id: str
    rated_power_w: int = 800
    """What the device allows itself when it discharges: 600, 800, 1200, 1500, 2200 or 2500."""
    rated_charge_w: int = 2500
    """What it allows itself when it charges: that of the hardware, whatever class its owner chose in the app."""
    capacity_wh: float = 5120.0
    own_meter: OwnMeter = OwnMeter.UNSURE
    battery_mode: BatteryMode = BatteryMode.CONTROLLED
    fixed_power_w: int = 0
    max_charge_w: int = 2500
    max_discharge_w: int = 2500
    reserve_pct: float = 12.0
    """Lowest state of charge that control uses."""
    max_soc_pct: float = 100.0
    circuit: Circuit | None = None
    phase: int | None = None
    """Of the connection, 1 to 3; None is not known: then it counts on every one."""
    release: Release = Release.RESTORE
    found_mode: Mode | None = None
    """The mode read before our first command ever."""
    has_passive: bool = True
    slots_cleared: bool = False
    """The owner confirmed that no schedule slot is enabled: only then may Manual idle the device."""
    mode_read_delay_s: float = 0.0
    """For so long after a write its mode must not be read (firmware 148, jaapp#111); power may."""
    proof_spacing_s: float = 0.0
    """Between two readings for the sake of a command: some firmware loses its settings by being asked."""
    direction_verified: bool = True
    """It has been seen to move the way it was told; until then setpoints are small."""

    @property
    def charge_limit_w(self) -> int:
        """Return the largest charging power that may be asked for (W, positive)."""
        return max(0, min(self.max_charge_w, self.rated_charge_w, self._carried_w))

    @property
    def discharge_limit_w(self) -> int:
        """Return the largest discharging power that may be asked for (W)."""
        return max(0, min(self.max_discharge_w, self.rated_power_w, self._carried_w))

    @property
    def limits(self) -> PowerRange:
        """Return the largest powers that may be asked for."""
        return PowerRange(charge_w=self.charge_limit_w, discharge_w=self.discharge_limit_w)

    def rated_w(self, direction: float) -> int:
        """Return what Auto may do (W, positive): discharging for a positive direction, else charging."""
        return self.rated_power_w if direction > 0 else self.rated_charge_w

    @property
    def can_idle(self) -> bool:
        """Return whether there is a safe way to make it stop."""
        return self.has_passive or self.slots_cleared

    @property
    def may_run_auto(self) -> bool:
        """Return whether Auto stays within all limits: it obeys the device's own only."""
        return self.charge_limit_w >= self.rated_charge_w and self.discharge_limit_w >= self.rated_power_w

    @property
    def may_lead(self) -> bool:
        """Return whether Auto does what a leader has to do, and nothing that is forbidden."""
        return self.own_meter is not OwnMeter.NO and self.may_run_auto

    @property
    def _carried_w(self) -> int:
        """Return what its circuit carries, were it alone on it (W)."""
        return round(PLAUSIBLE_MAX) if self.circuit is None else self.circuit.limit_w


@dataclass(frozen=True, slots=True, kw_only=True)
class CarSettings:
    """What the owner configured."""

    phases: int = 1
    voltage_v: int = 230
    most_a: int = 16
    surplus_share: float = 0.85
    """What the car gets of a surplus while a battery has room for the rest."""
    low_tariff_w: int = 1400
    """What it gets without a surplus while energy is cheap; 0 for nothing."""
    batteries_may_feed: bool = False

    @property
    def step_w(self) -> int:
        """Return what one ampere is: chargers know whole ones only."""
        return self.phases * self.voltage_v


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What a kilowatt-hour costs and yields now, in the currency of the home."""

    buy_per_kwh: float = 0.30
    sell_per_kwh: float = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffHours:
    """When the high tariff holds, by the clock on the wall; all other hours are low."""

    high_days: frozenset[int] = WORKDAYS
    """0 is Monday."""
    high_from: time = time(7)
    high_to: time = time(22)
    """The first moment that is low again; midnight is the end of the day."""

    def is_low(self, local_time: datetime) -> bool:
        """Return whether the low tariff holds at a local time."""
        before_end = local_time.time() < self.high_to or self.high_to == MIDNIGHT
        return not (local_time.weekday() in self.high_days and self.high_from <= local_time.time() and before_end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the owner configured about the site."""

    enabled: bool
    strategy: Strategy = Strategy.ZERO
    setpoint_w: int = 0
    """For the strategies that have a power: + discharges."""
    may_charge_from_grid: bool = False
    may_deliver_to_grid: bool = False
    """What the plan may do with the grid."""
    grid_target_w: int = 0
    """Where nobody leads, the meter is kept here (W, + import); a leader knows 0 only."""
    batteries: tuple[BatterySettings, ...]
    prices: Prices = field(default_factory=Prices)
    """At present: fixed, or what the owner's price sensor says."""
    tariff: TariffHours = field(default_factory=TariffHours)
    car: CarSettings | None = None
    max_import_w: int | None = None
    """Of the connection: batteries charge with no more than it leaves (W); None is no limit."""
    max_export_w: int | None = None
    """Of the connection: batteries discharge with no more than it leaves (W)."""
    max_phase_import_w: int | None = None
    max_phase_export_w: int | None = None
    """The same for each of three phases, by what the meter tells of it."""
    meter_age_limit_s: float = 60.0
    meter_settle_s: float = 12.0
    """So long after a change the meter shows it: a telegram every ten seconds at worst, or a slow sensor's time."""
    battery_age_limit_s: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Per battery: how old a reading may be (three polls of its firmware, at least 90 s)."""

    @property
    def acting_strategy(self) -> Strategy:
        """Return what is acted on: for a plan's choice without permission, or without its power, net zero."""
        may_act = {
            Strategy.PREDICTIVE: False,
            Strategy.CHARGE_FROM_GRID: self.may_charge_from_grid and self.setpoint_w < 0,
            Strategy.DELIVER_TO_GRID: self.may_deliver_to_grid and self.setpoint_w > 0,
        }
        return self.strategy if may_act.get(self.strategy, True) else Strategy.ZERO

    def age_limit_s(self, battery_id: str) -> float:
        """Return how old a reading of this battery may be."""
        return self.battery_age_limit_s.get(battery_id, AGE_LIMIT_S)


def is_spared(settings: CarSettings | None, seen: CarObservation) -> bool:
    """Return whether the car draws, as far as its entities show, and the batteries may not feed it."""
    drawn_w = seen.output_w if seen.power_w is None else seen.power_w
    return settings is not None and not settings.batteries_may_feed and (drawn_w or 0.0) >= NOTED_W
