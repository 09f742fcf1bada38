"""Small houses and hand-made runs."""

from collections.abc import Sequence

import numpy as np

from benchmarks.home import Home, Stage
from benchmarks.scenarios import Case
from benchmarks.scores import Record


def flat(*pieces: tuple[float, int], soc_pct: float = 60.0, start_hour: float = 0.0) -> Case:
    """Return a case of (W, seconds) pieces; all batteries begin at the same charge."""
    net_load_w = tuple(watts for watts, seconds in pieces for _ in range(seconds))
    return Case("flat", net_load_w, start_hour, soc_pct, 0.0)


def stage(case: Case, batteries: int = 3, seed: int = 1) -> Stage:
    """Return a stage for a case, with a network that loses nothing."""
    return Stage(case, Home(batteries=batteries, loss_pct=0.0), seed)


def record(
    grid_w: Sequence[float],
    powers_w: Sequence[Sequence[float]] = (),
    *,
    start_hour: float = 0.0,
    gained_wh: float = 0.0,
) -> Record:
    """Return a run with steps of a second."""
    powers = np.array(powers_w if len(powers_w) else [[0.0] * len(grid_w)], dtype=np.float64)
    return Record(
        grid_w=np.array(grid_w, dtype=np.float64),
        powers_w=powers,
        soc_pct=np.array([[50.0 - 2 * index, 60.0 - 10 * index] for index in range(len(powers))]),
        capacity_wh=5000.0,
        gained_wh=gained_wh,
        lost_wh=100.0,
        tally={"commands": 6, "mode_changes": 2},
        start_hour=start_hour,
        step_s=1.0,
    )
