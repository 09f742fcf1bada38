"""Who answers on an address: what a battery told of itself, how far that is to be believed, and when to ask again."""

from collections import deque
from dataclasses import replace
from typing import Final

from .models import DeviceInfo
from .profiles import Family, Profile, is_bare, profile_for

DAILY_S: Final = 86_400.0
SILENCE: Final = 2
"""So many answers missed in a row are a silence, long enough for a new firmware or a new address."""
MISSED_POLLS: Final = 5
"""After one it is asked again as well, but on a bad link not with every poll: not within so many of its intervals."""
SHORTEST_AGAIN_S: Final = 300.0
SOON_S: Final = 120.0
"""After this, then twice as long each time: while a battery boots, or tells one version now and another then."""
VOUCHED_S: Final = 300.0
"""So long an identity counts for replies that name nobody: two batteries may swap addresses between two polls."""
TELLINGS: Final = 3


class Identity:
    """What one battery told of itself, and whether it is still the one that answers. Times in s of one clock."""

    def __init__(self, info: DeviceInfo | None) -> None:
        """Begin with what the configuration remembers, which counts until the battery itself tells."""
        self.info = info
        self._infos: deque[DeviceInfo] = deque(maxlen=TELLINGS)
        self._told_at: float | None = None
        self._again_s = 0.0
        self._missed_in_a_row = 0
        self._missed = self._was_silent = False
        """Whether an answer, or several in a row, failed to come since it told who it is."""
        self._signs = False
        """Whether its newest reply named our battery."""

    @property
    def profile(self) -> Profile:
        """Return how to treat it; of versions that disagree, the one that asks for most care.

        A name that says nothing is forgotten as soon as there is another.
        """
        if self.info is None:
            return profile_for(None, None)
        tellings = [*(info for info in self._infos if not is_bare(info.model)), self.info]
        return max((profile_for(info.model, info.firmware) for info in tellings), key=lambda profile: profile.care)

    @property
    def is_unknown(self) -> bool:
        """Return whether nobody knows the name that it tells; one that only boots soon tells another."""
        if not self._infos or profile_for(self._infos[-1].model, None).family is not Family.UNKNOWN:
            return False
        return not is_bare(self._infos[-1].model) or len(self._infos) == TELLINGS

    def is_due(self, now: float) -> bool:
        """Return whether to ask who it is: first of all, after missed answers, while it is unclear, and daily."""
        if self._told_at is None:
            return True
        waited_s = now - self._told_at
        if self._was_silent:
            return True
        if self._missed and waited_s >= max(SHORTEST_AGAIN_S, MISSED_POLLS * self.profile.poll_interval_s):
            return True
        return waited_s >= (DAILY_S if self._is_settled else self._again_s)

    def is_vouched(self, now: float) -> bool:
        """Return whether a command may go out, or a reply that names nobody is to be believed."""
        if self._signs:
            return True
        return self._told_at is not None and not self._missed and now - self._told_at < VOUCHED_S

    def tell(self, info: DeviceInfo, now: float) -> None:
        """Take note of what it told of itself."""
        self.info, self._told_at = info, now
        self._missed_in_a_row, self._missed, self._was_silent = 0, False, False
        self._infos.append(info)
        self._again_s = 0.0 if self._is_settled else min(max(SOON_S, 2 * self._again_s), DAILY_S)

    def hear(self, *, signed: bool) -> None:
        """Take note of a reply, which named our battery or nobody; one that suddenly names nobody may be another's."""
        self._missed_in_a_row = 0
        self._missed = self._missed or (self._signs and not signed)
        self._signs = signed

    def miss(self) -> None:
        """Take note of an answer that did not come, or could not be read."""
        self._missed_in_a_row += 1
        self._missed, self._was_silent = True, self._was_silent or self._missed_in_a_row >= SILENCE

    def doubt(self) -> None:
        """Take note that another battery answered."""
        self._signs, self._missed = False, True

    @property
    def is_in_doubt(self) -> bool:
        """Return whether it may have another firmware since it told, or be another battery."""
        return self._missed

    @property
    def _is_settled(self) -> bool:
        """Return whether its name is known, and all that it told lately asks for the same treatment."""
        profiles = {replace(profile_for(info.model, info.firmware), firmware_major=0) for info in self._infos}
        return len(profiles) <= 1 and self.profile.family is not Family.UNKNOWN
