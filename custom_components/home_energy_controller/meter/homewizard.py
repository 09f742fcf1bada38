"""The HomeWizard P1 meter, read through version 1 of its local API."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
import json
import re
from typing import Final, Self

import aiohttp
from yarl import URL

from .base import (
    MAX_POWER_W,
    MeterApiDisabled,
    MeterFrozen,
    MeterInvalidReply,
    MeterNotFound,
    MeterReading,
    MeterUnreachable,
)
from .telegrams import TelegramWatch

TIMEOUT: Final = aiohttp.ClientTimeout(total=1.5)
"""A cycle that waits longer than this for its meter acts on what is already past."""

MAX_REPLY_BYTES: Final = 16 * 1024
"""A P1 with gas, water and heat meters attached answers with about 2 kB."""

_SERIAL: Final = re.compile("[0-9a-fA-F]{12}")

GRID_METERS: Final = frozenset({"HWE-P1", "HWE-KWH1", "HWE-KWH3", "SDM230-wifi", "SDM630-wifi"})
"""Products that can sit in a grid connection: the P1 and the kWh meters, not sockets, water meters or batteries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterIdentity:
    """What a HomeWizard device says that it is; the serial is its Wi-Fi MAC (12 hex digits, lower case)."""

    product_type: str
    product_name: str
    serial: str

    @classmethod
    def of(cls, product_type: object, product_name: object, serial: object) -> Self:
        """Return the identity that a device tells; raise MeterInvalidReply when it is none."""
        if not (isinstance(product_type, str) and isinstance(serial, str) and _SERIAL.fullmatch(serial)):
            raise MeterInvalidReply("The reply holds no product type and serial")
        name = ascii(product_name or product_type)[1:-1][:64]
        return cls(product_type=product_type, product_name=name, serial=serial.lower())

    @property
    def is_grid_meter(self) -> bool:
        """Return whether this product measures a grid connection."""
        return self.product_type in GRID_METERS


class HomeWizardMeter:
    """Reads one HomeWizard meter over HTTP, on a session that belongs to the caller."""

    def __init__(
        self, session: aiohttp.ClientSession, host: str, *, port: int = 80, clock: Callable[[], float]
    ) -> None:
        """Read `host`, stamping readings with `clock` (monotonic seconds)."""
        self._session = session
        self._host = host
        self._port = port
        self._clock = clock
        self._telegrams = TelegramWatch()
        self._shows_watts = False
        """Whether a power was seen that is no multiple of 10 W, to which old meters round."""

    @property
    def description(self) -> str:
        """Return a name for logs and diagnostics, without an address."""
        return "HomeWizard P1"

    async def read(self) -> MeterReading:
        """Return the present power; raise MeterError when there is none."""
        asked_at = self._clock()
        reply = await self._get("/api/v1/data")
        # The meter looked at its value somewhere between question and answer: half way is the best guess.
        at = (asked_at + self._clock()) / 2
        power_w = believable_power(reply.get("active_power_w"))
        if power_w is None:
            raise MeterInvalidReply(f"active_power_w is no believable power: {reply.get('active_power_w')!r:.40}")
        frozen_since = self._telegrams.frozen_since(reply, power_w, at)
        if frozen_since is not None:
            raise MeterFrozen(frozen_since)
        self._shows_watts = self._shows_watts or power_w % 10 != 0
        # A connection of one phase has the first only.
        one, two, three = (believable_power(reply.get(f"active_power_l{phase}_w")) for phase in (1, 2, 3))
        phases_w = None if one is None or two is None or three is None else (one, two, three)
        return MeterReading(
            power_w=power_w,
            at=at,
            phases_w=phases_w,
            step_w=1.0 if self._shows_watts else 10.0,
            is_export=power_w < 0,
        )

    async def identify(self) -> MeterIdentity:
        """Return what the device says that it is; raise MeterError when it does not say."""
        reply = await self._get("/api")
        return MeterIdentity.of(reply.get("product_type"), reply.get("product_name"), reply.get("serial"))

    async def _get(self, path: str) -> dict[str, object]:
        """Return the JSON object at `path`; every failure raises a MeterError."""
        try:
            url = URL.build(scheme="http", host=self._host, port=self._port, path=path)
            # A meter never redirects, and nothing else on the network may send us elsewhere.
            async with self._session.get(url, timeout=TIMEOUT, allow_redirects=False) as response:
                _check_status(response.status)
                body = await read_bounded(response.content)
        except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError) as err:
            raise MeterInvalidReply(f"Not the HTTP of a meter: {type(err).__name__}") from err
        except (TimeoutError, aiohttp.ClientError, ValueError) as err:
            # ValueError: a host that is no host, by yarl or by the resolver's IDNA codec.
            raise MeterUnreachable(f"No answer: {type(err).__name__}") from err
        return _parse_object(body)


def believable_power(value: object) -> float | None:
    """Return a believable power (W); NaN, for which every comparison is false, is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_POWER_W:
        return None
    return float(value)


def _check_status(status: int) -> None:
    """Raise the MeterError that an HTTP status stands for."""
    if status == HTTPStatus.FORBIDDEN:
        raise MeterApiDisabled("The local API is switched off")
    if status == HTTPStatus.NOT_FOUND:
        raise MeterNotFound("There is no HomeWizard API at this address")
    if status != HTTPStatus.OK:
        raise MeterInvalidReply(f"HTTP status {status}")


async def read_bounded(content: aiohttp.StreamReader) -> bytes:
    """Return the whole body; raise MeterInvalidReply as soon as it is too long for a meter."""
    body = bytearray()
    async for chunk in content.iter_chunked(4096):
        body += chunk
        if len(body) > MAX_REPLY_BYTES:
            raise MeterInvalidReply(f"The reply is longer than {MAX_REPLY_BYTES} bytes")
    return bytes(body)


def _parse_object(body: bytes) -> dict[str, object]:
    """Return the JSON object in `body`; raise MeterInvalidReply for anything else."""
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError) as err:
        # RecursionError: 16 kB hold brackets enough to exhaust the parser's stack.
        raise MeterInvalidReply("The reply is no JSON") from err
    if not isinstance(reply, dict):
        raise MeterInvalidReply("The reply is no JSON object")
    return reply
