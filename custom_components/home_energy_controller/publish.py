"""What a cycle found, turned into what entities show."""

from collections.abc import Iterable, Mapping

from .battery import Battery
from .control.model import Action, Decision, Health, SiteState, Timed
from .snapshot import BatterySnapshot, SiteSnapshot
from .store import StoredBattery, StoredSite

PROBLEMS = {SiteState.METER_LOST, SiteState.NO_BATTERY, SiteState.LEADER_WITHOUT_EFFECT}


def site_snapshot(
    *,
    meter_w: Timed[float] | None,
    decision: Decision,
    state: SiteState,
    health: Mapping[str, Health],
    stored: StoredSite,
    batteries: Iterable[Battery],
    now: float,
) -> SiteSnapshot:
    """Return the site as it is shown."""
    members = {
        battery.id: battery_snapshot(
            battery, stored.battery(battery.id), decision, health.get(battery.id, Health.UNTOUCHED), now
        )
        for battery in batteries
    }
    powers = [member.power_w for member in members.values()]
    troubled = any(
        not member.available or member.health in {Health.NOT_FOLLOWING, Health.SILENT} for member in members.values()
    )
    leader = next((battery.name for battery in batteries if battery.id == decision.leader_id), None)
    return SiteSnapshot(
        grid_power_w=None if meter_w is None else round(meter_w.value),
        net_load_w=None if decision.net_load_w is None else round(decision.net_load_w),
        battery_power_w=None if None in powers or not powers else sum(power for power in powers if power is not None),
        soc_pct=_weighted_soc_pct(batteries, members),
        charged_wh=round(sum(member.charged_wh for member in members.values())),
        discharged_wh=round(sum(member.discharged_wh for member in members.values())),
        state=state,
        intent=decision.state,
        leader=leader,
        problem=state in PROBLEMS or troubled,
        enabled=stored.enabled,
        strategy=stored.strategy,
        setpoint_w=stored.setpoint_w,
        batteries=members,
    )


def battery_snapshot(
    battery: Battery, stored: StoredBattery, decision: Decision, health: Health, now: float
) -> BatterySnapshot:
    """Return one battery as it is shown."""
    seen = battery.observation
    available = battery.is_available(now)
    target = decision.target(battery.id)
    status = battery.device.battery
    quality_pct = battery.device.link.quality_pct
    return BatterySnapshot(
        available=available,
        soc_pct=seen.soc_pct.value if available and seen.soc_pct else None,
        power_w=round(seen.power_w.value) if available and seen.power_w else None,
        target_power_w=target.power_w if target and target.action in {Action.SETPOINT, Action.IDLE} else None,
        temperature_c=status.temperature_c if available and status else None,
        mode=seen.mode.value if available and seen.mode else None,
        role=target.role if target else None,
        health=health,
        charged_wh=round(battery.totals.charged_wh),
        discharged_wh=round(battery.totals.discharged_wh),
        link_quality_pct=None if quality_pct is None else round(quality_pct),
        last_answer=battery.last_answer,
        wish=stored.wish,
        setpoint_w=stored.setpoint_w,
    )


def _weighted_soc_pct(batteries: Iterable[Battery], members: Mapping[str, BatterySnapshot]) -> float | None:
    """Return the state of charge of all batteries together, weighted by capacity; None when one is unknown."""
    stored_wh = total_wh = 0.0
    for battery in batteries:
        soc_pct = members[battery.id].soc_pct
        if soc_pct is None:
            return None
        stored_wh += soc_pct * battery.capacity_wh
        total_wh += battery.capacity_wh
    return round(stored_wh / total_wh, 1) if total_wh else None
