"""Rivals without set-points: idle, the batteries' own Auto, and the rotation of one Auto battery.

Written from descriptions, not from code: control.md sections 2.2 and 2.10 say where each comes from.
"""

from math import inf
from typing import Protocol

from benchmarks.home import Stage
from custom_components.home_energy_controller.marstek.frames import Method, auto_config, disabled_slot_config
from simulation.battery import DeviceMode
from simulation.virtual import Exchange


class Strategy(Protocol):
    """Something that is asked before each step of the house."""

    def step(self, now: float) -> None:
        """Do what is due at `now` (s)."""


class Modes:
    """Gives each battery its mode once: the first ones Auto, the others idle."""

    def __init__(self, stage: Stage, autos: int) -> None:
        for index in range(stage.home.batteries):
            stage.tell(index, DeviceMode.AUTO if index < autos else DeviceMode.MANUAL)

    def step(self, now: float) -> None:
        """Do nothing more."""


class Stijn:
    """stijn-portfolio's rotation (MIT): one battery in Auto, the rest Manual 0, by ES.GetMode and ES.SetMode over UDP.

    The fullest takes over after 2 min of import above 200 W, the emptiest after 2 min of export above 500 W, at most
    every 5 min; the new one goes to Auto 5 s before the old one leaves it.
    """

    IMPORT_W, EXPORT_W = 200.0, -500.0
    HOLD_S, SWAP_S, OVERLAP_S, CALL_GAP_S, TIMEOUT_S = 120.0, 300.0, 5.0, 2.0, 3.0

    def __init__(self, stage: Stage) -> None:
        self._stage, self._links = stage, [stage.link(index) for index in range(stage.home.batteries)]
        self._leader, self._beyond_since, self._swapped_at, self._off_at, self._off = 0, inf, 0.0, inf, 0
        self._asked: list[Exchange] = []
        for index, link in enumerate(self._links):
            link.gap_s, link.retry_s = self.CALL_GAP_S, (self.TIMEOUT_S, self.TIMEOUT_S)
            self._set(index, auto=index == 0)

    def step(self, now: float) -> None:
        """Watch the meter; when it is due ask all, and swap when they have answered."""
        for link in self._links:
            link.step(now)
        self._stage.tally["datagrams"] = sum(link.datagrams for link in self._links)
        if now >= self._off_at:
            self._off_at = inf
            self._set(self._off, auto=False)
        grid_w = self._stage.house.meter.value_w or 0.0
        is_beyond = grid_w > self.IMPORT_W or grid_w < self.EXPORT_W
        self._beyond_since = min(self._beyond_since, now) if is_beyond else inf
        if self._asked and all(exchange.done_at is not None for exchange in self._asked):
            self._swap(self._asked, grid_w, now)
            self._asked = []
        elif not self._asked and now >= max(self._beyond_since + self.HOLD_S, self._swapped_at + self.SWAP_S):
            self._asked = [link.ask(Method.ES_GET_MODE, {"id": 0}, now) for link in self._links]

    def _swap(self, answers: list[Exchange], grid_w: float, now: float) -> None:
        """Let the fullest, or the emptiest, take over."""
        self._swapped_at = now
        socs = {index: answer.reply["result"]["bat_soc"] for index, answer in enumerate(answers) if answer.reply}
        best = (max if grid_w > 0 else min)(socs, key=lambda index: socs[index], default=self._leader)
        if best != self._leader:
            self._set(best, auto=True)
            self._off_at, self._off, self._leader = now + self.OVERLAP_S, self._leader, best

    def _set(self, index: int, *, auto: bool) -> None:
        """Send a mode."""
        config = auto_config() if auto else disabled_slot_config(9)
        self._stage.count(index, DeviceMode.AUTO if auto else DeviceMode.MANUAL, 0.0)
        self._links[index].ask(Method.ES_SET_MODE, {"id": 0, "config": config}, self._stage.house.now)
