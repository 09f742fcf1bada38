"""What if it lies: every input, with every lie that it can tell, in a house that goes from sun to deficit and back."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import pi, sin
from typing import Any, Final

from simulation.devices import VENUS_E3_148
from simulation.faults import Fault

from .world import World, configure, move

PERIOD_S: Final = 1500.0
LIAR: Final = 0
"""The battery that lies; it leads where it is the fullest, else it follows."""

type Act = Callable[[World], None]
type Told = dict[str, Any]


def net_load_w(t: float) -> float:
    """Return what the house asks for: 2.6 kW of deficit to 1.4 kW of surplus, with a kettle now and then."""
    return 600.0 + 2000.0 * sin(2 * pi * t / PERIOD_S) + (1800.0 if t % 1100 < 150 else 0.0)


@dataclass(frozen=True, kw_only=True)
class Lie:
    """One row."""

    what: str
    how: str
    tell: Act
    leads: bool = True
    """Whether batteries have meters of their own, or setpoints have to do."""
    before: Act = lambda world: None
    """What the owner configured, or bought, before the site was set up."""
    options: dict[str, Any] = field(default_factory=dict)
    is_unstoppable: bool = False
    """A battery does what it likes, whatever it is told: it can only be named, and the others serve beside it."""

    @property
    def name(self) -> str:
        """Return what tells it from the others."""
        return f"{self.what}, {self.how}, {'one leads' if self.leads else 'setpoints alone'}"


def p1(change: Callable[[World, Told], Told]) -> Act:
    """Return an act that makes the P1 tell something else."""

    def act(world: World) -> None:
        told = world.site.p1._data
        world.site.p1._data = lambda: change(world, told())  # type: ignore[method-assign]

    return act


def power(value: Callable[[World, float], float]) -> Act:
    """Return an act that makes the P1 show another power, on the first phase as well."""

    def change(world: World, told: Told) -> Told:
        shown_w = round(value(world, float(told["active_power_w"])))
        return told | {"active_power_w": shown_w, "active_power_l1_w": shown_w}

    return p1(change)


def late(seconds: float) -> Callable[[World, float], float]:
    """Return the power of some time ago."""
    kept: deque[tuple[float, float]] = deque()

    def shown(world: World, power_w: float) -> float:
        now = world.site.house.now
        kept.append((now, power_w))
        while len(kept) > 1 and kept[1][0] <= now - seconds:
            kept.popleft()
        return kept[0][1]

    return shown


def for_a_minute(more_w: float) -> Callable[[World, float], float]:
    """Return a power that is too large for a while; for longer it could not be told from a load."""
    began: list[float] = []

    def shown(world: World, power_w: float) -> float:
        began.append(world.site.house.now)
        return power_w + (more_w if world.site.house.now < began[0] + 60 else 0.0)

    return shown


def battery(change: Callable[[Any, Told], Told]) -> Act:
    """Return an act that makes one battery tell something else of itself."""

    def act(world: World) -> None:
        fake = world.site.batteries[LIAR]
        told = fake.firmware._told_of_the_battery
        fake.firmware._told_of_the_battery = lambda: told() | change(fake, told())  # type: ignore[method-assign]

    return act


def does(power_w: Callable[[float], float], change: Callable[[Any, Told], Told] | None = None) -> Act:
    """Return an act that makes a battery do something else than it is told, and perhaps tell that it does it."""

    def act(world: World) -> None:
        model = world.site.batteries[LIAR].model
        wanted = model._wanted_w
        model._wanted_w = lambda now, low_w, high_w: power_w(wanted(now, low_w, high_w))  # type: ignore[method-assign]
        if change is not None:
            battery(change)(world)

    return act


def fault(*faults: Fault) -> Act:
    """Return an act that makes one battery misbehave."""
    return lambda world: world.site.batteries[LIAR].faults.update(faults)


def meter_fault(*faults: Fault) -> Act:
    """Return an act that makes the P1 misbehave."""
    return lambda world: world.site.p1.faults.update(faults)


def as_told(fake: Any, told: Told) -> Told:
    """Return a power that is just what was asked for."""
    return {"ongrid_power": round(fake.model.passive_w)} if told["mode"] == "Passive" else {}


def frozen(key: str) -> Callable[[Any, Told], Told]:
    """Return a value that stays what it was."""
    first: dict[str, Any] = {}
    return lambda _, told: {key: first.setdefault(key, told[key])}


def handover(world: World) -> None:
    """Let two batteries that leave out who they are come back at each other's address."""
    first, second = world.site.batteries[:2]
    for each in (first, second):
        each.faults.add(Fault.NO_SRC)

    async def moved() -> None:
        hosts = second.host, first.host
        await first.stop()
        await second.stop()
        await move(first, hosts[0])
        await move(second, hosts[1])

    world.hass.async_create_task(moved())


