"""The picture of the plan as people get it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from homeassistant.components.image import ImageEntity
from homeassistant.components.image.const import DATA_COMPONENT
import pytest

from .plan_home import options
from .world import World

MADE = datetime(2026, 6, 18, 12, tzinfo=UTC)


class Planner:
    """Has whatever picture it is given."""

    def __init__(self) -> None:
        self.newest: tuple[str, datetime] | None = None

    def picture(self) -> tuple[str, datetime] | None:
        """Return the newest picture."""
        return self.newest


@pytest.fixture(name="planner")
async def planner_fixture(bare_world: World, monkeypatch: pytest.MonkeyPatch) -> Planner:
    """Let a site show the pictures of this planner."""
    planner = Planner()
    monkeypatch.setattr(
        "custom_components.home_energy_controller.image.PlanPicture",
        lambda _: SimpleNamespace(newest=planner.picture),
    )
    bare_world.hass.config_entries.async_update_entry(bare_world.entry, options=options())
    await bare_world.set_up()
    return planner


def image(world: World) -> ImageEntity:
    """Return the entity."""
    entity = world.hass.data[DATA_COMPONENT].get_entity(world.site_entity("image", "plan"))
    assert entity is not None
    return entity


async def test_there_is_no_picture_without_a_plan(bare_world: World, planner: Planner) -> None:
    """Until one is made; it goes with the plan."""
    assert bare_world.state(bare_world.site_entity("image", "plan")) == "unavailable"
    assert await image(bare_world).async_image() is None
    planner.newest = ("<svg/>", MADE)
    await bare_world.pass_time(12)
    assert bare_world.state(bare_world.site_entity("image", "plan")) == MADE.isoformat()
    assert await image(bare_world).async_image() == b"<svg/>"
    assert image(bare_world).content_type == "image/svg+xml"
    planner.newest = None
    await bare_world.pass_time(12)
    assert bare_world.state(bare_world.site_entity("image", "plan")) == "unavailable"


async def test_the_time_changes_with_what_is_seen_only(bare_world: World, planner: Planner) -> None:
    """A dashboard fetches the picture when the state is another: one that was drawn again is not."""
    planner.newest = ("<svg/>", MADE)
    await bare_world.pass_time(12)
    planner.newest = ("<svg/>", MADE + timedelta(minutes=5))
    await bare_world.pass_time(12)
    assert bare_world.state(bare_world.site_entity("image", "plan")) == MADE.isoformat()
    planner.newest = ("<svg >é</svg>", MADE + timedelta(minutes=10))
    await bare_world.pass_time(12)
    assert bare_world.state(bare_world.site_entity("image", "plan")) == (MADE + timedelta(minutes=10)).isoformat()
    assert await image(bare_world).async_image() == "<svg >é</svg>".encode()
