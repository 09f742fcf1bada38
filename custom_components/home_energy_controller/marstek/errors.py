"""What can go wrong between us and a battery."""


class MarstekError(Exception):
    """Base of everything that this package raises."""


class MarstekConnectionError(MarstekError):
    """The socket cannot be opened or used, the name does not resolve, or the client is closed."""


class MarstekTimeout(MarstekError):  # noqa: N818 - the name says what happened, like the built-in TimeoutError's cause
    """Nobody answered within all sends; a command may have taken effect all the same."""

    def __init__(self, message: str, *, sends: int) -> None:
        """Keep the number of datagrams that stayed unanswered."""
        super().__init__(message)
        self.sends = sends


class MarstekProtocolError(MarstekError):
    """An answer that cannot be read, or says something impossible."""


class MarstekEcho(MarstekProtocolError):  # noqa: N818 - no fault of anybody: broadcasts reach our own socket too
    """A request where a reply was expected."""


class MarstekRejected(MarstekError):  # noqa: N818 - named after the answer of the device
    """The device answered with an error object."""

    def __init__(self, code: int, message: str) -> None:
        """Keep the JSON-RPC code."""
        super().__init__(f"the device answered with error {code}: {message}")
        self.code = code

    @property
    def retryable(self) -> bool:
        """Return whether the same request may work next time: firmware 144 finds parse errors in valid requests."""
        return self.code == -32700


class MarstekUnsupported(MarstekRejected):
    """This model or firmware does not know the method (-32601)."""


class MarstekWrongDevice(MarstekError):  # noqa: N818 - named after what was found
    """Another battery answers on this address."""

    def __init__(self, expected: str, found: str) -> None:
        """Keep both BLE MACs; the message shows their vendor part only."""
        super().__init__(f"expected battery {expected[:6]}xxxxxx, but {found[:6]}xxxxxx answered")
        self.expected = expected
        self.found = found


class MarstekBadParameters(MarstekError):  # noqa: N818 - named after the answer of the device
    """We asked for something outside the allowed range, or the device says so (-32602): a fault of the caller."""


class MarstekSuperseded(MarstekError):  # noqa: N818 - no fault of anybody
    """A read was abandoned because a command to the same battery came up."""
