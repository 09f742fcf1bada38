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


def _answers(simulated: SimulatedSite, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return what is filled in at each step of the flow, one item for each time that the step comes."""
    addresses = {"host": [battery.host for battery in simulated.batteries], "port": simulated.batteries[0].port}
    return {
        "user": [{"next_step_id": "homewizard"}],
        "homewizard": [{"host": f"{simulated.p1.host}:{simulated.p1.port}"}],
        "confirm_import": [{"next_step_id": "address"}],
        "confirm_export": [{"next_step_id": "address"}],
        "address": [addresses],
        "battery": [
            {"name": name, "power_class_w": str(BATTERY_LIMIT_W), "own_meter": "this", "limits": {}} for name in names
        ],
        "fuse": [{"fuse": "unknown"}],
        # Shown anew where Home Assistant itself went on as well, when the look was over.
        "start": [{"next_step_id": "only_watch"}] * 3,
    }


async def set_up(api: Api, simulated: SimulatedSite, names: Sequence[str] = BATTERY_NAMES) -> dict[str, str]:
    """Go through the flow, wait until the site is loaded and return its entity ids by their keys."""
    answers = _answers(simulated, names)
    step = await api.request("POST", _FLOW, {"handler": DOMAIN})
    while step["type"] in {"form", "menu", "progress"}:
        if step["type"] == "progress":
            await asyncio.sleep(0.2)
            step = await api.request("GET", f"{_FLOW}/{step['flow_id']}")
            continue
        left = answers.get(step["step_id"])
        if step.get("errors") or not left:
            raise DemoError(f"the config flow stopped at {step['step_id']}: {step.get('errors')}")
        step = await api.request("POST", f"{_FLOW}/{step['flow_id']}", left.pop(0))
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
