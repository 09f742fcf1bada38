"""A simulated home for the flows: real sockets, waiting times cut short."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
import json
from pathlib import Path
from string import Formatter
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowManager, section
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import home_energy_controller as integration
from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.discovery import discover
from custom_components.home_energy_controller.marstek.exchange import Timing
from simulation.site import SimulatedSite

INTEGRATION = "custom_components.home_energy_controller"
NETWORK = "homeassistant.components.network.async_get_ipv4_broadcast_addresses"

TEXTS = json.loads((Path(integration.__file__).parent / "translations" / "en.json").read_text(encoding="utf-8"))

FAST = Timing(
    first_timeout_s=0.1,
    later_timeout_s=0.1,
    resend_pause_s=0.01,
    busy_pause_s=(0.01, 0.02),
    write_gap_s=0.0,
    longest_gap_s=0.0,
    discovery_interval_s=0.1,
)


@dataclass(frozen=True, kw_only=True)
class FlowHome:
    """A home without an entry, and the shortcuts by which a test walks through a flow."""

    hass: HomeAssistant
    site: SimulatedSite
    setup_entry: AsyncMock
    entry: MockConfigEntry | None = None
    """The site to which batteries are added; None while one is set up."""

    @property
    def port(self) -> int:
        """Return the port of all batteries."""
        return self.site.batteries[0].port

    @property
    def hosts(self) -> list[str]:
        """Return the addresses of the batteries."""
        return [battery.host for battery in self.site.batteries]

    @property
    def p1(self) -> str:
        """Return the address of the P1 as one would type it."""
        return f"{self.site.p1_host}:{self.site.p1_port}"

    @property
    def p1_v2(self) -> str:
        """Return where the P1 speaks version 2, as one would type it."""
        return f"{self.site.p1_host}:{self.site.p1_port_v2}"

    @property
    def _manager(self) -> FlowManager[Any, Any, Any]:
        return self.hass.config_entries.flow if self.entry is None else self.hass.config_entries.subentries

    async def start(self) -> Any:
        """Open the flow of a new site, or of a battery for the present one."""
        handler: Any = DOMAIN if self.entry is None else (self.entry.entry_id, "battery")
        return self.readable(await self._manager.async_init(handler, context={"source": SOURCE_USER}))

    async def menu(self, result: Any, option: str) -> Any:
        """Choose from a menu that offers it."""
        assert option in result["menu_options"]
        return self.readable(await self._manager.async_configure(result["flow_id"], {"next_step_id": option}))

    async def submit(self, result: Any, **user_input: Any) -> Any:
        """Send a form, and wait where that takes a while."""
        result = self.readable(await self._manager.async_configure(result["flow_id"], user_input))
        return await self.after_progress(result) if result["type"] == "progress" else result

    async def after_progress(self, result: Any) -> Any:
        """Wait for a progress to end, as the frontend does."""
        assert result["type"] == "progress"
        await self.hass.async_block_till_done()
        return self.readable(await self._manager.async_configure(result["flow_id"]))

    async def finish(self, result: Any, *, fuse: str = "unknown", option: str = "only_watch") -> Any:
        """Go through the end of a new site's flow."""
        assert result["step_id"] == "fuse"
        result = await self.submit(result, fuse=fuse)
        assert result["step_id"] == "start"
        return await self.menu(result, option)

    def readable(self, result: Any) -> Any:
        """Return a result of a flow once it is sure that there is a text for all that it shows."""
        words = TEXTS["config"] if self.entry is None else TEXTS["config_subentries"]["battery"]
        assert_translated(result, words)
        return result

    async def meter_confirmed(self) -> Any:
        """Go through a new site's flow up to the menu that shows the reading."""
        result = await self.menu(await self.start(), "homewizard")
        return await self.submit(result, host=self.p1)

    async def batteries_chosen(self, *indices: int) -> Any:
        """Go through a new site's flow up to the first battery's form."""
        result = await self.menu(await self.meter_confirmed(), "address")
        return await self.submit(result, host=[self.hosts[index] for index in indices], port=self.port)


def assert_translated(result: Any, words: Any) -> None:
    """Fail when a step, field, option or error has no text, or a text has a placeholder that nobody fills."""
    texts: list[str] = []
    match result["type"]:
        case "form":
            step = words["step"][result["step_id"]]
            texts = [step["title"], step["description"]]
            texts += [words["error"][key] for key in (result["errors"] or {}).values()]
            for field, kind in result["data_schema"].schema.items():
                part, inner = step, [field]
                if isinstance(kind, section):
                    part, inner = step["sections"][field], list(kind.schema.schema)
                texts += [part[words][name] for name in inner for words in ("data", "data_description")]
        case "menu":
            step = words["step"][result["step_id"]]
            texts = [step["title"], step["description"], *(step["menu_options"][key] for key in result["menu_options"])]
        case "progress":
            texts = [words["progress"][result["progress_action"]]]
        case "abort" if "translation_domain" not in result:
            texts = [words["abort"][result["reason"]]]
    filled = set(result.get("description_placeholders") or {})
    for text in texts:
        assert {name for _, name, _, _ in Formatter().parse(text) if name} <= filled, text


def suggested(result: Any) -> dict[str, Any]:
    """Return what a form holds when it opens."""
    return _held(result["data_schema"].schema)


def _held(schema: Any) -> dict[str, Any]:
    """Return what the fields of a form, or of a section in it, hold."""
    values: dict[str, Any] = {}
    for marker, kind in schema.items():
        if isinstance(kind, section):
            values[marker.schema] = _held(kind.schema.schema)
        elif marker.description and "suggested_value" in marker.description:
            values[marker.schema] = marker.description["suggested_value"]
        elif callable(marker.default):
            values[marker.schema] = marker.default()
    return values


def options_of(result: Any, field: str) -> list[str]:
    """Return the values that a select of a form offers."""
    options = result["data_schema"].schema[field].config["options"]
    return [option if isinstance(option, str) else option["value"] for option in options]


@contextmanager
def short_waits(site: SimulatedSite) -> Iterator[None]:
    """Let the flows wait tenths of seconds, and search where the simulated batteries are."""
    loopback = AsyncMock(return_value={IPv4Address("127.255.255.255")})
    with ExitStack() as stack:
        # Bound to one address, beside those of the batteries: on all of them, their port would be taken.
        client = partial(MarstekClient, timing=FAST, bind_host="127.0.0.1")
        stack.enter_context(patch(f"{INTEGRATION}.flows.probe.MarstekClient", client))
        stack.enter_context(patch(f"{INTEGRATION}.site.search.discover", partial(discover, duration_s=0.25)))
        stack.enter_context(patch(f"{INTEGRATION}.site.search.scan_ports", lambda hass: (site.batteries[0].port,)))
        stack.enter_context(patch(NETWORK, loopback))
        yield
