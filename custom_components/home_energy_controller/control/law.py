"""The law: who leads, and what each follower delivers. It knows no wire, no roles and no proof.

The seam is `Law`: a pure function of `LawInput`. `decide` calls it every `DECIDE_INTERVAL_S`, takes its answer as a
wish and applies what is allowed at every moment; whatever replaces `seed_fixed` need not repeat that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .model import Timed

DECIDE_INTERVAL_S = 60.0
"""Between two runs. Every 10 s this law made up to 24 times more unwanted exchange: values not aligned, and swaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawBattery:
    """A battery that may be given work."""

    battery_id: str
    soc_pct: float
    charge_limit_w: int
    """0 when it may not charge now."""
    discharge_limit_w: int
    may_lead: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LawInput:
    """What a law may know."""

    now: float
    net_load_w: tuple[Timed[float], ...]
    """What the batteries together have to carry (W, + deficit), oldest first, at least one."""
    batteries: tuple[LawBattery, ...]
    """In the owner's order; at least one may lead."""
    leader_id: str | None
    """Who leads now."""
    setpoints: Mapping[str, int]
    """What the followers were given last (W)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawOutput:
    """Who leads, and the set-points (W) of all others."""

    leader_id: str
    setpoints: Mapping[str, int]


type Law = Callable[[LawInput], LawOutput]
