"""What to tell each battery now, so that never two of them run in Auto: the steps of a change of leader.

A loop is broken before the next is made, and the power is handed over meanwhile: the old leader goes to its set-point
as a follower, while the new one takes over in Passive what the old one carried; once the old one is proven to obey, the
new one goes to Auto and goes on from where it is. Handed over in Auto, 1.8 kW would cost 12 Wh from the grid (HMG-50:
its own loop needs 15 s to get there).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from ..model import Action, Command, Decision, Mode, Role, Snapshot, Target, believable
from ..permissions import NOTHING_ALLOWED, Permission, allowed_power_w, by_charge, by_strategy, of_auto
from ..settings import BatterySettings, Settings
from .commands import auto, setpoint
from .tracking import Sent, may_be_auto

STEP_LIMIT_S = 30.0
"""For each proof; so much longer, as the firmware does not let itself be read at once."""
UNREAD_LIMIT_S = 90.0
"""For a new leader that nobody could read since it was told Auto: it does not answer each time (HMG-50, while it serves
its meter), and is in Auto more likely than not."""
SWAP_PAUSE_S = 600.0
"""After a swap that failed, the old leader stays for so long."""


class Step(IntEnum):
    """How far a swap is."""

    HAND_OVER = 1
    START_NEW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """A change of leader under way."""

    hold: Command
    """What the old leader does from now on."""
    take_w: float
    """What the new one carries until it may start (W), as far as it still may."""
    new_id: str
    step: Step = Step.HAND_OVER
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapMemory:
    """The swap under way, and what the last failure left."""

    swap: Swap | None = None
    keep_id: str | None = None
    """The old leader, which a failed swap left in its place."""
    keep_until: float = 0.0
    refused_id: str | None = None
    """Who was to lead then, where it said itself that it is not in Auto."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the steps look at."""

    decision: Decision
    snapshot: Snapshot
    settings: Settings
    sent: Mapping[str, Sent]
    now: float

    def target(self, battery: BatterySettings) -> Target:
        """Return what was decided for a battery; nothing, if nothing was."""
        target = self.decision.target(battery.battery_id)
        return target or Target(battery_id=battery.battery_id, role=Role.UNAVAILABLE, action=Action.NOTHING)

    def is_ours(self, battery: BatterySettings) -> bool:
        """Return whether the battery is under control and within reach."""
        target = self.target(battery)
        return target.role is not Role.OWNER and target.action is not Action.NOTHING

    def can_hand_over(self, battery: BatterySettings) -> bool:
        """Return whether a leader does what a handover asks of it; one that failed, or is out of control, just ends."""
        target = self.target(battery)
        return self.is_ours(battery) and target.role is not Role.UNAVAILABLE and not target.is_relieved

    def may_be_auto(self, battery: BatterySettings) -> bool:
        """Return whether the battery may run its own loop."""
        return may_be_auto(self.sent.get(battery.battery_id), self.snapshot.battery(battery.battery_id))

    def is_proven(self, battery: BatterySettings, command: Command) -> bool:
        """Return whether the battery is proven to do just this."""
        sent = self.sent.get(battery.battery_id)
        return sent is not None and sent.command == command and sent.proven_at is not None

    def refuses_auto(self, battery: BatterySettings) -> bool:
        """Return whether a battery that was told Auto said since that it is in another mode, or refused."""
        sent, seen = self.sent.get(battery.battery_id), self.snapshot.battery(battery.battery_id)
        if sent is None or not sent.is_auto or seen.mode is None:
            return False
        outcome = seen.outcome
        is_refused = outcome is not None and outcome.command == sent.command and outcome.accepted is False
        return is_refused or (seen.mode.at > sent.sent_at and seen.mode.value not in {Mode.AUTO, Mode.UNKNOWN})

    def loops_beside(self, leader: BatterySettings) -> list[BatterySettings]:
        """Return the other batteries that may run their own loop and can be told not to."""
        return [
            battery
            for battery in self.settings.batteries
            if battery is not leader and battery.can_idle and self.is_ours(battery) and self.may_be_auto(battery)
        ]

    def power_w(self, battery: BatterySettings) -> float:
        """Return what the battery was last read to deliver."""
        power = believable(self.snapshot.battery(battery.battery_id).power_w)
        return 0.0 if power is None else power.value

    def permission(self, battery: BatterySettings) -> Permission:
        """Return what strategy and charge allow."""
        return by_strategy(self.settings.strategy) & self.charge(battery)

    def charge(self, battery: BatterySettings) -> Permission:
        """Return what the charge of the battery allows."""
        soc = believable(self.snapshot.battery(battery.battery_id).soc_pct)
        return NOTHING_ALLOWED if soc is None else by_charge(battery, soc.value)

    def allowed(self, battery: BatterySettings, power_w: float, permission: Permission | None = None) -> Command | None:
        """Return the nearest set-point that limits, charge and the decision allow at this moment."""
        most = self.target(battery).most
        allowed_w = allowed_power_w(power_w, battery, permission or self.charge(battery))
        return setpoint(battery, allowed_w if most is None else most.clamped(allowed_w))


type Wishes = dict[str, Command | None]


