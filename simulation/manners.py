"""What devices do while nothing is broken: as in the field, or politely, as they did in this house for a long time."""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from typing import Final

from simulation import assumptions as known


class PhaseTest(StrEnum):
    """When Auto finds out on which phase it works, with a power of its own.

    The firmware keeps what it found in its EEPROM, which would make no sense if it looked again every time. So `ONCE`:
    with the first Auto that lasts long enough, over again when that is cut short or the settings are lost, not after a
    power cut. It punishes in that no battery of ours has done it yet, not even one that is found in Auto.
    """

    NEVER = "never"
    ONCE = "once"
    EVERY = "every"  # with every entry into Auto: the other reading of the same source


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How a device behaves; what is not said is polite. `assumptions.py` tells what is known of each field."""

    access_point: str | None = None
    """What all tell as their `wifi_mac`; None for a MAC of their own."""
    phase_test: PhaseTest = PhaseTest.NEVER
    boot_name_s: float = 0.0
    """For so long after a power cut an HMG-50 has another name."""
    parse_errors_pct: float = 0.0
    """Of the requests of 100 bytes, and in proportion; of devices that have a meter, HMG-50 excepted."""
    soc_glitch_every_h: float = inf
    """On average; the state of charge is told as 0 then."""
    busy_answers_pct: float = 100.0
    """Of the requests to an HMG-50 that serves its meter."""
    answers_to_api_port: bool = False
    """An HMG-50 answers to the port that it listens on itself, whatever port was asked from."""


POLITE: Final = Manners()
RUDE: Final = Manners(
    access_point="06a1b0fffffe",
    phase_test=PhaseTest.ONCE,
    boot_name_s=known.BOOT_NAME_TIME,
    parse_errors_pct=known.PARSE_ERRORS,
    soc_glitch_every_h=known.SOC_GLITCH_EVERY,
    busy_answers_pct=known.BUSY_ANSWERS,
    answers_to_api_port=True,
)
"""The default."""
ON_ONE_HOST: Final = replace(RUDE, answers_to_api_port=False)
"""For a client that binds its port on all addresses, as the product does, on the machine on which the batteries live:
it cannot have the port there, and would never hear an HMG-50. At home it has it."""
WORST: Final = replace(RUDE, phase_test=PhaseTest.EVERY, busy_answers_pct=known.BUSY_ANSWERS_WORST)
MANNERS: Final = {"polite": POLITE, "rude": RUDE, "worst": WORST}
