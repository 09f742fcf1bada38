"""Addresses as people type them."""

from dataclasses import replace

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_energy_controller.flows.probe import InvalidAddress, format_address, parse_address

from .flow_home import FlowHome, suggested
from .test_battery_flow import batteries, reconfigured

NO_ADDRESSES = ("host:80:81", "http:/192.168.1.20", "https:/venus.local", "192.168.1.20\u200b", "[192.168.1.20]")
NO_NAMES = (
    "-venus",
    "venus..local",
    "192,168,1,20",
    "192.168.1.20;30000",
    "v" * 64,
    "venus." * 50 + "local",
    "%31.2.3.4",
)
OTHER_NOTATIONS = (
    "0xC0A80114",
    "192.168.0x1.20",
    "192.168.1.0x",
    "0300.0250.1.20",
    "3232235796",
    "127.1",
    "192.168.20",
)
NOT_FOUR_NUMBERS = ("192.168.1.256", "192.168.1.2000", "192.168.1.20.1", "192.168..20", "192.168. 1.20")
NO_DEVICES = ("0.0.0.0", "000.0.0.0", "0.1.2.3", "255.255.255.255", "224.0.0.251", "240.0.0.1", "[::]", "[ff02::1]")


@pytest.mark.parametrize(
    ("typed", "host", "port"),
    [
        ("192.168.001.010", "192.168.1.10", 30000),
        ("192.168.001.010:049200", "192.168.1.10", 49200),
        ("http://192.168.001.089/api/v1", "192.168.1.89", 30000),
        ("010.000.000.008", "10.0.0.8", 30000),
        ("192.168.1.20.", "192.168.1.20", 30000),
        ("192.168.1.20:", "192.168.1.20", 30000),
        ("192.168.1.20/24", "192.168.1.20", 30000),
        ("192.168.1.\uff11\uff10", "192.168.1.10", 30000),  # full-width digits
        ("127.0.0.2", "127.0.0.2", 30000),
        ("[FE80:0::0001%eth0]:7", "fe80::1%eth0", 7),
        ("Venus.Local.", "venus.local", 30000),
        ("venus_e-3", "venus_e-3", 30000),
        ("venus3", "venus3", 30000),
        ("b\u00fcro.local", "b\u00fcro.local", 30000),
    ],
)
def test_address_is_read_as_people_mean_it(typed: str, host: str, port: int) -> None:
    """Zeros in front fill a number up: nobody who types 010 means 8."""
    assert parse_address(typed, 30000) == (host, port)
    assert parse_address(format_address(host, port, 30000), 30000) == (host, port)


@pytest.mark.parametrize("typed", [*NO_ADDRESSES, *NO_NAMES, *OTHER_NOTATIONS, *NOT_FOUR_NUMBERS, *NO_DEVICES])
def test_what_only_the_system_would_read_as_an_address_is_refused(typed: str) -> None:
    """It would lead to another device, to all of them, or to a lookup of nonsense."""
    with pytest.raises(InvalidAddress):
        parse_address(typed, 30000)


@pytest.fixture
def owned(home: FlowHome, entry: MockConfigEntry) -> FlowHome:
    """Return a home whose first two batteries are those of a site."""
    home.hass.config_entries.async_remove_subentry(entry, list(entry.subentries)[2])
    return replace(home, entry=entry)


async def test_an_address_is_asked_as_it_is_read(owned: FlowHome) -> None:
    """With zeros in front, which the system would take for octal numbers, it is still the same battery."""
    newcomer = owned.site.batteries[2]
    padded = ".".join(f"{int(part):03}" for part in newcomer.host.split("."))
    result = await owned.menu(await owned.start(), "address")
    result = await owned.submit(result, host=f"{padded}:{owned.port}", port=30000)
    assert (await owned.submit(result, **suggested(result)))["type"] == "create_entry"
    assert batteries(owned)[2].data["host"] == newcomer.host
    result = await reconfigured(owned, 0, host="127.255.255.255")
    assert result["errors"] == {"base": "invalid_address"}, "everybody on the network"
