"""The rows of the plan's fault matrix: what is broken while the grid is used on purpose, and how it is mended."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from unittest.mock import AsyncMock, patch

from custom_components.home_energy_controller.planning.slots import slot_of, start_of
from simulation.faults import Fault

from .plan_home import MIDNIGHT, Planned
from .test_reviewed_faults import restart
from .world import INTEGRATION

CHARGES, DELIVERS = "grid charge", "delivery"
PRICE: Final = "sensor.price"
EARLY = 32
"""Slots of the price list that are over when a row begins."""
LASTS = {CHARGES: 32, DELIVERS: 12}
"""For so many slots it pays; then it is the other way round."""
AUTUMN = datetime(2026, 10, 25, 0, 45, 5, tzinfo=UTC)
"""A quarter of an hour before the clock is put back, from 3 to 2 h."""
SPRING = datetime(2027, 3, 28, 0, 45, 5, tzinfo=UTC)

type Act = Callable[[Planned], Awaitable[None]]


async def _nothing(home: Planned) -> None:
    """Leave it: the fault passes by itself, or there is none."""


@dataclass(frozen=True, kw_only=True)
class PlanKind:
    """One kind of fault, and whether the plan's work goes on through it."""

    name: str
    break_it: Act = _nothing
    mend_it: Act = _nothing
    goes_on: bool = True
    lasts_s: float = 120.0
    meter_is_lost: bool = False
    began: datetime = MIDNIGHT
    zone: str = "UTC"
    errors: int = 0
    """Log lines at ERROR that the fault may cost."""
    back_within_s: float = 1200.0


def show_prices(home: Planned, mode: str) -> None:
    """Show prices at which it pays to do all of it now: from 8 hours ago on, for two days."""
    first = slot_of(home.began)
    rows = [
        {"start": start_of(first + each).isoformat(), "value": _price(mode, each)} for each in range(-EARLY, 2 * 96)
    ]
    home.world.hass.states.async_set(PRICE, "0.1", {"unit_of_measurement": "EUR/kWh", "raw_today": rows})


def _price(mode: str, index: int) -> float:
    """Return a price that is a little worse in each slot than in the one before, then much."""
    if mode == CHARGES:
        return 0.05 + 0.001 * max(0, index) if index < LASTS[mode] else 0.45
    return 0.70 - 0.002 * max(0, index) if index < LASTS[mode] else 0.05


async def _stop_meter(home: Planned) -> None:
    await home.world.site.p1.stop()


async def _start_meter(home: Planned) -> None:
    await home.world.site.p1.start()


async def _freeze_meter(home: Planned) -> None:
    home.world.site.p1.faults.add(Fault.P1_FROZEN)


async def _thaw_meter(home: Planned) -> None:
    """Let it show again what is; its owner, who was told of it, switches the controller off and on."""
    home.world.site.p1.faults.clear()
    await home.world.switch(on=False)
    await home.world.switch(on=True)


async def _lose_prices(home: Planned) -> None:
    """Let the source disappear; what it told of two days is known."""
    home.shown = home.world.hass.states.get(PRICE)
    home.world.hass.states.async_remove(PRICE)


async def _lose_all_prices(home: Planned) -> None:
    """Let the source disappear, and with it what it told, as after a day without it."""
    await _lose_prices(home)
    home.world.coordinator.planner.past.spot.clear()


async def _find_prices(home: Planned) -> None:
    """Let the source come back."""
    assert home.shown is not None
    home.world.hass.states.async_set(PRICE, home.shown.state, home.shown.attributes)


async def _restart(home: Planned) -> None:
    await restart(home.world)


async def _reload(home: Planned) -> None:
    await home.world.hass.config_entries.async_reload(home.world.entry.entry_id)


def _sets_clock(hours: float) -> Act:
    """Return the act that sets the clock on the wall."""

    async def set_clock(home: Planned) -> None:
        home.ahead += timedelta(hours=hours)

    return set_clock


def _forecasts(answer: Mapping[str, float] | BaseException | None) -> Act:
    """Return the act that lets the sun be forecast by who says this, raises it, or (None) never answers."""

    async def forecast(*_: Any) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        if answer is None:
            await asyncio.Event().wait()
        return {"wh_hours": answer}

    async def ask(home: Planned) -> None:
        entry = home.world.entry
        sources = [{"type": "solar", "config_entry_solar_forecast": [entry.entry_id]}]
        for name, value in (
            ("forecasts.async_sources", AsyncMock(return_value=sources)),
            ("forecasts.async_forecasters", AsyncMock(return_value={entry.domain: forecast})),
            ("foreign_calls.WAIT_S", 0.05),
        ):
            _put(home, name, value)
        home.world.coordinator.planner._inputs._forecast_at = None

    return ask


