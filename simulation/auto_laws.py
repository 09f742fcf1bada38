"""What the firmware's own Auto mode does with its meter, per family.

Rebuilt from published protocol notes (AstraMeter's, on disassembled firmware): a good approximation, not the firmware.
"""

from math import copysign, sqrt
from random import Random
from typing import Protocol

from simulation import assumptions as known
from simulation.devices import Family


class AutoLaw(Protocol):
    """A regulator that is asked once per answer of its meter."""

    sharing: int
    """Batteries that the meter says share the error; above 1 with a real CT002/CT003 only."""

    def poll_s(self) -> float:
        """Return the time until the meter is asked again."""
        ...

    def start(self, output_w: float) -> None:
        """Begin from the present output."""
        ...

    def answer(self, meter_w: float, output_w: float, low_w: float, high_w: float) -> float:
        """Return the new set-point (+ discharging) between the limits for one answer of the meter."""
        ...


class Hmg50Law:
    """Venus C and E, generations 1 and 2: rules (a) to (g) of the notes, in their order.

    Rule (b), "a sign flip must hold for 10 ticks", is taken as the direction of the set-point: until ten answers
    in a row ask for the other direction it stays at 0.
    """

    GAIN_W = (50.0, 50.0, 50.0, 100.0, 200.0, 400.0)
    GAIN_DOWN_W = (50.0, 50.0, 60.0, 180.0, 350.0, 410.0)
    """Largest step by ramp counter, for too little and for too much power."""
    dead_band_w = 20
    scale = 1.0
    poll_range_s = (float(known.HMG50_POLL_MIN), float(known.HMG50_POLL_MAX))

    __slots__ = (
        "_direction",
        "_error",
        "_flips",
        "_last_used",
        "_minimum",
        "_output",
        "_ramp",
        "_random",
        "_setpoint",
        "sharing",
    )

    def __init__(self, random: Random) -> None:
        self._random = random
        self.sharing = 1
        self.start(0.0)

    def poll_s(self) -> float:
        """Return the time until the meter is asked again: it wanders."""
        return self._random.uniform(*self.poll_range_s)

    def start(self, output_w: float) -> None:
        """Begin from the present output."""
        self._setpoint = output_w
        self._direction = copysign(1.0, output_w) if output_w else 0.0
        self._error = self._last_used = self._minimum = self._ramp = self._flips = 0
        self._output = output_w

    def answer(self, meter_w: float, output_w: float, low_w: float, high_w: float) -> float:
        """Return the new set-point for one answer of the meter."""
        error = int(meter_w / self.sharing)  # (a)
        jumped = abs(error - self._error) > 50 and abs(output_w - self._output) < 20
        self._error, self._output = error, output_w
        if abs(error) > 20 and jumped:  # (c) a spike that the own output does not explain
            return self._setpoint
        if (abs(error) < self.dead_band_w and abs(output_w) < 1) or 0 <= error < self.dead_band_w / 2:  # (d)
            return self._setpoint
        if not low_w <= self._setpoint <= high_w:  # (e)
            pulled = self._setpoint - copysign(100.0, self._setpoint)
            self._setpoint = max(pulled, high_w) if self._setpoint > 0 else min(pulled, low_w)
            return self._setpoint
        wanted = self._setpoint + copysign(self._step_w(error), error)
        self._setpoint = min(max(self._debounced(wanted), low_w), high_w)
        return self._setpoint

    def _step_w(self, error: int) -> float:
        """Return how far to go: slow at first and after each growth of the error (f, g)."""
        size, last = abs(error), abs(self._last_used)
        if error * self._last_used <= 0:
            self._minimum = 0
        if size > last or error * self._last_used < 0:
            self._ramp = 0 if error > 0 else 1
            reference = self._minimum
        else:
            self._ramp = min(5, self._ramp + 1)
            reference = last
        self._last_used, self._minimum = error, min(self._minimum, size)
        gain_w = (self.GAIN_W if error > 0 else self.GAIN_DOWN_W)[self._ramp]
        return min((sqrt(abs(size * size - reference * reference)) + 10) * self.scale, gain_w * self.scale, size)

    def _debounced(self, wanted_w: float) -> float:
        """Hold 0 until the other direction was asked for ten times in a row (b)."""
        if wanted_w * self._direction >= 0:
            self._flips = 0
            self._direction = self._direction or copysign(1.0, wanted_w)
            return wanted_w
        self._flips += 1
        if self._flips < known.REVERSAL_TICKS:
            return 0.0
        self._flips, self._direction = 0, -self._direction
        return wanted_w


class E3Law(Hmg50Law):
    """Venus E 3.0: the same gate, a narrower dead band, far more answers and an unknown ramp."""

    dead_band_w = 10
    scale = float(known.E3_GAIN)
    poll_range_s = (float(known.E3_POLL_MIN), float(known.E3_POLL_MAX))

    __slots__ = ()


class DLaw:
    """Venus D: an integrator that leans 5 W towards import."""

    DEAD_BAND_W = 11.0
    BIAS_W = 5.0

    __slots__ = ("_setpoint", "sharing")

    def __init__(self, _random: Random) -> None:
        self.sharing = 1
        self._setpoint = 0.0

    def poll_s(self) -> float:
        """Return the time until the meter is asked again."""
        return float(known.D_POLL)

    def start(self, output_w: float) -> None:
        """Begin from the present output."""
        self._setpoint = output_w

    def answer(self, meter_w: float, output_w: float, low_w: float, high_w: float) -> float:
        """Return the new set-point for one answer of the meter."""
        error_w = meter_w / self.sharing
        if abs(error_w) > self.DEAD_BAND_W:
            self._setpoint += known.D_RATIO * error_w - self.BIAS_W
        self._setpoint = min(max(self._setpoint, low_w), high_w)
        return self._setpoint


def law_for(family: Family, random: Random) -> AutoLaw:
    """Return a fresh law; that of the Venus A is unknown and taken as the D's, the mini's as the E 3.0's (inferred)."""
    if family is Family.HMG50:
        return Hmg50Law(random)
    return DLaw(random) if family in (Family.A, Family.D) else E3Law(random)
