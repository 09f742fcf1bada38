"""Whether a battery does what it is told the right way round: the rest of the house is asked as well.

A firmware that turned the sign of commands and of readings alike would prove itself. But what a battery delivers, the
leader leaves to it, or the meter where the leader is at its limit: told another power, it must leave the sum of meter
and batteries, the net load, as it is. If it really did the opposite, the net load seems to move by twice its power.
"""

from .model import Timed
from .proof import MIRROR_LEAST_W, Sent

SETTLED_S = 10.0
"""The leader has answered by then."""
PATIENCE_S = 45.0
"""Where the house has told nothing by then, restless or without samples, the battery's own measurement has to do."""
CONTRADICTED_FROM, CONTRADICTED_TO = 1.5, 2.5
"""Times the told power."""


def is_right(sent: Sent, samples: tuple[Timed[float], ...], now: float) -> bool | None:
    """Return whether a proven set-point was done the right way round, None while that cannot be told."""
    told_w = sent.command.power_w
    if sent.proven_at is None or sent.is_auto or abs(told_w) < MIRROR_LEAST_W:
        return None
    waited_s = now - sent.asked_at
    after = [sample for sample in samples if sample.at >= sent.asked_at + SETTLED_S]
    if sent.load is not None and after:
        moved = [(sample.value - sent.load.value) / told_w for sample in after]
        if any(abs(share) < 1.0 for share in moved):
            return True
        if CONTRADICTED_FROM <= moved[0] <= CONTRADICTED_TO and waited_s < 2 * PATIENCE_S:
            return False  # A power that stays as it is is no second question: the kettle must not bar it for ever.
    return True if waited_s >= PATIENCE_S else None