def _batteries(indices: range, *faults: Fault) -> tuple[Act, Act]:
    """Return the acts that break and mend batteries."""

    async def break_them(home: Planned) -> None:
        for index in indices:
            home.world.site.batteries[index].faults.update(faults)

    async def mend_them(home: Planned) -> None:
        for index in indices:
            home.world.site.batteries[index].faults.difference_update(faults)

    return break_them, mend_them


async def _fail_to_plan(home: Planned) -> None:
    """Let each new plan fail."""

    def fails(*_: object) -> None:
        raise ArithmeticError

    home.world.parts_may_fail = True
    _put(home, "planner._make", fails)


def _put(home: Planned, name: str, value: object) -> None:
    """Put something into the place of what belongs there."""
    patched: Any = patch(f"{INTEGRATION}.site.{name}", value)
    patched.start()
    home.world.afterwards.append(patched.stop)


async def _undo(home: Planned) -> None:
    """Take back what was put in the place of something."""
    while home.world.afterwards:
        home.world.afterwards.pop()()


def _permits(*, is_given: bool) -> Act:
    """Return the act that gives both permissions, or takes them."""

    async def permit(home: Planned) -> None:
        entry = home.world.entry
        given = dict.fromkeys(("may_charge_from_grid", "may_deliver_to_grid"), is_given)
        prices = {**entry.options["prices"], **given}
        home.world.hass.config_entries.async_update_entry(entry, options={**entry.options, "prices": prices})
        await home.world.settle()

    return permit


def _battery(name: str, indices: range, *faults: Fault, **more: Any) -> PlanKind:
    break_them, mend_them = _batteries(indices, *faults)
    return PlanKind(name=name, break_it=break_them, mend_it=mend_them, **more)


_ZEROS: Final = {(MIDNIGHT + timedelta(hours=hour)).isoformat(): 0.0 for hour in range(48)}

PLAN_KINDS: Final = {
    kind.name: kind
    for kind in (
        PlanKind(
            name="p1 unplugged",
            break_it=_stop_meter,
            mend_it=_start_meter,
            goes_on=False,
            meter_is_lost=True,
            lasts_s=90.0,
        ),
        PlanKind(name="p1 frozen", break_it=_freeze_meter, mend_it=_thaw_meter, goes_on=False, lasts_s=300.0),
        PlanKind(name="prices lost, known ahead", break_it=_lose_prices, mend_it=_find_prices, lasts_s=1000.0),
        PlanKind(
            name="prices lost, none known",
            break_it=_lose_all_prices,
            mend_it=_find_prices,
            goes_on=False,
            lasts_s=1000.0,
        ),
        PlanKind(name="restart", break_it=_restart, lasts_s=300.0),
        PlanKind(name="reload", break_it=_reload, lasts_s=300.0),
        PlanKind(name="clock an hour ahead", break_it=_sets_clock(1), lasts_s=240.0),
        PlanKind(name="clock into the other hours", break_it=_sets_clock(10), mend_it=_sets_clock(-10), goes_on=False),
        PlanKind(name="clock an hour back", break_it=_sets_clock(-1), mend_it=_sets_clock(1), lasts_s=240.0),
        PlanKind(
            name="clock a day back, without prices", break_it=_sets_clock(-24), mend_it=_sets_clock(24), goes_on=False
        ),
        PlanKind(name="summer time ends", began=AUTUMN, zone="Europe/Amsterdam", lasts_s=1200.0),
        PlanKind(name="summer time begins", began=SPRING, zone="Europe/Amsterdam", lasts_s=1200.0),
        PlanKind(name="forecast of zeros", break_it=_forecasts(_ZEROS), mend_it=_undo, lasts_s=1000.0),
        PlanKind(name="forecast raises", break_it=_forecasts(ArithmeticError()), mend_it=_undo, lasts_s=1000.0),
        PlanKind(name="forecast never answers", break_it=_forecasts(None), mend_it=_undo, lasts_s=1000.0),
        _battery("charge of one unknown", range(1), Fault.SOC_MISSING, lasts_s=200.0),
        _battery("charge of all unknown", range(3), Fault.SOC_MISSING, goes_on=False, lasts_s=200.0),
        _battery("one dead", range(1), Fault.DEAD),
        PlanKind(
            name="no new plan",
            break_it=_fail_to_plan,
            mend_it=_undo,
            goes_on=False,
            lasts_s=2760.0,
            errors=1,
        ),
        PlanKind(
            name="permission taken", break_it=_permits(is_given=False), mend_it=_permits(is_given=True), goes_on=False
        ),
    )
}
