"""A damaged file of a site, on a real disk: set aside, and the site begins anew."""

import json
from pathlib import Path
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers.storage import Store, get_internal_store_manager
import pytest

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.site.store import SiteFile, SiteStore, StoredSite

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


@pytest.mark.parametrize(
    "content",
    [
        '{"version": 1, "minor_version": 1, "data": ' + "[" * 900 + "]" * 900 + "}",
        json.dumps(WHOLE | {"data": {"setpoint_w": 10**300, "batteries": {"a": {"reserve_pct": []}}}}),
        json.dumps(WHOLE | {"data": {"today": 7, "batteries": [1], "strategy": {"a": 1}, "enabled": 1}}),
        json.dumps(WHOLE | {"version": None}),
        json.dumps(WHOLE | {"version": [1]}),
    ],
    ids=["nested", "huge", "wrong types", "no version", "list as version"],
)
async def test_whatever_a_file_holds_the_site_begins(hass: HomeAssistant, content: str) -> None:
    """Anew if need be."""
    put(hass, content)
    store = SiteStore(hass, "entry")
    await store.async_load()
    assert not store.site.enabled


@pytest.mark.parametrize("error", [PermissionError(13, "no"), OSError(5, "I/O error"), HomeAssistantError("odd")])
async def test_a_disk_that_cannot_be_read_is_tried_again(hass: HomeAssistant, error: Exception) -> None:
    """What is on it may be read in a minute: it is not set aside."""
    path = put(hass, json.dumps(WHOLE))
    with patch("homeassistant.util.json.load_json", side_effect=error), pytest.raises(ConfigEntryNotReady):
        await SiteStore(hass, "entry").async_load()
    assert path.exists()


@pytest.mark.parametrize("error", [RecursionError, UnicodeDecodeError("utf-8", b"x", 0, 1, "no"), IndexError, KeyError])
async def test_a_file_that_breaks_its_reader_is_set_aside(hass: HomeAssistant, error: Exception) -> None:
    """It would break it again."""
    path = put(hass, json.dumps(WHOLE))
    with patch("homeassistant.util.json.load_json", side_effect=error):
        await SiteStore(hass, "entry").async_load()
    assert not path.exists()


async def test_a_folder_in_its_place_is_no_end(hass: HomeAssistant) -> None:
    """Neither a file nor nothing."""
    path = put(hass, "")
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigEntryNotReady):
        await SiteStore(hass, "entry").async_load()
