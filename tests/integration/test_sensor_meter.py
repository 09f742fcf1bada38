"""A power sensor of Home Assistant as the meter."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.home_energy_controller.meter.base import (
    MeterError,
    MeterInvalidReply,
    MeterNotFound,
    MeterReading,
    MeterStale,
)
from custom_components.home_energy_controller.site.sensor_meter import SensorMeter, opposite_sensor

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


class Sensor:
    """A sensor that is written now and then, and the meter that reads it every ten seconds."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, clock: Clock, **meter: bool) -> None:
        """Begin."""
        self.hass, self.freezer, self.clock = hass, freezer, clock
        self.meter = SensorMeter(hass, ENTITY, clock=clock, **meter)

    def write(self, state: str, unit: str = "W") -> None:
        """Write a state."""
        self.hass.states.async_set(ENTITY, state, {"unit_of_measurement": unit})

    async def after(self, seconds: float) -> MeterReading:
        """Let time pass, and return what is read then."""
        self.freezer.tick(timedelta(seconds=seconds))
        self.clock.now += seconds
        return await self.meter.read()


@pytest.fixture
def sensor(hass: HomeAssistant, freezer: FrozenDateTimeFactory, clock: Clock) -> Sensor:
    """Return a sensor that shows 312 W."""
    made = Sensor(hass, freezer, clock)
    made.write("312")
    return made


@pytest.mark.parametrize("silent_s", [250, 3000, 40_000])
async def test_value_that_is_written_on_change_only_is_believed_until_just_now(sensor: Sensor, silent_s: float) -> None:
    """Templates, MQTT, delta filters: unchanged is not dead. When it was written last is told beside it."""
    reading = await sensor.after(silent_s)
    assert reading.at == pytest.approx(sensor.clock.now - 5)
    assert reading.reported_at == pytest.approx(sensor.clock.now - silent_s)


@pytest.mark.parametrize(("every_s", "held_s"), [(30, 36), (60, 45)])
async def test_sensor_with_a_rhythm_is_as_old_as_its_last_report(sensor: Sensor, every_s: int, held_s: float) -> None:
    """It does not say sooner that it changed; once it misses its turn twice, it is written on change after all."""
    for watt in range(7):
        await sensor.after(every_s)
        sensor.write(str(watt * 50))
        written_at = sensor.clock.now
        await sensor.after(0)
    assert (await sensor.after(every_s - 1)).at == pytest.approx(max(written_at, sensor.clock.now - held_s))
    assert (await sensor.after(held_s)).at == pytest.approx(sensor.clock.now - held_s)
    assert (await sensor.after(2 * every_s)).at == pytest.approx(sensor.clock.now - 5)


async def test_wall_clock_set_back_makes_no_reading_of_the_future(sensor: Sensor) -> None:
    """After the clock goes back an hour, the last report lies in the future: it still ages."""
    first = await sensor.meter.read()
    sensor.freezer.tick(timedelta(hours=-1))
    sensor.clock.now += 30
    reading = await sensor.meter.read()
    assert (reading.at, reading.reported_at) == (sensor.clock.now - 5, first.reported_at)
    fresh_to_it = SensorMeter(sensor.hass, ENTITY, clock=sensor.clock)
    assert (await fresh_to_it.read()).at == sensor.clock.now, "never from the future"


@pytest.mark.parametrize(
    ("states", "unit", "step_w"),
    [
        (["0.3", "0.5", "0.0", "-0.1"], "kW", 100),
        (["0.31", "0.50", "0.07", "-0.11"], "kW", 180),
        (["1", "0", "2", "1"], "kW", 1000),
        (["300", "330", "304", "277"], "W", 26),
        (["300", "301", "305", "299", "287", "290"], "W", 2),
    ],
)
async def test_smallest_change_that_is_shown_is_learnt(
    sensor: Sensor, states: list[str], unit: str, step_w: int
) -> None:
    """By decimals, and by how far apart the values of a delta filter lie; a busy house is none."""
    for state in states * 4:
        sensor.write(state, unit)
        reading = await sensor.after(10)
    assert reading.step_w == pytest.approx(min(step_w, max(100, 1000 if step_w == 1000 else 0)), abs=1.1)


@pytest.mark.parametrize(
    ("state", "invert", "is_export"),
    [("-0.0", False, True), ("0.0", False, False), ("-0.0", True, False), ("0.2", True, True), ("-3", False, True)],
)
async def test_rounded_export_is_export(hass: HomeAssistant, state: str, *, invert: bool, is_export: bool) -> None:
    """A sign is left where the number is not."""
    hass.states.async_set(ENTITY, state, {"unit_of_measurement": "kW"})
    assert (await SensorMeter(hass, ENTITY, invert=invert, clock=Clock()).read()).is_export is is_export


@pytest.mark.parametrize(
    ("own", "other"),
    [
        ("electricity_meter_power_consumption", "electricity_meter_power_production"),
        ("electricity_currently_delivered", "electricity_currently_returned"),
        ("grid_import_power", "grid_export_power"),
        ("p1_verbruik", "p1_teruglevering"),
        ("zaehler_bezug", "zaehler_einspeisung"),
        ("grid_power_production", "grid_power_consumption"),
        ("home_power", "home_power_export"),
    ],
)
async def test_sensor_of_the_other_direction_is_found(hass: HomeAssistant, own: str, other: str) -> None:
    """Whoever has two has none that shows both; what else has a power is no other half."""
    for name in ("solar_production", "home_battery_power", "washing_machine", own):
        hass.states.async_set(f"sensor.{name}", "1", WATT)
    hass.states.async_set(f"sensor.{other}", "1", {"unit_of_measurement": "kWh"})
    assert opposite_sensor(hass, f"sensor.{own}") is None
    hass.states.async_set(f"sensor.{other}", "1", WATT)
    assert opposite_sensor(hass, f"sensor.{own}") == f"sensor.{other}"


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
