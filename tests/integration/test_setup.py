"""Setting a site up, and what people then see."""

from .world import World


async def test_every_entity_shows_what_the_house_does(world: World) -> None:
    """Grid, batteries and charge, from the first cycle on."""
    await world.pass_time(4)
    assert float(world.state(world.site_entity("sensor", "grid_power"))) == 0
