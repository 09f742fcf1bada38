"""Home Energy Controller: several Marstek Venus home batteries run as one."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from homeassistant.const import CONF_HOST, CONF_PORT, Platform
from homeassistant.core import HassJob, HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .const import CONF_FIRMWARE, CONF_METER, CONF_MODEL, CONF_STARTS, DOMAIN
from .coordinator import SiteConfigEntry, SiteCoordinator
from .dashboard import async_offer_dashboard, async_setup_dashboard, async_withdraw_dashboard
from .entity import site_device_info, update_devices
from .marstek.client import MarstekClient
from .services import async_setup_actions
from .site.meter import monotonic_clock, site_meter
from .site.migration import with_prices
from .site.plan_file import PlanFile
from .site.search import async_search_silent
from .site.store import SiteStore

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
_TOLD = {CONF_FIRMWARE, CONF_MODEL}
PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.IMAGE,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up what all sites share: the actions, and the dashboard's answers."""
    async_setup_actions(hass)
    async_setup_dashboard(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: SiteConfigEntry) -> bool:
    """Set up a site: observe once, then run a cycle every few seconds."""
    clock = monotonic_clock(hass)
    client = MarstekClient(clock=clock)
    entry.async_on_unload(client.close)
    store = SiteStore(hass, entry.entry_id, clock=clock)
    await store.async_load()
    if entry.data.get(CONF_STARTS):
        # Its owner said so at the end of set-up; from here on the switch counts.
        store.update(enabled=True, was_started=True)
        data = {key: value for key, value in entry.data.items() if key != CONF_STARTS}
        hass.config_entries.async_update_entry(entry, data=data)
    meter = site_meter(hass, entry.data[CONF_METER], clock)
    coordinator = SiteCoordinator(hass, entry, client=client, meter=meter, store=store, clock=clock)
    await coordinator.planner.async_load()
    try:
        await coordinator.async_config_entry_first_refresh()
    except ConfigEntryNotReady:
        await async_search_silent(coordinator)
        raise
    entry.runtime_data = coordinator

    # Batteries name the site as the device they are reached through, so it must exist before them.
    dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **site_device_info(coordinator))
    update_devices(coordinator)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    with coordinator.parts.part("dashboard"):
        async_offer_dashboard(hass)
    with coordinator.parts.part("release of leftovers"):
        await coordinator.async_release_leftovers()

    # A coordinator sleeps while nobody listens: control must go on though every entity is disabled.
    entry.async_on_unload(coordinator.async_add_listener(partial(update_devices, coordinator)))
    entry.async_on_unload(entry.add_update_listener(_Follower(entry).async_follow))
    # A stop job runs before background tasks are cancelled, the stop event only after.
    entry.async_on_unload(hass.async_add_shutdown_job(HassJob(coordinator.async_stop)))
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: SiteConfigEntry) -> bool:
    """Bring an older entry up to date; refuse one of a version to come."""
    if entry.version > 1:
        return False
    if entry.minor_version < 2:
        hass.config_entries.async_update_entry(entry, options=with_prices(entry.options), minor_version=2)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: SiteConfigEntry) -> bool:
    """Release the batteries, then take the entities away."""
    await entry.runtime_data.async_close()
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: SiteConfigEntry) -> None:
    """Forget what was set for the site, and with the last one the dashboard."""
    if not hass.config_entries.async_entries(DOMAIN):
        async_withdraw_dashboard(hass)
    await SiteStore(hass, entry.entry_id).async_remove()
    await PlanFile(hass, entry.entry_id).async_remove()


class _Follower:
    """Has what is configured anew act in the next cycle; only another meter, or other members, start the site anew."""

    def __init__(self, entry: SiteConfigEntry) -> None:
        """Note what the site was started with."""
        self._started_with, self._chosen = _structure(entry), _chosen(entry)

    async def async_follow(self, hass: HomeAssistant, entry: SiteConfigEntry) -> None:
        """Act on a change."""
        if _structure(entry) != self._started_with:
            await hass.config_entries.async_reload(entry.entry_id)
            return
        before, self._chosen, coordinator = self._chosen, _chosen(entry), entry.runtime_data
        if self._chosen == before:
            return
        update_devices(coordinator)
        for battery in coordinator.batteries.values():
            battery.follow_address()
        ids = {battery.subentry.subentry_id: battery.id for battery in coordinator.batteries.values()}
        coordinator.reconfigure(
            {own_id for key, own_id in ids.items() if _apart(self._chosen.data[key]) != _apart(before.data[key])}
        )
        await coordinator.changes.async_act()


def _apart(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what people chose of a battery apart from where it is: who finds it elsewhere asks nothing new of it."""
    return {key: value for key, value in data.items() if key not in {CONF_HOST, CONF_PORT}}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What people chose of a site; not what a battery tells of itself."""

    titles: dict[str, str]
    options: dict[str, Any]
    data: dict[str, dict[str, Any]]
    """Of each subentry."""


def _structure(entry: SiteConfigEntry) -> tuple[Any, ...]:
    """Return what a site is made of."""
    return dict(entry.data), entry.pref_disable_polling, set(entry.subentries)


def _chosen(entry: SiteConfigEntry) -> _Chosen:
    """Return what people chose by now."""
    subentries = entry.subentries.items()
    return _Chosen(
        titles={"": entry.title} | {key: subentry.title for key, subentry in subentries},
        options=dict(entry.options),
        data={
            key: {name: value for name, value in subentry.data.items() if name not in _TOLD}
            for key, subentry in subentries
        },
    )
