"""The models and firmwares that the simulation knows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One model with one firmware."""

    name: str
    firmware: int


VENUS_E3_150 = Device(name="VenusE 3.0", firmware=150)
VENUS_E_156 = Device(name="VenusE", firmware=156)
