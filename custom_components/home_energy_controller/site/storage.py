"""All batteries of the site as one, as the plan sees them."""

from dataclasses import replace
import math

from ..control.model import BatteryMode, Snapshot
from ..control.settings import Settings
from ..planning.modes import Storage
from .contract import PricesConfig


def storage_of(settings: Settings, config: PricesConfig) -> Storage | None:
    """Return all batteries that the controller runs as one; None where there is none."""
    ours = [battery for battery in settings.batteries if battery.battery_mode is BatteryMode.CONTROLLED]
    usable_wh = sum(battery.capacity_wh * max(0.0, battery.max_soc_pct - battery.reserve_pct) / 100 for battery in ours)
    circuits = {battery.circuit for battery in ours}
    limits = [
        (
            min(sum(battery.charge_limit_w for battery in users), math.inf if circuit is None else circuit.limit_w),
            min(sum(battery.discharge_limit_w for battery in users), math.inf if circuit is None else circuit.limit_w),
        )
        for circuit in circuits
        for users in [[battery for battery in ours if battery.circuit == circuit]]
    ]
    if usable_wh <= 0:
        return None
    return Storage(
        units=len(ours),
        usable_wh=usable_wh,
        charge_w=sum(charge_w for charge_w, _ in limits),
        discharge_w=sum(discharge_w for _, discharge_w in limits),
        max_import_w=math.inf if settings.max_import_w is None else settings.max_import_w,
        max_export_w=math.inf if settings.max_export_w is None else settings.max_export_w,
        may_charge_from_grid=config.may_charge_from_grid,
        may_deliver_to_grid=config.may_deliver_to_grid,
    )


def heard(settings: Settings, snapshot: Snapshot, now: float) -> Settings:
    """Return settings with those batteries only whose charge is known now: one that is silent stops no plan."""
    readings = {each.battery_id: each.soc_pct for each in snapshot.batteries}
    known = (
        battery
        for battery in settings.batteries
        if (soc_pct := readings.get(battery.battery_id))
        and soc_pct.fresh(now, settings.age_limit_s(battery.battery_id))
    )
    return replace(settings, batteries=tuple(known))


def energy_above_reserve_wh(settings: Settings, snapshot: Snapshot) -> float | None:
    """Return what the batteries hold above their reserve (Wh); None while the charge of one is not known."""
    energy_wh = 0.0
    for battery in settings.batteries:
        if battery.battery_mode is not BatteryMode.CONTROLLED:
            continue
        soc_pct = snapshot.battery(battery.battery_id).soc_pct
        if soc_pct is None:
            return None
        share = max(0.0, min(battery.max_soc_pct, soc_pct.value) - battery.reserve_pct) / 100
        energy_wh += battery.capacity_wh * share
    return energy_wh


def soc_pct(settings: Settings, energy_wh: float) -> float:
    """Return the charge of all that the controller runs (%), from what they hold above their reserve."""
    ours = [battery for battery in settings.batteries if battery.battery_mode is BatteryMode.CONTROLLED]
    capacity_wh = sum(battery.capacity_wh for battery in ours)
    reserve_wh = sum(battery.capacity_wh * battery.reserve_pct / 100 for battery in ours)
    return 100 * (reserve_wh + energy_wh) / capacity_wh if capacity_wh else 0.0
