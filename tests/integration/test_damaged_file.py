"""A damaged file of a site, on a real disk: set aside, and the site begins anew."""

import json
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store, get_internal_store_manager
import pytest

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.store import SiteFile, SiteStore, StoredSite

WHOLE = {"version": 1, "minor_version": 1, "key": f"{DOMAIN}.entry", "data": {"enabled": True, "setpoint_w": 300}}


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give Home Assistant a folder of its own."""
    return hass_tmp_config_dir


@pytest.fixture(autouse=True)
def _disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let our file be read from the disk, from which the test plugin keeps those of Home Assistant."""
    monkeypatch.setattr(SiteFile, "_async_load", Store._async_load_data, raising=False)


def put(hass: HomeAssistant, content: str) -> Path:
    """Write the site's file."""
    path = Path(hass.config.path(".storage", f"{DOMAIN}.entry"))
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    get_internal_store_manager(hass).async_invalidate(path.name)  # It has looked into the folder already.
    return path


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(WHOLE)[:40],
        "",
        "\0" * 300,
        "[]",
        "7",
        '{"data": {}}',
        '{"version": "one", "data": {}}',
        json.dumps(WHOLE | {"version": 2}),
    ],
    ids=["cut off", "empty", "zeros", "list", "number", "no version", "odd version", "newer"],
)
async def test_a_file_that_cannot_be_read_is_set_aside(hass: HomeAssistant, content: str) -> None:
    """Not lost, and in nobody's way."""
    path = put(hass, content)
    store = SiteStore(hass, "entry")
    await store.async_load()
    assert store.site == StoredSite()
    (kept,) = path.parent.glob(f"{path.name}.corrupt.*")
    assert kept.read_text(encoding="utf-8") == content
    assert not path.exists()


@pytest.mark.parametrize("minor", [None, 0, 1, 5])
async def test_a_file_of_another_minor_version_is_read_as_far_as_it_goes(
    hass: HomeAssistant, minor: int | None
) -> None:
    """What is unknown to it has its default, what is unknown to us is left."""
    content = {**WHOLE, "data": {"setpoint_w": 300, "from_the_future": [1]}}
    content = {key: value for key, value in content.items() if key != "minor_version"}
    put(hass, json.dumps(content if minor is None else content | {"minor_version": minor}))
    store = SiteStore(hass, "entry")
    await store.async_load()
    assert store.site.setpoint_w == 300
