"""A power sensor of Home Assistant as the meter."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.home_energy_controller.meter.base import MeterError, MeterInvalidReply, MeterNotFound, MeterStale
from custom_components.home_energy_controller.sensor_meter import SensorMeter

ENTITY = "sensor.grid_power"
WATT = {"unit_of_measurement": "W", "device_class": "power"}


class Clock:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        """Start at 5000 s."""
        self.now = 5000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock to turn by hand."""
    return Clock()


@pytest.mark.parametrize(
    ("state", "unit", "invert", "power_w"),
    [
        ("312", "W", False, 312),
        ("-1.25", "kW", False, -1250),
        ("312", "W", True, -312),
        ("0.002", "MW", False, 2000),
        ("0", "kW", False, 0),
    ],
)
async def test_value_is_watts_of_import(
    hass: HomeAssistant, state: str, unit: str, invert: bool, power_w: float
) -> None:
    """Whatever unit and sign the sensor has, the controller sees W with + = import."""
    hass.states.async_set(ENTITY, state, {"unit_of_measurement": unit})
    reading = await SensorMeter(hass, ENTITY, invert=invert, clock=Clock()).read()
    assert reading.power_w == pytest.approx(power_w)


@pytest.mark.parametrize(
    ("state", "unit", "error"),
    [
        ("unknown", "W", MeterStale),
        ("unavailable", "W", MeterStale),
        ("on", "W", MeterInvalidReply),
        ("", "W", MeterInvalidReply),
        ("nan", "W", MeterInvalidReply),
        ("inf", "kW", MeterInvalidReply),
        ("101", "kW", MeterInvalidReply),
        ("312", "kWh", MeterInvalidReply),
        ("312", None, MeterInvalidReply),
    ],
)
async def test_state_that_is_no_power_is_an_error(
    hass: HomeAssistant, state: str, unit: str | None, error: type[MeterError]
) -> None:
    """A sensor without a value must never be read as 0 W."""
    hass.states.async_set(ENTITY, state, {"unit_of_measurement": unit})
    with pytest.raises(error):
        await SensorMeter(hass, ENTITY, clock=Clock()).read()


async def test_constant_value_that_is_reported_again_is_fresh(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, clock: Clock
) -> None:
    """Freshness is the last report, not the last change: 0 W all night is not stale."""
    hass.states.async_set(ENTITY, "0", WATT)
    meter = SensorMeter(hass, ENTITY, clock=clock)
    freezer.tick(timedelta(seconds=100))
    clock.now += 100
    hass.states.async_set(ENTITY, "0", WATT)
    freezer.tick(timedelta(seconds=4))
    clock.now += 4
    assert (await meter.read()).at == pytest.approx(clock.now - 4)


async def test_old_report_is_read_with_its_age(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, clock: Clock
) -> None:
    """A sensor that went quiet before we looked is as old as its report."""
    hass.states.async_set(ENTITY, "312", WATT)
    freezer.tick(timedelta(seconds=250))
    reading = await SensorMeter(hass, ENTITY, clock=clock).read()
    assert reading.at == pytest.approx(clock.now - 250)


async def test_wall_clock_set_back_does_not_freshen_a_dead_sensor(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, clock: Clock
) -> None:
    """After the clock goes back an hour, the last report lies in the future: it still ages."""
    hass.states.async_set(ENTITY, "312", WATT)
    meter = SensorMeter(hass, ENTITY, clock=clock)
    first = await meter.read()
    freezer.tick(timedelta(hours=-1))
    clock.now += 30
    assert (await meter.read()).at == first.at
    fresh_to_it = SensorMeter(hass, ENTITY, clock=clock)
    assert (await fresh_to_it.read()).at == clock.now, "never from the future"


async def test_renamed_sensor_is_followed(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> None:
    """The registry id outlives a rename, the entity id does not."""
    entry = entity_registry.async_get_or_create("sensor", "homewizard", "p1", suggested_object_id="grid_power")
    hass.states.async_set(ENTITY, "312", WATT)
    meter = SensorMeter(hass, entry.id, clock=Clock())
    assert (await meter.read()).power_w == 312

    entity_registry.async_update_entity(ENTITY, new_entity_id="sensor.p1_power")
    hass.states.async_remove(ENTITY)
    hass.states.async_set("sensor.p1_power", "55", WATT)
    assert (await meter.read()).power_w == 55
    assert meter.description == "sensor.p1_power"


async def test_removed_sensor_is_not_found(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> None:
    """Removal is told apart from a sensor that has no value now."""
    entry = entity_registry.async_get_or_create("sensor", "homewizard", "p1", suggested_object_id="grid_power")
    meter = SensorMeter(hass, entry.id, clock=Clock())
    with pytest.raises(MeterNotFound):
        await meter.read()
    entity_registry.async_remove(ENTITY)
    with pytest.raises(MeterNotFound):
        await meter.read()
    assert meter.description == "removed sensor"
