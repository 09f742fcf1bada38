"""When a battery is asked who it is, and whose answers are believed."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.errors import (
    MarstekProtocolError,
    MarstekTimeout,
    MarstekWrongDevice,
)
from custom_components.home_energy_controller.marstek.identity import Identity
from custom_components.home_energy_controller.marstek.models import DeviceInfo
from custom_components.home_energy_controller.marstek.profiles import Family

from .conftest import ALL_LOST, HOST, MACS, Clock, make_device
from .peer import Peer, frame, silent

MAC, OTHER = MACS[HOST], "009b08ffffff"
E3 = DeviceInfo(model="VenusE 3.0", firmware=150, ble_mac=MAC, received_at=0.0)
DAY_S = 86_400.0


def version(firmware: int, model: str = "VenusE 3.0") -> DeviceInfo:
    """Return what a battery tells."""
    return replace(E3, model=model, firmware=firmware)


def told(*infos: DeviceInfo) -> Identity:
    """Return the identity of a battery that told these, two minutes apart."""
    identity = Identity(None)
    for number, info in enumerate(infos):
        identity.tell(info, 120.0 * number)
    return identity


def times_asked(identity: Identity, info: DeviceInfo, until: float) -> int:
    """Return how often a battery that always tells the same is asked, looked at every half minute."""
    asked, now = 0, 0.0
    while now < until:
        if identity.is_due(now):
            identity.tell(info, now)
            asked += 1
        now += 30.0
    return asked


def test_a_battery_that_is_known_is_asked_once_a_day() -> None:
    """What the configuration remembers is no answer."""
    assert times_asked(Identity(replace(E3, received_at=None)), E3, 3 * DAY_S) == 3


@pytest.mark.parametrize("model", ["Venus", "VenusE Pro", "VNSE4-0"])
def test_a_battery_that_is_unknown_is_asked_soon_and_then_ever_more_seldom(model: str) -> None:
    """It may be booting; a name that is only new is not asked for all day."""
    info = replace(E3, model=model)
    assert times_asked(Identity(None), info, 600.0) == 3
    assert times_asked(Identity(None), info, DAY_S) < 12


def test_a_silence_makes_it_due_and_a_single_loss_does_so_in_a_while() -> None:
    """A bad link does not double the questions."""
    identity = told(E3)
    identity.miss()
    assert identity.is_in_doubt
    assert not identity.is_due(200.0)
    assert identity.is_due(300.0)
    identity.tell(E3, 300.0)
    identity.miss()
    identity.hear(signed=True)
    identity.miss()
    assert not identity.is_due(310.0)
    identity.miss()
    assert identity.is_due(310.0)


def test_firmware_that_was_set_back_counts_at_once_and_an_update_once_it_is_sure() -> None:
    """Of versions that disagree the more careful one counts."""
    assert told(version(150)).profile.reset_prone is False
    assert told(version(150), version(148)).profile.reset_prone is True
    assert told(version(148), version(150)).profile.reset_prone is True
    assert told(version(148), version(150), version(150), version(150)).profile.reset_prone is False


@pytest.mark.parametrize("turn", [(148, 150), (139, 151), (150, 144, 144), (1483, 1501)])
def test_versions_told_in_turn_are_treated_with_care_and_asked_seldom(turn: tuple[int, ...]) -> None:
    """Whatever a device tells."""
    identity, asked, now = Identity(None), 0, 0.0
    while now < DAY_S:
        if identity.is_due(now):
            identity.tell(version(turn[asked % len(turn)]), now)
            asked += 1
            assert asked < 2 or identity.profile.reset_prone
        now += 30.0
    assert asked < 12


def test_versions_that_are_treated_alike_are_no_reason_to_ask() -> None:
    """150 and 151."""
    assert not told(version(150), version(151)).is_due(DAY_S)


def test_a_name_from_the_boot_is_forgotten() -> None:
    """And is no unknown model before it stays."""
    booting = version(156, "Venus")
    assert told(booting).profile.family is Family.UNKNOWN
    assert not told(booting, booting).is_unknown
    assert told(booting, booting, booting).is_unknown
    assert told(booting, version(156, "VenusE")).profile.family is Family.HMG50
    assert told(version(150, "VenusE Pro")).is_unknown


async def test_an_answer_that_names_nobody_is_believed_only_after_an_introduction(
    client: MarstekClient, peer: Peer, port: int, clock: Clock
) -> None:
    """And for five minutes: two batteries may swap addresses between two polls."""
    device = make_device(client, port)
    peer.script.append(frame(src=None))
    await device.read_mode()
    peer.script.append(frame(src=None))
    await device.read_mode()
    peer.script.append(frame(src=None))
    assert await device.set_auto() is True
    assert peer.methods == ["ES.GetMode", "Marstek.GetDevice", "ES.GetMode", "ES.SetMode"]
    clock.offset_s += 301
    peer.script.append(frame())
    peer.script.append(frame(src=None))
    await device.set_auto()
    assert peer.methods[4:] == ["Marstek.GetDevice", "ES.SetMode"]


async def test_another_battery_that_names_nobody_is_not_commanded(
    client: MarstekClient, peer: Peer, port: int, clock: Clock
) -> None:
    """After an answer that did not come, whoever is there must say first who it is."""
    device = make_device(client, port)
    peer.script.append(frame(src=None))
    await device.read_mode()
    client.timing = ALL_LOST
    peer.script.extend([silent] * 3)
    with pytest.raises(MarstekTimeout):
        await device.read_mode()
    peer.requests.clear()
    peer.results["Marstek.GetDevice"] = {"device": "VenusE 3.0", "ver": 150, "ble_mac": OTHER}
    for ask in (device.set_auto, device.read_mode, device.set_auto):
        peer.script.extend([frame(src=None)] * 2)
        with pytest.raises(MarstekWrongDevice):
            await ask()
        peer.script.clear()
    assert "ES.SetMode" not in peer.methods
    assert device.mode is not None


async def test_a_battery_that_stops_to_name_itself_may_be_another(client: MarstekClient, peer: Peer, port: int) -> None:
    """One that signs its answers changed places with one that does not."""
    device = make_device(client, port)
    await device.identify()
    mode = await device.read_mode()
    peer.results["Marstek.GetDevice"] = {"device": "VenusE 3.0", "ver": 150, "ble_mac": OTHER}
    peer.script.extend([frame(src=None)] * 2)
    with pytest.raises(MarstekWrongDevice):
        await device.read_mode()
    assert device.mode is mode


@pytest.mark.parametrize("mac", [None, "000000000000", "ffffffffffff"])
async def test_a_device_that_does_not_tell_who_it_is_gets_no_command(
    client: MarstekClient, peer: Peer, port: int, mac: str | None
) -> None:
    """Nobody is not our battery."""
    peer.results["Marstek.GetDevice"] = {"device": "VenusE 3.0", "ver": 150, "ble_mac": mac}
    peer.script.append(frame(src=None))
    with pytest.raises(MarstekProtocolError):
        await make_device(client, port).set_auto()
    assert "ES.SetMode" not in peer.methods


@pytest.mark.parametrize("answer", ["strings", "refused", "silent"])
async def test_the_strings_of_an_unknown_model_count_if_it_tells_of_them(
    client: MarstekClient, peer: Peer, port: int, answer: str
) -> None:
    """And are asked for no more than a few times if not."""
    device = make_device(client, port, "VNSA2-0", 160)
    client.timing = ALL_LOST
    if answer != "refused":
        peer.results["PV.GetStatus"] = {"pv1_power": 50, "pv1_voltage": 34, "pv1_current": 1.5}
    for _ in range(6):
        if answer == "silent":
            peer.script.extend([frame(), silent, silent, silent] if _ < 3 else [frame()])
        await device.poll()
    assert device.has_pv is (answer == "strings")
    assert device.power_w is not None
    assert device.power_w.value == 120.0 - (50.0 if answer == "strings" else 0.0)
    asked = {"strings": 6, "refused": 1, "silent": 9}
    assert peer.methods.count("PV.GetStatus") == asked[answer]
