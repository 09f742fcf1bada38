"""Whether a P1 answers with the telegrams of its meter, or with the last one of a cable that fell out, over and over.

How long a living meter may repeat itself differs from meter to meter and from day to night, so nothing is judged by the
power alone: an old meter stands at 0 W for hours. Two things go on in every living one: its energies count what its
power says, and voltages, where it tells them, hardly ever repeat. How far behind the energies are, and how often
voltages repeat, is learnt from the meter itself.
"""

from collections.abc import Mapping
from math import log, sqrt
from typing import Final

SPACING_S: Final = 9.0
"""Replies that lie closer together may well be one telegram: old meters send one every 10 s."""
LONGEST_GAP_S: Final = 60.0
"""Across a longer silence nothing can be told."""
LEAST_S: Final = 30.0
"""Three telegrams of an old meter: less is a hiccup."""
LEAST_WH: Final = 5.0
"""So much has to be missing in the energies, which count in 1 Wh and a telegram late."""
LAGS: Final = 3.0
"""Times the furthest that this meter's energies were seen behind."""
LAG_STAYS: Final = 0.99
"""Of it, per time that the energy moves."""
ROUNDED_W: Final = 10.0
"""By so much old meters round their power."""
LEAST_CHANGES: Final = 10.0
"""Of the voltages, before their standing still says anything."""
LEAST_SHARE: Final = 0.25
"""Of repeats: the least that is believed, for calm nights come after restless days."""
PEAK: Final = 1.5
"""Times the share of repeats: so much likelier a voltage repeats where it is most of the time."""
UNLIKELY: Final = log(1e-6)
FORGETS: Final = 0.999
"""Per comparison: half of what was learnt is gone after two hours."""

type Telegram = dict[str, float]


class TelegramWatch:
    """Compares each reply with those before it."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._telegram: Telegram | None = None
        self._since = self._seen_at = 0.0
        """Of this telegram, when it was read first and last."""
        self._power_w = 0.0
        self._is_frozen = False
        self._sample: tuple[Telegram, float] = {}, 0.0
        """The last telegram that was compared, and when it was read."""
        self._repeats = 0
        """So often in a row the sample was the one before it."""
        self._repeated, self._changed = 1.5, 0.5
        """How often voltages did so in a telegram that was new; slow, until the meter shows that it is not."""
        self._step_wh = 1000.0
        """The finest that the energies count."""
        self._uncounted_wh = {"import": 0.0, "export": 0.0}
        """What should have been counted since that energy moved last."""
        self._lag_wh = {"import": 0.0, "export": 0.0}
        """The most of it that was ever seen."""

    def frozen_since(self, reply: Mapping[str, object], power_w: float, at: float) -> float | None:
        """Take note of a reply; return since when (s) it has been an old telegram, None while the meter lives."""
        telegram = _telegram(reply)
        before = self._telegram
        if before is None or at - self._seen_at > LONGEST_GAP_S:
            # Begin anew with what was learnt of the meter.
            self._sample, self._repeats = (telegram, at), 0
            self._since, self._is_frozen = at, False
            self._uncounted_wh = dict.fromkeys(self._uncounted_wh, 0.0)
        elif telegram != before:
            self._count(before, telegram, power_w, at)
            self._learn(telegram, at)
            self._since, self._is_frozen = at, False
        else:
            self._count(before, telegram, power_w, at)
            if at - self._sample[1] >= SPACING_S:
                self._sample = telegram, at
                self._repeats += 1
            # The energy that this power moves should have counted, more than once.
            way = "import" if power_w > 0 else "export"
            moved_wh = max(0.0, abs(power_w) - ROUNDED_W) * (at - self._since) / 3600
            is_uncounted = _energy(way) in telegram and moved_wh >= self._least_wh(way)
            # Voltages that never stood still do so for longer than chance allows.
            is_too_calm = self._changed >= LEAST_CHANGES and self._repeats * log(self._share) <= UNLIKELY
            is_dead = is_uncounted or is_too_calm
            self._is_frozen = self._is_frozen or (is_dead and at - self._since >= LEAST_S)
        self._telegram, self._seen_at, self._power_w = telegram, at, power_w
        return self._since if self._is_frozen else None

    def _count(self, before: Telegram, telegram: Telegram, power_w: float, at: float) -> None:
        """Note what the energies should have counted meanwhile, and how far behind they are when they do."""
        self._step_wh = min([self._step_wh, *(_step_wh(v) for n, v in telegram.items() if n.startswith("total_"))])
        passed_h = (at - self._seen_at) / 3600
        for way, way_w in (("import", min(power_w, self._power_w)), ("export", -max(power_w, self._power_w))):
            if self._is_frozen and telegram != before:
                # One freeze is no lesson in patience; yet were it none, the next one has to last longer.
                lag_wh = min(self._uncounted_wh[way], self._least_wh(way) / 2)
            elif telegram.get(_energy(way)) != before.get(_energy(way)):
                lag_wh = self._uncounted_wh[way]
            else:
                self._uncounted_wh[way] += max(0.0, way_w - ROUNDED_W) * passed_h
                continue
            self._lag_wh[way] = max(LAG_STAYS * self._lag_wh[way], lag_wh)
            self._uncounted_wh[way] = 0.0

    def _learn(self, telegram: Telegram, at: float) -> None:
        """Learn from a telegram that is new how often voltages repeat; all repeats before it were alive as well."""
        # No more of them than would have been called a freeze: one freeze is no lesson in patience.
        most = UNLIKELY / log(self._share)
        repeated, changed = min(float(self._repeats), most), 0.0
        sample, sampled_at = self._sample
        if at - sampled_at >= SPACING_S:
            volts = _restless(telegram)
            same = volts == _restless(sample)
            repeated, changed = repeated + same, changed + (bool(volts) and not same)
            self._sample = telegram, at
        self._repeats = 0
        self._repeated = FORGETS * self._repeated + repeated
        self._changed = FORGETS * self._changed + changed

    @property
    def _share(self) -> float:
        """Return how often a voltage that was repeated is repeated again, at most."""
        share = self._repeated / (self._repeated + self._changed)
        # No distribution has a peak above the root of its repeats; a bell has one well below.
        return max(LEAST_SHARE, min(PEAK * share, sqrt(share), 0.999))

    def _least_wh(self, way: str) -> float:
        """Return how much has to be missing."""
        return max(LEAST_WH, LAGS * max(self._step_wh, self._lag_wh[way]))


def _telegram(reply: Mapping[str, object]) -> Telegram:
    """Return what the meter itself told, without what the P1 adds: Wi-Fi, water, its own clock."""
    return {
        name: float(value)
        for name, value in reply.items()
        if name.startswith(("active_", "total_power_"))
        and not name.startswith("active_liter")
        and isinstance(value, int | float)
        and abs(value) < 1e9
    }


def _energy(way: str) -> str:
    """Return the name of the energy of a direction."""
    return f"total_power_{way}_kwh"


def _step_wh(energy: float) -> float:
    """Return in which steps (Wh) an energy (kWh) may be counted, by its decimals."""
    count = round(energy * 1000)
    return next((step for step in (1000.0, 100.0, 10.0) if count % step == 0), 1.0)


def _restless(telegram: Telegram) -> Telegram:
    """Return what the grid changes all the time, whatever the house does."""
    return {name: value for name, value in telegram.items() if "voltage" in name or "frequency" in name}
