"""One battery: what is read when, what is sent, and what its values mean."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.device import MarstekDevice
from custom_components.home_energy_controller.marstek.errors import (
    MarstekProtocolError,
    MarstekTimeout,
    MarstekWrongDevice,
)
from custom_components.home_energy_controller.marstek.models import DeviceMode
from custom_components.home_energy_controller.marstek.profiles import Family, profile_for

from .conftest import ALL_LOST, HOST, MACS, PATIENT, Clock, PeerFactory, make_device
from .peer import MODE, Peer, Step, error, frame, result, silent

MAC = MACS[HOST]


async def test_a_battery_tells_who_it_is(client: MarstekClient, peer: Peer, port: int) -> None:
    """With its answer it gets its profile, and the MAC that it must have from then on."""
    device = MarstekDevice(client, HOST, port)
    assert device.profile == profile_for(None, None)
    info = await device.identify()
    assert (info.model, info.firmware, info.ble_mac) == ("VenusE 3.0", 150, MAC)
    assert device.info is info
    assert device.mac == MAC
    assert device.profile.family is Family.VENUS_E3
    assert peer.requests[0]["params"] == {"ble_mac": "0"}


async def test_a_battery_that_leaves_out_its_mac_is_known_by_the_sender(
    client: MarstekClient, peer: Peer, port: int
) -> None:
    """Venus C 153 (taurgis#60)."""
    peer.results["Marstek.GetDevice"] = {"device": "VenusC", "ver": 153, "ip": "192.168.x.x"}
    device = MarstekDevice(client, HOST, port)
    assert (await device.identify()).ble_mac == MAC
    assert device.mac == MAC


async def test_another_battery_in_the_result_is_refused(client: MarstekClient, peer: Peer, port: int) -> None:
    """Also when the sender is missing."""
    peer.script.append(frame(src=None))
    with pytest.raises(MarstekWrongDevice):
        await make_device(client, port, mac="009b08ffffff").identify()


async def test_a_command_to_a_battery_not_yet_heard_asks_who_it_is_first(
    client: MarstekClient, peer: Peer, port: int
) -> None:
    """The address may have changed hands while we were away."""
    device = make_device(client, port)
    assert await device.set_auto() is True
    assert await device.set_auto() is True
    assert peer.methods == ["Marstek.GetDevice", "ES.SetMode", "ES.SetMode"]


async def test_no_command_goes_to_the_wrong_battery(client: MarstekClient, peer: Peer, port: int) -> None:
    """Once it answered under another MAC, it must prove itself first."""
    device = make_device(client, port)
    await device.read_mode()
    peer.script.append(frame(src="VenusE 3.0-009b08ffffff"))
    with pytest.raises(MarstekWrongDevice):
        await device.read_mode()
    peer.script.append(frame(src="VenusE 3.0-009b08ffffff"))
    with pytest.raises(MarstekWrongDevice):
        await device.set_auto()
    assert "ES.SetMode" not in peer.methods
    # It is back: nothing more is in the way.
    await device.read_mode()
    assert await device.set_auto() is True


async def test_a_dual_homed_battery_may_answer_from_the_address_it_names(
    client: MarstekClient, make_peer: PeerFactory, port: int
) -> None:
    """`result.ip` came under the right MAC, so it can be trusted."""
    peer, other_side = await make_peer(HOST), await make_peer("127.0.0.3")
    other_side.mac = MAC
    peer.results["Marstek.GetDevice"] = {"device": "VenusE 3.0", "ver": 150, "ble_mac": MAC, "ip": "127.0.0.3"}
    device = make_device(client, port)
    await device.identify()
    peer.script.append(lambda _, request, address: other_side.send(other_side.reply(request), address))
    assert (await device.read_mode()).soc_pct == 55
    assert len(peer.requests) == 2


async def test_values_stay_and_carry_their_time(client: MarstekClient, peer: Peer, port: int, clock: Clock) -> None:
    """Nothing old is passed off as new, and nothing is lost by silence."""
    device = make_device(client, port)
    before = clock()
    status = await device.read_mode()
    assert before < status.received_at < clock()
    assert device.power_w == (120.0, status.received_at)
    assert device.soc_pct == (55.0, status.received_at)
    client.timing = ALL_LOST
    peer.script.extend([silent] * 3)
    with pytest.raises(MarstekTimeout):
        await device.read_mode()
    assert device.mode is status


async def test_the_newest_of_several_readings_counts(client: MarstekClient, peer: Peer, port: int) -> None:
    """A newer status without power or charge does not hide an older one."""
    device = make_device(client, port)
    await device.read_mode()
    status = await device.read_status()
    assert device.power_w == (130.0, status.received_at)
    battery = await device.read_battery()
    assert device.soc_pct == (57.0, battery.received_at)
    peer.results["ES.GetMode"] = {"id": 0, "mode": "Manual"}
    assert (await device.read_mode()).mode is DeviceMode.MANUAL
    assert device.power_w == (130.0, status.received_at)
    assert device.soc_pct == (57.0, battery.received_at)


async def test_nothing_read_is_nothing_known(client: MarstekClient, port: int) -> None:
    """Unknown is not 0."""
    device = make_device(client, port)
    assert (device.power_w, device.soc_pct, device.mode, device.link.quality_pct) == (None,) * 4


async def test_an_impossible_answer_changes_nothing(client: MarstekClient, peer: Peer, port: int) -> None:
    """A frame with an impossible charge is not believed in its power either."""
    device = make_device(client, port)
    status = await device.read_mode()
    peer.script.append(result(mode="Auto", bat_soc=150, ongrid_power=5))
    with pytest.raises(MarstekProtocolError):
        await device.read_mode()
    assert device.mode is status


async def test_load_on_the_backup_socket_comes_from_the_battery(client: MarstekClient, peer: Peer, port: int) -> None:
    """500 W come from the grid, 200 W go to the socket: it charges with 300 W."""
    device = make_device(client, port)
    peer.results["ES.GetMode"] = MODE | {"ongrid_power": -500, "offgrid_power": 200}
    status = await device.read_mode()
    assert device.power_w == (-300.0, status.received_at)


async def test_a_battery_without_backup_socket_has_power_all_the_same(
    client: MarstekClient, peer: Peer, port: int
) -> None:
    """A missing field must not cost the reading."""
    device = make_device(client, port)
    peer.results["ES.GetMode"] = {"id": 0, "mode": "Auto", "ongrid_power": -500}
    await device.read_mode()
    assert device.power_w is not None
    assert device.power_w.value == -500.0


async def test_solar_strings_are_taken_off_and_make_the_reading_as_old_as_the_older(
    client: MarstekClient, peer: Peer, port: int
) -> None:
    """300 W go out, 400 W come in from the sun: it charges with 100 W."""
    peer.results["PV.GetStatus"] = {"id": 0, "pv1_power": 300, "pv2_power": 100}
    peer.results["ES.GetMode"] = MODE | {"ongrid_power": 250, "offgrid_power": 50}
    device = make_device(client, port, model="VenusD")
    first = await device.read_mode()
    assert device.power_w is None
    pv = await device.read_pv()
    assert device.power_w == (-100.0, first.received_at)
    await device.read_mode()
    assert device.power_w == (-100.0, pv.received_at)


async def test_the_cells_of_a_good_battery_are_due_every_five_minutes(
    client: MarstekClient, peer: Peer, port: int, clock: Clock
) -> None:
    """Their temperature changes slowly; power and charge are not kept waiting for it."""
    device = make_device(client, port)
    await device.poll()
    assert peer.methods == ["ES.GetMode"]
    assert device.details_due
    await device.read_details()
    assert peer.methods[1:] == ["Bat.GetStatus"]
    clock.offset_s += 299.0
    assert not device.details_due
    clock.offset_s += 1.0
    assert device.details_due


async def test_a_reset_prone_battery_is_polled_with_as_little_as_possible(
    client: MarstekClient, peer: Peer, port: int
) -> None:
    """Settings were lost right after Bat.GetStatus (taurgis#14)."""
    device = make_device(client, port, firmware=144)
    await device.poll()
    assert peer.methods == ["ES.GetMode"]
    assert not device.details_due


async def test_a_battery_with_solar_strings_is_polled_for_them(client: MarstekClient, peer: Peer, port: int) -> None:
    """Without them its power is unknown."""
    peer.results["PV.GetStatus"] = {"id": 0, "pv1_power": 0}
    device = make_device(client, port, model="VenusA", firmware=147)
    await device.poll()
    assert peer.methods == ["ES.GetMode", "PV.GetStatus"]


async def test_what_a_battery_does_not_support_is_not_asked_again_until_its_firmware_changes(
    client: MarstekClient, peer: Peer, port: int
) -> None:
    """-32601 stays -32601."""
    device = make_device(client, port, model="VenusA", firmware=147)
    await device.poll()
    await device.poll()
    assert peer.methods == ["ES.GetMode", "PV.GetStatus", "ES.GetMode"]
    assert device.power_w is not None
    peer.results["Marstek.GetDevice"] = {"device": "VenusA", "ver": 148, "ble_mac": MAC}
    await device.identify()
    await device.poll()
    assert peer.methods[-1] == "PV.GetStatus"


@pytest.mark.parametrize("trouble", [[silent] * 3, [result(soc=150)], [error(-32601)], [error(-32603)]])
async def test_silent_cells_are_no_failure(client: MarstekClient, peer: Peer, port: int, trouble: list[Step]) -> None:
    """Optional parts fail alone, and wait for their next turn."""
    device = make_device(client, port)
    await device.poll()
    if silent in trouble:
        client.timing = ALL_LOST
    peer.script.extend(trouble)
    await device.read_details()
    await peer.asked(1 + len(trouble))
    assert device.soc_pct is not None
    assert device.battery is None
    assert not device.details_due


async def test_after_a_command_148_is_not_asked_for_its_mode(
    client: MarstekClient, peer: Peer, port: int, clock: Clock
) -> None:
    """GetMode after SetMode made it fall back to Auto (jaapp#111)."""
    device = make_device(client, port, firmware=148)
    await device.poll()
    await device.set_passive(-800, 300)
    await device.poll()
    clock.offset_s += 14.0
    await device.poll()
    assert peer.methods == ["ES.GetMode", "ES.SetMode", "ES.GetStatus", "ES.GetStatus"]
    assert device.power_w is not None
    assert device.power_w.value == 130.0
    clock.offset_s += 1.0
    await device.poll()
    assert peer.methods[-1] == "ES.GetMode"


async def test_the_mode_waits_after_a_command_that_nobody_confirmed(
    client: MarstekClient, peer: Peer, port: int
) -> None:
    """It may have acted all the same."""
    device = make_device(client, port, firmware=148)
    await device.read_mode()
    client.timing = ALL_LOST
    peer.script.extend([silent] * 3)
    with pytest.raises(MarstekTimeout):
        await device.set_auto()
    client.timing = PATIENT
    await device.poll()
    assert peer.methods[-1] == "ES.GetStatus"


async def test_good_firmware_may_be_asked_for_its_mode_at_once(client: MarstekClient, peer: Peer, port: int) -> None:
    """The detour is for the firmware that needs it."""
    device = make_device(client, port)
    await device.set_auto()
    await device.poll()
    assert "ES.GetStatus" not in peer.methods


async def test_without_get_status_the_poll_waits_until_the_mode_may_be_read(
    client: MarstekClient, peer: Peer, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No row of the table needs this today."""
    device = make_device(client, port, firmware=148)
    profile = replace(device.profile, energy_status_answers=False, mode_read_delay_s=0.15)
    monkeypatch.setattr(MarstekDevice, "profile", profile)
    await device.set_auto()
    await device.poll()
    assert peer.methods == ["Marstek.GetDevice", "ES.SetMode", "ES.GetMode"]
    assert device.mode is not None
    assert device.mode.received_at - device._written_at >= 0.15
