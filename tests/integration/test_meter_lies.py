"""A meter that answers and does not tell the truth: frozen, of one direction, with phases that are none."""

from collections.abc import Callable
from math import sin
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulation.battery import DeviceMode
from simulation.faults import Fault
from simulation.site import SimulatedSite

from .test_control import modes, setpoints
from .test_limits_flow import Options, options  # noqa: F401 - a fixture
from .world import Clock, World, configure, issues, site_entry, turned_by

type Shape = Callable[[float], str]


def freeze(world: World, value_w: float) -> None:
    """Let the cable fall out of the meter while it shows a power."""
    world.site.house.meter.value_w = value_w
    world.site.p1.faults.add(Fault.P1_FROZEN)


async def seconds_until(world: World, key: str, limit_s: float) -> float:
    """Return how long it takes until a repair is there."""
    began = world.clock.now
    while key not in issues(world):
        assert world.clock.now - began < limit_s
        await world.pass_time(10)
    return world.clock.now - began


@pytest.mark.parametrize("answer", ["yes", "this", "unsure"])
@pytest.mark.parametrize("value_w", [400.0, -400.0, 4.0])
async def test_leader_that_may_read_a_frozen_meter_idles_until_it_lives(
    bare_world: World, answer: str, value_w: float
) -> None:
    """It would run to its limit; near 0 W as well, for it is as blind. However patient its owner is with the meter."""
    world = bare_world
    configure(world, own_meter=answer)
    world.hass.config_entries.async_update_entry(world.entry, options={"meter_age_limit_s": 300})
    await world.set_up()
    await world.switch(on=True)
    await world.pass_time(300)
    freeze(world, value_w)
    assert await seconds_until(world, "meter_frozen", 120) <= 120
    assert world.state(world.site_entity("sensor", "state")) == "meter_lost"
    await world.pass_time(30)
    assert DeviceMode.AUTO not in modes(world)
    for _ in range(20):
        await world.pass_time(60)
        assert max(abs(battery.model.power_w) for battery in world.site.batteries) < 50
    assert issues(world) == {"meter_frozen"}, "silent it is not"
    world.site.p1.faults.clear()
    await world.pass_time(180)
    assert not issues(world)
    assert modes(world).count(DeviceMode.AUTO) == 1
    assert abs(world.site.house.grid_w) < 60


async def test_leader_with_a_meter_of_its_own_goes_on(bare_world: World) -> None:
    """It sees what we do not."""
    configure(bare_world, own_meter="own")
    await bare_world.set_up()
    await bare_world.switch(on=True)
    await bare_world.pass_time(300)
    freeze(bare_world, 3.0)
    await seconds_until(bare_world, "meter_frozen", 120)
    await bare_world.pass_time(300)
    assert modes(bare_world).count(DeviceMode.AUTO) == 1


async def test_silent_meter_leaves_the_leader_in_auto(world: World) -> None:
    """Its own connection to the meter is another one."""
    await world.switch(on=True)
    await world.pass_time(300)
    world.site.p1.faults.add(Fault.P1_HTML)
    await world.pass_time(300)
    assert modes(world).count(DeviceMode.AUTO) == 1
    assert "meter_frozen" not in issues(world)


@pytest.mark.parametrize("value_w", [90.0, -350.0, 2000.0])
async def test_old_meter_without_voltages_is_seen_to_freeze(world: World, value_w: float) -> None:
    """By its energies, which should have counted."""
    world.site.p1.is_old, world.site.house.meter.period_s = True, 10.0
    await world.switch(on=True)
    await world.pass_time(900)
    assert not issues(world)
    freeze(world, value_w)
    assert await seconds_until(world, "meter_frozen", 300) <= 300
    await world.pass_time(60)
    assert DeviceMode.AUTO not in modes(world)


