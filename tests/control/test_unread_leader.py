"""A change of leader in which something is not heard, has a name that nobody knows, or has to wait."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.control.actuation.write_budget import Writes
from custom_components.home_energy_controller.control.model import Command, CommandKind, LeaderFault, Mode
from tests.control.build import battery, site
from tests.control.world import ToyBattery, World


class Change(World):
    """Three batteries of which the first led; from now on the second has the most charge, and is to lead."""

    def __init__(self) -> None:
        """Let the first lead for a while."""
        super().__init__(site(battery("a"), battery("b"), battery("c")), load_w=700.0)
        self.told_auto_at: float | None = None
        self.unread_s = 0.0
        """So long after it was told Auto the second cannot be read, though it acknowledges."""
        self.out_of_reach_after_s: float | None = None
        self.unknown: set[str] = set()
        """Batteries whose mode, where it is not Auto, has a name that nobody knows."""
        self.without_leader_s = self.with_two_s = 0
        for key in "bc":
            self.toys[key].mode, self.toys[key].expires_at = Mode.PASSIVE, 1e9
        self.toys["a"].soc_pct, self.toys["b"].soc_pct, self.toys["c"].soc_pct = 60, 58, 50
        self.run(200)
        assert self.in_auto == ["a"]
        self.toys["a"].soc_pct, self.toys["b"].soc_pct = 40, 75
        self.each_second = lambda world: self.count()

    def count(self) -> None:
        """Count seconds without a loop, and with two."""
        self.without_leader_s += not self.in_auto
        self.with_two_s += len(self.in_auto) > 1
        if self.out_of_reach_after_s is not None and self.told_auto_at is not None:
            self.toys["b"].reachable = self.now < self.told_auto_at + self.out_of_reach_after_s

    def send(self, command: Command) -> None:
        """Note when the second is told Auto first."""
        if command.battery_id == "b" and command.kind is CommandKind.AUTO and self.told_auto_at is None:
            self.told_auto_at = self.now
        super().send(command)

    def _read(self, key: str) -> None:
        """Read a battery, where that is possible."""
        if key == "b" and self.told_auto_at is not None and self.now < self.told_auto_at + self.unread_s:
            return
        super()._read(key)
        toy = self.toys[key]
        if key in self.unknown and toy.seen is not None and toy.seen.mode and toy.seen.mode.value is not Mode.AUTO:
            toy.seen = replace(toy.seen, mode=replace(toy.seen.mode, value=Mode.UNKNOWN))

    @property
    def accused(self) -> dict[str, LeaderFault]:
        """Return who is held to have failed as leader."""
        assert self.decision is not None
        return dict(self.decision.ineligible)


@pytest.mark.parametrize("after_s", [3.0, 25.0])
def test_new_leader_that_falls_silent_in_auto_leads_on_alone(after_s: float) -> None:
    """Its last mode that was read is Passive, but it was told Auto: nobody is told Auto beside it."""
    made = Change()
    made.out_of_reach_after_s = after_s
    made.run(1400)
    assert made.in_auto == ["b"]
    assert made.with_two_s == 0
    assert abs(made.meter_w) < 50


def test_new_leader_that_fell_silent_and_does_not_work_is_replaced() -> None:
    """The meter says that nobody does the work."""
    made = Change()
    made.out_of_reach_after_s = 3.0
    made.run(60)
    made.toys["b"].mode, made.toys["b"].power_w = Mode.MANUAL, 0.0
    made.load_w = 1500
    made.run(400)
    assert made.in_auto in (["a"], ["c"])
    assert abs(made.meter_w) < 50


def test_new_leader_that_cannot_be_read_for_a_minute_is_not_given_up() -> None:
    """It acknowledged, and is in Auto: one that serves its meter does not answer each time."""
    made = Change()
    made.unread_s = 60.0
    made.run(300)
    assert (made.in_auto, made.accused) == (["b"], {})
    assert made.without_leader_s < 15


def test_leader_in_a_mode_of_an_unknown_name_is_judged_by_the_meter() -> None:
    """Somebody set a mode that we do not know, and it stands still: another one leads."""
    made = Change()
    made.run(300)
    made.unknown = {"b"}
    made.toys["b"].mode, made.toys["b"].power_w, made.toys["b"].obeys = Mode.UPS, 0.0, False
    made.run(400)
    assert made.accused == {"b": LeaderFault.WITHOUT_EFFECT}
    assert made.in_auto in (["a"], ["c"])


def test_old_leader_whose_passive_has_an_unknown_name_keeps_nobody_from_auto() -> None:
    """By what it does, it left Auto."""
    made = Change()
    made.unknown = {"a"}
    made.run(900)
    assert (made.in_auto, made.accused) == (["b"], {})
    assert made.without_leader_s < 40


@pytest.mark.parametrize("busy", ["b", "ab"])
def test_pace_of_writes_does_not_keep_a_new_leader_from_auto(busy: str) -> None:
    """It was written forty times in the hour: the powers of a handover and its Auto follow each other all the same."""
    made = Change()
    at = tuple(made.now - 3000 + 70 * number for number in range(41))
    writes = dict.fromkeys(busy, Writes(at=at, busiest_hour=41))
    made.actuation_memory = replace(made.actuation_memory, writes={**made.actuation_memory.writes, **writes})
    made.run(600)
    assert (made.in_auto, made.accused) == (["b"], {})
    assert made.without_leader_s < 15


def test_battery_that_enters_auto_late_is_not_said_to_refuse_it() -> None:
    """One reading of the old mode, seconds after the command, is no refusal."""
    made = Change()
    obey = ToyBattery._obey
    late: list[tuple[float, Command]] = []

    class Slow(ToyBattery):
        """Needs eight seconds for Auto."""

        def _obey(self, command: Command, now: float) -> None:
            """Enter Auto late."""
            if command.kind is CommandKind.AUTO and not late:
                late.append((now + 8.0, command))
                self.arriving.append(late[0])
                return
            obey(self, command, now)

    toy = made.toys["b"]
    made.toys["b"] = Slow(**{name: getattr(toy, name) for name in ToyBattery.__slots__})
    made.run(300)
    assert late
    assert (made.in_auto, made.accused) == (["b"], {})


def test_battery_that_refuses_auto_in_a_handover_is_named_by_the_first_attempt() -> None:
    """It says itself, 20 s after it was told, that it is in Passive; the old leader stays."""

    class Refusing(ToyBattery):
        """Takes setpoints only."""

        def _obey(self, command: Command, now: float) -> None:
            """Ignore Auto."""
            if command.kind is not CommandKind.AUTO:
                super()._obey(command, now)

    made = Change()
    toy = made.toys["b"]
    made.toys["b"] = Refusing(**{name: getattr(toy, name) for name in ToyBattery.__slots__})
    made.run(120)
    assert made.accused == {"b": LeaderFault.NO_AUTO}
    assert made.in_auto in (["a"], ["c"])
