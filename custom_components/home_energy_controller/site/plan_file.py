"""What the plan needs of the past: prices, sun and forecasts as they were then, and how each day came out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
import math
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import DOMAIN
from ..planning.judgement import Account, DayResult, Shadow
from ..planning.modes import Expected, PlanMode
from ..planning.slots import PER_DAY
from ..planning.tariff import SlotPrice
from .store import DAMAGED

VERSION: Final = 1
KEPT_SLOTS: Final = 35 * PER_DAY
KEPT_DAYS: Final = 62
"""Of results: a month that has passed is whole."""


@dataclass(slots=True, kw_only=True)
class PlanPast:
    """The file's content, by slot and by day."""

    spot: dict[int, float] = field(default_factory=dict)
    """As the source gave it."""
    prices: dict[int, SlotPrice] = field(default_factory=dict)
    """As they were paid in slots that have passed: a contract that is changed later changes no past."""
    load_w: dict[int, float] = field(default_factory=dict)
    sun_w: dict[int, float] = field(default_factory=dict)
    sun_forecast_w: dict[int, float] = field(default_factory=dict)
    """What was forecast last before the slot."""
    soc_pct: dict[int, float] = field(default_factory=dict)
    """At the begin of the slot."""
    done: dict[int, str] = field(default_factory=dict)
    """The mode that was followed in a slot."""
    days: list[DayResult] = field(default_factory=list)
    shadow: Shadow = field(default_factory=Shadow)
    today: date | None = None
    """The day that the shadow is in."""
    actual: float = 0.0
    """What today cost so far, by the meter."""
    actual_slots: int = 0
    began_wh: float | None = None
    """What the batteries held when today began."""

    def copied(self) -> PlanPast:
        """Return the same for another thread, while this goes on."""
        return replace(
            self,
            spot=dict(self.spot),
            prices=dict(self.prices),
            load_w=dict(self.load_w),
            sun_w=dict(self.sun_w),
            sun_forecast_w=dict(self.sun_forecast_w),
            soc_pct=dict(self.soc_pct),
            done=dict(self.done),
            days=list(self.days),
        )

    def prune(self, slot: int) -> None:
        """Forget what is older than anyone asks for."""
        for values in (self.spot, self.prices, self.load_w, self.sun_w, self.sun_forecast_w, self.soc_pct, self.done):
            for old in [each for each in values if each < slot - KEPT_SLOTS]:
                del values[old]
        del self.days[:-KEPT_DAYS]


class PlanFile:
    """The file of one site: a second one, because it is large and may be lost without harm."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name the file; nothing is read yet."""
        self._hass = hass
        self._store: Store[dict[str, Any]] = Store(hass, VERSION, f"{DOMAIN}.{entry_id}.plan", atomic_writes=True)

    async def async_load(self) -> PlanPast:
        """Return what the file holds; what is damaged is left out."""
        try:
            data = await self._store.async_load() or {}
            return decode(data)
        except DAMAGED:
            return PlanPast()

    async def async_save(self, past: PlanPast) -> None:
        """Write the file; half a megabyte is not encoded in the event loop."""
        await self._store.async_save(await self._hass.async_add_executor_job(encode, past.copied()))

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()


def encode(past: PlanPast) -> dict[str, Any]:
    """Return JSON data."""
    numbers = ("spot", "load_w", "sun_w", "sun_forecast_w", "soc_pct")
    shadow = past.shadow
    return {
        **{name: {str(slot): round(value, 5) for slot, value in getattr(past, name).items()} for name in numbers},
        "prices": {str(slot): [round(price.buy, 5), round(price.sell, 5)] for slot, price in past.prices.items()},
        "done": {str(slot): mode for slot, mode in past.done.items()},
        "days": [asdict(day) | {"day": day.day.isoformat()} for day in past.days],
        "today": None if past.today is None else past.today.isoformat(),
        "actual": past.actual,
        "actual_slots": past.actual_slots,
        "began_wh": past.began_wh,
        "shadow": {
            "plan": asdict(shadow.plan),
            "net_zero": asdict(shadow.net_zero),
            "no_battery": shadow.no_battery,
            "ahead": shadow.ahead,
            "slots": [[slot.net_load_w, slot.spread_w, slot.buy, slot.sell] for slot in shadow.slots],
        },
    }


def decode(data: Mapping[str, Any]) -> PlanPast:
    """Return what JSON data hold; raises one of DAMAGED where they are of no file of ours."""
    today = data.get("today")
    shadow: Mapping[str, Any] = data.get("shadow", {})
    return PlanPast(
        spot=_by_slot(data.get("spot")),
        load_w=_by_slot(data.get("load_w")),
        sun_w=_by_slot(data.get("sun_w")),
        sun_forecast_w=_by_slot(data.get("sun_forecast_w")),
        soc_pct=_by_slot(data.get("soc_pct")),
        prices={int(slot): SlotPrice(_number(buy), _number(sell)) for slot, (buy, sell) in _items(data.get("prices"))},
        done={int(slot): PlanMode(mode).value for slot, mode in _items(data.get("done"))},
        days=[_day(each) for each in data.get("days", ())],
        today=None if today is None else date.fromisoformat(today),
        actual=_number(data.get("actual", 0.0)),
        actual_slots=int(data.get("actual_slots", 0)),
        began_wh=None if data.get("began_wh") is None else _number(data["began_wh"]),
        shadow=Shadow(
            plan=_account(shadow.get("plan", {})),
            net_zero=_account(shadow.get("net_zero", {})),
            no_battery=_number(shadow.get("no_battery", 0.0)),
            ahead=_number(shadow.get("ahead", 0.0)),
            slots=tuple(Expected(*map(_number, each)) for each in shadow.get("slots", ())),
        ),
    )


def _items(data: Mapping[str, Any] | None) -> Any:
    return (data or {}).items()


def _by_slot(data: Mapping[str, Any] | None) -> dict[int, float]:
    """Return numbers by slot."""
    return {int(slot): _number(value) for slot, value in _items(data)}


def _number(value: Any) -> float:
    """Return a finite number; raises ValueError for any other."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _account(data: Mapping[str, Any]) -> Account:
    return Account(**{each.name: _number(data.get(each.name, 0.0)) for each in fields(Account)})


def _day(data: Mapping[str, Any]) -> DayResult:
    """Return the result of a day."""
    perfect, actual = (None if data[name] is None else _number(data[name]) for name in ("perfect", "actual"))
    return DayResult(
        day=date.fromisoformat(data["day"]),
        no_battery=_number(data["no_battery"]),
        net_zero=_number(data["net_zero"]),
        plan=_number(data["plan"]),
        perfect=perfect,
        actual=actual,
        slots=int(data["slots"]),
    )