@pytest.mark.parametrize("load_w", [0.0, 5.0, 300.0])
async def test_living_meter_of_a_house_where_nothing_happens_is_believed(world: World, load_w: float) -> None:
    """Hours of an old meter that stands at 0 or at what the fridge needs, its controller off."""
    world.site.p1.is_old, world.site.house.meter.period_s = True, 10.0
    world.site.house.load = lambda _: load_w
    for _ in range(12):
        await world.pass_time(600)
        assert not issues(world)


async def test_connection_leaves_nothing_while_the_meter_is_frozen(options: Options) -> None:  # noqa: F811
    """Charging to full is watched by the meter: blind, it is not."""
    world = options.world
    world.site.house.load = lambda _: 1000.0
    assert (await options.fill(await options.open(), [], max_import_w=3000))["type"] == "create_entry"
    await world.call("select", "select_option", world.site_entity("select", "strategy"), option="to_full")
    await world.switch(on=True)
    await world.pass_time(240)
    assert sum(setpoints(world).values()) < -1500
    freeze(world, 1000.0)
    await seconds_until(world, "meter_frozen", 120)
    await world.pass_time(330)
    assert sum(setpoints(world).values()) == 0


# Phases.


@pytest.mark.parametrize("load_w", [0.0, 60.0, 5000.0, -3000.0])
async def test_phases_that_are_none_bound_nothing(options: Options, load_w: float) -> None:  # noqa: F811
    """Belgian 3 x 230 V: refused in the options, however little flows just then."""
    world = options.world
    world.site.p1.without_neutral = True
    world.site.house.load = lambda _: load_w
    await world.pass_time(30)
    result = await options.fill(await options.open(), [], max_phase_import_w=5750)
    assert result["errors"] == {"connection": "meter_without_phases"}


@pytest.mark.parametrize("others_w", [(0, 0), (150, 50), (-900, 400)])
async def test_phases_that_add_up_are_phases(options: Options, others_w: tuple[int, int]) -> None:  # noqa: F811
    """Whatever flows on each, and where nothing flows on two of them."""
    world = options.world
    world.site.p1.others_w = others_w
    await world.pass_time(30)
    result = await options.fill(await options.open(), [], max_phase_import_w=5750)
    assert result["type"] == "create_entry"
    await world.pass_time(120)
    assert not issues(world)


async def test_phases_that_stop_adding_up_are_a_repair_and_leave_nothing(options: Options) -> None:  # noqa: F811
    """A limit that cannot be watched is not kept by luck."""
    world = options.world
    world.site.p1.others_w = (150, 50)
    world.site.house.load = lambda _: 2000.0
    await world.pass_time(30)
    assert (await options.fill(await options.open(), [], max_phase_import_w=5750))["type"] == "create_entry"
    await world.call("select", "select_option", world.site_entity("select", "strategy"), option="to_full")
    await world.switch(on=True)
    await world.pass_time(120)
    assert sum(setpoints(world).values()) < -500
    world.site.p1.without_neutral = True
    await world.pass_time(100)
    assert issues(world) == {"phases_lost"}
    assert world.coordinator.meter.phases_w is None
    await world.pass_time(300)
    assert sum(setpoints(world).values()) == 0
    world.site.p1.without_neutral = False
    await world.pass_time(60)
    assert not issues(world)


# Sensors.


class Sensor:
    """A sensor of the grid as one of many integrations writes it."""

    def __init__(self, hass: HomeAssistant, site: SimulatedSite, shape: Shape, unit: str, delta_w: float) -> None:
        """Write it when its text changed, or when the power moved by `delta_w`."""
        self._hass, self._site, self._shape, self._unit, self._delta_w = hass, site, shape, unit, delta_w
        self._text: str | None = None
        self._sent_w = 1e9

    def tick(self) -> None:
        """Write it if need be."""
        power_w = self._site.house.meter.value_w or 0.0
        text = self._shape(power_w)
        if text != self._text and abs(power_w - self._sent_w) >= self._delta_w:
            self._text, self._sent_w = text, power_w
            self._hass.states.async_set("sensor.grid", text, {"unit_of_measurement": self._unit})


