"""What rivals of the planner do, at moments whose answer is known."""

from datetime import datetime

import pytest

from benchmarks.plan.homes import HOMES
from benchmarks.plan.inputs import AMSTERDAM
from benchmarks.plan.plant import Mode
from benchmarks.plan.rivals import LinearProgramme, Permissions, Rule, as_mode, solve
from benchmarks.plan.view import View, Wish
from custom_components.home_energy_controller.planning.slots import slot_of
from custom_components.home_energy_controller.planning.tariff import SlotPrice

HOME = HOMES["family3"]
MIDNIGHT = slot_of(datetime(2025, 5, 6, tzinfo=AMSTERDAM))
DAY = range(MIDNIGHT, MIDNIGHT + 96)


def view(hour: int, *, energy_pct: float = 12, sun_w: float = 0, flat: bool = False) -> View:
    """Return what is known on a day of 3 h at 5 ct, 17 to 20 h at 50 ct, else 25 ct; 500 W, sun from 10 to 14 h."""

    def buy(slot: int) -> float:
        at_h = (slot - MIDNIGHT) / 4
        return 0.25 if flat else 0.05 if 2 <= at_h < 5 else 0.50 if 17 <= at_h < 20 else 0.25

    now = MIDNIGHT + 4 * hour
    slots = range(now, DAY.stop)
    return View(
        now_slot=now,
        prices={slot: SlotPrice(buy(slot), 0.02) for slot in slots},
        load_forecast_w=dict.fromkeys(slots, 500.0),
        sun_forecast_w={slot: sun_w if 40 <= slot - MIDNIGHT < 56 else 0.0 for slot in slots},
        energy_wh=HOME.capacity_wh * energy_pct / 100,
        home=HOME,
    )


def test_the_rule_charges_when_cheap_what_the_sun_will_not_bring() -> None:
    rule = Rule()
    assert rule.choose(view(0)).mode != Mode.CHARGE_FROM_GRID
    assert rule.choose(view(2)) == Wish(Mode.CHARGE_FROM_GRID, 7500)
    assert rule.choose(view(3, energy_pct=100)).mode == Mode.CHARGE_ONLY
    assert rule.choose(view(18)).mode == Mode.NET_ZERO
    sunny = Rule()
    sunny.choose(view(0, sun_w=6000))
    assert sunny.choose(view(2, sun_w=6000)).mode == Mode.CHARGE_ONLY


@pytest.mark.parametrize(
    ("hour", "energy_pct", "sun_w", "mode"),
    [
        (12, 20, 0, Mode.CHARGE_ONLY),
        (12, 90, 0, Mode.NET_ZERO),
        (8, 20, 3000, Mode.NET_ZERO),
        (18, 20, 0, Mode.NET_ZERO),
    ],
)
def test_permissions_keep_what_the_evening_needs(hour: int, energy_pct: float, sun_w: float, mode: Mode) -> None:
    """Unless there is enough, the sun fills up before, or it is evening."""
    assert Permissions().choose(view(hour, energy_pct=energy_pct, sun_w=sun_w)).mode == mode


def test_the_linear_programme_buys_cheap_for_the_evening() -> None:
    """And holds in between what is dearer later; at a flat price it only serves."""
    assert LinearProgramme().choose(view(12, energy_pct=20)).mode == Mode.CHARGE_ONLY
    assert LinearProgramme().choose(view(18, energy_pct=50)).mode == Mode.NET_ZERO
    night = view(2)
    powers_w = solve(night.prices, dict.fromkeys(night.prices, 500.0), 0.0, HOME)
    assert sum(min(0.0, powers_w[slot]) for slot in range(MIDNIGHT + 8, MIDNIGHT + 20)) / 4 < -5000
    assert all(powers_w[slot] >= -1e-6 for slot in range(MIDNIGHT + 20, DAY.stop))
    assert LinearProgramme().choose(view(8, energy_pct=50, flat=True)).mode == Mode.NET_ZERO


def test_a_plan_is_made_each_hour() -> None:
    """Between, it is followed."""
    planner = LinearProgramme()
    first = planner.choose(view(2))
    assert len(planner._wishes) == 4
    assert planner.choose(view(2)) == first


@pytest.mark.parametrize(
    ("power_w", "net_w", "wish"),
    [
        (-3000, 500, Wish(Mode.CHARGE_FROM_GRID, 3000)),
        (-3000, -1000, Wish(Mode.CHARGE_FROM_GRID, 3000)),
        (3000, 500, Wish(Mode.DELIVER_TO_GRID, 3000)),
        (500, 500, Wish(Mode.NET_ZERO)),
        (-1000, -1000, Wish(Mode.NET_ZERO)),
        (0, 500, Wish(Mode.CHARGE_ONLY)),
        (0, -1000, Wish(Mode.DISCHARGE_ONLY)),
        (0, 10, Wish(Mode.NET_ZERO)),
    ],
)
def test_powers_become_modes(power_w: float, net_w: float, wish: Wish) -> None:
    assert as_mode(power_w, net_w) == wish
