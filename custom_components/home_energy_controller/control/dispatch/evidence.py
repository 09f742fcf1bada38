"""What the grid meter's last minute says about the leader."""

from statistics import fmean

from ..model import Timed
from ..permissions import Permission

EVIDENCE_S = 60.0
"""Nothing is concluded from less: a kettle or a cloud is over by then, or the leader has answered it."""
KEPT_S = 75.0
"""Readings come every few seconds: the oldest kept is then at least a minute old."""
SPACING_S = 1.0
"""Readings closer than this add nothing; it bounds what is kept."""
SOMEBODY_MISSING_W = 300.0
"""A leader that works keeps the mean within its dead band of 10-20 W."""
FLOWS_W = 50.0
"""Less is standby consumption and measuring error; Auto itself does nothing below 20 W."""
LASTS_LEAST_S, LASTS_MOST_S = 6.0, 15.0
"""Of readings that are taken as one: in a calm cycle two of them, in a busy one half a dozen."""
FLOOR_MOST_PCT = 35.0
"""Owners set their battery's own floor (12 % by default) up to here; what stands still above it has another cause."""
TRIES_S = 120.0
"""So long a leader may leave work undone. An HMG-50 waits for ten answers of its meter (31 s) when the sign changes,
and for one more after each jump: under a hob that pulses it may stand still, or go the wrong way, for over a minute."""
AGAINST_W, TURNS_S = 300.0, 45.0
"""The slowest Auto (HMG-50) has turned round by then, and needs fifteen seconds more for its whole power."""
ANSWER_S = 10.0
"""A leader has reached its limit by then, and a reading shows it."""

type MeterWindow = tuple[Timed[float], ...]
"""Readings of the last minute and a little more, oldest first."""


def extended(meter_window: MeterWindow, reading: Timed[float] | None, now: float) -> MeterWindow:
    """Return the minute with a new reading; after a long gap it begins anew."""
    if reading is not None and (not meter_window or reading.at >= meter_window[-1].at + SPACING_S):
        gap_s = reading.at - meter_window[-1].at if meter_window else 0.0
        meter_window = (*meter_window, reading) if gap_s <= EVIDENCE_S / 2 else (reading,)
    return tuple(old for old in meter_window if old.fresh(now, KEPT_S))


def mean_w(meter_window: MeterWindow, now: float) -> float | None:
    """Return the mean power, None while less than a minute is known."""
    return fmean(reading.value for reading in meter_window) if is_full(meter_window, now) else None


def mean_distance_w(meter_window: MeterWindow, now: float) -> float | None:
    """Return the mean distance from 0, None while less than a minute is known."""
    return fmean(abs(reading.value) for reading in meter_window) if is_full(meter_window, now) else None


def held(was_held: bool, allowed: Permission, power_w: float, meter_window: MeterWindow, now: float) -> bool:
    """Return whether a leader must be kept from Auto, which obeys nothing but the device's own limits.

    Where only one direction is open, Auto is given back once the meter has shown for a minute that there is work in
    that direction, and taken away at the first sign (`power_w`) of the other one.
    """
    if allowed.both:
        return False
    if not (allowed.charge_w or allowed.discharge_w):
        return True
    sign = _open_sign(allowed)
    if was_held:
        return not (is_full(meter_window, now) and all(sign * reading.value > FLOWS_W for reading in meter_window))
    return sign * power_w < -FLOWS_W


def sustained_w(meter_window: MeterWindow, now: float) -> float:
    """Return what the meter has shown at least for some seconds, 0 while it is on this and that side."""
    recent = [reading for reading in meter_window if reading.fresh(now, LASTS_MOST_S)]
    if not recent or recent[-1].at - recent[0].at < LASTS_LEAST_S:
        return 0.0
    least_w, most_w = min(reading.value for reading in recent), max(reading.value for reading in recent)
    return max(0.0, least_w) + min(0.0, most_w)


def works(allowed: Permission, power_w: float) -> bool:
    """Return whether a leader's power (W) goes the way that is open, where only one is."""
    return _open_sign(allowed) * power_w > FLOWS_W


def _open_sign(allowed: Permission) -> int:
    """Return the sign of a power in the one direction that is open: -1 charging, 1 discharging."""
    return -1 if allowed.charge_w else 1


def undone_sign(meter_window: MeterWindow, now: float) -> int:
    """Return what the meter has asked for all the last minute: 1 more discharging, -1 more charging, 0 neither.

    A leader that works brings the meter near 0 within the minute.
    """
    mean = mean_w(meter_window, now)
    if mean is None or abs(mean) <= SOMEBODY_MISSING_W:
        return 0
    sign = 1 if mean > 0 else -1
    return sign if all(sign * reading.value >= FLOWS_W for reading in meter_window) else 0


def works_against(sign: int, power: Timed[float], meter_window: MeterWindow) -> bool:
    """Return whether a leader goes the other way, after it had the time to turn round."""
    return sign * power.value < -AGAINST_W and power.at >= meter_window[0].at + TURNS_S


def best_output(before: Timed[float] | None, power: Timed[float], grid_w: float) -> Timed[float]:
    """Return what a leader had come to, and when, as it last went further towards what the meter asks for.

    Behind a meter that has a value every ten seconds only, Auto takes minutes: it is on its way, not without effect.
    """
    sign = 1 if grid_w > 0 else -1
    return power if before is None or sign * (power.value - before.value) >= FLOWS_W else before


def at_own_floor(soc_pct: float, power: Timed[float], meter_window: MeterWindow, now: float) -> bool:
    """Return whether a leader without effect looks empty: at a low charge it gives nothing.

    One without a meter looks the same, and is found out as soon as there is something to charge from.
    """
    mean = mean_w(meter_window, now)
    return mean is not None and mean > 0 and soc_pct <= FLOOR_MOST_PCT and abs(power.value) <= FLOWS_W


def is_full(meter_window: MeterWindow, now: float) -> bool:
    """Return whether the readings reach back a minute."""
    return bool(meter_window) and now - meter_window[0].at >= EVIDENCE_S
