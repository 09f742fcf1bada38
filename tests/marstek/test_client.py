"""Requests and answers over real sockets: whose answer is whose, asking again, and giving up."""

import asyncio
from dataclasses import replace
import logging
from typing import Any

import pytest

from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.errors import (
    MarstekBadParameters,
    MarstekConnectionError,
    MarstekProtocolError,
    MarstekRejected,
    MarstekTimeout,
    MarstekUnsupported,
    MarstekWrongDevice,
)
from custom_components.home_energy_controller.marstek.frames import Method

from .conftest import ALL_LOST, CLIENT_HOST, FIRST_LOST, HOST, PATIENT, PeerFactory, leftovers
from .peer import MODE, Peer, answer, answer_to, error, frame, raw, read, result, silent, together, twice, write


async def test_a_battery_is_asked_from_its_own_port(client: MarstekClient, peer: Peer, port: int) -> None:
    """Some firmware answers only when the source port equals its own."""
    assert await read(client, port) == MODE
    assert peer.sources == [(CLIENT_HOST, port)]
    assert client.bindings == {port: port}
    assert peer.requests[0]["method"] == "ES.GetMode"
    assert peer.requests[0]["params"] == {"id": 0}


async def test_ids_go_on_from_65535_to_1(client: MarstekClient, peer: Peer, port: int) -> None:
    """The device keeps 16 bits; a counter that grows past them ends every conversation after three days."""
    client._last_id = 65_533
    for _ in range(4):
        await read(client, port)
    assert peer.ids == [65_534, 65_535, 1, 2]


async def test_ids_of_two_requests_under_way_differ(client: MarstekClient, make_peer: PeerFactory, port: int) -> None:
    """One counter may meet an id that is still out."""
    first, second = await make_peer("127.0.0.2"), await make_peer("127.0.0.3")
    client._last_id = 100
    first.script.append(silent)
    waiting = asyncio.create_task(read(client, port))
    await first.asked(1)
    client._last_id = 100
    await read(client, port, "127.0.0.3")
    waiting.cancel()
    assert (first.ids, second.ids) == ([101], [102])


async def test_a_lost_datagram_is_sent_again_under_a_new_id(client: MarstekClient, peer: Peer, port: int) -> None:
    """The first datagram after a pause is often lost."""
    client.timing = FIRST_LOST
    peer.script.append(silent)
    assert await read(client, port) == MODE
    assert len(set(peer.ids)) == 2
    assert client.statistics.timeouts == 1
    assert client.statistics.answered == 1


async def test_three_silent_sends_are_a_timeout(client: MarstekClient, peer: Peer, port: int) -> None:
    """More would only stress a device that is down."""
    client.timing = ALL_LOST
    peer.script.extend([silent] * 4)
    with pytest.raises(MarstekTimeout) as raised:
        await read(client, port)
    assert raised.value.sends == len(peer.requests) == 3
    assert client.statistics.timeouts == 3
    assert leftovers(client) == (0, 0)


async def test_an_answer_to_the_first_send_is_taken_after_the_second(
    client: MarstekClient, peer: Peer, port: int
) -> None:
    """A slow answer is as good as a quick one, as everything we ask may be done twice."""
    client.timing = FIRST_LOST
    peer.script.extend([silent, answer_to(0)])
    assert await read(client, port) == MODE
    assert len(peer.requests) == 2
    assert client.statistics.late == 0


async def test_an_answer_between_two_sends_spares_the_second(client: MarstekClient, peer: Peer, port: int) -> None:
    """It comes after the time-out and before the resend."""
    client.timing = replace(FIRST_LOST, resend_pause_s=10.0)

    def delayed(peer: Peer, request: dict[str, Any], address: tuple[str, int]) -> None:
        asyncio.get_running_loop().call_later(client.timing.first_timeout_s + 0.05, answer, peer, request, address)

    peer.script.append(delayed)
    exchange = await client.exchange(HOST, port, Method.ES_GET_MODE, {"id": 0})
    assert exchange.latency_s > client.timing.first_timeout_s
    assert exchange.sends == len(peer.requests) == 1
    assert client.statistics.timeouts == 1


async def test_the_second_answer_of_old_firmware_is_counted_and_dropped(
    client: MarstekClient, peer: Peer, port: int
) -> None:
    """Firmware before 150 may answer twice."""
    peer.script.append(twice)
    await read(client, port)
    await read(client, port)
    assert client.statistics.duplicates == 1
    assert client.statistics.answered == 2


async def test_two_answers_in_one_turn_of_the_loop_are_one(client: MarstekClient, peer: Peer, port: int) -> None:
    """Both ids are still open when the second of the two comes in."""
    client.timing = FIRST_LOST
    peer.script.extend([silent, together(answer_to(0), answer)])
    await read(client, port)
    await read(client, port)
    assert client.statistics.duplicates == 1


