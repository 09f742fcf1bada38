"""When the meter and the batteries together tell the household's net load."""

from custom_components.home_energy_controller.control.model import Timed
from custom_components.home_energy_controller.control.net_load import sample_net_load
from tests.control.build import auto, outcome, passive, seen


def test_sample_is_meter_plus_batteries_at_the_leaders_reply() -> None:
    """The meter is taken half way between its two readings."""
    batteries = (seen("a", power=800, at=100.5), seen("b", power=-200, at=80))
    assert sample_net_load(Timed(100, 100), Timed(120, 101), batteries, "a", 101) == Timed(110 + 800 - 200, 100.5)


def test_leaders_reply_outside_the_two_readings_gives_no_sample() -> None:
    """By a tenth of a second."""
    before, after = Timed(100.0, 100), Timed(100.0, 101)
    assert sample_net_load(before, after, (seen("a", at=99.9),), "a", 101) is None
    assert sample_net_load(before, after, (seen("a", at=101.1),), "a", 102) is None


def test_one_reading_is_no_bracket() -> None:
    """Before or after."""
    assert sample_net_load(Timed(100, 100), None, (seen("a", at=100.5),), "a", 101) is None
    assert sample_net_load(None, Timed(100, 101), (seen("a", at=100.5),), "a", 101) is None


def test_meter_that_moved_300_w_meanwhile_gives_no_sample() -> None:
    """Something was switched, and nobody knows which value belongs to the reply."""
    battery = (seen("a", at=100.5),)
    assert sample_net_load(Timed(0, 100), Timed(300, 101), battery, "a", 101) is None
    assert sample_net_load(Timed(0, 100), Timed(299, 101), battery, "a", 101) is not None


def test_leader_of_unknown_power_gives_no_sample() -> None:
    """Nothing missing becomes 0."""
    assert sample_net_load(Timed(0, 100), Timed(0, 101), (seen("a", power=None),), "a", 101) is None
    assert sample_net_load(Timed(0, 100), Timed(0, 101), (seen("a", power=float("nan"), at=100),), "a", 101) is None


def test_silent_follower_counts_as_part_of_the_house() -> None:
    """Fresh means what the caller says it means."""
    batteries = (seen("a", power=500, at=100), seen("b", power=800, at=5))
    assert sample_net_load(Timed(0, 100), Timed(0, 100), batteries, "a", 100) == Timed(500, 100)
    limits = {"b": 360.0}
    assert sample_net_load(Timed(0, 100), Timed(0, 100), batteries, "a", 100, age_limit_s=limits) == Timed(1300, 100)


def test_follower_told_something_else_since_it_was_read_gives_no_sample() -> None:
    """Its reading is history."""
    leader = seen("a", power=500, at=100)
    told = seen("b", power=0, at=80, outcome=outcome(passive("b", 1000), 90))
    assert sample_net_load(Timed(0, 100), Timed(0, 100), (leader, told), "a", 100) is None
    released = seen("b", power=0, at=80, outcome=outcome(auto("b"), 90))
    assert sample_net_load(Timed(0, 100), Timed(0, 100), (leader, released), "a", 100) is None


def test_leaders_reading_is_exact_whatever_it_was_told_since() -> None:
    """The reply and the meter belong together."""
    leader = seen("a", power=500, at=100, outcome=outcome(auto("a"), 100.2))
    assert sample_net_load(Timed(0, 100), Timed(0, 101), (leader,), "a", 101) == Timed(500, 100)


def test_renewal_or_an_older_command_does_not_spoil_the_reading() -> None:
    """Only a change does."""
    leader = seen("a", power=500, at=100)
    renewed = seen("b", power=1010, at=80, outcome=outcome(passive("b", 1000), 90))
    assert sample_net_load(Timed(0, 100), Timed(0, 100), (leader, renewed), "a", 100) == Timed(1510, 100)
    obeyed = seen("b", power=0, at=80, outcome=outcome(passive("b", 1000), 20))
    assert sample_net_load(Timed(0, 100), Timed(0, 100), (leader, obeyed), "a", 100) == Timed(500, 100)


def test_without_a_leader_any_meter_reading_and_fresh_powers_do() -> None:
    """Nobody moves by himself then."""
    batteries = (seen("a", power=500, at=60), seen("b", power=None))
    assert sample_net_load(Timed(100, 90), None, batteries, None, 100) == Timed(600, 90)
    assert sample_net_load(Timed(100, 90), Timed(200, 95), batteries, "gone", 100) == Timed(700, 95)
    assert sample_net_load(None, None, batteries, None, 100) is None


def test_without_any_fresh_power_there_is_no_sample() -> None:
    """The meter alone is no net load."""
    assert sample_net_load(Timed(100, 200), None, (seen("a", at=0),), None, 200) is None


def test_home_without_batteries_has_the_meters_net_load() -> None:
    """There is nothing to add."""
    assert sample_net_load(Timed(100, 90), None, (), None, 100) == Timed(100, 90)