def wishes(scene: Scene, memory: SwapMemory) -> tuple[Wishes, SwapMemory]:
    """Return what each battery should be told now (None: nothing), and how far the swap is."""
    batteries = {battery.battery_id: battery for battery in scene.settings.batteries}
    wanted = {key: _wished(scene, battery, scene.target(battery)) for key, battery in batteries.items()}
    leader = batteries.get(scene.decision.leader_id or "")
    if leader is None or scene.target(leader).action is not Action.AUTO:
        return wanted, replace(memory, swap=None)
    memory = _advanced(scene, memory, leader, batteries)
    kept = batteries.get(memory.keep_id or "")
    if kept is not None and _is_kept(scene, memory, kept, leader):
        # Roles are exchanged: the one that did not become leader does what the old one would have done.
        wanted[leader.battery_id] = _wished(scene, leader, scene.target(kept))
        leader = kept
        wanted[leader.battery_id] = auto(leader)
    waits = bool(scene.loops_beside(leader)) or scene.target(leader).waits
    if memory.swap is not None:
        wanted |= {key: _unchanged(scene, battery, wanted[key]) for key, battery in batteries.items()}
        wanted[memory.swap.hold.battery_id] = memory.swap.hold
    if memory.swap is not None and memory.swap.step is Step.HAND_OVER:
        wanted[leader.battery_id] = scene.allowed(leader, memory.swap.take_w, scene.permission(leader))
    elif waits:
        wanted[leader.battery_id] = _last_setpoint(scene, leader)
    return wanted, memory


def _advanced(
    scene: Scene, memory: SwapMemory, leader: BatterySettings, batteries: Mapping[str, BatterySettings]
) -> SwapMemory:
    """Return the memory with the swap begun, one step further, ended or given up."""
    swap = memory.swap
    old = batteries.get(swap.hold.battery_id) if swap is not None else None
    if swap is None or old is None or swap.new_id != leader.battery_id or not scene.can_hand_over(old):
        return _begun(scene, replace(memory, swap=None), leader, batteries)
    if swap.step is Step.HAND_OVER and scene.is_proven(old, swap.hold):
        swap = replace(swap, step=Step.START_NEW, since=scene.now)
    elif swap.step is Step.START_NEW and scene.is_proven(leader, auto(leader)):
        return SwapMemory()
    waiting_for = old if swap.step is Step.HAND_OVER else leader
    is_refused = swap.step is Step.START_NEW and scene.refuses_auto(leader)
    limit_s = STEP_LIMIT_S if is_refused or swap.step is Step.HAND_OVER else UNREAD_LIMIT_S
    if scene.now - swap.since > limit_s + waiting_for.mode_read_delay_s + waiting_for.proof_spacing_s:
        refused_id = leader.battery_id if is_refused else None
        return SwapMemory(keep_id=old.battery_id, keep_until=scene.now + SWAP_PAUSE_S, refused_id=refused_id)
    return replace(memory, swap=swap)


def _begun(
    scene: Scene, memory: SwapMemory, leader: BatterySettings, batteries: Mapping[str, BatterySettings]
) -> SwapMemory:
    """Return the memory with a swap begun, if another battery leads now and nothing speaks against it."""
    old = next(iter(scene.loops_beside(leader)), None)
    kept = batteries.get(memory.keep_id or "")
    if (
        old is None
        or not scene.can_hand_over(old)
        or scene.may_be_auto(leader)
        or (kept is not None and _is_kept(scene, memory, kept, leader))
    ):
        return memory
    # Together they go on with what they do now, divided as was decided.
    total_w = scene.power_w(old) + scene.power_w(leader)
    take = scene.allowed(leader, total_w - scene.target(old).power_w, scene.permission(leader))
    take_w = scene.power_w(leader) if take is None else take.power_w
    hold = scene.allowed(old, total_w - take_w, scene.permission(old))
    swap = None if hold is None else Swap(hold=hold, take_w=take_w, new_id=leader.battery_id, since=scene.now)
    return replace(memory, swap=swap)


def _is_kept(scene: Scene, memory: SwapMemory, kept: BatterySettings, leader: BatterySettings) -> bool:
    """Return whether the old leader of a failed swap stays in place, as far as it may still lead.

    Where Auto may do one direction only, for the car's sake as well, it is the one that was decided that is watched.
    On a circuit that cannot carry all its batteries, the room was left for the one that was decided.
    """
    if not _circuit_carries_all(scene, kept):
        return False
    may_lead = kept.may_lead and of_auto(kept, scene.settings.strategy, scene.charge(kept)).both
    may_lead = may_lead and not scene.target(leader).is_watched
    return kept is not leader and scene.now < memory.keep_until and may_lead and scene.can_hand_over(kept)


def _circuit_carries_all(scene: Scene, battery: BatterySettings) -> bool:
    """Return whether all batteries on the circuit of one may do all that they can at once."""
    circuit = battery.circuit
    sharing = [own for own in scene.settings.batteries if own.circuit == circuit]
    return circuit is None or all(sum(own.class_w(sign) for own in sharing) <= circuit.limit_w for sign in (1, -1))


def _wished(scene: Scene, battery: BatterySettings, target: Target) -> Command | None:
    """Return the command for a target, within what limits and charge allow at this moment."""
    if target.action is Action.NOTHING:
        return None
    if target.action is Action.AUTO:
        return _last_setpoint(scene, battery) if target.waits else auto(battery)
    power_w = target.power_w if target.action is Action.SETPOINT else 0
    return scene.allowed(battery, power_w)


def _unchanged(scene: Scene, battery: BatterySettings, wish: Command | None) -> Command | None:
    """Return what keeps a follower's power during a swap; idling, limits and charge act at once."""
    last = scene.sent.get(battery.battery_id)
    if wish is None or last is None or not scene.is_ours(battery) or wish.power_w * last.command.power_w <= 0:
        return wish
    return scene.allowed(battery, last.command.power_w)


def _last_setpoint(scene: Scene, battery: BatterySettings) -> Command | None:
    """Return what a battery that waits to become leader goes on doing."""
    last = scene.sent.get(battery.battery_id)
    if last is None or last.is_auto:
        return None
    return scene.allowed(battery, last.command.power_w)
