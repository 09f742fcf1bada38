"""Who is asked when: one thing at a time, commands before reads, pauses, and requests that are cancelled."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.errors import MarstekSuperseded
from custom_components.home_energy_controller.marstek.exchange import Exchange
from custom_components.home_energy_controller.marstek.frames import ErrorReply, Method, Reply

from .conftest import FIRST_LOST, HOST, MACS, PeerFactory, leftovers
from .peer import MODE, Peer, answer, answer_to, error, read, silent, together, write


async def test_one_battery_is_asked_one_thing_at_a_time(client: MarstekClient, peer: Peer, port: int) -> None:
    """The device drops what comes while it is busy."""
    busy = 0

    def overlapping(peer: Peer, request: dict[str, Any], address: tuple[str, int]) -> None:
        nonlocal busy
        busy += 1
        assert busy == 1
        asyncio.get_running_loop().call_later(0.02, done, peer, request, address)

    def done(peer: Peer, request: dict[str, Any], address: tuple[str, int]) -> None:
        nonlocal busy
        busy -= 1
        answer(peer, request, address)

    peer.script.extend([overlapping] * 4)
    assert await asyncio.gather(*(read(client, port) for _ in range(4))) == [MODE] * 4
    assert len(peer.requests) == 4


async def test_a_battery_gets_its_pause_after_each_answer(client: MarstekClient, peer: Peer, port: int) -> None:
    """Bursts are dropped."""
    loop = asyncio.get_running_loop()
    asked_at: list[float] = []
    answered_at: list[float] = []

    def slowly(peer: Peer, request: dict[str, Any], address: tuple[str, int]) -> None:
        asked_at.append(loop.time())
        loop.call_later(2 * client.timing.longest_gap_s, reply, peer, request, address)

    def reply(peer: Peer, request: dict[str, Any], address: tuple[str, int]) -> None:
        answered_at.append(loop.time())
        answer(peer, request, address)

    peer.script.extend([slowly] * 3)
    await asyncio.gather(*(read(client, port) for _ in range(3)))
    pauses = [asked - answered for answered, asked in zip(answered_at, asked_at[1:], strict=False)]
    assert min(pauses) >= client.timing.longest_gap_s


async def test_a_command_needs_only_a_short_pause(client: MarstekClient, peer: Peer, port: int) -> None:
    """The house waits for it."""
    client.timing = replace(client.timing, longest_gap_s=60.0)
    await read(client, port, gap_s=60.0)
    async with asyncio.timeout(10.0):
        await client.exchange(HOST, port, Method.ES_SET_MODE, {"id": 0}, gap_s=60.0)
    assert peer.methods == ["ES.GetMode", "ES.SetMode"]


async def test_the_second_send_is_waited_for_longer(client: MarstekClient, peer: Peer, port: int) -> None:
    """A device that lost one datagram and is slow with the next must not be pestered."""
    client.timing = FIRST_LOST

    def delayed(peer: Peer, request: dict[str, Any], address: tuple[str, int]) -> None:
        asyncio.get_running_loop().call_later(2 * client.timing.first_timeout_s, answer, peer, request, address)

    peer.script.extend([silent, delayed])
    assert await read(client, port) == MODE
    assert len(peer.requests) == 2


async def test_a_dead_battery_does_not_delay_the_others(
    client: MarstekClient, make_peer: PeerFactory, port: int
) -> None:
    """One time-out is eleven seconds long."""
    dead, *living = [await make_peer(host) for host in MACS]
    dead.script.append(silent)
    waiting = asyncio.create_task(read(client, port, dead.host))
    await dead.asked(1)
    await asyncio.gather(*(read(client, port, peer.host, mac=peer.mac) for peer in living))
    assert not waiting.done()
    assert len(dead.requests) == 1
    waiting.cancel()


async def test_a_command_abandons_the_read_under_way_and_goes_before_waiting_ones(
    client: MarstekClient, peer: Peer, port: int
) -> None:
    """A command must not wait for a mute device's reads."""
    peer.script.append(silent)
    first = asyncio.create_task(read(client, port))
    await peer.asked(1)
    second = asyncio.create_task(client.exchange(HOST, port, Method.ES_GET_STATUS, {"id": 0}))
    await asyncio.sleep(0)
    await write(client, port)
    with pytest.raises(MarstekSuperseded):
        await first
    assert (await second).result["bat_soc"] == 56
    assert peer.methods == ["ES.GetMode", "ES.SetMode", "ES.GetStatus"]
    assert leftovers(client) == (0, 0)


