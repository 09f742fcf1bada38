"""The commands that a battery gets."""

from ..model import COUNTDOWN_S, BatteryMode, Command, CommandKind, Mode, OwnMeter, Release
from ..settings import BatterySettings

RELEASE_IDLE_COUNTDOWN_S = 86_400
"""The longest that is known to be taken: nobody renews it, and what follows it is disputed."""


def auto(battery: BatterySettings) -> Command:
    """Return the command that starts the battery's own loop."""
    return Command(battery_id=battery.battery_id, kind=CommandKind.AUTO)


def setpoint(battery: BatterySettings, power_w: int, countdown_s: int = COUNTDOWN_S) -> Command | None:
    """Return the command for a power (W); without Passive only idling is possible, if at all."""
    if battery.has_passive:
        return Command(
            battery_id=battery.battery_id, kind=CommandKind.PASSIVE, power_w=power_w, countdown_s=countdown_s
        )
    return Command(battery_id=battery.battery_id, kind=CommandKind.MANUAL_IDLE) if battery.slots_cleared else None


def release_command(battery: BatterySettings) -> Command | None:
    """Return what leaves one battery as its owner wants; None where there is no safe way."""
    if battery.battery_mode is BatteryMode.IDLE:
        return setpoint(battery, 0, RELEASE_IDLE_COUNTDOWN_S)
    if battery.battery_mode is BatteryMode.AUTOMATIC or battery.release is Release.AUTOMATIC:
        return auto(battery)
    if battery.release is Release.RESTORE:
        if battery.found_mode is Mode.MANUAL:
            return Command(battery_id=battery.battery_id, kind=CommandKind.MANUAL_IDLE)
        if battery.found_mode is Mode.AUTO or battery.own_meter is not OwnMeter.NO:
            return auto(battery)
    return setpoint(battery, 0, RELEASE_IDLE_COUNTDOWN_S)
