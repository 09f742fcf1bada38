"""The dashboard: built here, and asked for by a small module in the browser or by an action."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from homeassistant.components import frontend, websocket_api
from homeassistant.components.http import StaticPathConfig  # type: ignore[attr-defined,unused-ignore]
from homeassistant.components.websocket_api import (  # type: ignore[attr-defined,unused-ignore]
    ActiveConnection,
    async_response,
    websocket_command,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.translation import async_get_translations
from homeassistant.loader import async_get_integration
from homeassistant.setup import async_when_setup
from homeassistant.util.hass_dict import HassKey
import voluptuous as vol

from .const import CONF_POWER, DOMAIN, SUBENTRY_BATTERY, SUBENTRY_CHARGER
from .site.dashboard import async_sources
from .site.foreign_entities import present_id
from .view.dashboard import Card, ShownDevice, ShownSite, site_view

FOLDER: Final = Path(__file__).parent / "frontend"
PATH: Final = f"/{DOMAIN}"
MODULE: Final[HassKey[str]] = HassKey(f"{DOMAIN}.dashboard_module")
"""Where browsers find the module, from when it is served on."""


@callback
def async_setup_dashboard(hass: HomeAssistant) -> None:
    """Answer the module, and serve it as soon as there is a frontend."""
    websocket_api.async_register_command(hass, _async_answer)
    async_when_setup(hass, frontend.DOMAIN, _async_serve)


async def _async_serve(hass: HomeAssistant, _: str) -> None:
    """Serve the module; its address changes with our version, so that no browser keeps an old one."""
    integration = await async_get_integration(hass, DOMAIN)
    await hass.http.async_register_static_paths([StaticPathConfig(PATH, str(FOLDER), cache_headers=True)])
    hass.data[MODULE] = f"{PATH}/dashboard.js?v={integration.version}"
    async_offer_dashboard(hass)


@callback
def async_offer_dashboard(hass: HomeAssistant) -> None:
    """Have browsers load the module, which lists the dashboard under *Add dashboard*."""
    if MODULE in hass.data and hass.data[MODULE] not in hass.data[frontend.DATA_EXTRA_MODULE_URL].urls:
        frontend.add_extra_js_url(hass, hass.data[MODULE])


@callback
def async_withdraw_dashboard(hass: HomeAssistant) -> None:
    """Have no browser load the module any more."""
    if MODULE in hass.data:
        frontend.remove_extra_js_url(hass, hass.data[MODULE])


@websocket_command({vol.Required("type"): f"{DOMAIN}/dashboard", vol.Required("language"): str})
@async_response
async def _async_answer(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """Return the dashboard of all sites in the language of whoever looks."""
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)
    connection.send_result(message["id"], await async_dashboard(hass, entries, message["language"]))


async def async_dashboard(hass: HomeAssistant, entries: Iterable[ConfigEntry], language: str) -> Card:
    """Return a dashboard of sites, each in a view of its own."""
    texts = await async_get_translations(hass, language, "selector", [DOMAIN])

    def word(key: str) -> str:
        return texts[f"component.{DOMAIN}.selector.dashboard.options.{key}"]

    views = [site_view(await _async_shown_site(hass, entry), word) for entry in entries]
    return {"views": views or [{"cards": [{"type": "markdown", "content": word("empty")}]}]}


async def _async_shown_site(hass: HomeAssistant, entry: ConfigEntry) -> ShownSite:
    """Return what there is to show of a site."""
    by_part: dict[str | None, list[er.RegistryEntry]] = {}
    for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        if not entity.disabled and not entity.hidden:
            by_part.setdefault(entity.config_subentry_id, []).append(entity)
    charger = next(iter(entry.get_subentries_of_type(SUBENTRY_CHARGER)), None)
    return ShownSite(
        path=entry.entry_id.lower(),
        device=_shown_device(hass, entry.title, by_part.get(None, [])),
        batteries=[
            _shown_device(hass, battery.title, by_part[battery.subentry_id])
            for battery in entry.get_subentries_of_type(SUBENTRY_BATTERY)
            if battery.subentry_id in by_part
        ],
        sun=[
            entity_id
            for source in await async_sources(hass, "solar")
            if (entity_id := source.get("stat_rate")) and hass.states.get(entity_id)
        ],
        car=_car(hass, charger.data, by_part.get(charger.subentry_id, [])) if charger else (),
    )


def _car(hass: HomeAssistant, data: Mapping[str, Any], own: list[er.RegistryEntry]) -> list[str]:
    """Return what shows the power of the car: the owner's own entity, else what we want it to draw."""
    drawn = present_id(hass, data.get(CONF_POWER))
    return [drawn] if drawn and hass.states.get(drawn) else [entity.entity_id for entity in own]


def _shown_device(hass: HomeAssistant, title: str, entities: list[er.RegistryEntry]) -> ShownDevice:
    """Return a device with its entities, all called as their owner calls them."""
    device_id = next((entity.device_id for entity in entities if entity.device_id), None)
    device = dr.async_get(hass).async_get(device_id) if device_id else None
    keyed = {f"{entity.domain}.{entity.translation_key}": entity for entity in entities}
    return ShownDevice(
        name=(device and (device.name_by_user or device.name)) or title,
        entities={key: entity.entity_id for key, entity in keyed.items()},
        own_names={key: entity.name for key, entity in keyed.items() if entity.name},
    )
