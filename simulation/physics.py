"""What a battery is made of: an inverter that takes its time, and cells that lose a part of everything."""

from math import exp, inf

from simulation import assumptions as known

_CHARGE = (known.CHARGE_LOSS_FIXED, known.CHARGE_LOSS_LINEAR, known.CHARGE_LOSS_SQUARE)
_DISCHARGE = (known.DISCHARGE_LOSS_FIXED, known.DISCHARGE_LOSS_LINEAR, known.DISCHARGE_LOSS_SQUARE)
_LEAST_W, _HYSTERESIS_PCT = float(known.MINIMUM_POWER), float(known.BOUND_HYSTERESIS)


def loss_w(power_w: float) -> float:
    """Return the conversion loss at an AC power, + discharging; that of an inverter that stands still at 0."""
    if power_w == 0.0:
        return float(known.IDLE_LOSS)
    fixed, linear, square = _DISCHARGE if power_w > 0 else _CHARGE
    power_kw = abs(power_w) / 1000.0
    return fixed + (linear + square * power_kw) * power_kw


class Inverter:
    """Follows a wanted power: dead time from standstill, ramp, first-order lag, least power."""

    def __init__(self) -> None:
        self._dt_s = self._alpha = 0.0
        self.stop()

    def stop(self) -> None:
        """Be off at once."""
        self.power_w, self._reference_w, self._start_at = 0.0, 0.0, inf

    def step(self, wanted_w: float, dt_s: float, now: float) -> float:
        """Go on by `dt_s` seconds to `now` and return the new AC power."""
        if -_LEAST_W < wanted_w < _LEAST_W:
            wanted_w = 0.0
        if self.power_w == 0.0 and self._reference_w == 0.0:
            if wanted_w == 0.0:
                self._start_at = inf
                return 0.0
            self._start_at = min(self._start_at, now - dt_s + known.START_DEAD_TIME)
            if now < self._start_at:
                return 0.0
        if dt_s != self._dt_s:
            self._dt_s, self._alpha = dt_s, 1.0 - exp(-dt_s / known.LAG)
        ramp_w = known.RAMP * dt_s
        self._reference_w += min(max(wanted_w - self._reference_w, -ramp_w), ramp_w)
        self.power_w += (self._reference_w - self.power_w) * self._alpha
        if self._reference_w == 0.0 and -_LEAST_W < self.power_w < _LEAST_W:
            self.stop()
        return self.power_w


class Cells:
    """The energy inside, what may go in and out, and the counters."""

    def __init__(self, capacity_wh: float, soc_pct: float, loss_scale: float) -> None:
        self.capacity_wh, self.loss_scale = capacity_wh, loss_scale
        self.energy_wh = capacity_wh * soc_pct / 100.0
        self.floor_pct = float(known.FLOOR)
        self.empty, self.full = soc_pct <= self.floor_pct, soc_pct >= 100.0
        self.charged_wh = self.discharged_wh = self.loss_wh = 0.0

    @property
    def soc_pct(self) -> float:
        """Return the exact state of charge."""
        return 100.0 * self.energy_wh / self.capacity_wh

    def limits_w(self, charge_w: float, discharge_w: float) -> tuple[float, float]:
        """Return the lowest and the highest power that may flow now, given the largest of each direction."""
        soc_pct = self.soc_pct
        if self.full:
            charge_w = 0.0
        elif soc_pct > known.TAPER_2_FROM:
            charge_w = min(charge_w, float(known.TAPER_2_LIMIT))
        elif soc_pct > known.TAPER_1_FROM:
            charge_w = min(charge_w, float(known.TAPER_1_LIMIT))
        return -charge_w, 0.0 if self.empty else discharge_w

    def store(self, power_w: float, pv_w: float, hours: float) -> None:
        """Move energy between the cells, the AC side, the panels and the losses."""
        lost_wh = loss_w(power_w) * self.loss_scale * hours
        self.loss_wh += lost_wh
        if power_w > 0:
            self.discharged_wh += power_w * hours
        else:
            self.charged_wh -= power_w * hours
        energy_wh = self.energy_wh + (pv_w - power_w) * hours - lost_wh
        self.energy_wh = min(max(energy_wh, 0.0), self.capacity_wh)
        soc_pct = self.soc_pct
        self.empty = soc_pct <= self.floor_pct + (_HYSTERESIS_PCT if self.empty else 0.0)
        self.full = soc_pct >= 100.0 - (_HYSTERESIS_PCT if self.full else 0.0)
