"""The demo's made-up prices and past, before anything is started."""

from datetime import datetime, timedelta
import json
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
from homeassistant.helpers.template import Template
from homeassistant.util import dt as dt_util
import pytest

from custom_components.home_energy_controller.planning.slots import PER_DAY, slot_of, start_of
from custom_components.home_energy_controller.site.plan_file import decode
from demo import plan_past
from demo.home_assistant import TIME_ZONE
from demo.plan import filled_in, price_sensor

NOON = datetime(2026, 11, 28, 12, tzinfo=ZoneInfo(TIME_ZONE))


async def test_sensor_tells_the_prices_that_the_past_was_made_with(hass: HomeAssistant) -> None:
    """Quarter by quarter, of today and tomorrow."""
    await hass.config.async_set_time_zone(TIME_ZONE)
    (sensor,) = price_sensor()["template"][0]["sensor"]
    rows = [
        row
        for name in ("raw_today", "raw_tomorrow")
        for row in Template(sensor["attributes"][name], hass).async_render()
    ]
    assert len(rows) == 2 * PER_DAY
    for row in rows:
        assert row["value"] == pytest.approx(plan_past.spot_at(datetime.fromisoformat(row["start"])), abs=1e-4)
    now = Template(sensor["state"], hass).async_render()
    assert now == pytest.approx(plan_past.spot_at(dt_util.now()), abs=1e-4)


def test_file_is_the_plans_own_and_reaches_two_days_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was is measured and priced, what comes is forecast."""
    monkeypatch.setattr(plan_past, "JUDGED_DAYS", 1)
    name, data = plan_past.stored_past("abc", "home_energy_controller", NOON)
    past, present = decode(json.loads(json.dumps(data))), slot_of(NOON)
    assert name == "home_energy_controller.abc.plan"
    assert set(past.load_w) == set(range(present - 28 * PER_DAY, present))
    assert max(past.sun_forecast_w) == present + 2 * PER_DAY - 1
    (day,) = past.days
    assert day.day == NOON.date() - timedelta(days=1)
    assert day.gain > 0
    assert day.actual is not None


def test_day_is_cheap_at_noon_and_dear_in_the_evening() -> None:
    """As a Dutch day with sun is."""
    zone, first = ZoneInfo(TIME_ZONE), slot_of(NOON) - PER_DAY // 2
    day = {start_of(slot, zone): plan_past.spot_at(start_of(slot, zone)) for slot in range(first, first + PER_DAY)}
    assert 12 <= min(day, key=lambda moment: day[moment]).hour <= 14
    assert 18 <= max(day, key=lambda moment: day[moment]).hour <= 20


def test_form_of_the_contract_is_sent_as_it_came_and_charging_is_allowed() -> None:
    """Whatever numbers a preset has."""
    schema: list[dict[str, Any]] = [
        {"name": "buy", "schema": [{"name": "buy_vat_pct", "description": {"suggested_value": 21.0}}]},
        {"name": "bands", "schema": [{"name": "bands"}]},
        {"name": "plan", "schema": [{"name": "may_charge_from_grid", "default": False}]},
    ]
    assert filled_in({"data_schema": schema}) == {
        "buy": {"buy_vat_pct": 21.0},
        "bands": {},
        "plan": {"may_charge_from_grid": True},
    }