async def lost_s(hass: HomeAssistant, hours: float, house: dict[str, Any], **sensor: Any) -> tuple[float, set[str]]:
    """Return for how long the meter was lost in a home that reads such a sensor, and which repairs were shown."""
    clock, lost, shown = Clock(), 0.0, set[str]()
    async with SimulatedSite(3, **house) as site:
        site.advance(10)
        written = Sensor(hass, site, **sensor)
        written.tick()
        entry = site_entry(site)
        data = {"meter": {"type": "sensor", "entity_id": "sensor.grid", "invert": False}}
        world = World(hass, site, MockConfigEntry(domain=entry.domain, data=data), clock)
        world.entry = MockConfigEntry(
            domain=entry.domain,
            title="Home",
            data=data,
            subentries_data=[
                {"subentry_type": s.subentry_type, "title": s.title, "unique_id": s.unique_id, "data": dict(s.data)}
                for s in entry.subentries.values()
            ],
        )
        world.entry.add_to_hass(hass)
        with turned_by(clock):
            await world.set_up()
            await world.switch(on=True)
            end = clock.now + hours * 3600
            while clock.now < end:
                for _ in range(10):
                    site.advance(1)
                    clock.now += 1
                    written.tick()
                await world.coordinator.async_refresh()
                await world.settle()
                lost += 10 * (world.state(world.site_entity("sensor", "state")) == "meter_lost")
                shown |= issues(world)
            await hass.config_entries.async_unload(world.entry.entry_id)
    return lost, shown


def night(t: float) -> float:
    """Return the base load of a night, with a fridge."""
    return 260 + 40 * sin(t / 37) + (90 if int(t) % 2400 < 900 else 0)


def watts(power_w: float) -> str:
    """Return whole watts."""
    return f"{power_w:.0f}"


def usage(power_w: float) -> str:
    """Return what a meter of usage shows."""
    return f"{max(0.0, power_w):.0f}"


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    "sensor",
    [
        {"shape": watts, "unit": "W", "delta_w": 25.0},
        {"shape": watts, "unit": "W", "delta_w": 0.0},
        {"shape": lambda power_w: f"{power_w / 1000:.1f}", "unit": "kW", "delta_w": 0.0},
        {"shape": lambda power_w: f"{power_w / 1000:.2f}", "unit": "kW", "delta_w": 0.0},
        {"shape": lambda power_w: f"{round(power_w, -1)}", "unit": "W", "delta_w": 50.0},
    ],
    ids=["delta", "on change", "0.1 kW", "0.01 kW", "10 W, delta"],
)
async def test_sensor_that_is_written_on_change_is_believed_all_night(
    hass: HomeAssistant, sensor: dict[str, Any]
) -> None:
    """Unchanged is not dead."""
    lost, shown = await lost_s(hass, 0.7, {"load": night}, **sensor)
    assert lost < 25
    assert not shown


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("shape", [usage, lambda power_w: f"{max(0.0, power_w):.1f}"])
async def test_sensor_that_never_shows_export_is_named(hass: HomeAssistant, shape: Shape) -> None:
    """Its zeros are export; while it shows usage, it is believed."""
    house = {"load": 300.0, "pv": lambda t: 0.0 if t < 600 else 2600.0 + 400 * sin(t / 61)}
    _, shown = await lost_s(hass, 0.6, house, shape=shape, unit="W", delta_w=0.0)
    assert shown == {"usage_only"}


@pytest.mark.usefixtures("socket_enabled")
async def test_sensor_that_shows_export_is_not(hass: HomeAssistant) -> None:
    """Under the same sun."""
    house = {"load": 300.0, "pv": lambda t: 0.0 if t < 600 else 2600.0 + 400 * sin(t / 61)}
    _, shown = await lost_s(hass, 0.6, house, shape=watts, unit="W", delta_w=0.0)
    assert not shown
