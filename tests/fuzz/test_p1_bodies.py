"""Damaged answers of the P1: a reading that can be believed, or an error of ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
import json
import math
from pathlib import Path
from random import Random
import re
import tracemalloc

import aiohttp
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.home_energy_controller.meter.base import MAX_POWER_W, MeterError
from custom_components.home_energy_controller.meter.homewizard import HomeWizardMeter, _parse_object
import simulation

from .mutate import FULL, mutated

COUNT = 10_000 if FULL else 1_000
SAMPLE = json.loads((Path(simulation.__file__).parent / "data" / "p1.json").read_text())
SEEDS = [json.dumps(SAMPLE[part]).encode() for part in ("data", "product")]
HEAD = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Server:
    """The barest server: it answers everything with one body, now and then with a damaged head."""

    def __init__(self) -> None:
        """Answer nothing yet."""
        self.reply = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the client goes."""
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(self.reply)
                await writer.drain()
        except asyncio.IncompleteReadError, ConnectionError:
            writer.close()


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[tuple[Server, HomeWizardMeter]]:
    """Return a server on loopback and a meter that reads it."""
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with aiohttp.ClientSession() as session:
        yield server, HomeWizardMeter(session, "127.0.0.1", port=port, clock=asyncio.get_running_loop().time)
    listening.close()


async def test_damaged_bodies_give_a_believable_power_or_our_own_error(server: tuple[Server, HomeWizardMeter]) -> None:
    """And the next good one is read."""
    damaged, meter = server
    random, read, grown = Random("p1"), 0, 0
    asyncio.get_running_loop().set_debug(False)
    for number in range(COUNT):
        if number == COUNT // 5:
            tracemalloc.start()
        body = mutated(random, random.choice(SEEDS))
        head = HEAD % (random.choice((200, 200, 200, 403, 404, 500)), len(body))
        damaged.reply = (mutated(random, head) if random.random() < 0.02 else head) + body
        try:
            if number % 10 == 0:
                identity = await meter.identify()
                assert len(identity.product_name) <= 64
                assert re.fullmatch("[0-9a-f]{12}", identity.serial)
            reading = await meter.read()
            assert math.isfinite(reading.power_w)
            assert abs(reading.power_w) <= MAX_POWER_W
            read += 1
        except MeterError:
            continue
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    damaged.reply = HEAD % (200, len(SEEDS[0])) + SEEDS[0]
    assert (await meter.read()).power_w == SAMPLE["data"]["active_power_w"]
    assert 0.05 * COUNT < read < 0.9 * COUNT
    assert grown < 1_000_000


@given(body=st.binary(max_size=400))
@settings(max_examples=2000 if FULL else 300, deadline=None)
def test_any_bytes_are_an_object_or_our_own_error(body: bytes) -> None:
    """Whatever comes as a body."""
    with suppress(MeterError):
        assert isinstance(_parse_object(body), dict)
