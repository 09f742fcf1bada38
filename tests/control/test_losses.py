"""Over how many batteries a power is spread."""

from hypothesis import given, strategies as st
import pytest

from custom_components.home_energy_controller.control.losses import divide, loss_w, spread

LIMITS = {"a": 2500, "b": 2500, "c": 2500}


def test_running_costs_more_than_resting() -> None:
    """What follows from it: fewest inverters."""
    assert loss_w(0) == 8
    assert loss_w(0, runs=True) == 28
    assert loss_w(1000) == pytest.approx(28 + 42.8 + 26.3)
    assert loss_w(-1000) == pytest.approx(28 + 0.1 + 17.5)


@pytest.mark.parametrize(
    ("power_w", "shares"),
    [
        (0, [0, 0, 0]),
        (600, [600, 0, 0]),
        (-900, [-900, 0, 0]),
        (1800, [900, 900, 0]),
        (-2600, [-1300, -1300, 0]),
        (2600, [870, 870, 870]),
        (7400, [2470, 2470, 2470]),
        (9999, [2500, 2500, 2500]),
    ],
)
def test_no_more_batteries_than_lose_least(power_w: int, shares: list[int]) -> None:
    """One up to about 1.5 kW; never fewer than the power needs."""
    assert list(spread(power_w, LIMITS, at_work=LIMITS).values()) == shares


def test_another_battery_starts_only_for_a_saving_that_is_worth_it() -> None:
    """Two at 1000 W lose 33 W less than one at 2000 W: those that run go on, but a second one does not start."""
    assert spread(2000, LIMITS, at_work=("a", "b")) == {"a": 1000, "b": 1000, "c": 0}
    assert spread(2000, LIMITS, at_work=("a",)) == {"a": 2000, "b": 0, "c": 0}


def test_those_that_come_first_serve_and_those_without_room_rest() -> None:
    """The order is the caller's."""
    assert spread(500, {"b": 0, "c": 800, "a": 2500}) == {"b": 0, "c": 500, "a": 0}
    assert spread(1500, {"c": 800, "a": 2500}) == {"c": 750, "a": 750}


@given(
    power_w=st.floats(-20_000, 20_000),
    limits=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2500), max_size=6),
)
def test_no_limit_is_exceeded_and_no_work_left_that_could_be_done(power_w: float, limits: dict[str, int]) -> None:
    """Rounding aside."""
    shares = spread(power_w, limits)
    assert shares.keys() == limits.keys()
    assert all(abs(share_w) <= limits[key] and share_w * power_w >= 0 for key, share_w in shares.items())
    assert (
        abs(sum(shares.values()) - max(-sum(limits.values()), min(sum(limits.values()), power_w)))
        <= 10 * len(shares) + 5
    )


@given(
    total_w=st.floats(0, 20000),
    limits=st.dictionaries(st.text(max_size=2), st.integers(0, 3000), max_size=6),
)
def test_division_loses_nothing_that_could_be_carried(total_w: float, limits: dict[str, int]) -> None:
    """But for the rounding to 10 W."""
    shares = divide(total_w, limits)
    assert shares.keys() == limits.keys()
    assert all(0 <= shares[key] <= limits[key] for key in limits)
    assert abs(sum(shares.values()) - min(total_w, sum(limits.values()))) <= 5 * len(limits)
