"""What the firmware's own Auto mode does with its meter, per family.

Rebuilt from published protocol notes (AstraMeter's, on disassembled firmware): a good approximation, not the firmware.
"""

from math import copysign, sqrt
from random import Random
from typing import ClassVar, override

from simulation import assumptions as known
from simulation.devices import Family


class AutoLaw:
    """A regulator that is asked once per answer of its meter. This is the Venus D's: an integrator."""

    poll_range_s: ClassVar[tuple[float, float]] = (known.D_POLL, known.D_POLL)

    def __init__(self, random: Random) -> None:
        self.sharing = 1  # batteries that the meter says share the error: more with a real CT002/CT003 only
        self._random = random
        self.start(0.0)

    def start(self, output_w: float) -> None:
        """Begin from the present output."""
        self.setpoint_w = output_w

    def poll_s(self) -> float:
        """Return the time until the meter is asked again."""
        return self._random.uniform(*self.poll_range_s)

    def answer(self, meter_w: float, output_w: float, low_w: float, high_w: float) -> float:
        """Return the new setpoint (+ discharging) between the limits for one answer of the meter."""
        error_w = meter_w / self.sharing
        change_w = known.D_RATIO * error_w - 5.0 if abs(error_w) > 11.0 else 0.0  # it leans towards import
        self.setpoint_w = min(max(self.setpoint_w + change_w, low_w), high_w)
        return self.setpoint_w


class Hmg50Law(AutoLaw):
    """Venus C and E, generations 1 and 2: rules (a) to (g) of the notes, in their order."""

    poll_range_s = (known.HMG50_POLL_MIN, known.HMG50_POLL_MAX)
    dead_band_w = 20.0
    scale = 1.0
    gain_up_w = (50.0, 50.0, 50.0, 100.0, 200.0, 400.0)
    gain_down_w = (50.0, 50.0, 60.0, 180.0, 350.0, 410.0)

    @override
    def start(self, output_w: float) -> None:
        self.setpoint_w = self._output_w = output_w
        self._error = self._used = self._minimum = self._ramp = self._flips = self._sign = 0

    @override
    def answer(self, meter_w: float, output_w: float, low_w: float, high_w: float) -> float:
        error = int(meter_w / self.sharing)  # (a)
        jumped = abs(error) > 20 and abs(error - self._error) > 50 and abs(output_w - self._output_w) < 20
        self._error, self._output_w = error, output_w
        if self._flips_too_early(error) or jumped:  # (b), (c): a spike that the own output does not explain
            return self.setpoint_w
        if (abs(error) < self.dead_band_w and abs(output_w) < 1) or 0 <= error < self.dead_band_w / 2:  # (d)
            return self.setpoint_w
        if self.setpoint_w > high_w:  # (e)
            self.setpoint_w = max(self.setpoint_w - 100, high_w)
        elif self.setpoint_w < low_w:
            self.setpoint_w = min(self.setpoint_w + 100, low_w)
        else:
            self.setpoint_w = min(max(self.setpoint_w + copysign(self._step_w(error), error), low_w), high_w)
        return self.setpoint_w

    def _flips_too_early(self, error: int) -> bool:
        """Return whether the sign of the error has changed and that has not yet held for ten answers (b)."""
        if error * self._sign < 0:
            self._flips += 1
            if self._flips < known.FLIP_TICKS:
                return True
        self._flips, self._sign = 0, error or self._sign
        return False

    def _step_w(self, error: int) -> float:
        """Return how far to go: slow at first and after each growth of the error (f, g)."""
        size, used = abs(error), abs(self._used)
        if error * self._used <= 0:  # the error went through 0
            self._minimum = used = 0
        if size > used:
            self._ramp, reference = (0 if error > 0 else 1), self._minimum
        else:
            self._ramp, reference = min(5, self._ramp + 1), used
        self._used, self._minimum = error, min(self._minimum, size)
        gain_w = (self.gain_up_w if error > 0 else self.gain_down_w)[self._ramp]
        return min((sqrt(abs(size * size - reference * reference)) + 10) * self.scale, gain_w * self.scale, size)


class E3Law(Hmg50Law):
    """Venus E 3.0: the same gate, a narrower dead band, far more answers and an unknown ramp."""

    poll_range_s = (known.E3_POLL_MIN, known.E3_POLL_MAX)
    dead_band_w = 10.0
    scale = float(known.E3_GAIN)


def law_for(family: Family, random: Random) -> AutoLaw:
    """Return a fresh law; that of the Venus A is unknown and taken as the D's, the mini's as the E 3.0's (inferred)."""
    laws = {Family.HMG50: Hmg50Law, Family.A: AutoLaw, Family.D: AutoLaw}
    return laws.get(family, E3Law)(random)
