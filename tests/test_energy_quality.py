"""What the readings of a site add up to."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from custom_components.home_energy_controller.control.model import BatteryObservation
from custom_components.home_energy_controller.site.energy import EnergyStatistics, Quality, Today
from tests.control.build import NOON, battery, seen, site, snapshot

SITE = site(battery("a"), battery("b"))


def played(
    *grid_w: float,
    batteries: tuple[BatteryObservation, ...] = (),
    start: datetime = NOON,
    today: Today | None = None,
) -> EnergyStatistics:
    """Return figures after a reading every ten seconds."""
    figures = EnergyStatistics(today or Today())
    for number, power_w in enumerate(grid_w):
        at = 10.0 * number
        seen_now = snapshot(*batteries, meter=power_w, at=at)
        figures.add(replace(seen_now, local_time=start + timedelta(seconds=at)), SITE)
    return figures


def test_import_and_export_are_counted_apart() -> None:
    """An hour at 1200 W is 1200 Wh, whatever the batteries do."""
    assert played(*[1200.0] * 361).today.imported_wh == pytest.approx(1200)
    exported = played(*[-600.0] * 361).today
    assert exported.exported_wh == pytest.approx(600)
    assert exported.imported_wh == 0


def test_what_batteries_charge_and_discharge_is_counted_apart() -> None:
    """Of each by its own readings: one that charges the other is no zero."""
    figures = EnergyStatistics(Today())
    for number in range(361):
        at = 10.0 * number
        batteries = (seen("a", power=-1200.0, at=at), seen("b", power=600.0, at=at))
        figures.add(replace(snapshot(*batteries, meter=0.0, at=at), local_time=NOON + timedelta(seconds=at)), SITE)
    assert figures.today.charged_wh == pytest.approx(1200)
    assert figures.today.discharged_wh == pytest.approx(600)


def test_the_day_begins_anew_at_midnight() -> None:
    """By the clock on the wall; what flows goes on to be counted."""
    midnight = NOON.replace(hour=0)
    today = played(*[3600.0] * 21, start=midnight - timedelta(seconds=100)).today
    assert today.day == midnight.date().isoformat()
    assert today.imported_wh == pytest.approx(110, abs=1)


def test_what_was_stored_of_the_day_is_gone_on_with() -> None:
    """A restart does not begin the day anew, and does not count the pause."""
    stored = Today(day=NOON.date().isoformat(), imported_wh=500.0)
    assert played(1000.0, today=stored).today.imported_wh == 500
    assert played(1000.0, today=Today(day="2026-11-22", imported_wh=500.0)).today.imported_wh == 0


@pytest.mark.parametrize(
    ("today", "consumption", "sufficiency"),
    [
        (Today(surplus_wh=4000, exported_wh=1000, deficit_wh=2000, imported_wh=100), 75, 95),
        (Today(surplus_wh=4000, exported_wh=5000, deficit_wh=2000, imported_wh=9000), 0, 0),
        (Today(surplus_wh=50, exported_wh=50, deficit_wh=50), 100, 100),
    ],
)
def test_shares_of_the_day(today: Today, consumption: int, sufficiency: int) -> None:
    """Between 0 and 100, and all of next to nothing."""
    assert (today.self_consumption_pct, today.self_sufficiency_pct) == (consumption, sufficiency)


def test_surplus_and_deficit_are_counted_from_the_net_load() -> None:
    """Its samples come with their own times: the same one twice is counted once."""
    figures = EnergyStatistics(Today())
    for at in (0.0, 30.0, 30.0, 60.0):
        figures.add(snapshot(meter=0.0, at=at, load=-1200.0), SITE)
    assert figures.today.surplus_wh == pytest.approx(20)
    assert figures.today.deficit_wh == 0


def test_quality_is_the_root_mean_square_of_the_last_minutes() -> None:
    """Import and export do not cancel; what lies further back is forgotten."""
    idle = (seen("a"), seen("b"))
    assert played(*[100.0, -100.0] * 10, batteries=idle).quality(190.0) == Quality(rms_w=100, saturated_pct=0)
    figures = played(*[5000.0] * 60, *[0.0] * 40)
    assert figures.quality(990.0) == Quality(rms_w=0, saturated_pct=0)


@pytest.mark.parametrize(("readings", "now"), [(0, 0.0), (1, 0.0), (5, 40.0), (20, 400.0)])
def test_nothing_is_said_of_quality_on_thin_evidence(readings: int, now: float) -> None:
    """Neither at first nor when the meter has fallen silent."""
    assert played(*[100.0] * readings).quality(now) is None


@pytest.mark.parametrize(
    ("grid_w", "batteries", "expected"),
    [
        (500.0, (seen("a", power=2500.0), seen("b", power=2400.0)), 100),
        (500.0, (seen("a", power=2500.0), seen("b", power=100.0)), 0),
        (500.0, (seen("a", power=0.0, soc=12.0), seen("b", power=0.0, soc=5.0)), 100),
        (-500.0, (seen("a", power=0.0, soc=100.0), seen("b", power=-2500.0)), 100),
        (-500.0, (seen("a", power=0.0, soc=12.0), seen("b", power=-2500.0)), 0),
        (500.0, (seen("a", power=None), seen("b", soc=None)), 100),
        (20.0, (seen("a", power=2500.0), seen("b", power=2500.0)), 0),
    ],
)
def test_saturated_is_when_nothing_is_left(
    grid_w: float, batteries: tuple[BatteryObservation, ...], expected: int
) -> None:
    """At the limit, empty, full or out of reach, and the grid shows power all the same."""
    quality = played(*[grid_w] * 10, batteries=batteries).quality(90.0)
    assert quality is not None
    assert quality.saturated_pct == expected


def test_a_lost_meter_counts_nothing() -> None:
    """Nothing is known, so nothing flows."""
    figures = EnergyStatistics(Today())
    figures.add(snapshot(meter=None), SITE)
    assert figures.today.imported_wh == 0
    assert figures.quality(0.0) is None
