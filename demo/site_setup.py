"""Sets the site up in Home Assistant as a person would: through the config flow, step by step."""

import asyncio
from collections.abc import Sequence
from typing import Any

from simulation.site import SimulatedSite

from .api import Api
from .console import DemoError
from .home_assistant import DASHBOARD_PATH, DOMAIN
from .house import BATTERY_LIMIT_W, BATTERY_NAMES

_FLOW = "/api/config/config_entries/flow"
_SET_UP_LIMIT_S = 60.0
_MOST_STEPS = 500
"""With those that only wait."""


def _answers(simulated: SimulatedSite) -> dict[str, dict[str, Any]]:
    """Return what is filled in at each step of the flow; of a battery without its name."""
    addresses = {"host": [battery.host for battery in simulated.batteries], "port": simulated.batteries[0].port}
    return {
        "user": {"next_step_id": "homewizard"},
        "homewizard": {"host": f"{simulated.p1.host}:{simulated.p1.port}"},
        "confirm_import": {"next_step_id": "address"},
        "confirm_export": {"next_step_id": "address"},
        "address": addresses,
        "battery": {"power_class_w": str(BATTERY_LIMIT_W), "own_meter": "this", "limits": {}},
        "fuse": {"fuse": "unknown"},
        "start": {"next_step_id": "only_watch"},
    }


async def set_up(api: Api, simulated: SimulatedSite, names: Sequence[str] = BATTERY_NAMES) -> dict[str, str]:
    """Go through the flow, wait until the site is loaded and return its entity ids by their keys.

    A step may be shown anew where Home Assistant itself went on as well, when a progress was over: it is answered
    again.
    """
    answers = _answers(simulated)
    names_of = dict(zip((battery.host for battery in simulated.batteries), names, strict=False))
    step = await api.request("POST", _FLOW, {"handler": DOMAIN})
    for _ in range(_MOST_STEPS):
        if step["type"] not in {"form", "menu", "progress"}:
            break
        if step["type"] == "progress":
            await asyncio.sleep(0.2)
            step = await api.request("GET", f"{_FLOW}/{step['flow_id']}")
            continue
        answer = answers.get(step["step_id"])
        if step.get("errors") or answer is None:
            raise DemoError(f"the config flow stopped at {step['step_id']}: {step.get('errors')}")
        if step["step_id"] == "battery":
            answer = {**answer, "name": names_of[step["description_placeholders"]["host"].partition(":")[0]]}
        step = await api.request("POST", f"{_FLOW}/{step['flow_id']}", answer)
    if step["type"] != "create_entry":
        raise DemoError(f"the config flow ended with {step['type']}: {step.get('reason')}")
    await wait_until_loaded(api, step["result"]["entry_id"])
    return await find_entities(api, step["result"]["entry_id"])


async def add_dashboard(api: Api) -> None:
    """Add our dashboard as *Add dashboard* does."""
    await api.command("lovelace/dashboards/create", url_path=DASHBOARD_PATH, title=api.home, icon="mdi:home-battery")
    config = {"strategy": {"type": "custom:home-energy-controller"}}
    await api.command("lovelace/config/save", url_path=DASHBOARD_PATH, config=config)


async def wait_until_loaded(api: Api, entry_id: str) -> None:
    """Wait until the entry is set up; raise DemoError with Home Assistant's reason when it is not."""
    entry: dict[str, Any] = {}
    try:
        async with asyncio.timeout(_SET_UP_LIMIT_S):
            while entry.get("state") != "loaded":
                await asyncio.sleep(0.2)
                entry = (await api.command("config_entries/get_single", entry_id=entry_id))["config_entry"]
    except TimeoutError as err:
        raise DemoError(f"the site was not set up: {entry.get('state')}, {entry.get('reason')}") from err


async def find_entities(api: Api, entry_id: str) -> dict[str, str]:
    """Return the site's entity ids by their keys."""
    registry = await api.command("config/entity_registry/list")
    own = [entity for entity in registry if entity["unique_id"].startswith(f"{entry_id}_")]
    # The picture of the plan and its sensor have one key.
    pictures = {entity["entity_id"] for entity in own if entity["entity_id"].startswith("image.")}
    return {
        entity["unique_id"].removeprefix(f"{entry_id}_")
        + ("_image" if entity["entity_id"] in pictures else ""): entity["entity_id"]
        for entity in own
    }
