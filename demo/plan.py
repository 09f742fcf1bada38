"""The demo's day-ahead plan: a simulated price sensor, the prices by the options' own forms, and a made-up past."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

from .api import Api
from .console import DemoError, say
from .home_assistant import DOMAIN, HomeAssistant
from .plan_past import PACE, SPOT, stored_past
from .site_setup import find_entities, wait_until_loaded

PRICE_NAME: Final = "Simulated day-ahead prices"
PRICE_ENTITY: Final = "sensor.simulated_day_ahead_prices"
WORDS: Final = (
    "the prices, the month of history, the 14 judged days and the sun forecast are made up; see demo/plan_past.py"
)
_FLOW = "/api/config/config_entries/options/flow"
_KNOWN_WITHIN_S = 120.0

_VALUES = f"{{% set spot, pace = {list(SPOT)}, {list(PACE)} %}}"
_DAY = (
    _VALUES
    + "{% set midnight = today_at() + timedelta(days=DAYS) %}{% set found = namespace(rows=[]) %}"
    + "{% for quarter in range(96) %}{% set hour, part = quarter // 4, quarter % 4 / 4 %}"
    + "{% set start = (midnight + timedelta(minutes=15 * quarter)).isoformat() %}"
    + "{% set value = spot[hour] + (spot[(hour + 1) % 24] - spot[hour]) * part %}"
    + "{% set value = (value * pace[midnight.toordinal() % pace | count]) | round(5) %}"
    + "{% set found.rows = found.rows + [{'start': start, 'value': value}] %}{% endfor %}{{ found.rows }}"
)
_NOW = (
    _VALUES
    + "{% set hour, part = now().hour, now().minute // 15 / 4 %}"
    + "{% set value = spot[hour] + (spot[(hour + 1) % 24] - spot[hour]) * part %}"
    + "{{ (value * pace[now().toordinal() % pace | count]) | round(5) }}"
)


def price_sensor() -> dict[str, Any]:
    """Return the configuration of a sensor that tells today's and tomorrow's quarters, as integrations of prices do."""
    sensor = {
        "name": PRICE_NAME,
        "unique_id": "simulated_day_ahead_prices",
        "unit_of_measurement": "EUR/kWh",
        "state": _NOW,
        "attributes": {"raw_today": _DAY.replace("DAYS", "0"), "raw_tomorrow": _DAY.replace("DAYS", "1")},
    }
    return {"template": [{"sensor": [sensor]}]}


async def tell_prices(api: Api, entry_id: str) -> None:
    """Go through the forms of the options as an owner would: a dynamic contract, charging from the grid allowed."""
    step = await api.request("POST", _FLOW, {"handler": entry_id})
    answers = {
        "init": {"next_step_id": "prices"},
        "prices": {"preset": "nl_dynamic"},
        "price_source": {"source": "entity", "price_entity": PRICE_ENTITY},
        "price_preview": {"next_step_id": "price_keep"},
    }
    while step["type"] in {"form", "menu"}:
        name = step["step_id"]
        answer = filled_in(step) if name == "price_details" else answers.pop(name, None)
        if step.get("errors") or answer is None:
            raise DemoError(f"the options stopped at {name}: {step.get('errors')}")
        step = await api.request("POST", f"{_FLOW}/{step['flow_id']}", answer)
    if step["type"] != "create_entry":
        raise DemoError(f"the options ended with {step['type']}: {step.get('reason')}")


def filled_in(step: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the numbers that the form of a contract comes with, and that the batteries may charge from the grid."""
    parts = {
        part["name"]: {
            field["name"]: held
            for field in part["schema"]
            if (held := field.get("description", {}).get("suggested_value", field.get("default"))) is not None
        }
        for part in step["data_schema"]
    }
    parts["plan"]["may_charge_from_grid"] = True
    return parts


async def give_past(api: Api, home_assistant: HomeAssistant, entry_id: str) -> None:
    """Write the plan's file while the site is not loaded: it writes the file itself when it is unloaded."""
    key, data = await asyncio.to_thread(stored_past, entry_id, DOMAIN, datetime.now(UTC))
    await api.command("config_entries/disable", entry_id=entry_id, disabled_by="user")
    home_assistant.store(key, data)
    await api.command("config_entries/disable", entry_id=entry_id, disabled_by=None)
    await wait_until_loaded(api, entry_id)


async def plan(api: Api, home_assistant: HomeAssistant) -> dict[str, str]:
    """Give the site prices and a past, wait for its plan, choose the strategy Smart; return its entities."""
    entry_id = await _entry_id(api)
    await _until_known(api, PRICE_ENTITY)
    await tell_prices(api, entry_id)
    await give_past(api, home_assistant, entry_id)
    entities = await find_entities(api, entry_id)  # the plan's come with the prices
    await _until_known(api, entities["plan"])
    await api.act("select.select_option", entities["strategy"], option="predictive")
    say(WORDS)
    return entities


async def _until_known(api: Api, entity_id: str) -> None:
    """Wait until an entity shows something."""
    try:
        async with asyncio.timeout(_KNOWN_WITHIN_S):
            while entity_id not in await _known(api):  # noqa: ASYNC110 - states are asked for
                await asyncio.sleep(0.5)
    except TimeoutError as err:
        raise DemoError(f"{entity_id} showed nothing within {_KNOWN_WITHIN_S:.0f} s") from err


async def _known(api: Api) -> set[str]:
    """Return the entities that show something."""
    states = await api.request("GET", "/api/states")
    return {state["entity_id"] for state in states if state["state"] not in {"unknown", "unavailable"}}


async def _entry_id(api: Api) -> str:
    """Return the id of the site's entry."""
    entries = await api.command("config_entries/get", domain=DOMAIN)
    return str(entries[0]["entry_id"])
