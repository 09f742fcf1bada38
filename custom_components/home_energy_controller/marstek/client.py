"""Asking batteries over UDP: whose answer is whose, when to ask again, and when to give up."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
import ipaddress
import logging
import random
import secrets
import socket
from typing import Final

from .endpoint import Endpoint, EndpointFactory, open_socket
from .errors import (
    MarstekBadParameters,
    MarstekConnectionError,
    MarstekEcho,
    MarstekProtocolError,
    MarstekRejected,
    MarstekTimeout,
    MarstekUnsupported,
    MarstekWrongDevice,
)
from .exchange import LONGEST_GAP_S, Answer, Exchange, RequestQueue, Timing
from .frames import (
    MAX_ID,
    ErrorReply,
    Method,
    Params,
    Reply,
    encode_request,
    parse_datagram,
    redact,
    redact_address,
    set_result,
)

_LOGGER = logging.getLogger(__name__)

REMEMBERED_IDS: Final = 256
"""Finished ids that are kept to tell late and duplicate answers from foreign ones."""

type Clock = Callable[[], float]
type Listener = Callable[[str, int, Reply, float], None]
"""Called with address, device port, reply and time of arrival."""


@dataclass(slots=True)
class ClientStatistics:
    """Datagrams of all batteries together."""

    sent: int = 0
    answered: int = 0
    timeouts: int = 0
    duplicates: int = 0
    late: int = 0
    foreign: int = 0
    malformed: int = 0
    echoes: int = 0
    wrong_device: int = 0


class MarstekClient:
    """The one door to all batteries of a site: a socket per device port, opened on the running loop when needed."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        endpoint_factory: EndpointFactory = open_socket,
        bind_host: str = "0.0.0.0",
        timing: Timing | None = None,
    ) -> None:
        """Open nothing yet; the clock must agree with the loop's when it is not the loop's own."""
        self.clock: Clock = clock or (lambda: asyncio.get_running_loop().time())
        self.timing = timing or Timing()
        self._endpoint_factory = endpoint_factory
        self._bind_host = bind_host
        self._endpoints: dict[int, Endpoint] = {}
        self._opening = asyncio.Lock()
        self._closed = False
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._queues: dict[tuple[str, int], RequestQueue] = {}
        self._pending: dict[int, Exchange] = {}
        self._finished: dict[int, Exchange] = {}
        self._listeners: dict[int, Listener] = {}
        self._last_id = secrets.randbelow(MAX_ID)
        self._statistics = ClientStatistics()

    @property
    def bindings(self) -> dict[int, int]:
        """Return, per device port, the local port that is really bound: another one when a program holds ours."""
        return {port: endpoint.local_port for port, endpoint in self._endpoints.items()}

    @property
    def taken_ports(self) -> set[int]:
        """Return the device ports that another program holds."""
        return {port for port, local_port in self.bindings.items() if port != local_port}

    @property
    def statistics(self) -> ClientStatistics:
        """Return a copy of the counters."""
        return replace(self._statistics)

    async def exchange(
        self,
        host: str,
        port: int,
        method: Method,
        params: Params,
        *,
        mac: str | None = None,
        gap_s: float = LONGEST_GAP_S,
        also_from: tuple[str, ...] = (),
    ) -> Answer:
        """Ask one battery and return its answer, asking again where that helps.

        `mac` is who must answer, `gap_s` the pause that this firmware needs after a datagram, `also_from` further
        addresses of a dual-homed device. A command abandons a read of the same battery that is under way; its answer
        may say `set_result: false` when the battery stays busy.

        Raises MarstekTimeout, MarstekConnectionError, MarstekProtocolError, MarstekRejected, MarstekUnsupported,
        MarstekBadParameters, MarstekWrongDevice, and for reads MarstekSuperseded.
        """
        addresses = await self._resolve(host)
        queue = self._queues.setdefault((addresses[0], port), RequestQueue())
        exchange = Exchange(method, params, port=port, addresses=addresses + also_from, mac=mac, queue=queue)
        async with queue.turn(exchange, self.clock()):
            try:
                return await self._converse(exchange, gap_s)
            except MarstekTimeout:
                # A name may mean another address by now.
                self._addresses.pop(host, None)
                raise
            finally:
                self._finish(exchange)

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[int]:
        """Hand every reply to one id, whoever sends it, to `listener`; yields that id.

        Everybody on the network sees it: it is drawn anew each time, and tells nothing of the ids of our requests.
        """
        request_id = self._strange_id()
        self._listeners[request_id] = listener
        try:
            yield request_id
        finally:
            del self._listeners[request_id]

    async def broadcast_get_device(self, request_id: int, address: str, port: int) -> None:
        """Ask everybody on a port who they are: the only thing that is ever broadcast.

        Raises MarstekConnectionError.
        """
        endpoint = await self._endpoint(port)
        endpoint.send(encode_request(request_id, Method.GET_DEVICE, {"ble_mac": "0"}), address, broadcast=True)
        self._statistics.sent += 1

    async def close(self) -> None:
        """Close all sockets; what is under way and all that follows raises MarstekConnectionError."""
        async with self._opening:
            self._closed = True
            for endpoint in self._endpoints.values():
                endpoint.close()
        # The sockets close in the next turn of the loop.
        await asyncio.sleep(0)

    async def _converse(self, exchange: Exchange, gap_s: float) -> Answer:
        """Send until there is an answer that stands, at most `max_sends` times; raises MarstekError."""
        timing = self.timing
        gap_s = timing.write_gap_s if exchange.method.is_write else min(gap_s, timing.longest_gap_s)
        refusal: Answer | MarstekRejected | None = None
        pause_s = 0.0
        while len(exchange.sent_at) < timing.max_sends:
            reply = await exchange.arrival(max(pause_s, exchange.queue.quiet_in_s(gap_s, self.clock())))
            if reply is None:
                first = not exchange.sent_at
                await self._send(exchange)
                reply = await exchange.arrival(timing.first_timeout_s if first else timing.later_timeout_s)
            pause_s = timing.resend_pause_s
            if reply is None:
                self._statistics.timeouts += 1
                refusal = None
            elif isinstance(reply, ErrorReply):
                refusal = _rejection(reply)
            else:
                answer = exchange.answer(reply)
                if not exchange.method.is_write or set_result(reply.result):
                    return answer
                refusal, pause_s = answer, random.uniform(*timing.busy_pause_s)
        if isinstance(refusal, Answer):
            return refusal
        sends = len(exchange.sent_at)
        raise refusal or exchange.garbled or MarstekTimeout(f"no answer to {exchange.method}", sends=sends)

    async def _send(self, exchange: Exchange) -> None:
        """Send a request under a new id; the older ids stay good, for all that we ask may be done twice."""
        endpoint = await self._endpoint(exchange.port)
        request_id = self._next_id()
        data = encode_request(request_id, exchange.method, exchange.params)
        now = self.clock()
        self._pending[request_id] = exchange
        exchange.sent_at[request_id] = now
        exchange.queue.touch(now)
        endpoint.send(data, exchange.addresses[0])
        self._statistics.sent += 1
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _LOGGER.debug("%s < %s", redact_address(exchange.addresses[0]), redact(data))

    def _finish(self, exchange: Exchange) -> None:
        """Forget a request, but remember its ids for a while."""
        for request_id in exchange.sent_at:
            self._pending.pop(request_id, None)
            self._finished[request_id] = exchange
        while len(self._finished) > REMEMBERED_IDS:
            del self._finished[next(iter(self._finished))]

    def _next_id(self) -> int:
        """Return a free id: 1..65535, because the devices keep 16 bits and report parse errors with 0."""
        while True:
            self._last_id = self._last_id % MAX_ID + 1
            if self._last_id not in self._pending and self._last_id not in self._listeners:
                self._finished.pop(self._last_id, None)
                return self._last_id

    def _strange_id(self) -> int:
        """Return an id that nobody can guess, and that no request has or had a moment ago."""
        while True:
            request_id = secrets.randbelow(MAX_ID) + 1
            if not any(request_id in known for known in (self._pending, self._finished, self._listeners)):
                return request_id

    async def _resolve(self, host: str) -> tuple[str, ...]:
        """Return the IPv4 addresses of a host; a name is looked up once, and again after it fell silent.

        Raises MarstekConnectionError.
        """
        if known := self._addresses.get(host):
            return known
        try:
            return (str(ipaddress.IPv4Address(host)),)
        except ValueError:
            pass
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, None, family=socket.AF_INET, type=socket.SOCK_DGRAM
            )
        except (OSError, UnicodeError) as err:
            raise MarstekConnectionError(f"the name does not resolve: {err}") from err
        self._addresses[host] = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
        return self._addresses[host]

    async def _endpoint(self, port: int) -> Endpoint:
        """Return the open socket for a device port; raises MarstekConnectionError."""
        async with self._opening:
            if self._closed:
                raise MarstekConnectionError("the client is closed")
            if port not in self._endpoints:
                self._endpoints[port] = await Endpoint.open(
                    self._endpoint_factory, self._bind_host, port, self._on_datagram, self._on_loss
                )
            return self._endpoints[port]

    def _on_loss(self, endpoint: Endpoint, exc: Exception | None) -> None:
        """Fail what waits on a socket that closed; the next request opens another."""
        self._endpoints.pop(endpoint.port, None)
        for exchange in self._pending.values():
            if exchange.port == endpoint.port:
                exchange.deliver(MarstekConnectionError(f"the socket closed: {exc}"), self.clock())

    def _on_datagram(self, endpoint: Endpoint, data: bytes, address: str) -> None:
        """Find out whose answer a datagram is."""
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _LOGGER.debug("%s > %s", redact_address(address), redact(data))
        try:
            reply = parse_datagram(data)
        except MarstekEcho:
            self._statistics.echoes += 1
            return
        except MarstekProtocolError as err:
            self._statistics.malformed += 1
            if (exchange := self._outstanding(endpoint.port, address)) is not None:
                # A new one: the traceback would keep the datagram for as long as the request is remembered.
                exchange.garbled = MarstekProtocolError(*err.args)
            return
        if isinstance(reply, Reply) and (listener := self._listeners.get(reply.id)) is not None:
            listener(address, endpoint.port, reply, self.clock())
            return
        exchange = self._pending.get(reply.id)
        if exchange is None and isinstance(reply, ErrorReply) and reply.id == 0:
            exchange = self._outstanding(endpoint.port, address)
        if exchange is None or address not in exchange.addresses or endpoint.port != exchange.port:
            self._count_stray(reply, address)
            return
        self._deliver(exchange, reply)

    def _deliver(self, exchange: Exchange, reply: Reply | ErrorReply) -> None:
        """Hand a reply to the request that it answers, unless another device wrote it."""
        now = self.clock()
        exchange.queue.touch(now)
        if not exchange.waits:
            self._statistics.duplicates += 1
            return
        if self._pending.pop(reply.id, None) is not None:
            self._finished[reply.id] = exchange
        if exchange.mac and reply.mac and reply.mac != exchange.mac:
            self._statistics.wrong_device += 1
            exchange.deliver(MarstekWrongDevice(exchange.mac, reply.mac), now)
            return
        self._statistics.answered += 1
        exchange.answered = True
        exchange.deliver(reply, now)

    def _outstanding(self, port: int, address: str) -> Exchange | None:
        """Return the one request that a device has not answered yet."""
        for exchange in self._pending.values():
            if exchange.port == port and address in exchange.addresses:
                return exchange
        return None

    def _count_stray(self, reply: Reply | ErrorReply, address: str) -> None:
        """Count an answer that nobody waits for."""
        exchange = self._finished.get(reply.id)
        if exchange is None or address not in exchange.addresses:
            self._statistics.foreign += 1
            return
        exchange.queue.touch(self.clock())
        if exchange.answered:
            self._statistics.duplicates += 1
        else:
            self._statistics.late += 1


def _rejection(reply: ErrorReply) -> MarstekRejected:
    """Return the error object as one that may go away by asking again; raises it when it will not."""
    if reply.code == -32602:
        raise MarstekBadParameters(f"the device refuses our parameters: {reply.message}")
    rejected = (MarstekUnsupported if reply.code == -32601 else MarstekRejected)(reply.code, reply.message)
    if not rejected.retryable:
        raise rejected
    return rejected
