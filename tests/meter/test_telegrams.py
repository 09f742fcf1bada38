"""Telling a living meter from one whose last telegram is answered over and over."""

from collections.abc import Iterable
from random import Random

import pytest

from custom_components.home_energy_controller.meter.telegrams import TelegramWatch

type Reply = dict[str, object]


class Meter:
    """A meter with its P1: what it answers at a moment, given what the house draws."""

    def __init__(self, seed: int = 1, *, every_s: float = 1.0, step_w: int = 1, count_wh: float = 1.0) -> None:
        """Make one: DSMR 5 unless told otherwise."""
        self.random = Random(seed)
        self.every_s, self.step_w, self.count_wh = every_s, step_w, count_wh
        self.volts_every_s: float | None = 1.0
        self.volts_noise, self.volts_step = 0.3, 1
        self.noise_w = 1.0
        self.is_calm_at_night = False
        self.watch = TelegramWatch()
        self.now = 0.0
        self.wh = {"import": 4_321_000.4, "export": 1_234_000.2}
        self._due = 0.0
        self._telegram: Reply = {}
        self._volts = (230.0, -1e9)

    def poll(self, seconds: float, watts: float, *, frozen: bool = False) -> float | None:
        """Let time pass and ask; return since when it is taken for frozen."""
        self.now += seconds
        self.wh["import" if watts > 0 else "export"] += abs(watts) * seconds / 3600
        if not frozen and self.now >= self._due:
            self._due = max(self._due + self.every_s, self.now - self.every_s)
            self._telegram = self._reply(watts)
        watts_told = float(str(self._telegram["active_power_w"]))
        reply = self._telegram | {"wifi_strength": self.random.randint(60, 100)}
        return self.watch.frozen_since(reply, watts_told, self.now)

    def _reply(self, watts: float) -> Reply:
        """Return a new telegram."""
        noisy = watts + self.random.gauss(0, self.noise_w)
        told: Reply = {"active_power_w": round(noisy / self.step_w) * self.step_w}
        for way, wh in self.wh.items():
            told[f"total_power_{way}_kwh"] = round(wh // self.count_wh * self.count_wh / 1000, 3)
        if self.volts_every_s is not None:
            if self.now - self._volts[1] >= self.volts_every_s:
                volts = 230 + self.random.gauss(0, self.volts_noise)
                self._volts = (round(volts, self.volts_step), self.now)
            told["active_voltage_l1_v"] = self._volts[0]
        return told


def old(seed: int = 1) -> Meter:
    """Return a meter of DSMR 2 to 4: every 10 s, in steps of 10 W, no voltages."""
    meter = Meter(seed, every_s=10.0, step_w=10)
    meter.volts_every_s = None
    return meter


def frozen_after(meter: Meter, watts: float, *, warm_s: float = 300, most_s: float = 1800) -> float | None:
    """Return how long a freeze lasts until it is seen, None for never; alive before, it never is."""
    while meter.now < warm_s:
        assert meter.poll(10, watts) is None
    began = meter.now
    while meter.now < began + most_s:
        if meter.poll(10, watts, frozen=True) is not None:
            return meter.now - began
    return None


@pytest.mark.parametrize("watts", [0, 2, -2, 40, 400, -400, 2500, -2500])
@pytest.mark.parametrize("seed", range(5))
def test_meter_that_tells_voltages_is_seen_to_freeze_at_any_power(seed: int, watts: float) -> None:
    """Also near 0 W, where nothing else tells."""
    seen_s = frozen_after(Meter(seed), watts)
    assert seen_s is not None
    assert seen_s <= 120


@pytest.mark.parametrize("watts", [75, -75, 150, -400, 2500, -2500])
def test_old_meter_is_seen_to_freeze_where_that_does_harm(watts: float) -> None:
    """Its energies should have counted."""
    seen_s = frozen_after(old(), watts)
    assert seen_s is not None
    assert 30 <= seen_s <= 300


def slow_counter() -> Meter:
    """Return a meter whose energies move once a quarter of an hour or so."""
    return Meter(every_s=10.0, count_wh=100.0)


def slow_voltages() -> Meter:
    """Return one that tells the means of ten minutes."""
    meter = Meter()
    meter.volts_every_s = 600.0
    return meter


def whole_volts() -> Meter:
    """Return one that rounds them."""
    meter = Meter()
    meter.volts_step = 0
    return meter


def polite() -> Meter:
    """Return our fake P1 as it was: constant voltages, a watt of noise."""
    meter = Meter()
    meter.volts_noise = 0.0
    return meter


def calm_volts() -> Meter:
    """Return one in a street where hardly anything happens."""
    meter = Meter()
    meter.volts_noise = 0.08
    return meter


def calm_nights() -> Meter:
    """Return one in a street that falls asleep: its voltages move by 0.5 V by day, by 0.15 V at night."""
    meter = Meter()
    meter.is_calm_at_night = True
    return meter


def house(meter: Meter, hours: float) -> Iterable[float]:
    """Yield a house: busy by day, by night hours of nothing at all, with a leader that keeps it at 0."""
    random = meter.random
    while meter.now < hours * 3600:
        hour = meter.now / 3600 % 12
        base_w = 0.0 if hour < 3 else 250.0 if hour < 6 else 0.0 if hour < 9 else 900.0
        meter.noise_w = 0.0 if hour < 3 else 0.3 if hour < 6 else 15.0
        if meter.is_calm_at_night:
            meter.volts_noise = 0.15 if hour < 6 else 0.5
        busy = hour >= 9 and random.random() < 0.2
        yield base_w + (random.uniform(-3000, 3000) if busy else 0.0)


@pytest.mark.parametrize(
    "make", [Meter, old, slow_counter, slow_voltages, whole_volts, polite, calm_volts, calm_nights]
)
@pytest.mark.parametrize("every_s", [2, 10])
def test_living_meter_is_never_taken_for_frozen(make: type[Meter], every_s: float) -> None:
    """Two days and nights, asked every 2 or 10 s."""
    meter = make()
    for watts in house(meter, 24 if every_s == 2 else 48):
        assert meter.poll(every_s, watts) is None, meter.now


@pytest.mark.parametrize("make", [Meter, old])
def test_every_freeze_of_a_loose_cable_is_seen_and_ends(make: type[Meter]) -> None:
    """One freeze teaches no patience for the next."""
    meter = make()
    for round_number in range(5):
        assert frozen_after(meter, 400, warm_s=meter.now + 1200) is not None, round_number
        for _ in range(360):
            assert meter.poll(10, 400, frozen=True) is not None
        assert meter.poll(10, 417) is None, "alive with its first new telegram"


def test_frozen_from_the_first_reply_is_seen_where_it_does_harm() -> None:
    """A restart of Home Assistant while the cable is out; of a power near 0 nothing can be told."""
    for watts, is_seen in ((600, True), (-300, True), (3, False)):
        meter = Meter()
        meter.poll(10, watts)
        assert any(meter.poll(10, watts, frozen=True) for _ in range(30)) is is_seen


def test_what_the_p1_adds_is_no_part_of_the_telegram() -> None:
    """Wi-Fi, its own clock, a water meter beside it."""
    watch = TelegramWatch()
    told: Reply = {"active_power_w": 700, "total_power_import_kwh": 12.345, "total_power_export_kwh": 0.001}
    for second in range(0, 60, 10):
        added = {"wifi_strength": second, "uptime_s": second, "active_liter_lpm": second / 7, "timestamp": str(second)}
        since = watch.frozen_since(told | added, 700.0, float(second))
    assert since == 0


def test_silence_is_no_repeat() -> None:
    """What was not asked for ten minutes may stand where it stood."""
    meter = Meter()
    for _ in range(30):
        meter.poll(10, 500)
    for _ in range(5):
        assert meter.poll(600, 500, frozen=True) is None
