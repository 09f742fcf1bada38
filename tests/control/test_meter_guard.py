"""Readings of the grid meter that cannot be true."""

import pytest

from custom_components.home_energy_controller.control.meter_guard import MeterMemory, validate_reading
from custom_components.home_energy_controller.control.model import Timed


def fed(*readings: tuple[float, float], batteries_w: float = 0.0, memory: MeterMemory | None = None) -> MeterMemory:
    """Return the memory after readings: (when, W)."""
    memory = memory or MeterMemory()
    for at, value_w in readings:
        memory = validate_reading(memory, Timed(value_w, at), batteries_w)
    return memory


def test_reading_is_believed_at_once_when_it_is_like_the_last() -> None:
    """5 kW is no jump: a hob."""
    assert fed((0, 100)).trusted == Timed(100, 0)
    assert fed((0, 100), (2, 5100)).trusted == Timed(5100, 2)


@pytest.mark.parametrize("value_w", [56_000, -56_000, float("nan"), float("inf")])
def test_reading_that_no_house_can_make_is_no_reading(value_w: float) -> None:
    """The last one grows old."""
    assert fed((0, 100), (2, value_w)).trusted == Timed(100, 0)


def test_jump_waits_for_another_telegram_that_says_the_same() -> None:
    """A car of 11 kW is believed one reading later."""
    jump = fed((0, 100), (2, 11_100))
    assert (jump.trusted, jump.suspect) == (Timed(100, 0), Timed(11_100, 2))
    same = fed((3, 11_100), memory=jump)
    assert same.trusted == Timed(100, 0), "the same telegram again"
    confirmed = fed((4, 11_103), memory=jump)
    assert (confirmed.trusted, confirmed.suspect) == (Timed(11_103, 4), None)
    assert fed((12, 11_100), memory=same).trusted == Timed(11_100, 12), "ten seconds of it are no telegram"


def test_jump_that_is_taken_back_never_was() -> None:
    """And another one in its place has to be confirmed itself."""
    jump = fed((0, 100), (2, 8100))
    back = fed((4, 103), memory=jump)
    assert (back.trusted, back.suspect) == (Timed(103, 4), None)
    other = fed((4, -9000), memory=jump)
    assert (other.trusted, other.suspect) == (Timed(100, 0), Timed(-9000, 4))


def test_after_a_gap_any_power_may_be_true() -> None:
    """Half a minute."""
    assert fed((0, 100), (31, 9100)).trusted == Timed(9100, 31)


def test_value_that_stays_the_same_while_batteries_move_is_as_old_as_its_first_reading() -> None:
    """Two minutes, 500 W, and not one watt of difference."""
    moved = fed(*((at, 100.0) for at in range(0, 100, 10)))
    moved = fed((110, 100), batteries_w=500, memory=moved)
    assert (moved.trusted, moved.is_frozen) == (Timed(100, 110), False)
    frozen = fed((120, 100), batteries_w=0, memory=moved)
    assert (frozen.trusted, frozen.is_frozen) == (Timed(100, 0), True)
    alive = fed((130, 101), memory=frozen)
    assert (alive.trusted, alive.is_frozen) == (Timed(101, 130), False)


def test_value_that_stays_the_same_while_nothing_moves_is_believed() -> None:
    """A quiet night, or a sensor that rounds."""
    calm = fed(*((at, 100.0) for at in range(0, 1000, 10)), batteries_w=499)
    assert (calm.trusted, calm.is_frozen) == (Timed(100, 990), False)


@pytest.mark.parametrize(("value_w", "step_w"), [(0, 1), (2, 1), (-20, 10), (48, 25), (-200, 100)])
def test_leader_may_keep_a_meter_at_zero_for_as_long_as_it_rounds(value_w: float, step_w: float) -> None:
    """An evening of a slow sunset: batteries move by kilowatts, a meter that rounds or filters shows nothing of it."""
    memory = MeterMemory()
    for at in range(0, 3000, 10):
        memory = validate_reading(memory, Timed(value_w, at), at * 1.0, step_w)
        assert not memory.is_frozen
    beyond = MeterMemory()
    for at in range(0, 130, 10):
        beyond = validate_reading(beyond, Timed(value_w + 2.1 * step_w, at), at * 10.0, step_w)
    assert beyond.is_frozen is (value_w >= 0)


def test_sensor_that_says_nothing_for_an_hour_while_batteries_move_is_dead() -> None:
    """Wherever it stands; one that repeats its value aloud is not."""
    memory = MeterMemory()
    for at in range(0, 3600, 10):
        memory = validate_reading(memory, Timed(0.0, at), at / 5, 100.0, at)
        assert not memory.is_frozen
    assert validate_reading(memory, Timed(0.0, 3600), 0.0, 100.0, 5.0).is_frozen is False
    assert validate_reading(memory, Timed(0.0, 3600), 0.0, 100.0, 3600.0).is_frozen


def test_telegrams_that_were_none_make_the_value_as_old_as_the_last_one() -> None:
    """And no younger than it was."""
    assert fed((0, 100), (10, 100)).as_of(4).trusted == Timed(100, 4)
    assert fed((0, 100)).as_of(4).trusted == Timed(100, 0)
    assert MeterMemory().as_of(4).trusted is None
