"""The dashboard: built of what a home has, in the language of whoever looks, offered while there is a site."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from homeassistant.components import frontend
from homeassistant.components.frontend import UrlManager
from homeassistant.config_entries import ConfigEntryDisabler, ConfigSubentry
from homeassistant.const import EVENT_COMPONENT_LOADED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.dashboard import FOLDER, MODULE

from ..test_translations import LANGUAGES, load
from .test_car import TOLD
from .world import INTEGRATION, World, site_entry


def cards(config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return every card of a dashboard."""
    for view in config["views"]:
        yield view["header"]["card"]
        for section in view["sections"]:
            yield from section["cards"]


def shown(config: Mapping[str, Any]) -> set[str]:
    """Return the entities that a dashboard shows."""
    found = {card["entity"] for card in cards(config) if "entity" in card}
    return found | {row["entity"] for card in cards(config) for row in card.get("entities", [])}


def tile(config: Mapping[str, Any], entity_id: str) -> dict[str, Any]:
    """Return the first tile of an entity."""
    return next(card for card in cards(config) if card.get("entity") == entity_id)


async def asked_by_action(world: World) -> dict[str, Any]:
    """Return the dashboard as the action gives it."""
    device = dr.async_get(world.hass).async_get_device_by_identifier(
        (DOMAIN, world.entry.entry_id), world.entry.entry_id
    )
    assert device is not None
    response = await world.hass.services.async_call(
        DOMAIN, "get_dashboard", {"device_id": device.id}, blocking=True, return_response=True
    )
    assert response is not None
    return dict(response)


async def asked_by_browser(world: World, client: WebSocketGenerator, language: str) -> dict[str, Any]:
    """Return the dashboard as the module gets it."""
    assert await async_setup_component(world.hass, "websocket_api", {})
    socket = await client(world.hass)
    await socket.send_json_auto_id({"type": f"{DOMAIN}/dashboard", "language": language})
    answer = await socket.receive_json()
    assert answer["success"]
    return dict(answer["result"])


async def test_every_entity_on_the_dashboard_exists(world: World) -> None:
    """Those of the site and of all three batteries; none twice but where its state decides which is shown."""
    config = await asked_by_action(world)
    entities = shown(config)
    assert not [entity_id for entity_id in entities if world.hass.states.get(entity_id) is None]
    for index in range(3):
        for platform, key in (("sensor", "soc"), ("sensor", "power"), ("sensor", "role"), ("number", "reserve")):
            assert world.battery_entity(platform, index, key) in entities
    for platform, key in (("sensor", "state"), ("sensor", "grid_power"), ("select", "strategy")):
        assert world.site_entity(platform, key) in entities


async def test_what_the_owner_renamed_is_found_and_called_so(world: World) -> None:
    """Ids, entities and devices may have any name."""
    entities, devices = er.async_get(world.hass), dr.async_get(world.hass)
    entities.async_update_entity(
        world.site_entity("sensor", "grid_power"), new_entity_id="sensor.p1", name="Slimme meter"
    )
    device_id = entities.entities[world.battery_entity("sensor", 0, "soc")].device_id
    assert device_id is not None
    devices.async_update_device(device_id, name_by_user="Schuur")
    await world.hass.async_block_till_done()
    config = await asked_by_action(world)
    assert tile(config, "sensor.p1")["name"] == "Slimme meter"
    assert "Schuur" in [card.get("heading") for card in cards(config)]
    assert "Battery 1" not in [card.get("heading") for card in cards(config)]


async def test_a_disabled_or_hidden_entity_is_not_on_the_dashboard(world: World) -> None:
    """A tile of it would be an error."""
    entities = er.async_get(world.hass)
    disabled, hidden = world.site_entity("select", "strategy"), world.battery_entity("number", 0, "reserve")
    entities.async_update_entity(disabled, disabled_by=er.RegistryEntryDisabler.USER)
    entities.async_update_entity(hidden, hidden_by=er.RegistryEntryHider.USER)
    config = await asked_by_action(world)
    assert not {disabled, hidden} & shown(config)
    # Whether it acts cannot be told any more.
    assert world.site_entity("number", "setpoint") not in shown(config)


async def test_the_sun_is_shown_where_the_energy_dashboard_measures_it(world: World) -> None:
    """By the entities that are named there and exist."""
    world.hass.states.async_set("sensor.roof", "1200")
    sources = [{"type": "solar", "stat_rate": "sensor.roof"}, {"type": "solar", "stat_rate": "sensor.gone"}, {}]
    with patch(f"{INTEGRATION}.dashboard.async_sources", return_value=sources):
        config = await asked_by_action(world)
    assert tile(config, "sensor.roof")["name"] == load("en")["selector"]["dashboard"]["options"]["sun"]
    assert "sensor.gone" not in shown(config)


