"""Each rival does what its description says, on a case small enough to work out."""

from math import exp

import pytest

from benchmarks.home import STEP_S, Home, Stage
from benchmarks.rivals import Hbc, Modes, Stijn, Strategy, Vem
from benchmarks.strategies import STRATEGIES, play
from simulation.battery import DeviceMode
from tests.benchmarks.build import flat, stage


def run(played: Stage, strategy: Strategy, duration_s: float) -> None:
    """Let time pass."""
    for _ in range(round(duration_s / STEP_S)):
        strategy.step(played.house.now)
        played.step()


def modes(played: Stage) -> str:
    """Return the modes as letters."""
    return "".join(battery.mode[0] for battery in played.batteries)


def test_none_leaves_the_house_alone() -> None:
    """The grid is the load."""
    result = play("none", flat((700, 120)), Home(), 1)
    assert set(result.grid_w) == {700.0}
    assert not result.powers_w.any()


def test_one_auto_serves_what_one_battery_can() -> None:
    """4 kW less 2.5 kW; the others stand still."""
    result = play("one_auto", flat((4000, 300)), Home(), 1)
    assert result.grid_w[-1] == pytest.approx(1500, abs=5)
    assert not result.powers_w[1:].any()


@pytest.mark.parametrize(("name", "sharing"), [("all_auto", 1), ("all_auto_ct", 3)])
def test_all_auto_differ_in_what_their_meter_tells_them(name: str, sharing: int) -> None:
    """Only a real CT tells how many share the error."""
    played = Stage(flat((0, 60)), Home(), 1, sharing=3 if name == "all_auto_ct" else 1)
    run(played, STRATEGIES[name](played), 5)
    assert modes(played) == "AAA"
    assert {battery.law.sharing for battery in played.batteries} == {sharing}


def test_all_auto_with_sharing_fight_less() -> None:
    """Three loops on one meter overshoot; with the error shared they do not."""
    fights, shares = (play(name, flat((0, 60), (3000, 240)), Home(), 1) for name in ("all_auto", "all_auto_ct"))
    assert abs(fights.grid_w).sum() > 1.2 * abs(shares.grid_w).sum()


def test_modes_are_sent_once() -> None:
    """Nothing else is ever told."""
    played = stage(flat((0, 60)))
    run(played, Modes(played, 1), 60)
    assert modes(played) == "AMM"
    assert played.tally["commands"] == 3


def test_stijn_swaps_to_the_emptiest_after_two_minutes_of_export() -> None:
    """4 kW of sun; for 5 s two are in Auto, then the emptiest alone, and no second swap follows within 5 min."""
    played = stage(flat((-4000, 900)))
    for index, battery in enumerate(played.batteries):
        battery.cells.energy_wh = battery.cells.capacity_wh * (0.6 - 0.1 * index)
    strategy = Stijn(played)
    run(played, strategy, 299)
    assert modes(played) == "AMM"
    run(played, strategy, 6)
    assert modes(played) == "AMA"
    run(played, strategy, 10)
    assert modes(played) == "MMA"
    run(played, strategy, 280)
    assert modes(played) == "MMA"


def test_stijn_waits_for_500_w_of_export_but_only_200_w_of_import() -> None:
    """The leader is full and exports 400 W: that is no reason; one that is empty and imports 400 W is."""
    for watts, charge, expected in ((-400, (1.0, 0.5), "AM"), (400, (0.2, 0.5), "MA")):
        played = stage(flat((watts, 900)), 2)
        for battery, share in zip(played.batteries, charge, strict=True):
            battery.cells.energy_wh = battery.cells.capacity_wh * share
            battery.cells.store(0.0, 0.0, 0.0)
        run(played, Stijn(played), 400)
        assert modes(played) == expected


def test_hbc_takes_its_first_step_as_its_gains_say() -> None:
    """Error 1000: smoothed 500; P 150, I 200, D 400; less 10 % smoothing 675 W, on the last of the order."""
    rival = Hbc(stage(flat((0, 60))))
    assert rival.regulate(1000.0, 1.0, 10.0) == [0.0, 0.0, 675.0]
    assert rival.regulate(1005.0, 1.0, 12.0) is None  # 20 W are no change: next in three seconds
    assert rival.regulate(1005.0, 1.0, 13.0) is not None


