"""What the plan writes down of what was, and goes by later."""

from dataclasses import replace

from homeassistant.util import dt as dt_util
import pytest

from custom_components.home_energy_controller.planning.slots import PER_DAY, slot_of
from custom_components.home_energy_controller.planning.tariff import SlotPrice
from custom_components.home_energy_controller.site.planner import _measured_w

from .plan_home import LOAD_W, MIDNIGHT, Planned, options, stored


async def test_the_shadow_does_what_the_plan_says(planned: Planned) -> None:
    """Else no plan would ever be seen to pay: net zero empties in the cheap night, and it does not."""
    await planned.set_up(stored(), options(insists=False))
    await planned.run(1860)
    shadow = planned.world.coordinator.planner.past.shadow
    assert len(shadow.slots) == 2
    assert shadow.plan.energy_wh > shadow.net_zero.energy_wh + 100


async def test_what_was_paid_stays_what_was_paid(planned: Planned) -> None:
    """A contract that is changed later changes no past, neither for the back-test nor for the day's account."""
    await planned.set_up(stored(), options())
    await planned.run(20)
    planner, now = planned.world.coordinator.planner, slot_of(MIDNIGHT)
    planner.past.prices |= {now - 1: SlotPrice(0.55, 0.11), now: SlotPrice(1.0, 0.0)}
    config = planner.config
    assert config is not None
    assert planner.records(config, now).prices[now - 1] == SlotPrice(0.55, 0.11)
    assert planner.records(config, now).prices[now - 2] == SlotPrice(0.40, 0.05)
    await planned.run(940)
    assert planner.past.shadow.slots[-1].buy == 1.0


async def test_half_a_day_is_not_judged(planned: Planned) -> None:
    """On the first day days are played again, but only those of which enough is known."""
    now = slot_of(MIDNIGHT)
    file = stored(days=2)
    file["load_w"] = {slot: load_w for slot, load_w in file["load_w"].items() if int(slot) >= now - 3 * PER_DAY // 2}
    await planned.set_up(file, options())
    await planned.run(60)
    assert [day.day.day for day in planned.world.coordinator.planner.past.days] == [23]


async def test_only_what_is_measured_now_is_added_up(planned: Planned) -> None:
    """Neither a meter that is late or frozen, nor batteries of which one is silent."""
    await planned.set_up(stored(), options())
    await planned.run(60)
    coordinator = planned.world.coordinator
    snapshot, settings, now = coordinator._snapshot(), coordinator._settings(), planned.world.clock()
    grid_w, battery_w = _measured_w(snapshot, settings, now)
    assert battery_w == pytest.approx(planned.power_w, abs=100)
    assert _measured_w(replace(snapshot, meter_is_frozen=True), settings, now)[0] is None
    assert _measured_w(snapshot, settings, now + 3600) == (None, None)
    one, *others = snapshot.batteries
    unheard = replace(snapshot, batteries=(replace(one, power_w=None), *others))
    assert _measured_w(unheard, settings, now) == (grid_w, None)


async def test_what_the_law_is_told_pumps_no_money(planned: Planned) -> None:
    """Were selling worth more than buying, it would do well to do both at once."""
    await planned.set_up(stored(), options(sell_fixed_per_kwh=0.30))
    await planned.run(20)
    settings = planned.world.coordinator._settings()
    assert settings.prices.sell_per_kwh == settings.prices.buy_per_kwh == 0.08
    assert planned.world.coordinator.planner.followed(settings, dt_util.now()).prices == settings.prices


async def test_a_mode_is_noted_only_while_it_is_followed(planned: Planned) -> None:
    """With the controller off nothing was done, whatever would have been."""
    await planned.set_up(stored(), options(), on=False)
    await planned.run(60)
    planner = planned.world.coordinator.planner
    assert planner._acting is not None
    assert not planner.past.done
    await planned.world.switch(on=True)
    await planned.run(60)
    assert planner.past.done == {slot_of(MIDNIGHT): "charge_from_grid"}
    assert planned.world.site.house.net_load_w == LOAD_W
