"""What the actions on the plan answer."""

from collections.abc import Sequence
from typing import Any

from ..planning.judgement import DayResult
from ..planning.plan import Plan
from ..planning.slots import start_of
from ..site.planner import PlanView
from ..site.words import Words


def plan_response(plan: Plan, words: Words, view: PlanView) -> dict[str, Any]:
    """Return the plan slot by slot: power in W, prices per kWh, stored energy in Wh above the reserve."""
    return {
        "acts": view.acts,
        "status": words.status(view.status),
        "made_at": None if view.made_at is None else view.made_at.isoformat(),
        "currency": words.currency,
        "slots": [
            {
                "start": start_of(slot.slot, words.zone).isoformat(),
                "mode": slot.choice.mode.value,
                "power_w": slot.choice.power_w,
                "reason": words.sentence(slot.reason),
                "buy_per_kwh": round(slot.buy, 4),
                "sell_per_kwh": round(slot.sell, 4),
                "price_is_estimated": slot.is_estimated,
                "load_w": round(slot.load_w),
                "sun_w": round(slot.sun_w),
                "stored_wh": round(slot.energy_wh),
                "stored_value_per_kwh": round(slot.value_per_kwh, 4),
            }
            for slot in plan.slots
        ],
    }


def back_test_response(days: Sequence[DayResult], currency: str) -> dict[str, Any]:
    """Return costs by day and in all; what was not measured is null; gaps show in the number of slots."""
    table = [
        {
            "day": day.day.isoformat(),
            "no_battery": round(day.no_battery, 3),
            "net_zero": round(day.net_zero, 3),
            "plan": round(day.plan, 3),
            "perfect": None if day.perfect is None else round(day.perfect, 3),
            "actual": None if day.actual is None else round(day.actual, 3),
            "slots": day.slots,
        }
        for day in days
    ]
    names = ("no_battery", "net_zero", "plan", "perfect")
    total = {name: round(sum(getattr(day, name) or 0.0 for day in days), 3) for name in names}
    measured = [day.actual for day in days if day.actual is not None]
    total["actual"] = round(sum(measured), 3) if len(measured) == len(days) else None
    return {"currency": currency, "days": table, "total": total}
