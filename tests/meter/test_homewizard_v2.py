"""The reader of version 2 against a simulated P1 over real TLS, and against a server that can answer anything."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
import json
import logging
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.home_energy_controller.meter import homewizard_v2
from custom_components.home_energy_controller.meter.base import (
    MeterError,
    MeterFrozen,
    MeterInvalidReply,
    MeterNotFound,
    MeterNotPaired,
    MeterUnauthorized,
    MeterUnreachable,
    MeterWrongCertificate,
)
from custom_components.home_energy_controller.meter.homewizard_v2 import HomeWizardV2, HomeWizardV2Meter
from simulation.certificates import authority_pem, server_context
from simulation.faults import Fault
from simulation.site import SimulatedSite

PRODUCT, SERIAL = "HWE-P1", "02a1b0ffffff"
DEVICE = f"appliance/p1dongle/{SERIAL}"
NAME = "home-energy-controller#123456"


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def spawn[T](coroutine: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
    """Start a task as Home Assistant does."""
    return asyncio.create_task(coroutine, name=name)


@pytest.fixture(autouse=True)
def _trust_the_simulated_maker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the authority of the simulation in the place of HomeWizard's."""
    monkeypatch.setattr("homewizard_energy.v2.CACERT", authority_pem())


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    """Open the session that the integration would borrow from Home Assistant."""
    async with aiohttp.ClientSession() as client:
        yield client


@pytest.fixture
async def site(socket_enabled: None) -> AsyncIterator[SimulatedSite]:
    """Run a house without batteries that takes 700 W, and its P1."""
    async with SimulatedSite(0, load=700) as house:
        house.advance(5)
        yield house


def device(
    session: aiohttp.ClientSession, port: int, token: str | None = None, serial: str | None = SERIAL
) -> HomeWizardV2:
    """Return a device on loopback that has to be the one of a serial."""
    identity = None if serial is None else (PRODUCT, serial)
    return HomeWizardV2(session, "127.0.0.1", port=port, identity=identity, token=token)


async def paired(session: aiohttp.ClientSession, site: SimulatedSite) -> str:
    """Press the button, and return the token."""
    site.p1.press_button()
    return await device(session, site.p1_port_v2).request_token(NAME)


async def reader(session: aiohttp.ClientSession, site: SimulatedSite, clock: Clock | None = None) -> HomeWizardV2Meter:
    """Return a reader of the simulated P1."""
    token = await paired(session, site)
    return HomeWizardV2Meter(device(session, site.p1_port_v2, token), spawn=spawn, clock=clock or Clock())


# Pairing.


async def test_a_token_is_given_to_who_pressed_the_button(session: aiohttp.ClientSession, site: SimulatedSite) -> None:
    """Not before, and once per press; the device then says who it is."""
    p1 = device(session, site.p1_port_v2)
    with pytest.raises(MeterNotPaired):
        await p1.request_token(NAME)
    token = await paired(session, site)
    with pytest.raises(MeterNotPaired):
        await p1.request_token(NAME)
    identity = await device(session, site.p1_port_v2, token).identify()
    assert (identity.product_type, identity.serial, identity.is_grid_meter) == (PRODUCT, SERIAL, True)


async def test_a_token_is_written_into_no_log(
    session: aiohttp.ClientSession, site: SimulatedSite, caplog: pytest.LogCaptureFixture
) -> None:
    """The library writes every reply at level debug, and people post debug logs."""
    caplog.set_level(logging.DEBUG)
    meter = await reader(session, site)
    await meter.read()
    assert "/api/measurement" in caplog.text, "what is no secret is still logged"
    assert site.p1.tokens[f"local/{NAME}"] not in caplog.text


async def test_whether_the_device_is_there_is_seen_without_a_token(
    session: aiohttp.ClientSession, site: SimulatedSite
) -> None:
    """It is what it says, or nobody answers, or something without this API."""
    assert await device(session, site.p1_port_v2).is_there()
    assert await device(session, site.p1_port_v2, serial=None).is_there()
    assert not await device(session, site.p1_port_v2, serial="3c39e7aabbcc").is_there()
    assert not await device(session, site.p1_port).is_there(), "version 1 speaks no TLS"
    await site.p1.stop()
    assert not await device(session, site.p1_port_v2).is_there()


# Reading.


async def test_the_power_of_the_house_is_read(session: aiohttp.ClientSession, site: SimulatedSite) -> None:
    """With + for import, and by phase where the meter has three."""
    clock = Clock()
    meter = await reader(session, site, clock)
    reading = await meter.read()
    assert reading.power_w == pytest.approx(700, abs=5)
    assert (reading.phases_w, reading.at, reading.step_w) == (None, 1000.0, 1.0)
    site.p1.others_w = (-300, 200)
    clock.now += 10
    reading = await meter.read()
    assert reading.phases_w is not None
    assert reading.phases_w[1:] == (-300.0, 200.0)
    assert sum(reading.phases_w) == pytest.approx(700, abs=5)


