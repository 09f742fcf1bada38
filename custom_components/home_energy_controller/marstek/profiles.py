"""What each family and firmware can do, cannot do, and in which units it speaks: one table."""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
import re
from typing import Final


class Family(StrEnum):
    """Hardware families; one device string may cover several sales names."""

    VENUS_E3 = "venus_e3"
    HMG50 = "hmg50"
    """Venus E of the first two generations."""
    HMG25 = "hmg25"
    """Venus C: half the cells, the same firmware."""
    VENUS_A = "venus_a"
    VENUS_D = "venus_d"
    MINI = "mini"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How to treat one family from one firmware on."""

    family: Family
    firmware_major: int
    temperature_scale: float | None = 1.0
    """From the raw number to degrees; None where nobody established it: then it is not reported."""
    reset_prone: bool = False
    """Polling may wipe the settings of the device (taurgis#14, jaapp#75): ask seldom, and GetMode or GetStatus only."""
    has_passive: bool = True
    has_pv: bool | None = False
    """Whether solar strings can be connected; None where nobody knows: then what PV.GetStatus answers decides."""
    pv1_may_be_deciwatt: bool = False
    """Whether the first string comes in 0.1 W where its voltage and current, which decide everywhere, do not tell."""
    energy_status_answers: bool = True
    mode_read_delay_s: float = 0.0
    """ES.GetMode sooner after a write made firmware 148 fall back to Auto (jaapp#111)."""
    slot_count: int = 10
    power_class_choices: tuple[int, ...] = (600, 800, 1200, 1500, 2200, 2500)
    """What the owner can have set in the app (W); the API neither tells nor rejects, it clamps."""

    @property
    def rated_charge_w(self) -> int:
        """Return what the device allows itself when it charges: the hardware's limit; the class binds discharging."""
        return max(self.power_class_choices)

    @property
    def request_gap_s(self) -> float:
        """Return the pause that the device needs after each reply."""
        return 2.5 if self.reset_prone else 1.0

    @property
    def poll_interval_s(self) -> float:
        """Return how often the device may be polled."""
        return 120.0 if self.reset_prone else 30.0

    @property
    def proof_spacing_s(self) -> float:
        """Return the least time between two readings that prove a command: a prone device is asked once, not thrice."""
        return 30.0 if self.reset_prone else 0.0

    @property
    def battery_status_safe(self) -> bool:
        """Return whether Bat.GetStatus may be asked: settings were lost right after it (taurgis#14)."""
        return not self.reset_prone and self.family is not Family.MINI

    @property
    def care(self) -> tuple[bool, bool, float, bool, int]:
        """Return how careful it is: of two that a device may have, the one with the greater care is right."""
        silent, is_unknown = not self.energy_status_answers, self.family is Family.UNKNOWN
        return self.reset_prone, is_unknown, self.mode_read_delay_s, silent or not self.has_passive, self.rated_charge_w


# The newest firmware of each family. It is no longer reset prone: the vendor mended that with 150 for E3, A and D
# (taurgis#15) and with 156 for HMG-50.
_E3: Final = Profile(family=Family.VENUS_E3, firmware_major=150, power_class_choices=(600, 800, 2500))
_HMG50: Final = Profile(
    family=Family.HMG50, firmware_major=156, temperature_scale=10.0, power_class_choices=(600, 800, 2500)
)
_A: Final = Profile(
    family=Family.VENUS_A,
    firmware_major=150,
    has_pv=True,
    pv1_may_be_deciwatt=True,
    power_class_choices=(600, 800, 1200, 1500),
)
_D: Final = Profile(family=Family.VENUS_D, firmware_major=150, has_pv=True, power_class_choices=(600, 800, 2200, 2500))
_MINI: Final = Profile(
    family=Family.MINI, firmware_major=0, has_passive=False, slot_count=6, power_class_choices=(600, 800)
)
_E3_144: Final = replace(_E3, firmware_major=144, reset_prone=True, mode_read_delay_s=15.0)
_E3_139: Final = replace(
    _E3_144, firmware_major=139, temperature_scale=0.1, energy_status_answers=False, mode_read_delay_s=0.0
)
_A_148: Final = replace(_A, firmware_major=148, reset_prone=True, mode_read_delay_s=15.0)
_D_148: Final = replace(_D, firmware_major=148, reset_prone=True, mode_read_delay_s=15.0)

# Per family in the order of the first firmware; the last row that applies counts.
_TABLE: Final = (
    # GetStatus is mute on 137 and 139 (jaapp#9, #74); some 135 have no Passive (jaapp#71); 139 has temperature x10.
    replace(_E3_139, firmware_major=0, temperature_scale=1.0, has_passive=False),
    _E3_139,
    _E3_144,
    _E3,
    # The scale changes at 154 (jaapp#67); 154 and 155 leave GetStatus unanswered (stijn).
    replace(_HMG50, firmware_major=0, temperature_scale=1.0, reset_prone=True),
    replace(_HMG50, firmware_major=154, reset_prone=True, energy_status_answers=False),
    _HMG50,
    # 1500 W from 148 (taurgis#27); the first string is mostly in 0.1 W (taurgis#2, #57).
    replace(_A_148, firmware_major=0, power_class_choices=(600, 800, 1200)),
    _A_148,
    _A,
    # 2500 W from 148 (taurgis#27).
    replace(_D_148, firmware_major=0, power_class_choices=(600, 800, 2200)),
    _D_148,
    _D,
    # It ignores the power of a slot and rejects Passive (jaapp#140).
    _MINI,
    # Whatever we do not know is treated with the greatest care.
    Profile(
        family=Family.UNKNOWN,
        firmware_major=0,
        temperature_scale=None,
        reset_prone=True,
        has_pv=None,
        energy_status_answers=False,
    ),
)

# Whole names, without blanks, dots and dashes: "VenusE Pro" runs the firmware of a Venus A, and the coming VNSE4-0,
# VNSA2-0, VNSD2-0 and others are nobody's children yet: seen in forums, without a reply of one.
_FAMILIES: Final = {
    "venuse30": Family.VENUS_E3,
    "venuse3": Family.VENUS_E3,
    "vnse30": Family.VENUS_E3,
    "vnse3": Family.VENUS_E3,
    "venuse": Family.HMG50,
    "hmg50": Family.HMG50,
    "venusc": Family.HMG25,
    "hmg25": Family.HMG25,
    "venusa": Family.VENUS_A,
    "vnsa0": Family.VENUS_A,
    "vnsa": Family.VENUS_A,
    "venusd": Family.VENUS_D,
    "vnsd0": Family.VENUS_D,
    "vnsd": Family.VENUS_D,
    "vnsem0": Family.MINI,
    "vnsem": Family.MINI,
}
_SAME_FIRMWARE: Final = {Family.HMG25: Family.HMG50}
_BARE_NAMES: Final = {"", "venus"}
"""An HMG-50 names itself so until its BMS is up (taurgis)."""


def firmware_major(firmware: int | None) -> int:
    """Return the firmware without its dotted part: 148 for 148 and 1483; 0 (the oldest) when unknown."""
    if firmware is None:
        return 0
    return firmware // 10 if 1000 <= firmware < 2000 else firmware


@lru_cache(maxsize=32)
def profile_for(model: str | None, firmware: int | None) -> Profile:
    """Return how to treat a device with this device string and `ver` as reported."""
    family = _FAMILIES.get(_normalised(model), Family.UNKNOWN)
    major, listed = firmware_major(firmware), _SAME_FIRMWARE.get(family, family)
    row = [profile for profile in _TABLE if profile.family is listed and profile.firmware_major <= major][-1]
    return replace(row, family=family, firmware_major=major)


def is_bare(model: str | None) -> bool:
    """Return whether a device string says no more than that it is a battery of theirs, or nothing at all."""
    return _normalised(model) in _BARE_NAMES


def _normalised(model: str | None) -> str:
    """Return the letters and digits of a device string, in lower case; a MAC behind it is no part of the name."""
    name = re.sub(r"-[0-9a-f]{12}$", "", (model or "").lower())
    return "".join(character for character in name if character.isalnum())


def model_name(model: str | None) -> str:
    """Return a device string such as "VenusE 3.0" as people write it: "Venus E 3.0"."""
    return re.sub(r"^Venus(?=\w)", "Venus ", model) if model else "Marstek"


def firmware_text(firmware: int | None) -> str:
    """Return a version as the app shows it: four digits carry a decimal (1483 is 148.3)."""
    if firmware is None:
        return "?"
    return f"{firmware / 10:.1f}" if firmware_major(firmware) != firmware else str(firmware)
