"""Short ways to say what a test of the plan needs."""

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from custom_components.home_energy_controller.planning.forecasts import Outlook
from custom_components.home_energy_controller.planning.modes import Choice, Expected, PlanMode, Storage
from custom_components.home_energy_controller.planning.optimiser import solve
from custom_components.home_energy_controller.planning.slots import slot_of

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MONDAY = slot_of(datetime(2026, 11, 23, tzinfo=UTC))
"""The first slot of a Monday in UTC."""
STANDBY = Choice(PlanMode.STANDBY)
CHARGE_ONLY = Choice(PlanMode.CHARGE_ONLY)
DISCHARGE_ONLY = Choice(PlanMode.DISCHARGE_ONLY)


def at(text: str, zone: ZoneInfo = AMSTERDAM) -> datetime:
    """Return a moment by the clock on the wall."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def storage(**changes: object) -> Storage:
    """Return two batteries of 2500 W with 9 kWh between them."""
    given: dict[str, object] = {"units": 2, "usable_wh": 9000.0, "charge_w": 5000.0, "discharge_w": 5000.0, **changes}
    return Storage(**given)  # type: ignore[arg-type]  # Tests name fields freely.


def slot(net_load_w: float = 0.0, buy: float = 0.30, sell: float = 0.08, spread_w: float = 0.0) -> Expected:
    """Return what is expected of a slot."""
    return Expected(net_load_w=net_load_w, spread_w=spread_w, buy=buy, sell=sell)


def outlook(slots: Iterable[Expected], first: int = MONDAY, known: int | None = None) -> Outlook:
    """Return an outlook on these slots."""
    slots = tuple(slots)
    return Outlook(
        first=first,
        slots=slots,
        load_w=tuple(max(0.0, each.net_load_w) for each in slots),
        sun_w=tuple(max(0.0, -each.net_load_w) for each in slots),
        known=len(slots) if known is None else known,
    )


def many_slots() -> list[Expected]:
    """Return two days of all sorts."""
    return [
        slot(
            900.0 * ((index * 7) % 11 - 5) / 5,
            buy=0.05 + 0.04 * ((index // 4 * 5) % 9),
            sell=0.01 * ((index // 4 * 5) % 13 - 3),
            spread_w=100.0,
        )
        for index in range(192)
    ]


def fingerprint() -> str:
    """Return a plan of two days in text."""
    solution = solve(
        many_slots(), storage(units=3, usable_wh=13_000.0, may_charge_from_grid=True, may_deliver_to_grid=True)
    )
    return repr([(str(step.choice.mode), step.choice.power_w, step.energy_wh) for step in solution.steps(3000.0, None)])
