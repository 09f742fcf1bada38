"""What one battery is told, and how well it answers."""

import asyncio

import pytest

from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.errors import (
    MarstekBadParameters,
    MarstekRejected,
    MarstekSuperseded,
    MarstekTimeout,
    MarstekUnsupported,
)

from .conftest import ALL_LOST, FIRST_LOST, HOST, MACS, PATIENT, Clock, make_device
from .peer import Peer, answer_to, error, result, silent

MAC = MACS[HOST]


async def test_a_poll_gives_way_to_a_command(client: MarstekClient, peer: Peer, port: int) -> None:
    """The caller learns that nothing was wrong with the battery."""
    device = make_device(client, port)
    await device.read_mode()
    peer.script.append(silent)
    polling = asyncio.create_task(device.poll())
    await peer.asked(2)
    assert await device.set_passive(500, 300) is True
    with pytest.raises(MarstekSuperseded):
        await polling


async def test_commands_are_sent_as_they_are_meant(client: MarstekClient, peer: Peer, port: int) -> None:
    """Sign, numbers and slot reach the wire unchanged."""
    device = make_device(client, port)
    await device.read_mode()
    assert await device.set_auto() is True
    assert await device.set_passive(-800, 300) is True
    assert await device.disable_slot() is True
    assert await device.disable_slot(3) is True
    configs = [request["params"]["config"] for request in peer.requests[1:]]
    assert all(request["params"]["id"] == 0 for request in peer.requests)
    assert [config["mode"] for config in configs] == ["Auto", "Passive", "Manual", "Manual"]
    assert configs[1]["passive_cfg"] == {"power": -800, "cd_time": 300}
    assert [(config["manual_cfg"]["time_num"], config["manual_cfg"]["enable"]) for config in configs[2:]] == [
        (9, 0),
        (3, 0),
    ]


@pytest.mark.parametrize(("model", "count"), [("VenusE 3.0", 10), ("VNSEM-0", 6)])
async def test_all_slots_of_a_model_can_be_cleared(
    client: MarstekClient, peer: Peer, port: int, model: str, count: int
) -> None:
    """The mini has six, the others ten."""
    device = make_device(client, port, model=model)
    await device.read_mode()
    assert await device.clear_slots() is True
    slots = [request["params"]["config"]["manual_cfg"]["time_num"] for request in peer.requests[1:]]
    assert slots == list(range(count))


async def test_one_slot_that_stays_is_not_all_cleared(client: MarstekClient, peer: Peer, port: int) -> None:
    """The others are cleared all the same."""
    device = make_device(client, port)
    await device.read_mode()
    peer.script.extend([result(set_result=False)] * 3)
    assert await device.clear_slots() is False
    assert len(peer.requests) == 1 + 3 + 9


async def test_a_command_out_of_range_is_not_sent(client: MarstekClient, peer: Peer, port: int) -> None:
    """The device would clamp in silence."""
    device = make_device(client, port)
    with pytest.raises(MarstekBadParameters):
        await device.set_passive(2501, 300)
    with pytest.raises(MarstekBadParameters):
        await device.set_passive(100, 0)
    assert peer.requests == []


async def test_passive_is_not_sent_to_what_rejects_it(client: MarstekClient, peer: Peer, port: int) -> None:
    """The mini acknowledges much and does little (jaapp#140)."""
    device = make_device(client, port, model="VNSEM-0", firmware=300)
    with pytest.raises(MarstekUnsupported):
        await device.set_passive(100, 300)
    assert peer.requests == []


async def test_the_link_counts_datagrams(client: MarstekClient, peer: Peer, port: int, clock: Clock) -> None:
    """A quality counted in requests would hide that every second datagram is lost."""
    device = make_device(client, port)
    await device.read_mode()
    client.timing = FIRST_LOST
    peer.script.append(silent)
    await device.read_mode()
    link = device.link
    assert (link.asked, link.answered, link.quality_pct) == (3, 2, 67)
    assert link.last_latency_s is not None
    assert link.last_answer_at is not None
    assert link.last_answer_at < clock()
    client.timing = ALL_LOST
    peer.script.extend([silent] * 3)
    with pytest.raises(MarstekTimeout):
        await device.read_mode()
    client.timing = PATIENT
    assert (device.link.asked, device.link.answered, device.link.quality_pct) == (6, 2, 33)
    assert device.link.last_answer_at == link.last_answer_at
    peer.script.append(error(-32603))
    with pytest.raises(MarstekRejected):
        await device.read_mode()
    assert (device.link.asked, device.link.answered) == (7, 3)


async def test_only_the_last_fifty_datagrams_make_the_quality(client: MarstekClient, peer: Peer, port: int) -> None:
    """A bad night is forgotten by noon."""
    device = make_device(client, port)
    for _ in range(60):
        device._account(sends=1, answered=False)
    for _ in range(25):
        device._account(sends=1, answered=True)
    assert device.link.quality_pct == 50


async def test_latency_is_that_of_the_datagram_that_was_answered(client: MarstekClient, peer: Peer, port: int) -> None:
    """Not of the latest one."""
    device = make_device(client, port)
    client.timing = FIRST_LOST
    peer.script.extend([silent, answer_to(0)])
    await device.read_mode()
    assert device.link.last_latency_s is not None
    assert device.link.last_latency_s > client.timing.first_timeout_s