def test_hbc_fills_one_battery_after_the_other() -> None:
    """From the first on when charging, from the last on when discharging; idle ones get 1 W for 5 min."""
    rival = Hbc(stage(flat((0, 60))))
    rival.output_w = -4000.0
    assert rival.regulate(5.0, 1.0, 10.0) == [-2500.0, -1500.0, 0.0]
    rival.output_w = 1000.0
    assert rival.regulate(-5.0, 1.0, 70.0) == [1.0, 1.0, 1000.0]
    assert rival.regulate(5.0, 1.0, 400.0) == [0.0, 0.0, 1000.0]


def test_hbc_rotates_every_half_hour_and_spares_full_batteries() -> None:
    """The second becomes the first; above 95 % it takes 1500 W."""
    rival = Hbc(stage(flat((0, 60))))
    rival.stage.batteries[1].cells.energy_wh = 5120 * 0.96
    rival.output_w = -4000.0
    assert rival.regulate(5.0, 1.0, 1801.0) == [0.0, -1500.0, -2500.0]


def test_vem_takes_its_first_step_as_its_gains_say() -> None:
    """1 kW for 2 s: smoothed by 2 s, 0.35 of it, 0.3 of its slope smoothed by 3 s, in steps of 5 W."""
    rival = Vem(stage(flat((0, 60))))
    smooth_w = 1000 * (1 - exp(-1))
    slope_w = smooth_w / 2 * (1 - exp(-2 / 3))
    told_w = 5 * round((0.35 * smooth_w + 0.3 * slope_w) / 5)
    assert told_w == 265
    assert rival.regulate(1000.0, 2.0, 10.0) == [265.0, 0.0, 0.0]


def test_vem_moves_no_faster_than_its_rate_and_ignores_40_w() -> None:
    """800 W in 2 s."""
    rival = Vem(stage(flat((0, 60))))
    rival.regulate(9000.0, 2.0, 10.0)
    assert rival.output_w == 800.0
    calm = Vem(stage(flat((0, 60))))
    calm.regulate(60.0, 2.0, 10.0)
    assert calm.output_w == 0.0


@pytest.mark.parametrize(
    ("output_w", "active", "number"),
    [(1700, 1, 1), (1800, 1, 2), (1300, 2, 2), (1200, 2, 1), (-1900, 1, 1), (-2100, 1, 2), (4000, 2, 3)],
)
def test_vem_uses_the_fewest_batteries(output_w: float, active: int, number: int) -> None:
    """One more above 60 (charging 70) % of the limits, 10 points of hysteresis either way."""
    rival = Vem(stage(flat((0, 60))))
    rival.regulate(0.0, 1.0, 0.0)
    rival._active, rival._wish_w = list(range(active)), float(output_w)
    powers_w = rival.regulate(0.0, 1.0, 1000.0)
    assert powers_w is not None
    assert sum(power_w != 0 for power_w in powers_w) == number
    assert sum(powers_w) == pytest.approx(output_w, abs=10)


def test_vem_keeps_a_choice_for_two_minutes_and_needs_60_w_to_turn() -> None:
    """Fewer only after the dwell; a small opposite wish is 0."""
    rival = Vem(stage(flat((0, 60))))
    rival._wish_w = 4000.0
    rival.regulate(0.0, 1.0, 1000.0)
    assert len(rival._active) == 3
    rival._wish_w = 500.0
    rival.regulate(0.0, 1.0, 1100.0)
    assert len(rival._active) == 3
    rival._wish_w = 500.0
    rival.regulate(0.0, 1.0, 1121.0)
    assert len(rival._active) == 1
    rival._wish_w = -50.0
    rival.regulate(0.0, 1.0, 1122.0)
    assert rival.output_w == 0.0
    rival._wish_w = -70.0
    rival.regulate(0.0, 1.0, 1123.0)
    assert rival.output_w == -70.0


@pytest.mark.parametrize("name", ["hbc-regular", "vem"])
def test_bus_rivals_bring_the_meter_to_zero_with_all_batteries_forced(name: str) -> None:
    """4 kW need more than one battery."""
    played = stage(flat((0, 60), (4000, 600)))
    strategy = STRATEGIES[name](played)
    run(played, strategy, 120 + 300)
    assert {battery.mode for battery in played.batteries} == {DeviceMode.PASSIVE}
    assert abs(played.house.grid_w) < 100
