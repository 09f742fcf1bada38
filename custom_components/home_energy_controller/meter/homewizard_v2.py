"""The HomeWizard P1 meter, read through version 2 of its local API: HTTPS, and a token for who pressed its button.

It is read once more in every cycle and not by the pushes of its websocket: a push is no younger than the answer to a
question, which is the newest telegram, and it comes when nobody decides anything.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
import logging
import ssl
from typing import Any, Final, cast

import aiohttp
from homewizard_energy.const import LOGGER as LIBRARY_LOGGER
from homewizard_energy.errors import (
    DisabledError,
    HomeWizardEnergyException,
    NotFoundError,
    UnauthorizedError,
)
from homewizard_energy.models import Measurement, get_verification_hostname
from homewizard_energy.v2 import HomeWizardEnergyV2

from .base import (
    MeterError,
    MeterFrozen,
    MeterInvalidReply,
    MeterNotFound,
    MeterNotPaired,
    MeterReading,
    MeterUnauthorized,
    MeterUnreachable,
    MeterWrongCertificate,
)
from .homewizard import MeterIdentity, believable_power, read_bounded
from .telegrams import TelegramWatch

TIMEOUT_S: Final = 1.5
"""For a reading, as with the first version: who waits longer acts on what is past."""
EXCHANGE_LIMIT_S: Final = 8.0
"""For what nobody waits for any more: so long a small device may need to agree on keys, which are used again then."""
NO_TOKEN: Final = "none"  # noqa: S105 - asked with this, a device says whether it would speak to us
UNREADABLE: Final = (HomeWizardEnergyException, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What the library raises on replies that are none."""

type Spawn = Callable[[Coroutine[Any, Any, _Answer], str], asyncio.Task[_Answer]]


@dataclass(frozen=True, slots=True)
class _Reply:
    """A reply as the library reads it."""

    status: int
    body: str

    async def text(self, encoding: str = "utf-8") -> str:
        """Return the whole body."""
        return self.body


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the meter measured, and when (s) it was asked and answered."""

    measurement: Measurement
    asked_at: float
    answered_at: float


class _Wire:
    """The part of a session that the library uses: one try in a bounded time, a bounded reply, and errors of ours."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Use a session that belongs to somebody else."""
        self._session = session

    async def request(self, method: str, url: str, **options: Any) -> _Reply:
        """Return a reply; every failure raises a MeterError, at which the library does not try again."""
        options |= {"timeout": aiohttp.ClientTimeout(total=EXCHANGE_LIMIT_S), "allow_redirects": False}
        try:
            async with self._session.request(method, url, **options) as response:
                if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or 300 <= response.status < 400:
                    raise MeterInvalidReply(f"HTTP status {response.status}")
                return _Reply(response.status, (await read_bounded(response.content)).decode())
        except (aiohttp.ClientConnectorCertificateError, ssl.CertificateError) as err:
            raise MeterWrongCertificate("The certificate is not that of this meter") from err
        except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError, UnicodeDecodeError) as err:
            raise MeterInvalidReply(f"Not the HTTP of a meter: {type(err).__name__}") from err
        except (TimeoutError, aiohttp.ClientError, ValueError) as err:
            raise MeterUnreachable(f"No answer: {type(err).__name__}") from err


