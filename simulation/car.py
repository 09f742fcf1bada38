"""An electric car at its charger: whole amperes, slow to obey, not switched on and off at will."""

from random import Random

from simulation import assumptions as known


class Car:
    """Draws what it was told some seconds ago, in steps of 1 A; `full_wh` is what it still takes."""

    def __init__(self, *, phases: int = 1, most_a: int = 16, full_wh: float = float("inf"), seed: int = 1) -> None:
        self.step_w, self.most_a, self.full_wh = phases * known.CAR_VOLTAGE, most_a, full_wh
        self.connected = True
        self.power_w = self.told_a = self.taken_wh = self.fed_wh = 0.0
        self.tellings = self.switchings = 0
        self._random = Random(f"car {seed}")
        self._due: list[tuple[float, float]] = []
        self._switched_at = -known.CAR_LEAST_TIME

    def tell(self, amperes: float, now: float) -> None:
        """Take a current; it acts after a while, and less than the least current is none."""
        if amperes == self.told_a:
            return
        self.tellings += 1
        self.told_a = amperes
        self._due.append((now + self._random.uniform(known.CAR_REACTION_MIN, known.CAR_REACTION_MAX), amperes))

    def step(self, battery_w: float, house_w: float, dt_s: float, now: float) -> float:
        """Go on by `dt_s` seconds and return what it draws.

        `battery_w` flows out of the batteries and `house_w` into the house without the car: what the batteries give
        beyond that is theirs in the car (`fed_wh`).
        """
        while self._due and self._due[0][0] <= now:
            wanted_w = self._wanted_w(self._due[0][1])
            if bool(wanted_w) != bool(self.power_w):
                if now - self._switched_at < known.CAR_LEAST_TIME:
                    break
                self._switched_at = now
                self.switchings += 1
            self.power_w = wanted_w
            self._due.pop(0)
        if not self.connected or self.taken_wh >= self.full_wh:
            self.power_w = 0.0
        self.taken_wh += self.power_w * dt_s / 3600.0
        self.fed_wh += min(self.power_w, max(0.0, battery_w - max(0.0, house_w))) * dt_s / 3600.0
        return self.power_w

    def _wanted_w(self, amperes: float) -> float:
        """Return the power of a current."""
        whole = min(self.most_a, int(amperes))
        return whole * self.step_w if whole >= known.CAR_LEAST_CURRENT else 0.0