async def test_a_late_answer_is_counted_and_dropped(client: MarstekClient, peer: Peer, port: int) -> None:
    """It must not be taken for the answer to what is asked now."""
    client.timing = ALL_LOST
    peer.script.extend([silent, silent, silent, together(answer_to(0), answer)])
    with pytest.raises(MarstekTimeout):
        await read(client, port)
    client.timing = PATIENT
    assert await read(client, port) == MODE
    assert client.statistics.late == 1


async def test_an_answer_to_nothing_we_asked_is_foreign(client: MarstekClient, peer: Peer, port: int) -> None:
    """Another program may share the device."""
    peer.script.append(together(frame(id=65_000), answer))
    client._last_id = 5
    assert await read(client, port) == MODE
    assert client.statistics.foreign == 1


async def test_an_answer_from_another_address_is_foreign(
    client: MarstekClient, make_peer: PeerFactory, port: int
) -> None:
    """Mixed-up batteries were the first bug of every script for several of them."""
    asked, other = await make_peer("127.0.0.2"), await make_peer("127.0.0.3")
    other.results["ES.GetMode"] = MODE | {"bat_soc": 1}

    def elsewhere(peer: Peer, request: dict[str, Any], address: tuple[str, int]) -> None:
        answer(other, request, address)

    asked.script.append(together(elsewhere, answer))
    assert await read(client, port) == MODE
    assert client.statistics.foreign == 1


async def test_a_dual_homed_battery_may_answer_from_its_other_address(
    client: MarstekClient, make_peer: PeerFactory, port: int
) -> None:
    """Cable and Wi-Fi at once (jaapp#31)."""
    asked, other = await make_peer("127.0.0.2"), await make_peer("127.0.0.3")
    asked.script.append(lambda peer, request, address: answer(other, request, address))
    reply = await client.exchange(HOST, port, Method.ES_GET_MODE, {"id": 0}, also_from=("127.0.0.3",))
    assert reply.mac == other.mac
    assert len(asked.requests) == 1


async def test_another_battery_on_the_address_is_refused(client: MarstekClient, peer: Peer, port: int) -> None:
    """After a change of addresses a command would reach the neighbour."""
    with pytest.raises(MarstekWrongDevice) as raised:
        await read(client, port, mac="009b08ffffff")
    assert (raised.value.expected, raised.value.found) == ("009b08ffffff", peer.mac)
    assert peer.mac not in str(raised.value)
    assert client.statistics.wrong_device == 1
    assert client.statistics.answered == 0


async def test_a_sender_without_a_mac_is_given_the_benefit_of_the_doubt(
    client: MarstekClient, peer: Peer, port: int
) -> None:
    """The document itself prints such a sender."""
    peer.script.append(frame(src="VenusC-mac"))
    assert await read(client, port, mac="009b08ffffff") == MODE


async def test_a_spurious_parse_error_is_asked_again(client: MarstekClient, peer: Peer, port: int) -> None:
    """Firmware 144 finds parse errors in valid requests and reports them under id 0 (jaapp#85)."""
    peer.script.append(error(-32700, request_id=0))
    assert await read(client, port) == MODE
    assert len(peer.requests) == 2
    assert client.statistics.timeouts == 0


async def test_the_real_answer_after_a_parse_error_is_taken(client: MarstekClient, peer: Peer, port: int) -> None:
    """The id stays open after an error that does not name it."""
    peer.script.append(together(error(-32700, request_id=0), answer))
    assert await read(client, port) == MODE


async def test_a_parse_error_belongs_to_the_battery_that_sent_it(
    client: MarstekClient, make_peer: PeerFactory, port: int
) -> None:
    """Id 0 says nothing, so the address must."""
    slow, confused = await make_peer("127.0.0.2"), await make_peer("127.0.0.3")
    slow.script.append(silent)
    confused.script.append(error(-32700, request_id=0))
    waiting = asyncio.create_task(read(client, port))
    await slow.asked(1)
    assert await read(client, port, "127.0.0.3") == MODE
    assert len(confused.requests) == 2
    assert len(slow.requests) == 1
    assert not waiting.done()
    waiting.cancel()


async def test_parse_errors_without_end_are_a_rejection(client: MarstekClient, peer: Peer, port: int) -> None:
    """The caller learns what the device kept saying."""
    peer.script.extend([error(-32700, request_id=0)] * 3)
    with pytest.raises(MarstekRejected) as raised:
        await read(client, port)
    assert raised.value.retryable
    assert len(peer.requests) == 3


async def test_an_error_with_id_0_while_nothing_is_asked_is_foreign(
    client: MarstekClient, peer: Peer, port: int
) -> None:
    """There is no request that it could answer."""
    await read(client, port)
    peer.send({"id": 0, "error": {"code": -32700, "message": "Parse error"}}, (CLIENT_HOST, port))
    await asyncio.sleep(0.01)
    assert client.statistics.foreign == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (-32601, MarstekUnsupported),
        (-32602, MarstekBadParameters),
        (-32603, MarstekRejected),
        (-32000, MarstekRejected),
    ],
)
async def test_other_errors_are_final(
    client: MarstekClient, peer: Peer, port: int, code: int, expected: type[Exception]
) -> None:
    """Asking again would get the same answer."""
    peer.script.append(error(code))
    with pytest.raises(expected) as raised:
        await read(client, port)
    assert len(peer.requests) == 1
    assert not isinstance(raised.value, MarstekRejected) or (raised.value.code, raised.value.retryable) == (code, False)