def reverse_own_meter(world: World) -> None:
    """Turn the clamp of the battery's own meter round."""
    law = world.site.batteries[LIAR].model.law
    answer = law.answer
    law.answer = lambda meter_w, *rest: answer(-meter_w, *rest)  # type: ignore[method-assign]


def house_only(world: World, power_w: float) -> float:
    """Return what a sensor of the house's consumption shows."""
    return world.site.house.net_load_w


def no_battery_but(world: World, power_w: float) -> float:
    """Return what a meter shows behind which one battery is not."""
    return power_w + world.site.batteries[LIAR].model.power_w


LIMITED: Final = {"max_import_w": 3000, "max_export_w": 3000}
PHASES: Final = {"max_phase_import_w": 3000, "max_phase_export_w": 3000}
SMALL: Final[Act] = lambda world: configure(world, LIAR, max_charge_w=300, max_discharge_w=300)  # noqa: E731
WORN: Final = replace(VENUS_E3_148, name="VenusE Pro", firmware=1508)


def _renamed(world: World) -> None:
    """Let a battery call itself what nobody knows."""
    world.site.batteries[LIAR].model.device = WORN


METER: Final = tuple(
    Lie(what=what, how=how, tell=tell, leads=leads, options=options)
    for what, how, tell, options in (
        ("meter value", "wrong sign", meter_fault(Fault.P1_WRONG_SIGN), {}),
        ("meter value", "wrong sign, limits set", meter_fault(Fault.P1_WRONG_SIGN), LIMITED),
        ("meter place", "the house without the batteries", power(house_only), {}),
        ("meter place", "one battery is not behind it", power(no_battery_but), {}),
        ("meter value", "frozen, the reply as well", meter_fault(Fault.P1_FROZEN), {}),
        ("meter value", "zero", power(lambda world, power_w: 0.0), {}),
        ("meter value", "always 500 W", power(lambda world, power_w: 500.0), {}),
        ("meter value", "a minute late", power(late(60.0)), {}),
        ("meter value", "impossible", power(lambda world, power_w: 4e6), {}),
        ("meter value", "8 kW too much for a minute", power(for_a_minute(8000.0)), {}),
        ("meter value", "no answer", meter_fault(Fault.P1_SERVER_ERROR), LIMITED),
        (
            "meter phases",
            "zero",
            p1(lambda world, told: told | {f"active_power_l{n}_w": 0 for n in (1, 2, 3)}),
            PHASES,
        ),
    )
    for leads in (True, False)
)

BATTERY: Final = (
    Lie(what="own meter", how="wrong sign", tell=reverse_own_meter),
    Lie(what="own meter", how="zero", tell=lambda world: setattr(world.site.batteries[LIAR].model, "own_meter", False)),
    *(
        Lie(what=what, how=how, tell=tell, leads=leads, is_unstoppable="charges 2 kW" in how)
        for what, how, tell in (
            ("battery power", "wrong sign, measured", fault(Fault.WRONG_SIGN)),
            ("battery power", "wrong sign, told as right", does(lambda w: -w, as_told)),
            ("battery power", "charges 2 kW, told as right", does(lambda w: -2000.0, as_told)),
            ("battery power", "does nothing, told as right", does(lambda w: 0.0, as_told)),
            ("battery power", "frozen", battery(frozen("ongrid_power"))),
            ("battery power", "zero", battery(lambda fake, told: {"ongrid_power": 0})),
            ("battery power", "impossible", battery(lambda fake, told: {"ongrid_power": 250_000})),
            (
                "battery power",
                "ten times too much",
                battery(lambda f, told: {"ongrid_power": 10 * told["ongrid_power"]}),
            ),
            ("battery charge", "zero", battery(lambda fake, told: {"bat_soc": 0, "soc": 0})),
            ("battery charge", "full", battery(lambda fake, told: {"bat_soc": 100, "soc": 100})),
            ("battery charge", "frozen", battery(frozen("bat_soc"))),
            ("battery charge", "impossible", battery(lambda fake, told: {"bat_soc": 300, "soc": 300})),
            ("battery mode", "always UPS", battery(lambda fake, told: {"mode": "UPS"})),
            ("battery mode", "always Passive", battery(lambda fake, told: {"mode": "Passive"})),
            ("battery mode", "always Auto", battery(lambda fake, told: {"mode": "Auto"})),
            ("battery mode", "always one that nobody knows", battery(lambda fake, told: {"mode": "Eco"})),
            ("battery answers", "late", fault(Fault.LATE_REPLY)),
            ("battery answers", "none, its countdown ends in Auto", fault(Fault.EXPIRES_TO_AUTO, Fault.NO_REPLY)),
            ("name", "one that nobody knows", _renamed),
        )
        for leads in (True, False)
    ),
    Lie(what="identity", how="two batteries without src at each other's address", tell=handover, before=SMALL),
    Lie(what="identity", how="another device answers", tell=fault(Fault.WRONG_MAC)),
)

LIES: Final = (*METER, *BATTERY)
