"""Ids of entities: formed the same in every language, and kept by those who have them."""

from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.home_energy_controller.const import DOMAIN

from .world import World

LANGUAGES = ("en", "nl", "de", "fr")


def own_entities(world: World) -> list[er.RegistryEntry]:
    """Return what the registry holds of the site."""
    return er.async_entries_for_config_entry(er.async_get(world.hass), world.entry.entry_id)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_ids_are_made_of_keys_in_every_language(bare_world: World, language: str) -> None:
    """Docs, blueprints and people who help each other can name them."""
    bare_world.hass.config.language = language
    await bare_world.set_up()
    entities = own_entities(bare_world)
    assert len(entities) > 30
    for entity in entities:
        assert entity.entity_id.endswith(f"_{entity.translation_key}"), entity.entity_id
    assert bare_world.site_entity("sensor", "soc") == "sensor.home_soc"
    assert bare_world.battery_entity("sensor", 1, "health") == "sensor.battery_2_health"


async def test_whoever_has_other_ids_keeps_them(bare_world: World) -> None:
    """Those of an earlier release were made of translated names; dashboards and automations know them by these."""
    world, registry = bare_world, er.async_get(bare_world.hass)
    registry.async_get_or_create(
        "sensor",
        DOMAIN,
        f"{world.entry.entry_id}_soc",
        config_entry=world.entry,
        suggested_object_id="thuis_laadpercentage",
    )
    world.hass.config.language = "nl"
    await world.set_up()
    assert world.site_entity("sensor", "soc") == "sensor.thuis_laadpercentage"
    assert float(world.state("sensor.thuis_laadpercentage")) > 0