async def test_a_busy_battery_is_told_again(client: MarstekClient, peer: Peer, port: int) -> None:
    """`set_result: false` means busy (jaapp#85)."""
    peer.script.append(result(set_result=False))
    assert (await write(client, port))["set_result"] is True
    assert len(peer.requests) == 2


async def test_a_battery_that_stays_busy_says_so_in_the_end(client: MarstekClient, peer: Peer, port: int) -> None:
    """The caller gets the answer, not a time-out."""
    peer.script.extend([result(set_result=False)] * 4)
    assert (await write(client, port))["set_result"] is False
    assert len(peer.requests) == 3


async def test_a_busy_battery_that_falls_silent_is_a_timeout(client: MarstekClient, peer: Peer, port: int) -> None:
    """Nobody knows whether it acted: that is not the same as a no."""
    client.timing = ALL_LOST
    peer.script.extend([result(set_result=False), silent, silent])
    with pytest.raises(MarstekTimeout):
        await write(client, port)


async def test_a_lost_command_is_sent_again(client: MarstekClient, peer: Peer, port: int) -> None:
    """The same content twice does no harm."""
    client.timing = FIRST_LOST
    peer.script.append(silent)
    assert (await write(client, port))["set_result"] is True
    assert peer.requests[0]["params"] == peer.requests[1]["params"]


async def test_an_unreadable_acknowledgement_is_a_protocol_error(client: MarstekClient, peer: Peer, port: int) -> None:
    """Neither yes nor no."""
    peer.script.append(result(set_result="perhaps"))
    with pytest.raises(MarstekProtocolError):
        await write(client, port)


@pytest.mark.parametrize(
    "data", [b"hello", b"[]", b'{"id":[1],"result":{}}', b'{"id":1,"result":{"bat_soc":NaN}}', b"", b" " * 5000]
)
async def test_unreadable_datagrams_are_counted_and_asked_again(
    client: MarstekClient, peer: Peer, port: int, data: bytes
) -> None:
    """Whatever arrives, the request lives on."""
    client.timing = FIRST_LOST
    peer.script.append(raw(data))
    assert await read(client, port) == MODE
    assert client.statistics.malformed == 1
    assert len(peer.requests) == 2


async def test_a_battery_that_only_babbles_is_a_protocol_error(client: MarstekClient, peer: Peer, port: int) -> None:
    """It is there and talks: a time-out would send people to look at the network."""
    client.timing = ALL_LOST
    peer.script.extend([raw(b'{"id":1,"result":{"bat_soc":NaN}}')] * 3)
    with pytest.raises(MarstekProtocolError):
        await read(client, port)


async def test_babble_while_nothing_is_asked_is_only_counted(client: MarstekClient, peer: Peer, port: int) -> None:
    """Anybody can send anything to an open port."""
    await read(client, port)
    peer.send(b"hello", (CLIENT_HOST, port))
    await read(client, port)
    assert client.statistics.malformed == 1


async def test_requests_on_our_socket_are_echoes(client: MarstekClient, peer: Peer, port: int) -> None:
    """Our own broadcast comes back to us."""
    await read(client, port)
    peer.send({"id": 1, "method": "ES.GetMode", "params": {"id": 0}}, (CLIENT_HOST, port))
    await read(client, port)
    assert client.statistics.echoes == 1
    assert client.statistics.malformed == 0


async def test_finished_ids_are_forgotten_in_the_end(
    client: MarstekClient, peer: Peer, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client runs for months."""
    monkeypatch.setattr("custom_components.home_energy_controller.marstek.client.REMEMBERED_IDS", 2)
    for _ in range(4):
        await read(client, port)
    assert list(client._finished) == peer.ids[-2:]


async def test_the_debug_log_shows_traffic_without_macs(
    client: MarstekClient, peer: Peer, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """People paste their logs into issues."""
    with caplog.at_level(logging.DEBUG, logger="custom_components.home_energy_controller.marstek"):
        await read(client, port)
    assert "ES.GetMode" in caplog.text
    assert "009b08xxxxxx" in caplog.text
    assert peer.mac not in caplog.text


async def test_a_closed_client_refuses(client: MarstekClient, peer: Peer, port: int) -> None:
    """What waits is told, and nothing opens again."""
    peer.script.append(silent)
    reading = asyncio.create_task(read(client, port))
    await peer.asked(1)
    await client.close()
    with pytest.raises(MarstekConnectionError):
        await reading
    with pytest.raises(MarstekConnectionError):
        await read(client, port)
    assert client.bindings == {}
    await client.close()
