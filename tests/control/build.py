"""Short ways to say what a test needs."""

from datetime import UTC, datetime

from custom_components.home_energy_controller.control.model import (
    Action,
    BatteryObservation,
    Command,
    CommandKind,
    CommandOutcome,
    Decision,
    Mode,
    OwnMeter,
    Role,
    SiteState,
    Snapshot,
    Strategy,
    Target,
    Timed,
)
from custom_components.home_energy_controller.control.settings import BatterySettings, Settings

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def battery(battery_id: str = "a", **changes: object) -> BatterySettings:
    """Return a battery of 2500 W with its own meter."""
    given: dict[str, object] = {"rated_power_w": 2500, "own_meter": OwnMeter.YES, **changes}
    return BatterySettings(battery_id=battery_id, **given)  # type: ignore[arg-type]  # Tests name fields freely.


def site(*batteries: BatterySettings, strategy: Strategy = Strategy.ZERO, **changes: object) -> Settings:
    """Return a site that is switched on."""
    given: dict[str, object] = {"enabled": True, **changes}
    return Settings(strategy=strategy, batteries=batteries, **given)  # type: ignore[arg-type]  # As above.


def seen(
    battery_id: str = "a",
    *,
    soc: float | None = 50.0,
    power: float | None = 0.0,
    mode: Mode | None = Mode.PASSIVE,
    at: float = 0.0,
    mode_at: float | None = None,
    outcome: CommandOutcome | None = None,
) -> BatteryObservation:
    """Return a battery of which everything was read at the same moment, unless said otherwise."""
    return BatteryObservation(
        battery_id=battery_id,
        soc_pct=None if soc is None else Timed(soc, at),
        power_w=None if power is None else Timed(power, at),
        mode=None if mode is None else Timed(mode, at if mode_at is None else mode_at),
        outcome=outcome,
    )


def snapshot(
    *batteries: BatteryObservation, meter: float | None = 0.0, at: float = 0.0, load: float | None = None
) -> Snapshot:
    """Return the site with a meter reading and, with `load`, one sample of the net load."""
    return Snapshot(
        meter_w=None if meter is None else Timed(meter, at),
        batteries=batteries,
        net_load_w=() if load is None else (Timed(load, at),),
        local_time=NOON,
    )


def passive(battery_id: str, power_w: int, countdown_s: int = 300) -> Command:
    """Return a setpoint."""
    return Command(battery_id=battery_id, kind=CommandKind.PASSIVE, power_w=power_w, countdown_s=countdown_s)


def auto(battery_id: str) -> Command:
    """Return the command that starts a battery's own loop."""
    return Command(battery_id=battery_id, kind=CommandKind.AUTO)


def manual_idle(battery_id: str) -> Command:
    """Return the way to idle a battery that knows no Passive."""
    return Command(battery_id=battery_id, kind=CommandKind.MANUAL_IDLE)


def outcome(command: Command, sent_at: float, accepted: bool | None = True) -> CommandOutcome:
    """Return what became of a command within a second."""
    return CommandOutcome(command=command, sent_at=sent_at, done_at=sent_at + 1.0, accepted=accepted)


def decision(*targets: Target, leader: str | None = None) -> Decision:
    """Return a decision."""
    return Decision(
        state=SiteState.LEADER_AND_FOLLOWERS, leader_id=leader, targets=targets, net_load_w=None, decided_at=0
    )


def follow(battery_id: str, power_w: int = 0, role: Role = Role.FOLLOWER) -> Target:
    """Return a setpoint, or idling."""
    action = Action.SETPOINT if power_w else Action.IDLE
    return Target(battery_id=battery_id, role=role, action=action, power_w=power_w)


def lead(battery_id: str) -> Target:
    """Return what a leader does."""
    return Target(battery_id=battery_id, role=Role.LEADER, action=Action.AUTO)


def nothing(battery_id: str, role: Role = Role.UNAVAILABLE) -> Target:
    """Return what is left alone."""
    return Target(battery_id=battery_id, role=role, action=Action.NOTHING)
