"""What people type as the address of a device, read as they mean it."""

from ipaddress import IPv4Address, IPv6Address
import re
from typing import Final

NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
DECIMAL: Final = re.compile(r"[0-9]{1,3}")
LABEL: Final = re.compile(r"\w(?:[\w-]{0,61}\w)?")
LONGEST_NAME: Final = 253
SCHEMES: Final = {"http", "https"}
"""What is left of an address whose slashes were mistyped."""


def device_host(text: str) -> str:
    """Return the name or address of one device; raise ValueError for anything else.

    What ends in a number is meant as an IPv4 address, as in every browser. The system would take 010 for 8, 192.168.1
    for 192.168.0.1 and 3232235786 for an address: only four decimal numbers are one, with or without zeros in front.
    """
    text = text.removesuffix(".").lower()
    if ":" in text:
        return _one_device(IPv6Address(text))
    parts = text.split(".")
    if NUMBER.fullmatch(parts[-1]):
        if not all(DECIMAL.fullmatch(part) for part in parts):
            raise ValueError(f"not four decimal numbers: {text}")
        return _one_device(IPv4Address(".".join(str(int(part)) for part in parts)))
    if len(text) > LONGEST_NAME or text in SCHEMES or not all(LABEL.fullmatch(part) for part in parts):
        raise ValueError(f"no name of a device: {text}")
    return text


def _one_device(address: IPv4Address | IPv6Address) -> str:
    """Return an address as text; raise ValueError when it is that of everybody or nobody."""
    is_odd = isinstance(address, IPv4Address) and not 0 < address.packed[0] < 240
    if is_odd or address.is_multicast or address.is_unspecified:
        raise ValueError(f"not the address of one device: {address}")
    return str(address)
