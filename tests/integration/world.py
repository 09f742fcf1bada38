"""A home to test in: a simulated site over real sockets, a Home Assistant, and a clock that the test turns."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import IPv4Address
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.coordinator import SiteCoordinator
from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.discovery import discover
from custom_components.home_energy_controller.marstek.exchange import Timing
from custom_components.home_energy_controller.site.search import configured_batteries
from simulation.site import SimulatedSite
from simulation.udp import FakeBattery

INTEGRATION = "custom_components.home_energy_controller"
NETWORK = "homeassistant.components.network.async_get_ipv4_broadcast_addresses"


@dataclass
class Clock:
    """Seconds that pass only when the test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the present moment."""
        return self.now


@dataclass
class World:
    """The home, and the handles that a test needs."""

    hass: HomeAssistant
    site: SimulatedSite
    entry: MockConfigEntry
    clock: Clock = field(default_factory=Clock)
    afterwards: list[Callable[[], object]] = field(default_factory=list)
    """What has to be undone when the test is over."""
    parts_may_fail: bool = False
    """Or no part of a cycle may have raised anything, in any test."""

    @property
    def coordinator(self) -> SiteCoordinator:
        """Return the coordinator of the loaded entry."""
        coordinator: SiteCoordinator = self.entry.runtime_data
        return coordinator

    async def set_up(self) -> None:
        """Set the entry up and see it loaded."""
        await self.try_set_up()
        for _ in range(5):
            if self.entry.state is ConfigEntryState.SETUP_RETRY:
                # A busy machine may be too slow for the short waits: Home Assistant tries again as well.
                await self.hass.config_entries.async_reload(self.entry.entry_id)
        assert self.entry.state is ConfigEntryState.LOADED

    async def try_set_up(self) -> None:
        """Set the entry up, whatever comes of it."""
        await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def pass_time(self, seconds: float) -> None:
        """Let time pass in the house and in the integration, which runs its cycles as often as it asks for."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            interval = self.coordinator.update_interval
            assert interval is not None
            step_s = min(interval.total_seconds(), end - self.clock.now)
            self.site.advance(step_s)
            self.clock.now += step_s
            await self.coordinator.async_refresh()
            await self.settle()

    async def settle(self) -> None:
        """Let everything that is under way come to its end."""
        await self.hass.async_block_till_done(wait_background_tasks=True)

    def entity_id(self, platform: str, unique_id: str) -> str:
        """Return the entity of a unique id."""
        entity_id = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, unique_id)
        assert entity_id is not None, (platform, unique_id)
        return entity_id

    def site_entity(self, platform: str, key: str) -> str:
        """Return an entity of the site."""
        return self.entity_id(platform, f"{self.entry.entry_id}_{key}")

    def battery_entity(self, platform: str, index: int, key: str) -> str:
        """Return an entity of one battery."""
        return self.entity_id(platform, f"{self.site.batteries[index].mac}_{key}")

    def state(self, entity_id: str) -> str:
        """Return the state of an entity."""
        state = self.hass.states.get(entity_id)
        assert state is not None, entity_id
        return state.state

    async def call(self, domain: str, service: str, entity_id: str, **data: Any) -> None:
        """Call an action on an entity, as an automation does."""
        await self.hass.services.async_call(domain, service, {"entity_id": entity_id, **data}, blocking=True)
        await self.settle()

    async def switch(self, on: bool) -> None:
        """Switch the controller."""
        await self.call("switch", "turn_on" if on else "turn_off", self.site_entity("switch", "controller"))