@pytest.mark.parametrize("measured", [True, False])
async def test_the_car_is_shown_by_what_it_draws_else_by_what_it_should(bare_world: World, measured: bool) -> None:
    """Its owner's own entity tells more than our wish."""
    world = bare_world
    world.hass.states.async_set("sensor.wallbox", "3680")
    data = MappingProxyType({**TOLD, "power": "sensor.wallbox" if measured else None})
    car = ConfigSubentry(data=data, subentry_type="ev_charger", title="Wallbox", unique_id=None)
    world.hass.config_entries.async_add_subentry(world.entry, car)
    await world.set_up()
    config = await asked_by_action(world)
    ours = world.entity_id("sensor", f"{car.subentry_id}_car_power")
    assert tile(config, "sensor.wallbox" if measured else ours)["name"] == "Car"
    assert len({"sensor.wallbox", ours} & shown(config)) == 1


async def test_each_site_has_a_view_of_its_own(world: World, hass_ws_client: WebSocketGenerator) -> None:
    """Called as the owner calls it; one that is not set up has one as well, one that is switched off has none."""
    for title, disabled in (("Shop", None), ("Barn", ConfigEntryDisabler.USER)):
        MockConfigEntry(domain=DOMAIN, title=title, disabled_by=disabled).add_to_hass(world.hass)
    config = await asked_by_browser(world, hass_ws_client, "en")
    assert [view["title"] for view in config["views"]] == ["Home", "Shop"]
    assert len({view["path"] for view in config["views"]}) == 2


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_browser_gets_it_in_the_language_of_its_user(
    world: World, hass_ws_client: WebSocketGenerator, language: str
) -> None:
    """Whatever Home Assistant itself speaks."""
    config = await asked_by_browser(world, hass_ws_client, language)
    words = load(language)["selector"]["dashboard"]["options"]
    headings = [card["heading"] for card in cards(config) if card["type"] == "heading"]
    assert headings[:3] == [words["now"], words["control"], words["today"]]
    assert tile(config, world.site_entity("sensor", "grid_power"))["name"] == words["grid"]


async def test_who_is_no_administrator_may_look(
    world: World, hass_ws_client: WebSocketGenerator, hass_admin_user: MockUser
) -> None:
    """It hangs in the hall."""
    hass_admin_user.groups = []
    assert (await asked_by_browser(world, hass_ws_client, "en"))["views"]


async def test_power_is_told_in_words(world: World) -> None:
    """In the language of the home, without a sign."""
    world.site.house.load = lambda _: 9000.0
    await world.pass_time(60)
    state = world.hass.states.get(world.site_entity("sensor", "grid_power"))
    assert state is not None
    assert state.attributes["in_words"].startswith("Importing ")
    assert state.attributes["in_words"].endswith(" kW")


@pytest.fixture
def with_frontend(hass: HomeAssistant) -> UrlManager:
    """Let Home Assistant have a frontend, as far as we see of it."""
    urls = UrlManager(lambda *_: None, [])
    hass.data[frontend.DATA_EXTRA_MODULE_URL] = urls
    hass.config.components.add("frontend")
    return urls


async def test_the_module_is_offered_while_there_is_a_site(
    with_frontend: UrlManager, bare_world: World, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Once, under an address that changes with the version; served without a login, as all modules are."""
    hass = bare_world.hass
    assert await async_setup_component(hass, "http", {})
    await bare_world.set_up()
    await hass.config_entries.async_reload(bare_world.entry.entry_id)
    await hass.async_block_till_done()
    (url,) = with_frontend.urls
    assert url == hass.data[MODULE]
    response = await (await hass_client_no_auth()).get(url)
    assert response.status == 200
    assert response.content_type == "text/javascript"
    assert await response.text() == (FOLDER / "dashboard.js").read_text()

    await hass.config_entries.async_remove(bare_world.entry.entry_id)
    await hass.async_block_till_done()
    assert not with_frontend.urls
    again = site_entry(bare_world.site)
    again.add_to_hass(hass)
    await hass.config_entries.async_setup(again.entry_id)
    await hass.async_block_till_done()
    assert with_frontend.urls == {url}
    await hass.config_entries.async_unload(again.entry_id)


async def test_a_frontend_that_comes_later_has_it_too(hass: HomeAssistant, bare_world: World) -> None:
    """Home Assistant sets up many things at once."""
    assert await async_setup_component(hass, "http", {})
    await bare_world.set_up()
    urls = hass.data[frontend.DATA_EXTRA_MODULE_URL] = UrlManager(lambda *_: None, [])
    hass.config.components.add("frontend")
    hass.bus.async_fire(EVENT_COMPONENT_LOADED, {"component": "frontend"})
    await hass.async_block_till_done()
    assert urls.urls == {hass.data[MODULE]}


async def test_a_home_without_a_frontend_has_the_site_all_the_same(world: World) -> None:
    """Nothing is served there."""
    assert MODULE not in world.hass.data


def test_the_module_has_words_in_every_language() -> None:
    """Its few that the integration cannot give: they are read before anybody asks."""
    lines = (FOLDER / "dashboard.js").read_text().splitlines()
    told = [line.split(":")[0].strip() for line in lines if "title:" in line and "about:" in line]
    assert told == sorted(LANGUAGES)


def test_the_folder_that_is_served_holds_the_module_alone() -> None:
    """Everybody may read it."""
    assert [path.name for path in Path(FOLDER).iterdir()] == ["dashboard.js"]
