"""The HomeWizard reader against a real HTTP server that can misbehave."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import gzip
import json
import threading

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.home_energy_controller.meter import homewizard
from custom_components.home_energy_controller.meter.base import (
    MeterApiDisabled,
    MeterError,
    MeterInvalidReply,
    MeterNotFound,
    MeterUnreachable,
)
from custom_components.home_energy_controller.meter.homewizard import HomeWizardMeter

type Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

IDENTITY = {"product_type": "HWE-P1", "product_name": "P1 meter", "serial": "3C39E7AABBCC", "api_version": "v1"}


class Clock:
    """A clock that advances 0.2 s whenever somebody looks at it."""

    def __init__(self) -> None:
        """Start at 1000 s."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time, then let 0.2 s pass."""
        now = self.now
        self.now += 0.2
        return now


class P1:
    """A P1 meter on loopback whose answer a test can replace."""

    def __init__(self) -> None:
        """Answer with 312 W import."""
        self.answer: Answer = self.says({"active_power_w": 312.0, "total_power_import_kwh": 1234.5})
        self.paths: list[str] = []
        application = web.Application()
        application.router.add_get("/{tail:.*}", self._handle)
        self.server = TestServer(application, host="127.0.0.1")

    def says(self, reply: object, **options: object) -> Answer:
        """Return an answer that sends `reply` as JSON, or as it is when it is text or bytes."""
        body = reply if isinstance(reply, bytes) else reply.encode() if isinstance(reply, str) else json.dumps(reply)
        raw = body.encode() if isinstance(body, str) else body

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(body=raw, **options)  # type: ignore[arg-type] # the tests' own options

        return answer

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path)
        return await self.answer(request)


@pytest.fixture
async def p1(socket_enabled: None) -> AsyncIterator[P1]:
    """Run a P1 meter."""
    meter = P1()
    await meter.server.start_server()
    yield meter
    await meter.server.close()


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    """Open the session that the integration would borrow from Home Assistant."""
    async with aiohttp.ClientSession() as client:
        yield client


@pytest.fixture
def meter(p1: P1, session: aiohttp.ClientSession) -> HomeWizardMeter:
    """Return the reader under test."""
    return HomeWizardMeter(session, "127.0.0.1", port=p1.server.port or 0, clock=Clock())


async def test_reading_is_stamped_half_way_the_round_trip(meter: HomeWizardMeter, p1: P1) -> None:
    """Asked at 1000.0, answered at 1000.2: the value held at about 1000.1."""
    reading = await meter.read()
    assert reading.power_w == 312.0
    assert reading.at == pytest.approx(1000.1)
    assert p1.paths == ["/api/v1/data"]


@pytest.mark.parametrize("power_w", [-2450, 0, -0.5, 99_999])
async def test_export_and_whole_numbers_are_read_as_they_are(meter: HomeWizardMeter, p1: P1, power_w: float) -> None:
    """Older firmware sends integers, newer sends decimals; minus is export."""
    p1.answer = p1.says({"active_power_w": power_w})
    reading = await meter.read()
    assert reading.power_w == power_w
    assert isinstance(reading.power_w, float)


@pytest.mark.parametrize(
    ("told", "phases_w"),
    [
        ((1200, -30.5, 0), (1200.0, -30.5, 0.0)),
        ((1200, None, None), None),
        ((1200, "a lot", 0), None),
        ((1200, 1e9, 0), None),
        ((1200, True, 0), None),
    ],
)
async def test_three_phases_are_read_where_all_of_them_are_told(
    meter: HomeWizardMeter, p1: P1, told: tuple[object, ...], phases_w: tuple[float, ...] | None
) -> None:
    """A connection of one phase has no second, and whatever else is missing makes no reading wrong."""
    p1.answer = p1.says({"active_power_w": 1170} | {f"active_power_l{i}_w": value for i, value in enumerate(told, 1)})
    reading = await meter.read()
    assert (reading.power_w, reading.phases_w) == (1170.0, phases_w)


