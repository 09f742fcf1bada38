"""What no flow lets through: too many batteries, numbers that are none, and changes of what was removed meanwhile."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_RECONFIGURE, SubentryFlowContext
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_energy_controller.const import MAX_BATTERIES
from custom_components.home_energy_controller.marstek.errors import MarstekConnectionError
from simulation.site import SimulatedSite

from .flow_home import INTEGRATION, FlowHome, short_waits, suggested
from .test_battery_flow import NO_LIMITS, batteries, reconfigured
from .world import site_entry


@pytest.fixture
def owned(home: FlowHome, entry: MockConfigEntry) -> FlowHome:
    """Return a home whose first two batteries are those of a site."""
    home.hass.config_entries.async_remove_subentry(entry, list(entry.subentries)[2])
    return replace(home, entry=entry)


# More than a site can have.


@pytest.fixture
async def seven(hass: HomeAssistant, socket_enabled: None) -> AsyncGenerator[FlowHome]:
    """Return a home with seven batteries and no entry yet."""
    async with SimulatedSite(7) as site:
        site.advance(5)
        with short_waits(site), patch(f"{INTEGRATION}.async_setup_entry", return_value=True) as setup_entry:
            yield FlowHome(hass=hass, site=site, setup_entry=setup_entry)


def with_entry(home: FlowHome, number: int) -> FlowHome:
    """Return the home once its first batteries are those of a site."""
    entry = site_entry(home.site)
    entry.add_to_hass(home.hass)
    for subentry_id in list(entry.subentries)[number:]:
        home.hass.config_entries.async_remove_subentry(entry, subentry_id)
    return FlowHome(hass=home.hass, site=home.site, setup_entry=home.setup_entry, entry=entry)


@pytest.mark.parametrize("number", [MAX_BATTERIES + 1, 60])
async def test_more_addresses_than_a_site_can_have_batteries_are_refused(seven: FlowHome, number: int) -> None:
    """Before anybody is asked, and what was typed stays; one less goes on."""
    result = await seven.menu(await seven.meter_confirmed(), "address")
    typed = [*seven.hosts, *(f"127.0.1.{index}" for index in range(1, 60))][:number]
    asked = [len(battery.firmware.received) for battery in seven.site.batteries]
    result = await seven.submit(result, host=typed, port=seven.port)
    assert result["errors"] == {"base": "too_many_batteries"}
    assert result["description_placeholders"]["most"] == str(MAX_BATTERIES)
    assert suggested(result) == {"host": typed, "port": seven.port}
    assert [len(battery.firmware.received) for battery in seven.site.batteries] == asked
    result = await seven.submit(result, host=[*typed[:MAX_BATTERIES], " "], port=seven.port)
    assert result["step_id"] == "battery"


async def test_more_batteries_than_a_site_can_have_are_not_taken_from_a_search(seven: FlowHome) -> None:
    """All that were found are chosen to begin with; who sends that is told to leave some out."""
    result = await seven.after_progress(await seven.menu(await seven.meter_confirmed(), "scan"))
    found = suggested(result)["found"]
    assert len(found) == MAX_BATTERIES + 1
    result = await seven.submit(result, found=found)
    assert result["errors"] == {"base": "too_many_batteries"}
    assert suggested(result) == {"found": found}
    result = await seven.submit(result, found=found[1:])
    for _ in range(MAX_BATTERIES):
        assert result["step_id"] == "battery"
        result = await seven.submit(result, **suggested(result))
    assert (await seven.finish(result))["type"] == "create_entry"


async def test_a_full_site_takes_no_other_battery(seven: FlowHome) -> None:
    """It says so before anything has to be typed."""
    full = with_entry(seven, MAX_BATTERIES)
    result = await full.start()
    assert (result["type"], result["reason"]) == ("abort", "too_many_batteries")
    assert result["description_placeholders"] == {"most": str(MAX_BATTERIES)}


async def test_the_last_place_goes_to_the_form_that_is_sent_first(seven: FlowHome) -> None:
    """The other one keeps what was typed, and goes on once there is room."""
    site = with_entry(seven, MAX_BATTERIES - 1)
    forms = []
    for host in site.hosts[-2:]:
        result = await site.menu(await site.start(), "address")
        forms.append(await site.submit(result, host=host, port=site.port))
    assert (await site.submit(forms[0], **suggested(forms[0])))["type"] == "create_entry"
    typed = suggested(forms[1]) | {"name": "Attic"}
    result = await site.submit(forms[1], **typed)
    assert result["errors"] == {"base": "too_many_batteries"}
    assert suggested(result) == typed
    assert len(batteries(site)) == MAX_BATTERIES
    assert site.entry is not None
    site.hass.config_entries.async_remove_subentry(site.entry, batteries(site)[0].subentry_id)
    assert (await site.submit(result, **typed))["type"] == "create_entry"


# Removed meanwhile.


async def test_a_battery_that_is_removed_under_its_open_form_ends_the_form_with_words(owned: FlowHome) -> None:
    """Whether its owner sends the form then, or opens it anew."""
    assert owned.entry is not None
    battery = batteries(owned)[0]
    result = await owned.entry.start_subentry_reconfigure_flow(owned.hass, battery.subentry_id)
    owned.hass.config_entries.async_remove_subentry(owned.entry, battery.subentry_id)
    result = await owned.submit(result, **suggested(result))
    assert (result["type"], result["reason"]) == ("abort", "removed")
    asked = SubentryFlowContext(source=SOURCE_RECONFIGURE, subentry_id=battery.subentry_id)
    again = await owned.hass.config_entries.subentries.async_init((owned.entry.entry_id, "battery"), context=asked)
    assert (again["type"], again["reason"]) == ("abort", "removed")


async def test_a_battery_that_is_removed_while_it_is_asked_ends_the_form_with_words(owned: FlowHome) -> None:
    """Its answer comes too late to be kept, whatever it says."""
    assert owned.entry is not None
    entry, battery = owned.entry, batteries(owned)[0]

    async def answer_late(*_: Any) -> Any:
        owned.hass.config_entries.async_remove_subentry(entry, battery.subentry_id)
        raise MarstekConnectionError("too late")

    result = await entry.start_subentry_reconfigure_flow(owned.hass, battery.subentry_id)
    with patch(f"{INTEGRATION}.flows.battery_part.probe", answer_late):
        result = await owned.submit(result, **(suggested(result) | {"host": owned.hosts[2]}))
    assert (result["type"], result["reason"]) == ("abort", "removed")


@pytest.mark.parametrize("step", ["change", "add", "scan"])
async def test_a_site_that_is_removed_under_an_open_form_ends_it_with_words(owned: FlowHome, step: str) -> None:
    """Of its batteries nothing is left to be changed, and nothing to add one to."""
    assert owned.entry is not None
    if step == "change":
        result = await owned.entry.start_subentry_reconfigure_flow(owned.hass, batteries(owned)[0].subentry_id)
    elif step == "scan":
        result = await owned.start()
    else:
        result = await owned.menu(await owned.start(), "address")
        result = await owned.submit(result, host=owned.hosts[2], port=owned.port)
    await owned.hass.config_entries.async_remove(owned.entry.entry_id)
    if step == "scan":
        result = await owned.menu(result, "scan")
    else:
        result = await owned.submit(result, **suggested(result))
    assert (result["type"], result["reason"]) == ("abort", "removed")


# Numbers that are none.


@pytest.mark.parametrize(
    "changes",
    [
        {"capacity_kwh": float("nan")},
        {"port": "nan"},
        {"port": float("inf")},
        {"limits": NO_LIMITS | {"max_charge_w": "NaN"}},
        {"limits": NO_LIMITS | {"ceiling_pct": float("nan")}},
        {"capacity_kwh": 10**400},
    ],
    ids=str,
)
async def test_what_is_no_number_is_refused_in_every_field_for_one(owned: FlowHome, changes: dict[str, Any]) -> None:
    """No bound that it is compared with would hold it back."""
    before = dict(batteries(owned)[0].data)
    with pytest.raises(InvalidData):
        await reconfigured(owned, 0, **changes)
    assert batteries(owned)[0].data == before
