"""A state of charge that no energy explains: shown as unknown, and nothing is done by it."""

from collections.abc import Callable

import pytest

from simulation.battery import DeviceMode
from simulation.udp import FakeBattery

from .test_control import modes
from .world import World


def charge_reads(battery: FakeBattery, shape: Callable[[float], float]) -> None:
    """Let a battery tell another charge than it has."""
    told = battery.firmware._told_of_the_battery

    def wrong() -> dict[str, object]:
        values = told()
        return values | {name: shape(values["bat_soc"]) for name in ("bat_soc", "soc")}

    battery.firmware._told_of_the_battery = wrong  # type: ignore[method-assign]


def cured(battery: FakeBattery) -> None:
    """Let it tell what it has again."""
    del battery.firmware._told_of_the_battery


def leader(world: World) -> int:
    """Return the number of the battery that leads."""
    return modes(world).index(DeviceMode.AUTO)


@pytest.mark.parametrize("load_w", [800.0, -800.0])
@pytest.mark.parametrize("glitch", [0.0, 100.0, 5.0])
async def test_a_leader_whose_charge_glitches_goes_on_leading(world: World, load_w: float, glitch: float) -> None:
    """Two minutes of nonsense made two swaps."""
    world.site.house.load = lambda _: load_w
    await world.switch(on=True)
    await world.pass_time(300)
    before = leader(world)
    entity = world.battery_entity("sensor", before, "soc")
    shown = world.state(entity)
    battery = world.site.batteries[before]
    charge_reads(battery, lambda _: glitch)
    seen, unknown = set(), 0
    for _ in range(12):
        await world.pass_time(10)
        seen.add(leader(world))
        unknown += world.state(entity) == "unknown"
    assert unknown >= 8
    cured(battery)
    for _ in range(12):
        await world.pass_time(10)
        seen.add(leader(world))
    assert seen == {before}
    assert float(world.state(entity)) == pytest.approx(float(shown), abs=4)


async def test_a_charge_that_stays_where_it_fell_is_believed(world: World) -> None:
    """A BMS corrected itself: after five minutes it counts, in what is shown and in what is decided."""
    world.site.house.load = lambda _: 800.0
    await world.switch(on=True)
    await world.pass_time(300)
    before = leader(world)
    charge_reads(world.site.batteries[before], lambda _: 8.0)
    await world.pass_time(240)
    assert leader(world) == before
    await world.pass_time(400)
    assert float(world.state(world.battery_entity("sensor", before, "soc"))) == 8.0
    assert leader(world) != before


async def test_a_charge_that_changed_while_it_was_away_is_believed_at_once(world: World) -> None:
    """An hour explains everything."""
    battery = world.site.batteries[1]
    await battery.stop()
    await world.pass_time(3600)
    battery.model.cells.energy_wh = battery.model.cells.capacity_wh * 0.9
    await battery.start()
    await world.pass_time(60)
    assert float(world.state(world.battery_entity("sensor", 1, "soc"))) == pytest.approx(90, abs=1)
