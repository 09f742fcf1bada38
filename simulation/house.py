"""The plant that closes the loop: net load, batteries, meter and accounts."""

from collections.abc import Callable, Sequence

from simulation.battery import BatteryModel

type Signal = Callable[[float], float]
"""Watts at a time in seconds."""


class House:
    """A home whose grid power is its net load less what the batteries deliver."""

    def __init__(
        self,
        batteries: Sequence[BatteryModel],
        load: Signal,
        pv: Signal | None = None,
        *,
        seed: int = 1,
        speed: float = 1.0,
    ) -> None:
        self.batteries = tuple(batteries)
        self.now = 0.0
        self.grid_w = 0.0

    def step(self, dt_s: float) -> None:
        """Go on by `dt_s` seconds."""
        raise NotImplementedError

    def run(self, duration_s: float, step_s: float = 0.5) -> None:
        """Step through `duration_s` of virtual time at once."""
        raise NotImplementedError

    async def run_realtime(self, step_s: float = 0.25) -> None:
        """Step with the wall clock until cancelled."""
        raise NotImplementedError
