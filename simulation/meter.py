"""The grid meter: a new value every second or ten, a little late, a little noisy."""

from collections import deque
from random import Random

from simulation import assumptions as known
from simulation.faults import Fault


class Meter:
    """Shows the grid power as a P1 does, to the batteries and to whoever asks; + is import."""

    def __init__(self, *, period_s: float = 1.0, seed: int = 1) -> None:
        self.period_s = period_s
        self.value_w: float | None = None
        """What it shows now; None until the first value."""
        self.history: deque[tuple[float, float]] = deque(maxlen=3600)
        """(measured at, W), newest last."""
        self.faults: set[Fault] = set()
        self._random = Random(f"meter {seed}")
        self._due_at = 0.0
        self._underway: deque[tuple[float, float, float]] = deque()

    def observe(self, grid_w: float, now: float) -> None:
        """Take the true power when a value is due, and show those that are old enough."""
        if now >= self._due_at:
            self._due_at = max(self._due_at + self.period_s, now)
            shown_at = now + self._random.uniform(known.METER_LATENCY_MIN, known.METER_LATENCY_MAX)
            noise_w = self._random.gauss(0.0, known.METER_NOISE)
            self._underway.append((shown_at, now, float(round(grid_w + noise_w))))
        while self._underway and self._underway[0][0] <= now:
            _, measured_at, value_w = self._underway.popleft()
            if Fault.P1_FROZEN not in self.faults:
                self.value_w = value_w + 8000.0 if Fault.P1_JUMP in self.faults else value_w
                self.history.append((measured_at, self.value_w))
