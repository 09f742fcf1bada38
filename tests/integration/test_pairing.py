"""Pairing a HomeWizard meter that is read by version 2 of its API: set-up, announcements, a new token."""

from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_ZEROCONF
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_energy_controller.const import DOMAIN
from simulation.faults import Fault

from .flow_home import FlowHome, options_of, suggested

SERIAL = "02a1b0ffffff"
IDENTITY = {"serial": SERIAL, "product": "HWE-P1"}


def entry_data(home: FlowHome, token: str, **changes: Any) -> dict[str, Any]:
    """Return the meter of an entry as pairing makes it."""
    address = {"host": home.site.p1_host, "port": home.site.p1_port_v2}
    return {"meter": {"type": "homewizard_v2", **address, **IDENTITY, "token": token, **changes}}


def token_of(home: FlowHome) -> str:
    """Return the one token that the P1 accepts."""
    (token,) = home.site.p1.tokens.values()
    return token


async def sent(home: FlowHome, result: Any, **user_input: Any) -> Any:
    """Send a form, and see the page on which the button is waited for."""
    return home.readable(await home.hass.config_entries.flow.async_configure(result["flow_id"], user_input))


async def pressed(home: FlowHome, result: Any) -> Any:
    """Press the button while a flow waits for it, and go on."""
    home.site.p1.press_button()
    return await home.after_progress(result)


@pytest.fixture(autouse=True)
def _old_api_is_off(home: FlowHome) -> None:
    """As its owner may have it, and HomeWizard will."""
    home.hass.loop.set_debug(False)  # Else the server's side of a refused certificate counts as an error of ours.
    home.site.p1.faults.add(Fault.P1_API_OFF)


async def test_site_is_set_up_by_the_button(home: FlowHome) -> None:
    """Address, button, reading, batteries: the token and who gave it are kept."""
    result = await sent(home, await home.menu(await home.start(), "homewizard"), host=home.p1_v2)
    assert (result["type"], result["progress_action"]) == ("progress", "press")
    result = await pressed(home, result)
    assert result["step_id"] == "confirm_import"
    result = await home.submit(await home.menu(result, "address"), host=[home.hosts[0]], port=home.port)
    result = await home.finish(await home.submit(result, **suggested(result)))
    assert result["data"] == entry_data(home, token_of(home))
    (name,) = home.site.p1.tokens
    assert name.startswith("local/home-energy-controller#"), "not the name of Home Assistant's own integration"


async def test_usual_port_is_not_the_one_of_the_old_api(home: FlowHome) -> None:
    """Who types an address alone means the device."""
    with patch("custom_components.home_energy_controller.flows.meter.DEFAULT_METER_PORT_V2", home.site.p1_port_v2):
        result = await sent(home, await home.menu(await home.start(), "homewizard"), host=home.site.p1_host)
    assert result["type"] == "progress"
    assert (await pressed(home, result))["step_id"] == "confirm_import"


async def test_who_does_not_press_in_time_may_try_again(home: FlowHome) -> None:
    """As often as it takes; nothing has to be typed again."""
    result = await sent(home, await home.menu(await home.start(), "homewizard"), host=home.p1_v2)
    for _ in range(2):
        result = await home.after_progress(result)
        assert (result["step_id"], result["errors"]) == ("pair_again", {"base": "meter_not_paired"})
        result = await sent(home, result)
    assert (await pressed(home, result))["step_id"] == "confirm_import"


async def test_old_api_is_used_while_it_answers(home: FlowHome) -> None:
    """It takes no button, and is read as fast."""
    home.site.p1.faults.clear()
    result = await home.submit(await home.menu(await home.start(), "homewizard"), host=home.p1)
    assert result["step_id"] == "confirm_import"
    assert "POST /api/user" not in home.site.p1.requests


@pytest.mark.parametrize(
    ("product", "errors"),
    [("HWE-SKT", {"base": "not_a_grid_meter"}), ("toaster", {"base": "meter_invalid_reply"})],
)
async def test_other_products_are_no_grid_meter(home: FlowHome, product: str, errors: dict[str, str]) -> None:
    """What it is, it says only to whom it knows."""
    told = {"product_type": product, "product_name": "Energy Socket", "serial": SERIAL, "firmware_version": "6.0"}
    result = await sent(home, await home.menu(await home.start(), "homewizard"), host=home.p1_v2)
    with patch.object(home.site.p1, "_product", return_value=told):
        result = await pressed(home, result)
    assert (result["step_id"], result["errors"]) == ("pair_again", errors)
    assert result["description_placeholders"]["product"]


async def test_meters_of_the_homewizard_integration_are_offered(home: FlowHome) -> None:
    """Those that can be a grid meter, whichever API they are read by; any other address can be typed."""
    for unique_id, host in (("HWE-P1_1", "192.168.1.7"), ("HWE-SKT_2", "192.168.1.8"), ("HWE-KWH1_3", "192.168.1.9")):
        data = {"ip_address": host, "token": "theirs"}
        MockConfigEntry(domain="homewizard", unique_id=unique_id, title="Meter", data=data).add_to_hass(home.hass)
    result = await home.menu(await home.start(), "homewizard")
    assert options_of(result, "host") == ["192.168.1.7", "192.168.1.9"]
    assert suggested(result) == {"host": "192.168.1.7"}
    result = await sent(home, result, host=home.p1_v2)
    assert result["type"] == "progress"
    assert (await pressed(home, result))["step_id"] == "confirm_import"
    assert "theirs" not in home.site.p1.tokens.values(), "a token is for one program"


