"""The simulated car."""

from simulation.battery import BatteryModel, DeviceMode
from simulation.car import Car
from simulation.house import House
from simulation.traces import constant


def house_with(car: Car, *, load: float = 500.0, battery_w: float | None = None) -> House:
    """Return a house with a car and one battery, idle or at a setpoint."""
    battery = BatteryModel()
    house = House([battery], constant(load))
    house.car = car
    battery.command(DeviceMode.PASSIVE, 0.0, power_w=battery_w or 0.0)
    house.run(60)
    return house


def test_it_draws_whole_amperes_after_a_while() -> None:
    """Between 5 and 15 s, and the house draws it from the grid."""
    car = Car()
    house = house_with(car)
    car.tell(10.9, house.now)
    house.run(4.5)
    assert car.power_w == 0
    house.run(11)
    assert car.power_w == 2300
    assert house.grid_w == 2800


def test_less_than_6_a_is_nothing_and_more_than_it_can_is_its_most() -> None:
    """As the standard says, and the fuse."""
    car = Car(phases=3)
    house = house_with(car)
    car.tell(20, house.now)
    house.run(20)
    assert car.power_w == 16 * 690
    house.run(60)
    car.tell(5, house.now)
    house.run(20)
    assert car.power_w == 0
    assert (car.tellings, car.switchings) == (2, 2)


def test_it_is_not_switched_off_within_a_minute() -> None:
    """It takes the command, and obeys later."""
    car = Car()
    house = house_with(car)
    car.tell(16, house.now)
    house.run(16)
    car.tell(0, house.now)
    house.run(30)
    assert car.power_w == 3680
    house.run(30)
    assert car.power_w == 0


def test_a_full_or_unplugged_car_draws_nothing() -> None:
    """Whatever it is told."""
    car = Car(full_wh=100)
    house = house_with(car)
    car.tell(16, house.now)
    house.run(200)
    assert car.power_w == 0
    assert 100 <= car.taken_wh < 101


def test_what_batteries_give_beyond_the_house_is_counted_as_the_cars() -> None:
    """500 W of 1500 W are the house's."""
    car = Car()
    house = house_with(car, battery_w=1500)
    car.tell(16, house.now)
    house.run(20)
    before_wh = car.fed_wh
    house.run(360)
    assert 95 < car.fed_wh - before_wh < 105