async def test_the_connection_is_used_again(session: aiohttp.ClientSession, site: SimulatedSite) -> None:
    """A small device needs long to agree on keys: that is done once, unless it hangs up."""
    meter = await reader(session, site)
    connector = session.connector
    assert isinstance(connector, aiohttp.TCPConnector)
    opened = 0

    async def count(*_: object) -> None:
        nonlocal opened
        opened += 1

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(count)
    trace.freeze()
    session.trace_configs.append(trace)
    for _ in range(5):
        await meter.read()
    assert opened == 1
    site.p1.faults.add(Fault.P1_CUTS)
    for _ in range(3):
        await meter.read()
    assert opened == 3, "a connection that is gone costs no reading"


@pytest.mark.parametrize("fault", ["server_error", "html", "garbage", "huge", "field_missing", "nan", "null", "text"])
async def test_a_fault_of_the_meter_is_no_reading(
    session: aiohttp.ClientSession, site: SimulatedSite, fault: str
) -> None:
    """The same ones as of the first version; and when it is over, it is read."""
    meter = await reader(session, site)
    site.p1.faults.add(Fault(f"p1_{fault}"))
    with pytest.raises(MeterInvalidReply):
        await meter.read()
    site.p1.faults.clear()
    assert (await meter.read()).power_w == pytest.approx(700, abs=5)


async def test_a_token_that_was_taken_back_is_told_apart(session: aiohttp.ClientSession, site: SimulatedSite) -> None:
    """Only its owner can mend that."""
    meter = await reader(session, site)
    site.p1.tokens.clear()
    with pytest.raises(MeterUnauthorized):
        await meter.read()


async def test_the_certificate_of_another_device_is_refused_at_once(
    session: aiohttp.ClientSession, site: SimulatedSite
) -> None:
    """No token is sent to it, and it is not asked again and again."""
    token = await paired(session, site)
    site.p1.requests.clear()
    for serial in ("3c39e7aabbcc", "02a1b0fffffe"):
        meter = HomeWizardV2Meter(device(session, site.p1_port_v2, token, serial), spawn=spawn, clock=Clock())
        with pytest.raises(MeterWrongCertificate):
            await meter.read()
    assert not site.p1.requests


