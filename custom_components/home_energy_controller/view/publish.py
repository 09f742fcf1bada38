"""What a cycle found, turned into what entities show."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

from ..control.actuation.actuation import Actuation
from ..control.actuation.trust import Diagnosis
from ..control.model import Action, BatteryMode, Decision, Health, Role, SiteState, Target, Timed
from ..site.battery import Battery
from ..site.energy import EnergyStatistics
from ..site.isolation import Isolation
from ..site.planner import Planner
from ..site.store import SiteStore
from ..site.summary import full_charge, full_charge_question, summarise
from ..site.words import Words
from .moment import Member, Moment, next_moment
from .snapshot import BatterySnapshot, ShownRole, SiteSnapshot

DETAILS_AGE_LIMIT_S = 900.0
"""Three readings of the cells."""
SETTLES_S = 30.0
"""As long as a battery is told again; then it follows, or does not."""
TROUBLED = {Health.NOT_FOLLOWING, Health.SILENT, Health.TAKEN, Health.WRONG_SIGN}
PROBLEMS = {SiteState.METER_LOST, SiteState.NO_BATTERY, SiteState.METER_NOT_FOLLOWING}


def site_snapshot(
    *,
    meter_w: Timed[float] | None,
    decision: Decision,
    is_polled: bool,
    actuation: Actuation | None,
    store: SiteStore,
    full_charge_w: int | None,
    batteries: Collection[Battery],
    energy_statistics: EnergyStatistics,
    planner: Planner,
    parts: Isolation,
    before: SiteSnapshot | None,
    now: float,
) -> SiteSnapshot:
    """Return the site as it is shown; `before` is what was shown last. What people set is shown whatever fails."""
    stored, saved = store.site, store.saved
    state = SiteState.SWAPPING if actuation is not None and actuation.handover else decision.state
    state = state if is_polled else SiteState.POLLING_OFF
    acts = is_polled and decision.state is not SiteState.OFF
    moment, powers_w = _now(batteries, meter_w, before.moment if before else None, parts, now)
    members = {battery.id: _unseen(battery, store) for battery in batteries}
    for battery in batteries:
        with parts.part(f"publish {battery.name}"):
            seen = replace(members[battery.id], power_w=powers_w.get(battery.id))
            members[battery.id] = battery_snapshot(
                battery, seen, decision, actuation, acts=acts, before=before, now=now
            )
    summary, question = _said(decision, batteries, None, full_charge_w)
    with parts.part("summary"):
        told = decision if is_polled else replace(decision, intent=SiteState.POLLING_OFF)
        summary, question = _said(told, batteries, planner.words, full_charge_w)
    quality = None
    with parts.part("quality"):
        quality = energy_statistics.quality(now)
    stored_wh, soc_pct = _charge(members, batteries)
    batteries_w = _sum(member.power_w for member in members.values())
    grid_w, house_w = _grid_and_house(moment, batteries_w, is_empty=not members)
    return SiteSnapshot(
        grid_power_w=grid_w,
        net_load_w=house_w,
        battery_power_w=batteries_w,
        soc_pct=soc_pct,
        stored_wh=stored_wh,
        # With those that were removed: a total that drops is a new beginning to Home Assistant's statistics.
        charged_wh=round(sum(battery.charged_wh for battery in saved.batteries.values())),
        discharged_wh=round(sum(battery.discharged_wh for battery in saved.batteries.values())),
        state=state,
        intent=decision.intent,
        summary=summary,
        leader=next((battery.name for battery in batteries if acts and battery.id == decision.leader_id), None),
        meter_effect=decision.meter_effect,
        problem=_is_problem(state, members.values()),
        enabled=stored.enabled,
        strategy=stored.strategy,
        setpoint_w=stored.setpoint_w,
        full_charge=question,
        grid_target_w=stored.grid_target_w,
        today=energy_statistics.today,
        quality=quality,
        car_power_w=decision.car_power_w,
        plan=planner.view,
        batteries=members,
        measured_at=_measured_at(moment, before, now),
        moment=moment,
    )


def _unseen(battery: Battery, store: SiteStore) -> BatterySnapshot:
    """Return what is shown of a battery whatever it says: what was set, and its saved totals."""
    set_now, kept = store.site.battery(battery.id), store.saved.battery(battery.id)
    return BatterySnapshot(
        charged_wh=round(kept.charged_wh),
        discharged_wh=round(kept.discharged_wh),
        battery_mode=set_now.wish,
        setpoint_w=set_now.setpoint_w,
        reserve_pct=set_now.reserve_pct,
    )


def _said(
    decision: Decision, batteries: Collection[Battery], words: Words | None, full_charge_w: int | None
) -> tuple[str, str | None]:
    """Return what is done in a sentence, and what is asked about a full charge that waits; empty without words."""
    if words is None:
        return "", None if full_charge_w is None else ""
    names = {battery.id: battery.name for battery in batteries}
    summary = summarise(decision, names, words, would=decision.state is SiteState.OFF)
    if full_charge_w is None:
        return summary, None
    return f"{full_charge(full_charge_w, words)} {summary}", full_charge_question(full_charge_w, words)


def _charge(members: Mapping[str, BatterySnapshot], batteries: Collection[Battery]) -> tuple[int | None, float | None]:
    """Return what all batteries hold (Wh), and the state of charge of all (%); None where one is not known."""
    stored_wh = _sum(member.stored_wh for member in members.values())
    capacity_wh = sum(battery.configured.capacity_wh for battery in batteries)
    return stored_wh, None if stored_wh is None or not capacity_wh else round(100 * stored_wh / capacity_wh, 1)


def _grid_and_house(moment: Moment | None, batteries_w: int | None, *, is_empty: bool) -> tuple[int | None, int | None]:
    """Return the power of the grid (W, + import) and of the house at a moment; a site without batteries has both."""
    if moment is None:
        return None, None
    grid_w = round(moment.grid_w)
    is_known = moment.is_whole and (is_empty or batteries_w is not None)
    return grid_w, grid_w + (batteries_w or 0) if is_known else None


def _now(
    batteries: Collection[Battery],
    meter_w: Timed[float] | None,
    before: Moment | None,
    parts: Isolation,
    now: float,
) -> tuple[Moment | None, dict[str, int]]:
    """Return the newest moment, and what each battery that is heard does in it (W); without one, what each said."""
    heard: dict[str, Member] = {}
    for battery in batteries:
        with parts.part(f"power {battery.name}"):
            power = battery.device.power_w
            if power is not None and Timed(*power).fresh(now, battery.age_limit_s):
                heard[battery.id] = Member(seen=battery.observation, power_w=Timed(*power))
    moment = None
    with parts.part("moment"):
        moment = next_moment(before, meter_w, heard, is_complete=len(heard) == len(batteries))
    powers_w = {key: one.power_w.value for key, one in heard.items()} if moment is None else moment.powers_w
    return moment, {key: round(powers_w[key]) for key in heard if key in powers_w}


def _measured_at(moment: Moment | None, before: SiteSnapshot | None, now: float) -> datetime | None:
    """Return the time of a moment; it is told once, so that it does not waver by a second."""
    if moment is None or (before is not None and before.moment is moment):
        return None if moment is None or before is None else before.measured_at
    return (dt_util.utcnow() - timedelta(seconds=now - moment.at)).replace(microsecond=0)


def _is_problem(state: SiteState, members: Collection[BatterySnapshot]) -> bool:
    """Return whether a battery or the site is in trouble.

    Where all were taken out by hand, that nobody can be controlled is no news to their owner.
    """
    is_asked_for = not members or any(member.battery_mode is BatteryMode.CONTROLLED for member in members)
    troubled = any(not member.available or member.health in TROUBLED for member in members)
    return troubled or (state in PROBLEMS and is_asked_for)


def battery_snapshot(
    battery: Battery,
    unseen: BatterySnapshot,
    decision: Decision,
    actuation: Actuation | None,
    *,
    acts: bool,
    before: SiteSnapshot | None,
    now: float,
) -> BatterySnapshot:
    """Return one battery as it is shown; `unseen` is what is shown whatever it says, and its power.

    `acts`: whether the controller does. If not, nobody leads or follows, whatever it would decide.
    """
    seen = battery.observation
    health_before = None if before is None else before.batteries[battery.id].health
    health = _calm_health(battery.id, actuation, health_before, now)
    diagnosis = actuation.diagnosis.get(battery.id) if actuation else None
    available = battery.is_available(now)
    soc_pct = None if battery.charge.is_in_doubt else _fresh(seen.soc_pct, now, battery.age_limit_s)
    target = decision.target(battery.id)
    status = battery.device.battery
    quality_pct = battery.device.link.quality_pct
    return replace(
        unseen,
        available=available,
        soc_pct=soc_pct,
        stored_wh=None if soc_pct is None else round(soc_pct / 100 * battery.configured.capacity_wh),
        target_power_w=_target_power_w(target, acts=acts),
        temperature_c=status.temperature_c if status and now - status.received_at <= DETAILS_AGE_LIMIT_S else None,
        mode=_fresh(seen.mode, now, battery.age_limit_s),
        role=_role(target, acts=acts),
        health=health,
        diagnosis=diagnosis if health in TROUBLED or diagnosis is Diagnosis.LIMITED else None,
        lead_fault=decision.ineligible.get(battery.id),
        derated_w=decision.derated.get(battery.id),
        meter_effect=decision.contradicted.get(battery.id),
        link_quality_pct=None if quality_pct is None else round(quality_pct),
        last_answer=battery.last_answer,
    )


def _calm_health(battery_id: str, actuation: Actuation | None, before: Health | None, now: float) -> Health:
    """Return how far a battery does what it was told; one that follows is not unsettled by every new power."""
    if actuation is None:
        return Health.UNTOUCHED
    health = actuation.health[battery_id]
    if health is not Health.SETTLING or before is not Health.PROVEN:
        return health
    return Health.PROVEN if now - actuation.memory.tracked[battery_id].asked_at < SETTLES_S else health


def _fresh[T](timed: Timed[T] | None, now: float, limit_s: float) -> T | None:
    """Return a value that is young enough to be shown."""
    return timed.value if timed is not None and timed.fresh(now, limit_s) else None


def _role(target: Target | None, *, acts: bool) -> ShownRole | None:
    """Return the part that a battery has now."""
    if target is None:
        return None
    is_run = target.role in {Role.LEADER, Role.FOLLOWER}
    return ShownRole.OFF if is_run and not acts else ShownRole(target.role)


def _target_power_w(target: Target | None, *, acts: bool) -> int | None:
    """Return the power that is asked for; Auto, being left alone and a controller that is off have none."""
    if target is None or target.action in {Action.AUTO, Action.NOTHING}:
        return None
    return target.power_w if acts or target.role is Role.OWNER else None


def _sum(values: Iterable[int | None]) -> int | None:
    """Return the sum over the batteries; None when one is missing, or there is none."""
    known = tuple(values)
    return None if None in known or not known else sum(value for value in known if value is not None)
