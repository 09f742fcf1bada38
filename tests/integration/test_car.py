"""The car beside the batteries: in Home Assistant, over the real protocols, against the simulated house."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
import voluptuous as vol

from custom_components.home_energy_controller.const import DOMAIN
from simulation.battery import BatteryModel, DeviceMode
from simulation.car import Car
from simulation.devices import VENUS_E3_150
from simulation.site import SimulatedSite

from .world import Clock, World, site_entry, turned_by, written

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=AMSTERDAM)
MONDAY_NIGHT = datetime(2026, 11, 23, 22, 5, tzinfo=AMSTERDAM)
PLUG, POWER, HELPER = "binary_sensor.car_plug", "sensor.car_power", "input_number.charger"
TOLD = {
    "connected": PLUG,
    "power": POWER,
    "output": HELPER,
    "phases": 1,
    "voltage_v": 230,
    "most_a": 16,
    "surplus_pct": 85,
    "low_tariff_w": 1400,
    "batteries_may_feed": False,
}


class Home:
    """A home with a car: its entities show the simulated car, which does what the output says."""

    def __init__(self, world: World, begin: datetime) -> None:
        """Plug the car in."""
        self.world, self.hass = world, world.hass
        self.begin, self.begun_at = begin, world.clock.now
        self.car = world.site.house.car = Car()
        self.is_measured = True
        self.show()

    def now(self, *_: Any) -> datetime:
        """Return the wall clock of the home; it goes with the clock of the test."""
        passed = timedelta(seconds=self.world.clock.now - self.begun_at)
        return dt_util.as_local(dt_util.as_utc(self.begin) + passed)

    def show(self) -> None:
        """Renew the states of the car's entities."""
        self.hass.states.async_set(PLUG, "on" if self.car.connected else "off")
        watt = f"{self.car.power_w:.0f}" if self.is_measured else "unavailable"
        self.hass.states.async_set(POWER, watt, {"unit_of_measurement": "W", "device_class": "power"})

    async def drive(self, seconds: float) -> None:
        """Let time pass, in cycles of ten seconds."""
        for _ in range(round(seconds / 10)):
            await self.world.pass_time(10)
            if (state := self.hass.states.get(HELPER)) is not None:
                self.car.tell(float(state.state), self.world.site.house.now)
            self.show()

    @property
    def intended(self) -> str:
        """Return the state of the sensor with the intended power."""
        return self.world.state(self.world.entity_id("sensor", f"{self.subentry.subentry_id}_car_power"))

    @property
    def subentry(self) -> ConfigSubentry:
        """Return the charger's subentry."""
        subentry: ConfigSubentry
        (subentry,) = self.world.entry.get_subentries_of_type("ev_charger")
        return subentry

    def in_auto(self) -> int:
        """Return how many batteries run their own loop."""
        return sum(battery.model.mode is DeviceMode.AUTO for battery in self.world.site.batteries)

    def set_points(self) -> list[float]:
        """Return what is held by Passive."""
        models = [battery.model for battery in self.world.site.batteries]
        return [model.passive_w for model in models if model.mode is DeviceMode.PASSIVE]