def site_entry(site: SimulatedSite, **battery_data: Any) -> MockConfigEntry:
    """Return an entry as the flow makes it, for a simulated site."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Home",
        data={"meter": {"type": "homewizard", "host": site.p1_host, "port": site.p1_port}},
        subentries_data=[
            ConfigSubentryData(
                subentry_type="battery",
                title=f"Battery {index + 1}",
                unique_id=battery.mac,
                data={
                    "host": battery.host,
                    "port": battery.port,
                    "mac": battery.mac,
                    "model": battery.model.device.name,
                    "firmware": battery.model.device.firmware,
                    "power_class_w": 2500,
                    "own_meter": "yes",
                    "circuit": "",
                    "release": "default",
                    "slots_cleared": False,
                    "capacity_wh": 5120,
                    "wifi_mac": None,
                    **battery_data,
                },
            )
            for index, battery in enumerate(site.batteries)
        ],
    )


def paired_meter(site: SimulatedSite) -> dict[str, Any]:
    """Return the `meter` part of an entry whose P1 is paired: it is read by version 2 of its API."""
    site.p1.tokens["local/home-energy-controller#a-test"] = "0123456789ABCDEF0123456789ABCDEF"
    return {
        "type": "homewizard_v2",
        "host": site.p1_host,
        "port": site.p1_port_v2,
        "serial": site.p1.certified_serial,
        "product": "HWE-P1",
        "token": "0123456789ABCDEF0123456789ABCDEF",
    }


def configure(world: World, index: int | None = None, **changes: Any) -> None:
    """Change the settings of every battery, or of one, before the site is set up."""
    for number, subentry in enumerate(list(world.entry.subentries.values())):
        if index in {None, number}:
            world.hass.config_entries.async_update_subentry(world.entry, subentry, data={**subentry.data, **changes})


def issues(world: World) -> set[str]:
    """Return what the repairs show of this integration: the keys, those of a battery with its number.

    That a site was never started is no trouble: most tests only watch.
    """
    numbers = {battery.mac: f" {index}" for index, battery in enumerate(world.site.batteries)}
    return {
        f"{issue.translation_key}{numbers.get(issue.issue_id[-12:], '')}"
        for issue in ir.async_get(world.hass).issues.values()
        if issue.domain == DOMAIN and issue.translation_key != "not_started"
    }


async def move(battery: FakeBattery, host: str) -> None:
    """Give a battery another address, as a router may."""
    await battery.stop()
    battery.host = battery.firmware.ip = host
    await battery.start()


def written(site: SimulatedSite) -> list[tuple[str, dict[str, Any]]]:
    """Return the mode changes that the batteries received: (address, config)."""
    return [
        (battery.host, received.params["config"])
        for battery in site.batteries
        for received in battery.firmware.received
        if received.method == "ES.SetMode"
    ]


IMPATIENT = Timing(
    first_timeout_s=0.1,
    later_timeout_s=0.1,
    resend_pause_s=0.02,
    busy_pause_s=(0.02, 0.03),
    write_gap_s=0,
    longest_gap_s=0,
    discovery_interval_s=0.05,
)
"""Waits of the real client, shortened: the devices of the tests answer at once, or not at all."""


def configured_ports(hass: HomeAssistant) -> tuple[int, ...]:
    """Return the ports of the batteries alone: the usual one belongs to whichever test runs beside this one."""
    return tuple({subentry.data["port"] for _, subentry in configured_batteries(hass)})


@contextmanager
def turned_by(clock: Clock, patience_s: float = 0.1) -> Iterator[None]:
    """Let the integration live by the test's clock, and wait less for those who do not answer.

    Where everybody answers, patience costs nothing, and a busy machine is taken for no silent battery.
    """
    timing = replace(IMPATIENT, first_timeout_s=patience_s, later_timeout_s=patience_s)
    with (
        patch(f"{INTEGRATION}.monotonic_clock", return_value=clock),
        patch(f"{INTEGRATION}.MarstekClient", partial(MarstekClient, timing=timing, bind_host="127.0.0.1")),
        patch(f"{INTEGRATION}.coordinator.OBSERVE_LIMIT_S", 2 * patience_s),
        patch(f"{INTEGRATION}.site.search.discover", partial(discover, duration_s=0.1)),
        patch(f"{INTEGRATION}.site.search.scan_ports", configured_ports),
        patch(NETWORK, AsyncMock(return_value={IPv4Address("127.255.255.255")})),
    ):
        yield