async def test_a_command_abandons_a_read_between_two_sends(client: MarstekClient, peer: Peer, port: int) -> None:
    """A read that would ask again gives way as well."""
    commanding: list[asyncio.Task[dict[str, Any]]] = []

    def command_at_once(peer: Peer, request: dict[str, Any], address: tuple[str, int]) -> None:
        error(-32700, request_id=0)(peer, request, address)
        commanding.append(asyncio.create_task(write(client, port)))

    peer.script.append(command_at_once)
    with pytest.raises(MarstekSuperseded):
        await read(client, port)
    assert await commanding[0] == {"id": 0, "set_result": True}
    assert peer.methods == ["ES.GetMode", "ES.SetMode"]


async def test_a_command_in_the_moment_of_a_parse_error_does_not_wait_for_the_read(
    client: MarstekClient, peer: Peer, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer has arrived but the read has not seen it yet."""
    commanding: list[asyncio.Task[dict[str, Any]]] = []
    deliver = client._deliver

    def deliver_and_command(exchange: Exchange, reply: Reply | ErrorReply) -> None:
        deliver(exchange, reply)
        if not commanding:
            commanding.append(asyncio.create_task(write(client, port)))

    monkeypatch.setattr(client, "_deliver", deliver_and_command)
    peer.script.append(error(-32700, request_id=0))
    with pytest.raises(MarstekSuperseded):
        await read(client, port)
    await commanding[0]
    assert peer.methods == ["ES.GetMode", "ES.SetMode"]


async def test_a_late_answer_to_an_abandoned_read_is_dropped(client: MarstekClient, peer: Peer, port: int) -> None:
    """It comes together with the answer to the command."""
    peer.script.extend([silent, together(answer_to(0), answer)])
    reading = asyncio.create_task(read(client, port))
    await peer.asked(1)
    assert await write(client, port) == {"id": 0, "set_result": True}
    with pytest.raises(MarstekSuperseded):
        await reading
    assert client.statistics.late == 1


async def test_commands_are_all_sent_in_their_order(client: MarstekClient, peer: Peer, port: int) -> None:
    """A library that sends only the first and last of them exists."""
    await asyncio.gather(
        *(client.exchange(HOST, port, Method.ES_SET_MODE, {"id": 0, "config": number}) for number in range(4))
    )
    assert [request["params"]["config"] for request in peer.requests] == [0, 1, 2, 3]


async def test_a_cancelled_request_leaves_nothing_behind(client: MarstekClient, peer: Peer, port: int) -> None:
    """Neither an id nor the road."""
    peer.script.append(silent)
    reading = asyncio.create_task(read(client, port))
    await peer.asked(1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert leftovers(client) == (0, 0)
    assert await read(client, port) == MODE


async def test_a_cancelled_waiting_request_is_never_sent(client: MarstekClient, peer: Peer, port: int) -> None:
    """The road is handed over while the second is cancelled but has not noticed."""
    peer.script.append(silent)
    first = asyncio.create_task(read(client, port))
    await peer.asked(1)
    second, third = asyncio.create_task(read(client, port)), asyncio.create_task(read(client, port))
    await asyncio.sleep(0)
    first.cancel()
    second.cancel()
    assert await third == MODE
    await asyncio.gather(first, second, return_exceptions=True)
    assert len(peer.requests) == 2
    assert leftovers(client) == (0, 0)


async def test_a_request_cancelled_in_the_moment_of_its_turn_passes_it_on(
    client: MarstekClient, peer: Peer, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody would ever be asked on that road again."""
    peer.script.append(silent)
    first = asyncio.create_task(read(client, port))
    await peer.asked(1)
    second, third = asyncio.create_task(read(client, port)), asyncio.create_task(read(client, port))
    queue = next(iter(client._queues.values()))
    hand_over = queue._hand_over

    def hand_over_and_cancel() -> None:
        hand_over()
        second.cancel()

    await asyncio.sleep(0)
    monkeypatch.setattr(queue, "_hand_over", hand_over_and_cancel)
    first.cancel()
    assert await third == MODE
    assert second.cancelled()
    assert len(peer.requests) == 2
    assert leftovers(client) == (0, 0)