async def test_a_certificate_that_homewizard_did_not_make_is_refused(
    session: aiohttp.ClientSession, site: SimulatedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever names himself so is not believed; nor is he while it is not known who it is."""
    monkeypatch.undo()
    for serial in (SERIAL, None):
        with pytest.raises(MeterWrongCertificate):
            await device(session, site.p1_port_v2, serial=serial).request_token(NAME)
    assert not site.p1.requests


async def test_a_silent_meter_is_given_up_in_time_and_asked_no_second_time_meanwhile(
    session: aiohttp.ClientSession,
    site: SimulatedSite,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What was asked goes on behind it: a slow connection is there the next time."""
    assert homewizard_v2.TIMEOUT_S <= 1.5
    monkeypatch.setattr(homewizard_v2, "TIMEOUT_S", 0.1)
    monkeypatch.setattr(homewizard_v2, "EXCHANGE_LIMIT_S", 0.5)
    meter = await reader(session, site)
    site.p1.requests.clear()
    site.p1.faults.add(Fault.P1_TIMEOUT)
    began_at = asyncio.get_running_loop().time()
    for _ in range(3):
        with pytest.raises(MeterUnreachable):
            await meter.read()
    assert asyncio.get_running_loop().time() - began_at < 0.45
    assert list(site.p1.requests) == ["GET /api/measurement"]
    await asyncio.sleep(0.6)
    assert list(site.p1.requests) == ["GET /api/measurement"], "nothing waits in a queue"
    assert "ERROR" not in caplog.text
    site.p1.faults.clear()
    monkeypatch.setattr(homewizard_v2, "TIMEOUT_S", 1.5)
    assert (await meter.read()).power_w == pytest.approx(700, abs=5)


async def test_an_answer_that_was_long_under_way_is_no_reading(
    session: aiohttp.ClientSession, site: SimulatedSite
) -> None:
    """Nobody knows of when it is."""

    class Slow(Clock):
        def __call__(self) -> float:
            self.now += 2.0
            return self.now

    meter = await reader(session, site, Slow())
    with pytest.raises(MeterUnreachable):
        await meter.read()


async def test_a_meter_off_the_network_is_unreachable(session: aiohttp.ClientSession, site: SimulatedSite) -> None:
    """At once, without trying for seconds; plugged in again it is read."""
    meter = await reader(session, site)
    await site.p1.stop()
    began_at = asyncio.get_running_loop().time()
    with pytest.raises(MeterUnreachable):
        await meter.read()
    assert asyncio.get_running_loop().time() - began_at < 1.0
    await site.p1.start()
    assert (await meter.read()).power_w == pytest.approx(700, abs=5)


@pytest.mark.parametrize("host", ["", "no host", "192.168.1.999:80/x", "..", "[::"])
async def test_a_host_that_is_none_is_an_error_of_a_meter(session: aiohttp.ClientSession, host: str) -> None:
    """What people type must end in a message, not in a traceback."""
    with pytest.raises(MeterError):
        await HomeWizardV2(session, host, port=443).identify()


async def test_a_cable_that_fell_out_is_noticed(session: aiohttp.ClientSession, site: SimulatedSite) -> None:
    """The telegram repeats while its power should move the energies: as with the first version."""
    clock = Clock()
    meter = await reader(session, site, clock)

    async def pass_time(seconds: int) -> None:
        for _ in range(seconds // 10):
            site.advance(10)
            clock.now += 10
            await meter.read()

    await pass_time(300)
    site.p1.faults.add(Fault.P1_FROZEN)
    with pytest.raises(MeterFrozen):
        await pass_time(300)
    site.p1.faults.clear()
    await pass_time(60)


def test_the_description_holds_no_address(session: aiohttp.ClientSession) -> None:
    """Descriptions go into logs and diagnostics that people post in public."""
    meter = HomeWizardV2Meter(HomeWizardV2(session, "192.168.1.77", port=443), spawn=spawn, clock=Clock())
    assert "192" not in meter.description


# Anything may come.

type Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

BODIES = [
    b"",
    b"\xff\xfe\x00garbage",
    b"[" * 16_000,
    b"[1, 2]",
    b"null",
    b'{"power_w": null}',
    b'{"power_w": "much"}',
    b'{"power_w": [312]}',
    b'{"power_w": NaN}',
    b'{"power_w": 100001}',
    b'{"power_w": 1' + b"0" * 400 + b"}",
    b'{"wifi_ssid": 1, "power_w": 5}',
    b'{"power_w": 5, "external": 7}',
    b'{"power_w": 5, "external": [7]}',
    b'{"power_w": 5, "external": [{"unique_id": 1, "type": 2, "value": "x", "unit": 1, "timestamp": "no"}]}',
    b'{"power_w": 5, "timestamp": "yesterday"}',
    b'{"power_w": 5, "filler": "' + b"x" * 17_000 + b'"}',
]


@pytest.fixture
async def answering(socket_enabled: None) -> AsyncIterator[Callable[[Answer], Awaitable[int]]]:
    """Return what starts a device with its own answer to everything, and tells its port."""
    servers: list[TestServer] = []

    async def start(answer: Answer) -> int:
        application = web.Application()
        application.router.add_route("*", "/{tail:.*}", answer)
        server = TestServer(application, host="127.0.0.1")
        await server.start_server(ssl=await asyncio.to_thread(server_context, DEVICE))
        servers.append(server)
        return server.port or 0

    yield start
    for server in servers:
        await server.close()


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body[:24].decode("latin-1"))
async def test_an_unbelievable_reply_is_refused(
    session: aiohttp.ClientSession, answering: Callable[[Answer], Awaitable[int]], body: bytes
) -> None:
    """Whatever comes instead of a measurement, an identity or a token is one kind of error."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body)

    port = await answering(answer)
    with pytest.raises(MeterInvalidReply):
        await HomeWizardV2Meter(device(session, port, "x"), spawn=spawn, clock=Clock()).read()
    with pytest.raises(MeterInvalidReply):
        await device(session, port, "x").identify()
    with pytest.raises(MeterInvalidReply):
        await device(session, port).request_token(NAME)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, MeterInvalidReply),
        (401, MeterUnauthorized),
        (403, MeterInvalidReply),
        (404, MeterNotFound),
        (204, MeterInvalidReply),
        (302, MeterInvalidReply),
        (503, MeterInvalidReply),
    ],
)
async def test_the_status_tells_what_is_wrong(
    session: aiohttp.ClientSession,
    answering: Callable[[Answer], Awaitable[int]],
    status: int,
    error: type[MeterError],
) -> None:
    """Nothing is followed to another address, and no error is taken for a reading."""
    paths: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        paths.append(request.path)
        body = json.dumps({"error": {"code": "request:internal-server-error"}})
        return web.Response(text=body, status=status, headers={"Location": "/elsewhere"})

    port = await answering(answer)
    with pytest.raises(error):
        await HomeWizardV2Meter(device(session, port, "x"), spawn=spawn, clock=Clock()).read()
    assert paths == ["/api/measurement"]
