"""The native Auto laws, answer by answer."""

from itertools import pairwise
from random import Random

import pytest

from simulation.auto_laws import AutoLaw, E3Law, Hmg50Law, law_for
from simulation.devices import DEVICES, Family

WIDE = (-2500.0, 2500.0)


def hmg50(setpoint_w: float = 0.0, *, sharing: int = 1) -> Hmg50Law:
    """Return a law at a setpoint."""
    law = Hmg50Law(Random(1))
    law.start(setpoint_w)
    law.sharing = sharing
    return law


def course(law: AutoLaw, *meter_w: float, output_w: float = 500.0, moves_w: float = 0.0) -> list[float]:
    """Return the setpoints after each answer of the meter, the output standing still or moving with each."""
    return [law.answer(w, output_w + moves_w * i, *WIDE) for i, w in enumerate(meter_w)]


def steps(law: AutoLaw, *meter_w: float) -> list[float]:
    """Return how far each answer moves it while its output moves too, so that it explains every jump."""
    start_w = law.setpoint_w
    return [after - before for before, after in pairwise([start_w, *course(law, *meter_w, moves_w=25.0)])]


def test_a_the_error_is_shared_only_when_the_meter_tells_of_others() -> None:
    """A third of 90 W is within the step limit of 50."""
    assert course(hmg50(sharing=3), 40, 90)[-1] == 13 + 30
    assert course(hmg50(), 40, 90)[-1] == 40 + 50


def test_b_a_sign_flip_must_hold_for_ten_answers() -> None:
    """Nine answers of export change nothing, the tenth does; one answer of import in between begins the count anew."""
    law = hmg50(1000)
    course(law, 40, 40, output_w=1000)
    held = law.setpoint_w
    assert course(law, *[-40] * 9, output_w=1000) == [held] * 9
    assert course(law, -40, output_w=1000)[0] < held
    law = hmg50(1000)
    course(law, 40, 40, *[-40] * 9, 12, output_w=1000)
    held = law.setpoint_w
    assert course(law, *[-40] * 9, output_w=1000) == [held] * 9


def test_c_a_jump_that_the_own_output_does_not_explain_is_skipped_once() -> None:
    """A spike of one sample is ignored, a step that stays is taken at the second sample."""
    law = hmg50()
    assert course(law, 15, 1000, 15)[:2] == [15, 15]
    assert course(hmg50(), 1000, 1000)[1] > 0
    moving = hmg50()
    moving.answer(15, 500, *WIDE)
    assert moving.answer(1000, 600, *WIDE) > 15


def test_d_small_errors_are_left_alone() -> None:
    """0 to 10 W always, 20 W either way while the unit idles."""
    assert course(hmg50(300), 0, 9) == [300, 300]
    assert course(hmg50(300), -9)[0] < 300
    assert course(hmg50(), 19, output_w=0) == [0]
    assert course(hmg50(), -19, output_w=0) == [0]
    assert course(hmg50(), 19)[0] > 0


@pytest.mark.parametrize("sign", [1, -1])
def test_e_a_setpoint_beyond_the_limit_is_pulled_back_by_100_watts(sign: int) -> None:
    """As when the class or the taper allow less than before."""
    law = hmg50(sign * 1000)
    assert law.answer(-15 * sign, 1000, -850, 850) == sign * 900
    assert law.answer(-15 * sign, 1000, -850, 850) == sign * 850


def test_f_and_g_the_ramp_is_slow_at_first_and_restarts_when_the_error_grows() -> None:
    """50 W at most until the error falls, then up to 400 W; growth brings 50 W again."""
    answers = (2000, 2000, 1950, 1900, 1800, 1700, 1500, 1250)
    assert steps(hmg50(), *answers) == [50, 10, 50, 100, 200, 400, 400, 400]
    assert steps(hmg50(), *answers, 1260)[-1] == 50


def test_g_downwards_it_is_a_little_faster() -> None:
    """Its own row of gains."""
    assert steps(hmg50(2000), -2000, -2000, -1950, -1900, -1800, -1700) == [-50, -10, -180, -350, -410, -410]


def test_g_an_error_that_does_not_change_moves_it_by_ten_watts() -> None:
    """The root of the difference of the squares is 0 then."""
    assert steps(hmg50(), 300, 300, 300, 300) == [50, 10, 10, 10]


def test_no_step_is_larger_than_the_error() -> None:
    """15 W asked, 15 W given."""
    assert course(hmg50(), 15) == [15]


def test_the_setpoint_stays_within_the_limits() -> None:
    """Even when the meter asks for more for ever."""
    law = hmg50(2490)
    assert course(law, 40, 40, 40)[-1] == 2500


def test_venus_e3_has_half_the_dead_band_and_asks_five_times_as_often() -> None:
    """0.4-0.45 s against 1-3.1 s."""
    e3, old = E3Law(Random(1)), hmg50()
    assert all(0.4 <= e3.poll_s() <= 0.45 for _ in range(99))
    polls = [old.poll_s() for _ in range(999)]
    assert 1.0 <= min(polls) < 1.1
    assert 3.0 < max(polls) <= 3.1
    assert course(e3, 12, output_w=0)[0] > 0
    assert course(hmg50(), 12, output_w=0) == [0]


def test_venus_d_integrates_and_leans_5_watts_towards_import() -> None:
    """Full gain, a dead band of 11 W, its limits."""
    law = law_for(Family.D, Random(1))
    assert [law.answer(w, 0, -2200, 800) for w in (300, 11, -11, -45, 5000, -9000)] == [295, 295, 295, 245, 800, -2200]
    law.sharing = 2
    assert law.answer(205, 0, -2200, 800) == -2200 + 97.5


def test_a_law_starts_from_the_present_output() -> None:
    """No jump when Auto begins, and nothing remembered of the last time."""
    law = hmg50()
    course(law, 2000, 2000, 1950, 1900, 1800)
    law.start(700)
    assert law.setpoint_w == 700
    assert course(law, 40, 40) == [740, 750]


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: f"{device.name}-{device.firmware}")
def test_every_device_has_a_law(device: object) -> None:
    """Families without a known one borrow the nearest."""
    family = device.family  # type: ignore[attr-defined]  # parametrised over Device
    expected = {Family.HMG50: Hmg50Law, Family.E3: E3Law, Family.MINI: E3Law, Family.A: AutoLaw, Family.D: AutoLaw}
    assert type(law_for(family, Random(1))) is expected[family]
