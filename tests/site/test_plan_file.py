"""The plan's file: what is written is read again, nonsense is left out, and the old is forgotten."""

from dataclasses import replace
from datetime import date, timedelta
import json
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.home_energy_controller.planning.judgement import Account, DayResult, Shadow
from custom_components.home_energy_controller.planning.modes import Expected
from custom_components.home_energy_controller.planning.tariff import SlotPrice
from custom_components.home_energy_controller.site.plan_file import (
    KEPT_DAYS,
    KEPT_SLOTS,
    PlanFile,
    PlanPast,
    decode,
    encode,
)

KEY = "home_energy_controller.entry.plan"
DAY = date(2026, 11, 23)
SLOT = 1_994_880


def past() -> PlanPast:
    """Return a past that has something of everything."""
    result = DayResult(day=DAY, no_battery=3.5, net_zero=2.25, plan=-1.125, perfect=-1.5, actual=2.5, slots=96)
    return PlanPast(
        spot={SLOT: -0.01, SLOT + 1: 0.12345},
        prices={SLOT: SlotPrice(0.25, -0.02)},
        load_w={SLOT: 431.5},
        sun_w={SLOT: 0.0},
        sun_forecast_w={SLOT + 4: 1234.5},
        soc_pct={SLOT: 55.5},
        days=[result, replace(result, day=DAY + timedelta(days=1), perfect=None, actual=None, slots=90)],
        shadow=Shadow(
            plan=Account(1200.5, -0.25, 800.0),
            net_zero=Account(0.0, 1.5, 800.0),
            no_battery=2.75,
            slots=(Expected(400.0, 150.0, 0.25, 0.05), Expected(-900.0, 200.0, 0.2, -0.01)),
        ),
        today=DAY + timedelta(days=2),
        actual=1.0625,
        actual_slots=40,
        began_wh=800.0,
    )


def as_json(content: PlanPast) -> Any:
    """Return what is in the file."""
    return json.loads(json.dumps(encode(content)))


def test_what_is_written_is_read_again() -> None:
    """All of it, by way of JSON."""
    assert decode(as_json(past())) == past()
    assert decode(as_json(PlanPast())) == decode({}) == PlanPast()


def test_numbers_are_written_short() -> None:
    """A hundredth of a thousandth is more than anybody asks for."""
    content = encode(PlanPast(load_w={SLOT: 1000 / 3}, prices={SLOT: SlotPrice(1 / 3, 2 / 3)}))
    assert content["load_w"] == {str(SLOT): 333.33333}
    assert content["prices"] == {str(SLOT): [0.33333, 0.66667]}


async def test_the_file_outlives_a_restart(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    """And is gone when the site is removed."""
    assert await PlanFile(hass, "entry").async_load() == PlanPast()
    await PlanFile(hass, "entry").async_save(past())
    assert KEY in hass_storage
    assert await PlanFile(hass, "entry").async_load() == past()
    await PlanFile(hass, "entry").async_remove()
    assert await PlanFile(hass, "entry").async_load() == PlanPast()


@pytest.mark.parametrize(
    "damage",
    [
        {"spot": {"yesterday": 0.1}},
        {"spot": [0.1, 0.2]},
        {"load_w": {str(SLOT): "much"}},
        {"load_w": {str(SLOT): float("nan")}},
        {"sun_w": {str(SLOT): None}},
        {"sun_forecast_w": {str(SLOT): float("inf")}},
        {"prices": {str(SLOT): [0.2]}},
        {"prices": {str(SLOT): 0.2}},
        {"prices": {str(SLOT): [0.2, "nan"]}},
        {"days": [{"day": "2026-11-23"}]},
        {"days": ["2026-11-23"]},
        {"days": 7},
        {"today": "tomorrow"},
        {"today": 20261123},
        {"actual": None},
        {"actual_slots": "many"},
        {"began_wh": []},
        {"shadow": "of a doubt"},
        {"shadow": {"plan": {"energy_wh": "full"}}},
        {"shadow": {"plan": 5}},
        {"shadow": {"slots": [[1.0, 2.0, 3.0]]}},
        {"shadow": {"slots": [[1.0, 2.0, 3.0, float("nan")]]}},
    ],
)
async def test_a_damaged_file_is_begun_anew(
    hass: HomeAssistant, hass_storage: dict[str, Any], damage: dict[str, Any]
) -> None:
    """It is large, and may be lost without harm: nothing of it is believed, and nothing is raised."""
    hass_storage[KEY] = {"version": 1, "minor_version": 1, "key": KEY, "data": as_json(past()) | damage}
    assert await PlanFile(hass, "entry").async_load() == PlanPast()


@pytest.mark.parametrize("data", [[], "nothing", 5, None])
async def test_a_file_of_something_else_is_begun_anew(
    hass: HomeAssistant, hass_storage: dict[str, Any], data: Any
) -> None:
    """Whatever it is."""
    hass_storage[KEY] = {"version": 1, "minor_version": 1, "key": KEY, "data": data}
    assert await PlanFile(hass, "entry").async_load() == PlanPast()


async def test_a_file_of_a_later_version_is_begun_anew(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    """After a step back to an older release."""
    hass_storage[KEY] = {"version": 9, "minor_version": 1, "key": KEY, "data": as_json(past())}
    assert await PlanFile(hass, "entry").async_load() == PlanPast()


def test_what_is_older_than_five_weeks_is_forgotten() -> None:
    """Of every slot; and of days what is older than two months."""
    content = past()
    by_slot = (content.spot, content.load_w, content.sun_w, content.sun_forecast_w, content.soc_pct)
    for values in by_slot:
        values.clear()
        values.update({SLOT - 1: 1.0, SLOT: 2.0, SLOT + KEPT_SLOTS: 3.0})
    content.prices = dict.fromkeys((SLOT - 1, SLOT), SlotPrice(0.2, 0.1))
    content.days = [replace(content.days[0], day=DAY + timedelta(days=number)) for number in range(KEPT_DAYS + 5)]
    content.prune(SLOT + KEPT_SLOTS)
    assert all(values == {SLOT: 2.0, SLOT + KEPT_SLOTS: 3.0} for values in by_slot)
    assert list(content.prices) == [SLOT]
    assert [day.day for day in content.days] == [DAY + timedelta(days=5 + number) for number in range(KEPT_DAYS)]
    content.prune(SLOT + KEPT_SLOTS)
    assert len(content.days) == KEPT_DAYS