async def test_reply_in_pieces_and_compressed_is_read_whole(meter: HomeWizardMeter, p1: P1) -> None:
    """The bounded reader must not take the first piece for the whole."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
        await response.prepare(request)
        body = gzip.compress(json.dumps({"filler": "x" * 9000, "active_power_w": 41}).encode())
        for start in range(0, len(body), 20):
            await response.write(body[start : start + 20])
            await asyncio.sleep(0)
        return response

    p1.answer = answer
    assert (await meter.read()).power_w == 41


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, MeterApiDisabled),
        (404, MeterNotFound),
        (500, MeterInvalidReply),
        (401, MeterInvalidReply),
        (204, MeterInvalidReply),
    ],
)
async def test_http_status_tells_what_is_wrong(
    meter: HomeWizardMeter, p1: P1, status: int, error: type[MeterError]
) -> None:
    """A switched-off API, a foreign web server and a broken meter need different remedies."""
    p1.answer = p1.says({"active_power_w": 1}, status=status)
    with pytest.raises(error):
        await meter.read()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Router</body></html>",
        b'{"active_power_w": 31',
        b"\xff\xfe\x00garbage",
        b"[" * 16_000,
        b"[1, 2]",
        b"null",
        b'"312"',
        b"{}",
        b'{"active_power_w": null}',
        b'{"active_power_w": "312"}',
        b'{"active_power_w": true}',
        b'{"active_power_w": [312]}',
        b'{"active_power_w": NaN}',
        b'{"active_power_w": Infinity}',
        b'{"active_power_w": -Infinity}',
        b'{"active_power_w": 100001}',
        b'{"active_power_w": -100001}',
        b'{"active_power_w": 1' + b"0" * 400 + b"}",
        b'{"active_power_w": 1' + b"0" * 5000 + b"}",
        b'{"active_power_w": 312, "filler": "' + b"x" * 17_000 + b'"}',
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
async def test_unbelievable_reply_is_refused(meter: HomeWizardMeter, p1: P1, body: bytes) -> None:
    """Whatever comes instead of a power is one kind of error, and never a number."""
    p1.answer = p1.says(body)
    with pytest.raises(MeterInvalidReply):
        await meter.read()


def test_deeply_nested_reply_is_refused_where_the_stack_is_small() -> None:
    """Sixteen thousand brackets overflow the parser in a thread of 256 kB, such as those of Alpine Linux."""
    raised: list[BaseException] = []

    def parse() -> None:
        try:
            homewizard._parse_object(b"[" * 16_000)
        except MeterInvalidReply as err:
            raised.append(err)

    usual = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=parse)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(usual)
    assert len(raised) == 1


async def test_endless_reply_is_cut_off(meter: HomeWizardMeter, p1: P1) -> None:
    """A server that never stops sending must not fill the memory."""
    sent = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 50_000_000:
            await response.write(b"x" * 10_000)
            sent += 10_000
        return response

    p1.answer = answer
    with pytest.raises(MeterInvalidReply, match="longer"):
        await meter.read()
    assert sent < 50_000_000


async def test_redirect_is_not_followed(meter: HomeWizardMeter, p1: P1) -> None:
    """No meter redirects; whoever does is not asked again."""
    p1.answer = p1.says(b"", status=302, headers={"Location": "/elsewhere"})
    with pytest.raises(MeterInvalidReply):
        await meter.read()
    assert p1.paths == ["/api/v1/data"]


async def test_silent_meter_is_given_up_in_time(
    meter: HomeWizardMeter, p1: P1, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cycle must not wait for a meter that accepted the connection and says nothing."""
    assert homewizard.TIMEOUT.total is not None
    assert homewizard.TIMEOUT.total <= 2
    monkeypatch.setattr(homewizard, "TIMEOUT", aiohttp.ClientTimeout(total=0.05))
    done = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        await done.wait()
        return web.Response()

    p1.answer = answer
    async with asyncio.timeout(10):
        with pytest.raises(MeterUnreachable):
            await meter.read()
    done.set()


@pytest.mark.parametrize("host", ["", "no host", "a" * 300, "192.168.1.999:80/x", "..", "[::"])
async def test_host_that_is_none_is_unreachable(session: aiohttp.ClientSession, host: str) -> None:
    """What people type must end in a message, not in a traceback."""
    with pytest.raises(MeterError):
        await HomeWizardMeter(session, host, clock=Clock()).read()


async def test_closed_port_is_unreachable(meter: HomeWizardMeter, p1: P1) -> None:
    """A meter that went off the network refuses or drops the connection."""
    await p1.server.close()
    with pytest.raises(MeterUnreachable):
        await meter.read()


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"not http at all\r\n\r\n", MeterInvalidReply),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf", MeterInvalidReply),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", MeterInvalidReply),
        (b"", MeterUnreachable),
    ],
)
async def test_broken_http_is_an_error_of_the_meter(
    session: aiohttp.ClientSession, raw: bytes, error: type[MeterError]
) -> None:
    """A reply that breaks off, or is no HTTP, is mapped like all the others."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(error):
            await HomeWizardMeter(session, "127.0.0.1", port=port, clock=Clock()).read()


async def test_meter_that_comes_back_is_read_again(meter: HomeWizardMeter, p1: P1) -> None:
    """An error leaves nothing behind that spoils the next reading."""
    good = p1.answer
    p1.answer = p1.says(b"<html>", status=500)
    with pytest.raises(MeterInvalidReply):
        await meter.read()
    p1.answer = good
    assert (await meter.read()).power_w == 312


async def test_identity_tells_product_and_serial(meter: HomeWizardMeter, p1: P1) -> None:
    """The serial comes back in one spelling, so that it can be compared."""
    p1.answer = p1.says(IDENTITY)
    identity = await meter.identify()
    assert (identity.product_type, identity.product_name, identity.serial) == ("HWE-P1", "P1 meter", "3c39e7aabbcc")
    assert identity.is_grid_meter
    assert p1.paths == ["/api"]


@pytest.mark.parametrize("product", ["HWE-SKT", "HWE-WTR", "HWE-BAT", "toaster"])
async def test_other_products_are_no_grid_meter(meter: HomeWizardMeter, p1: P1, product: str) -> None:
    """An energy socket has an active_power_w too, and would be believed."""
    p1.answer = p1.says(IDENTITY | {"product_type": product, "product_name": None})
    identity = await meter.identify()
    assert not identity.is_grid_meter
    assert identity.product_name == product


@pytest.mark.parametrize("reply", [{}, {"product_type": "HWE-P1"}, IDENTITY | {"serial": ""}, IDENTITY | {"serial": 7}])
async def test_identity_without_serial_is_refused(meter: HomeWizardMeter, p1: P1, reply: object) -> None:
    """Without a serial, two meters could not be told apart."""
    p1.answer = p1.says(reply)
    with pytest.raises(MeterInvalidReply):
        await meter.identify()


def test_description_holds_no_address(p1: P1, session: aiohttp.ClientSession) -> None:
    """Descriptions go into logs and diagnostics that people post in public."""
    meter = HomeWizardMeter(session, "192.168.1.77", clock=Clock())
    assert "192" not in meter.description