class HomeWizardV2:
    """One HomeWizard device at an address; with `identity` it has to show the certificate of just that one."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        host: str,
        *,
        port: int,
        identity: tuple[str, str] | None = None,
        token: str | None = None,
    ) -> None:
        """Speak to `host` on a session of the caller; `identity` is product type and serial."""
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        name = None if identity is None else get_verification_hostname(*identity)
        wire = cast("aiohttp.ClientSession", _Wire(session))
        self._api = HomeWizardEnergyV2(address, identifier=name, token=token or NO_TOKEN, clientsession=wire)

    async def is_there(self) -> bool:
        """Return whether a HomeWizard device with this API, the right one, answers at the address."""
        try:
            await self.identify()
        except MeterUnauthorized:
            return True
        except MeterError:
            return False
        return True

    async def identify(self) -> MeterIdentity:
        """Return what the device says that it is; raise MeterError when it does not."""
        with _own_errors():
            device = await self._api.device(reset_cache=True)
        return MeterIdentity.of(device.product_type, device.product_name, device.serial)

    async def measure(self) -> Measurement:
        """Return the newest measurement; raise MeterError when there is none."""
        with _own_errors():
            return await self._api.measurement()

    async def request_token(self, name: str) -> str:
        """Return a new token in the name of a program; raise MeterNotPaired until the button is pressed."""
        with _own_errors(), _silent_library():
            return await self._api.get_token(name)


class HomeWizardV2Meter:
    """Reads one HomeWizard meter; `spawn` starts a task that ends with Home Assistant at the latest."""

    def __init__(self, device: HomeWizardV2, *, spawn: Spawn, clock: Callable[[], float]) -> None:
        """Read a device, stamping readings with `clock` (monotonic seconds)."""
        self._device = device
        self._spawn = spawn
        self._clock = clock
        self._telegrams = TelegramWatch()
        self._shows_watts = False
        """Whether a power was seen that is no multiple of 10 W, to which old meters round."""
        self._underway: asyncio.Task[_Answer] | None = None

    @property
    def description(self) -> str:
        """Return a name for logs and diagnostics, without an address."""
        return "HomeWizard P1"

    async def read(self) -> MeterReading:
        """Return the present power; raise MeterError when there is none.

        An answer that is late is no reading. The question is not taken back though: what took so long may be the
        connection, which is there the next time.
        """
        if self._underway is None or self._underway.done():
            self._underway = self._spawn(self._ask(), "read the meter")
            self._underway.add_done_callback(_note_outcome)
        task = self._underway
        await asyncio.wait([task], timeout=TIMEOUT_S)
        if not task.done() or task.cancelled():
            raise MeterUnreachable("No answer in time")
        answer = task.result()
        if answer.answered_at - answer.asked_at > TIMEOUT_S:
            raise MeterUnreachable("The answer came too late")
        return self._reading(answer)

    async def _ask(self) -> _Answer:
        """Ask once."""
        asked_at = self._clock()
        measurement = await self._device.measure()
        return _Answer(measurement, asked_at, self._clock())

    def _reading(self, answer: _Answer) -> MeterReading:
        """Return what a measurement says, if it can be believed."""
        measurement = answer.measurement
        # The meter looked at its value somewhere between question and answer: half way is the best guess.
        at = (answer.asked_at + answer.answered_at) / 2
        power_w = believable_power(measurement.power_w)
        if power_w is None:
            raise MeterInvalidReply(f"power_w is no believable power: {measurement.power_w!r:.40}")
        frozen_since = self._telegrams.frozen_since(_as_telegram(measurement), power_w, at)
        if frozen_since is not None:
            raise MeterFrozen(frozen_since)
        self._shows_watts = self._shows_watts or power_w % 10 != 0
        told = (measurement.power_l1_w, measurement.power_l2_w, measurement.power_l3_w)
        one, two, three = (believable_power(phase_w) for phase_w in told)
        return MeterReading(
            power_w=power_w,
            at=at,
            phases_w=None if one is None or two is None or three is None else (one, two, three),
            step_w=1.0 if self._shows_watts else 10.0,
            is_export=power_w < 0,
        )


@contextmanager
def _own_errors() -> Iterator[None]:
    """Turn the library's errors into those of a meter."""
    try:
        yield
    except UnauthorizedError as err:
        raise MeterUnauthorized("The meter does not accept the token") from err
    except DisabledError as err:
        raise MeterNotPaired("The button was not pressed") from err
    except NotFoundError as err:
        raise MeterNotFound("There is no such API at this address") from err
    except UNREADABLE as err:
        # Without the library's text, which may hold what the device said.
        raise MeterInvalidReply(f"Not the reply of a meter: {type(err).__name__}") from None


@contextmanager
def _silent_library() -> Iterator[None]:
    """Keep the library from writing a token into its debug log."""

    def is_important(record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG

    LIBRARY_LOGGER.addFilter(is_important)
    try:
        yield
    finally:
        LIBRARY_LOGGER.removeFilter(is_important)


def _note_outcome(task: asyncio.Task[_Answer]) -> None:
    """Take note of an error that nobody waits for any more, so that asyncio does not report it."""
    if not task.cancelled():
        task.exception()


def _as_telegram(measurement: Measurement) -> dict[str, object]:
    """Return a measurement under the names of the first version, which is what is watched for telegrams that repeat."""
    return {
        name.replace("energy_", "total_power_", 1) if name.startswith("energy_") else f"active_{name}": value
        for name, value in measurement.to_dict().items()
    }