@asynccontextmanager
async def home_with(
    hass: HomeAssistant, socs: tuple[float, ...], begin: datetime, *, options: dict[str, Any] | None = None, **told: Any
) -> AsyncIterator[Home]:
    """Yield a home whose batteries have these charges, with a helper as the charger's output."""
    await hass.config.async_set_time_zone("Europe/Amsterdam")
    helper = {"charger": {"min": 0, "max": 32, "step": 1, "initial": 0, "unit_of_measurement": "A"}}
    assert await async_setup_component(hass, "input_number", {"input_number": helper})
    models = [BatteryModel(VENUS_E3_150, soc_pct=soc, seed=index) for index, soc in enumerate(socs)]
    clock = Clock()
    async with SimulatedSite(models) as site:
        entry = site_entry(site)
        entry.add_to_hass(hass)
        hass.config_entries.async_update_entry(entry, options=options or {})
        data = {key: value for key, value in {**TOLD, **told}.items() if value is not None}
        subentry = ConfigSubentry(data=data, subentry_type="ev_charger", title="Car", unique_id=None)  # type: ignore[arg-type]  # A mapping will do.
        hass.config_entries.async_add_subentry(entry, subentry)
        world = World(hass, site, entry, clock)
        home = Home(world, begin)
        with turned_by(clock, patience_s=2.0), patch.object(dt_util, "now", home.now):
            await world.set_up()
            yield home
            if entry.state is ConfigEntryState.LOADED:
                await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let everything here use real sockets."""


@pytest.mark.parametrize(
    ("socs", "net_load_w", "begin", "may_feed", "car_w", "in_auto"),
    [
        ((70, 72), -2000, MONDAY_NOON, False, (1600, 1800), 1),
        ((75, 77), 4000, MONDAY_NOON, False, (0, 0), 1),
        ((60, 62), 500, MONDAY_NIGHT, True, (1300, 1500), 1),
        ((60, 62), 500, MONDAY_NIGHT, False, (1300, 1500), 0),
        ((100, 100), -3000, MONDAY_NOON, False, (2900, 3100), 0),
    ],
)
async def test_the_car_gets_what_the_first_script_gave_it(  # noqa: PLR0917 - the columns of the table
    hass: HomeAssistant,
    socs: tuple[float, ...],
    net_load_w: float,
    begin: datetime,
    may_feed: bool,
    car_w: tuple[int, int],
    in_auto: int,
) -> None:
    """By its own table of behaviours; but batteries that may not feed the car leave Auto then."""
    async with home_with(hass, socs, begin, batteries_may_feed=may_feed) as home:
        home.world.site.house.load = lambda _: net_load_w
        await home.world.switch(on=True)
        await home.drive(400)
        least_w, most_w = car_w
        assert least_w <= int(home.intended) <= most_w
        assert home.car.power_w == int(home.intended)
        assert home.in_auto() == in_auto
        needed_w = max(0, net_load_w) + may_feed * home.car.power_w
        assert sum(home.set_points()) <= needed_w, "helpers give no more than is needed"


async def test_the_batteries_do_not_feed_the_car_and_serve_the_house_beside_it(hass: HomeAssistant) -> None:
    """An hour in low hours with 3.7 kW: Auto is not given back, and setpoints carry the house."""
    async with home_with(hass, (70, 72), MONDAY_NIGHT, low_tariff_w=3700) as home:
        home.world.site.house.load = lambda t: 700.0 if t % 900 < 180 else 400.0
        await home.world.switch(on=True)
        await home.drive(3600)
        assert home.car.power_w == 3680
        assert home.car.taken_wh > 3000
        assert home.car.fed_wh < 0.02 * home.car.taken_wh
        assert home.world.state(home.world.site_entity("sensor", "state")) == "sparing_car"
        assert home.world.site.house.account.discharged_wh > 300


async def test_nothing_is_set_while_the_controller_is_off_but_the_sensor_tells(hass: HomeAssistant) -> None:
    """Off is the dry run. Switched off, the charger is left as it is."""
    async with home_with(hass, (70, 72), MONDAY_NOON) as home:
        home.world.site.house.load = lambda _: -3000.0
        await home.drive(200)
        assert int(home.intended) > 2000
        assert home.world.state(HELPER) == "0.0"
        await home.world.switch(on=True)
        await home.drive(40)
        set_to = home.world.state(HELPER)
        assert float(set_to) * 230 == int(home.intended)
        await home.world.switch(on=False)
        home.world.site.house.load = lambda _: 0.0
        await home.drive(400)
        assert home.intended == "0"
        assert home.world.state(HELPER) == set_to


async def test_a_reload_does_not_interrupt_the_car(hass: HomeAssistant) -> None:
    """It goes on with what the charger is set to."""
    async with home_with(hass, (70, 72), MONDAY_NOON) as home:
        home.world.site.house.load = lambda _: -3000.0
        await home.world.switch(on=True)
        await home.drive(200)
        drawn_w = home.car.power_w
        assert drawn_w > 2000
        await hass.config_entries.async_reload(home.world.entry.entry_id)
        assert int(home.intended) == drawn_w
        await home.drive(100)
        assert home.car.switchings == 1


async def test_without_a_power_sensor_the_car_is_believed(hass: HomeAssistant) -> None:
    """It does what it was told, or so it is assumed; unplugged it draws nothing."""
    async with home_with(hass, (70, 72), MONDAY_NOON, power=None) as home:
        home.world.site.house.load = lambda _: -3000.0
        await home.world.switch(on=True)
        await home.drive(300)
        told = home.car.tellings
        await home.drive(600)
        assert home.car.power_w == 2530
        assert home.car.tellings <= told + 1
        home.car.connected = False
        home.show()
        await home.drive(60)
        assert home.intended == "0"


@pytest.mark.parametrize(("unit", "most", "value"), [("W", 10_000, 2530.0), ("kW", 10, 2.53), ("A", 8, 8.0)])
async def test_a_number_of_an_integration_is_set_in_its_own_unit(
    hass: HomeAssistant, unit: str, most: float, value: float
) -> None:
    """And no higher than it goes."""
    number = "number.charger"
    told: list[float] = []
    async with home_with(hass, (70, 72), MONDAY_NOON, output=number) as home:
        hass.states.async_set(number, "0", {"unit_of_measurement": unit, "min": 0, "max": most})

        async def set_value(call: ServiceCall) -> None:
            told.append(call.data["value"])

        hass.services.async_register("number", "set_value", set_value)
        home.world.site.house.load = lambda _: -3000.0
        await home.world.switch(on=True)
        await home.drive(300)
    assert told == [0.0, value]


async def test_a_charger_from_six_amperes_is_stopped_and_started_by_its_switch(hass: HomeAssistant) -> None:
    """The number first, and never below its least; with the same patience as a number that goes down to 0."""
    number, switch = "number.charger", "input_boolean.charger"
    told: list[tuple[str, float | None]] = []
    async with home_with(hass, (70, 72), MONDAY_NOON, output=number, switch=switch) as home:
        hass.states.async_set(number, "16", {"unit_of_measurement": "A", "min": 6, "max": 16})
        hass.states.async_set(switch, "on")

        async def act(call: ServiceCall) -> None:
            told.append((call.service, value := call.data.get("value")))
            if value is None:
                hass.states.async_set(switch, call.service.removeprefix("turn_"))
            else:
                hass.states.async_set(number, f"{value}", {"unit_of_measurement": "A", "min": 6, "max": 16})

        for domain, service in (("number", "set_value"), ("input_boolean", "turn_on"), ("input_boolean", "turn_off")):
            hass.services.async_register(domain, service, act)

        async def drive(seconds: int) -> None:
            for _ in range(seconds // 10):
                await home.world.pass_time(10)
                is_on = home.world.state(switch) == "on"
                home.car.tell(float(home.world.state(number)) if is_on else 0.0, home.world.site.house.now)
                home.show()

        home.world.site.house.load = lambda _: 600.0
        await drive(60)
        assert not told, "the controller is off"
        await home.world.switch(on=True)
        await drive(120)
        assert told == [("turn_off", None)]
        assert home.world.coordinator.charger.observe().output_w is None
        home.world.site.house.load = lambda _: -3000.0
        await drive(300)
        assert told[1:3] == [("set_value", 11.0), ("turn_on", None)]
        assert home.car.power_w == pytest.approx(2530, abs=240)
        home.world.site.house.load = lambda _: 600.0
        await drive(600)
        assert told[-1] == ("turn_off", None)
        assert home.car.power_w == 0
        assert all(value is None or value >= 6 for _, value in told)
        count = len(told)
        hass.states.async_set(switch, "on")  # By its own app, or because a car was plugged in.
        hass.states.async_set(number, "unavailable")
        await drive(60)
        assert told[count:] == [("turn_off", None)], "to stop it, the switch is enough"
        count = len(told)
        hass.states.async_set(switch, "unavailable")
        await drive(60)
        assert len(told) == count, "nothing is told where it cannot be stopped"


@pytest.mark.parametrize("then_w", [0, None])
async def test_what_a_slow_charger_was_told_first_does_not_start_it_after_it_was_stopped(
    hass: HomeAssistant, then_w: int | None
) -> None:
    """A cloud that answers after minutes: the older order is given up for a newer one, and at the end of control."""
    number, switch, told = "number.charger", "input_boolean.charger", list[str]()
    async with home_with(hass, (70, 72), MONDAY_NOON, output=number, switch=switch) as home:
        hass.states.async_set(number, "6", {"unit_of_measurement": "A", "min": 6, "max": 16})
        hass.states.async_set(switch, "off")
        answer = asyncio.Event()

        async def act(call: ServiceCall) -> None:
            told.append(call.service)
            if call.service == "set_value":
                await answer.wait()

        for domain, service in (("number", "set_value"), ("input_boolean", "turn_on"), ("input_boolean", "turn_off")):
            hass.services.async_register(domain, service, act)
        charger = home.world.coordinator.charger
        charger.steer(2300, 1000.0)
        await asyncio.sleep(0.01)
        charger.steer(then_w, 1060.0)
        await asyncio.sleep(0.01)
        answer.set()
        await asyncio.sleep(0.01)
        assert told == (["set_value", "turn_off"] if then_w == 0 else ["set_value"])


@pytest.mark.parametrize("refuse", [HomeAssistantError, vol.Invalid])
async def test_a_charger_that_refuses_is_told_again_and_the_log_once(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture, refuse: type[Exception]
) -> None:
    """Twice a minute at most, until it takes the number; a helper refuses with the error of a schema."""
    number, refuses = "number.charger", True
    told: list[float] = []
    async with home_with(hass, (70, 72), MONDAY_NOON, output=number) as home:
        hass.states.async_set(number, "0", {"unit_of_measurement": "A"})

        async def set_value(call: ServiceCall) -> None:
            told.append(call.data["value"])
            if refuses:
                raise refuse("The cloud is away")

        hass.services.async_register("number", "set_value", set_value)
        await home.world.switch(on=True)
        await home.drive(120)
        assert 4 <= len(told) <= 5
        assert caplog.text.count("The cloud is away") == 1
        refuses = False
        await home.drive(120)
        assert "can be set again" in caplog.text
        count = len(told)
        hass.states.async_set(number, "unavailable")
        await home.drive(60)
        assert len(told) == count, "nothing is set that is not there"
        hass.states.async_set(number, "6", {"unit_of_measurement": "A"})
        await home.drive(60)
        assert told[count:] == [0.0], "back again, it is told anew"


@pytest.mark.parametrize(
    ("plug", "power", "helper_unit"),
    [("unavailable", "unknown", "A"), ("on", "garbage", "A"), ("unknown", "12", "%")],
)
async def test_what_entities_do_not_show_is_unknown(
    hass: HomeAssistant, plug: str, power: str, helper_unit: str
) -> None:
    """No error, and no number out of nothing."""
    async with home_with(hass, (70, 72), MONDAY_NOON, output="number.charger") as home:
        hass.states.async_set(PLUG, plug)
        hass.states.async_set(POWER, power, {"unit_of_measurement": "W"})
        hass.states.async_set("number.charger", "unknown", {"unit_of_measurement": helper_unit})
        observed = home.world.coordinator.charger.observe()
        assert observed.connected is (True if plug == "on" else None)
        assert observed.power_w == (12 if power == "12" else None)
        assert observed.output_w is None


async def test_the_charger_has_a_device_of_its_own(hass: HomeAssistant) -> None:
    """Below its subentry."""
    async with home_with(hass, (70, 72), MONDAY_NOON) as home:
        subentry_id = home.subentry.subentry_id
        (device,) = [
            device
            for device in dr.async_entries_for_config_entry(dr.async_get(hass), home.world.entry.entry_id)
            if ("home_energy_controller", subentry_id) in device.identifiers
        ]
        assert device.name == "Car"
        assert device.config_subentry_id == subentry_id


@pytest.mark.parametrize(("action", "data"), [("release", {}), ("set_power", {"power_w": 500}), ("run_cycle", {})])
async def test_the_charger_is_not_taken_for_the_site(hass: HomeAssistant, action: str, data: dict[str, Any]) -> None:
    """It stands among the devices of an action: chosen by mistake, it must move no battery."""
    async with home_with(hass, (70, 72), MONDAY_NOON) as home:
        await home.world.switch(on=True)
        told = len(written(home.world.site))
        charger = dr.async_get(hass).async_get_device_by_identifier(
            (DOMAIN, home.subentry.subentry_id), config_entry_id=home.world.entry.entry_id
        )
        assert charger is not None
        with pytest.raises(ServiceValidationError) as refusal:
            await hass.services.async_call(DOMAIN, action, {"device_id": charger.id, **data}, blocking=True)
        assert refusal.value.translation_key == "not_our_device"
        assert home.world.coordinator.store.site.enabled
        assert len(written(home.world.site)) == told
