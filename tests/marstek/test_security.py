"""What the protocol's room never does, whoever asks: dangerous methods, broadcast commands, addresses in the log."""

import logging

import pytest

from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.device import MarstekDevice
from custom_components.home_energy_controller.marstek.errors import MarstekConnectionError
from custom_components.home_energy_controller.marstek.frames import Method, encode_request, redact

from .conftest import PeerFactory
from .peer import Peer

DANGEROUS = ("Set.Ver", "Reset.Factory", "Wifi.SetConfig", "Ble.Adv", "DOD.SET", "Led.Ctrl")


def test_only_these_methods_exist() -> None:
    """One write among them; what resets or reconfigures a device cannot even be encoded."""
    assert [method for method in Method if method.is_write] == [Method.ES_SET_MODE]
    assert len(Method) == 6
    for name in DANGEROUS:
        with pytest.raises(ValueError, match="not a valid Method"):
            encode_request(1, name, {"id": 0})  # type: ignore[arg-type]


async def test_a_command_cannot_be_broadcast(client: MarstekClient, port: int) -> None:
    """The system itself refuses it: broadcasting is allowed for the one question of a search."""
    device = MarstekDevice(client, "127.255.255.255", port)
    with pytest.raises(MarstekConnectionError):
        await device.set_passive(500, 300)


async def test_the_debug_log_names_no_address_no_mac_and_no_network(
    client: MarstekClient, make_peer: PeerFactory, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """People publish their logs."""
    caplog.set_level(logging.DEBUG, "custom_components.home_energy_controller")
    peer: Peer = await make_peer()
    results = peer.results["Marstek.GetDevice"]
    assert results is not None
    results |= {"wifi_name": 'Home "of" Jansen', "ip": "192.168.17.23"}
    await MarstekDevice(client, peer.host, port, mac=peer.mac).identify()
    ours = [record for record in caplog.records if record.name.startswith("custom_components")]
    text = "\n".join(record.getMessage() for record in ours)
    assert "Marstek.GetDevice" in text
    for secret in (peer.host, "192.168.17", peer.mac[6:], "Jansen", "Home"):
        assert secret not in text, secret


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        (b'{"wifi_name":"Secret', "Secret"),
        (b'{"ssid" : "a\\"Secret"}', "Secret"),
        (b'{"ble_mac":"AC:D9:29:0A:1B:2C"}', "0A:1B:2C"),
        (b'{"src":"VenusE 3.0-acd9290a1b2c"}', "0a1b2c"),
        (b'{"sta_gate":"10.20.30.1"}', "10.20.30"),
    ],
)
def test_what_identifies_a_home_is_cut_out_of_a_datagram(said: bytes, hidden: str) -> None:
    """Damaged or odd as it may be."""
    assert hidden not in redact(said)
