"""What a decision does or, with the controller off, would do: in one sentence of the home's language."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ..control.model import Decision, Role, SiteState, Target
from .words import SUMMARY, Words

MOST_POWERS: Final = 3
"""So many different powers are told one by one; of more, their sum."""
LEAST_W: Final = 5
"""Less is 0 W in words."""
AT_REST: Final = {SiteState.HOLDING, SiteState.NO_LEADER, SiteState.SPARING_CAR}
"""States that have a reason of their own for that nothing is done."""
WAITING: Final = {
    SiteState.STARTING,
    SiteState.METER_LOST,
    SiteState.METER_NOT_FOLLOWING,
    SiteState.NO_BATTERY,
    SiteState.POLLING_OFF,
}
"""States in which nothing is asked of batteries, whatever the house needs."""
LED: Final = {SiteState.LEADER_ALONE, SiteState.LEADER_AND_FOLLOWERS}
"""Who leads runs Auto in them."""


def summarise(decision: Decision, names: Mapping[str, str], words: Words, *, would: bool) -> str:
    """Return what a decision does; `would`: what it would do. `names` of all batteries, by their ids."""
    targets = {role: [target for target in decision.targets if target.role is role] for role in Role}
    ours = [*targets[Role.LEADER], *targets[Role.FOLLOWER]]
    nobody = decision.intent is SiteState.NO_BATTERY
    if nobody and targets[Role.OWNER]:
        sentences = []  # That they were taken out by hand is said below.
    elif decision.intent in WAITING:
        sentences = [words.text(f"{SUMMARY}.{decision.intent}")]
    else:
        sentences = list(_work(decision, ours, names, words, would=would))
    for key, role in (("by_hand", Role.OWNER), ("without", Role.UNAVAILABLE)):
        if left_out := [names[target.battery_id] for target in targets[role]]:
            sentences.append(words.text(f"{SUMMARY}.{key}").format(names=words.listed(left_out)))
    return " ".join(sentences)


def full_charge(power_w: float, words: Words) -> str:
    """Return that a full charge of this power (W) waits for its owner's yes."""
    return words.text(f"{SUMMARY}.full_charge_waits").format(power=words.power(power_w))


def full_charge_question(power_w: float, words: Words) -> str:
    """Return the same, and how to say yes."""
    button = words.text("entity.button.confirm_full_charge.name")
    how = words.text(f"{SUMMARY}.full_charge_how").format(button=f"**{button}**")
    return f"{full_charge(power_w, words)} {how}"


def _work(
    decision: Decision, ours: Sequence[Target], names: Mapping[str, str], words: Words, *, would: bool
) -> Iterator[str]:
    """Return what is asked of batteries: those that charge, those that discharge, and who leads."""
    prefix = "would" if would else "does"
    leader = names.get(decision.leader_id or "") if decision.intent in LED else None
    charging = [target for target in ours if target.power_w <= -LEAST_W]
    discharging = [target for target in ours if target.power_w >= LEAST_W]
    for key, asked in (("charge", charging), ("discharge", discharging)):
        if asked:
            suffix = "" if leader is None else "_led"
            parts = _parts(asked, names, words)
            yield words.text(f"{SUMMARY}.{prefix}_{key}{suffix}").format(parts=parts, leader=leader)
    if charging or discharging:
        return
    if leader is not None:
        yield words.text(f"{SUMMARY}.{prefix}_lead").format(leader=leader)
    elif decision.intent in AT_REST:
        yield words.text(f"{SUMMARY}.{decision.intent}")
    else:
        yield words.text(f"{SUMMARY}.{prefix}_rest")


def _parts(asked: Sequence[Target], names: Mapping[str, str], words: Words) -> str:
    """Return who is asked for how much; those of the same power together."""
    groups: dict[str, list[str]] = defaultdict(list)
    for target in asked:
        groups[words.power(target.power_w)].append(names[target.battery_id])
    if len(groups) > MOST_POWERS:
        total = words.power(sum(target.power_w for target in asked))
        return words.text(f"{SUMMARY}.part_sum").format(count=len(asked), power=total)
    return words.listed(
        [
            words.text(f"{SUMMARY}.part{'_each' if len(members) > 1 else ''}").format(
                names=words.listed(members), power=power
            )
            for power, members in groups.items()
        ]
    )