async def test_site_changes_over_to_it(home: FlowHome, entry: MockConfigEntry) -> None:
    """By hand, whenever its owner likes."""
    result = await home.menu(home.readable(await entry.start_reconfigure_flow(home.hass)), "homewizard")
    result = await pressed(home, await sent(home, result, host=home.p1_v2))
    result = await home.menu(result, "save")
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == entry_data(home, token_of(home))
    result = await home.menu(home.readable(await entry.start_reconfigure_flow(home.hass)), "homewizard")
    assert suggested(result) == {"host": home.p1_v2}


async def test_looking_at_ones_own_meter_again_leaves_its_token_alone(home: FlowHome, entry: MockConfigEntry) -> None:
    """A new one would end the one that the site reads with, whether this is saved or not."""
    result = await home.menu(home.readable(await entry.start_reconfigure_flow(home.hass)), "homewizard")
    await home.menu(await pressed(home, await sent(home, result, host=home.p1_v2)), "save")
    token, asked = token_of(home), home.site.p1.requests.count("POST /api/user")
    result = await home.menu(home.readable(await entry.start_reconfigure_flow(home.hass)), "homewizard")
    assert (await home.submit(result, host=home.p1_v2))["step_id"] == "confirm_import"
    assert (token_of(home), home.site.p1.requests.count("POST /api/user")) == (token, asked)
    result = await home.menu(await home.start(), "homewizard")
    result = await home.submit(result, host=home.p1_v2)
    assert (result["type"], result["reason"]) == ("abort", "already_configured")
    assert (token_of(home), home.site.p1.requests.count("POST /api/user")) == (token, asked)


# Announcements.


def announced(home: FlowHome, port: int | None = None, **properties: str) -> ZeroconfServiceInfo:
    """Return an announcement of version 2, as HomeWizard documents it."""
    told = {"api_version": "2.0.0", "id": f"appliance/p1dongle/{SERIAL}", "product_name": "P1 meter"}
    told |= {"product_type": "HWE-P1", "serial": SERIAL, **properties}
    kind = "_homewizard._tcp.local."
    return ZeroconfServiceInfo(
        ip_address=home.site.p1_host,  # type: ignore[arg-type] # only its text is used
        ip_addresses=[],
        hostname="p1meter-ffffff.local.",
        name=f"p1meter-ffffff.{kind}",
        port=port or home.site.p1_port_v2,
        type=kind,
        properties=told,
    )


async def hears(home: FlowHome, info: ZeroconfServiceInfo) -> Any:
    """Return what comes of an announcement."""
    flow = home.hass.config_entries.flow
    return home.readable(await flow.async_init(DOMAIN, context={"source": SOURCE_ZEROCONF}, data=info))


async def test_meter_that_announces_itself_is_offered(home: FlowHome) -> None:
    """Once, under the address where its certificate shows that it is there."""
    result = await hears(home, announced(home))
    assert result["step_id"] == "homewizard"
    assert suggested(result) == {"host": home.p1_v2}
    assert (await hears(home, announced(home)))["reason"] == "already_in_progress"
    assert (await pressed(home, await sent(home, result, **suggested(result))))["step_id"] == "confirm_import"


@pytest.mark.parametrize("lie", [{"serial": "3c39e7aabbcc"}, {"product_type": "HWE-SKT"}, {"serial": "?"}])
async def test_announcement_that_its_certificate_does_not_bear_out_is_ignored(
    home: FlowHome, lie: dict[str, Any]
) -> None:
    """Anybody can announce anything."""
    assert (await hears(home, announced(home, **lie)))["reason"] == "not_ours"
    assert (await hears(home, announced(home, port=1)))["reason"] == "not_ours"


async def test_paired_meter_is_followed_to_its_new_address(home: FlowHome, entry: MockConfigEntry) -> None:
    """When it does not answer at the old one any more; the token stays."""
    change = home.hass.config_entries.async_update_entry
    change(entry, data=entry_data(home, "kept"))
    assert (await hears(home, announced(home)))["reason"] == "already_configured"
    change(entry, data=entry_data(home, "kept", port=1))
    assert (await hears(home, announced(home)))["reason"] == "already_configured"
    assert entry.data == entry_data(home, "kept")


async def test_other_version_changes_nothing(home: FlowHome, entry: MockConfigEntry) -> None:
    """A P1 announces both."""
    old = {"meter": {**entry.data["meter"], "serial": SERIAL, "host": "127.0.0.9"}}
    home.hass.config_entries.async_update_entry(entry, data=old)
    assert (await hears(home, announced(home)))["reason"] == "already_configured"
    assert entry.data == old


# A new token.


async def test_meter_is_paired_again(home: FlowHome, entry: MockConfigEntry) -> None:
    """With a page before it, so that its owner stands beside the meter when the time begins to run."""
    home.hass.config_entries.async_update_entry(entry, data=entry_data(home, "revoked"))
    result = home.readable(await entry.start_reauth_flow(home.hass))
    assert result["step_id"] == "reauth_confirm"
    assert "POST /api/user" not in home.site.p1.requests
    result = await home.after_progress(await sent(home, result))
    assert (result["step_id"], result["errors"]) == ("pair_again", {"base": "meter_not_paired"})
    result = await pressed(home, await sent(home, result))
    assert (result["type"], result["reason"]) == ("abort", "reauth_successful")
    assert entry.data == entry_data(home, token_of(home))


async def test_another_meter_is_not_paired_in_its_place(home: FlowHome, entry: MockConfigEntry) -> None:
    """Its certificate is looked at before it is asked for anything."""
    home.hass.config_entries.async_update_entry(entry, data=entry_data(home, "revoked", serial="3c39e7aabbcc"))
    result = await pressed(home, await sent(home, home.readable(await entry.start_reauth_flow(home.hass))))
    assert (result["step_id"], result["errors"]) == ("pair_again", {"base": "meter_wrong_certificate"})
    assert not home.site.p1.tokens
