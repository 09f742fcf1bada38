"""The car in virtual time: the integration's own controller beside it."""

from dataclasses import replace

from benchmarks.car import NIGHT, Outing, play


def test_batteries_do_not_feed_a_car_of_3700_w_and_serve_the_house() -> None:
    """Half an hour of dinner; allowed to, they feed it."""
    outing = Outing(label="", case="A", start_hour=22.0, rule=NIGHT, hours=0.5)
    spared = play(outing, 1)
    assert spared.car_wh > 1500
    assert spared.fed_wh < 0.02 * spared.car_wh
    assert spared.served_wh > 0.5 * spared.house_wh
    assert spared.car_changes == 1
    fed = play(replace(outing, rule=replace(NIGHT, batteries_may_feed=True)), 1)
    assert fed.fed_wh > 0.5 * fed.car_wh


def test_a_charger_on_its_own_is_spared_too() -> None:
    """What it draws is measured, whoever decided it."""
    outcome = play(Outing(label="", case="rae_b", is_steered=False, hours=0.5), 1)
    assert outcome.car_wh > 1000
    assert outcome.fed_wh < 0.02 * outcome.car_wh


def test_car_and_batteries_come_to_rest_in_a_steady_sun() -> None:
    """A car that reacts after 5 to 15 s, steps of 1 A, and noise: neither chases the other."""
    outcome = play(Outing(label="", case="steady", hours=0.5), 1)
    assert outcome.car_wh > 500
    assert outcome.car_changes <= 3
    assert outcome.flutters <= 1
