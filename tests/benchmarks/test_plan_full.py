"""Days of the plan through control: what is planned is carried out."""

from argparse import Namespace
from dataclasses import dataclass

import pytest

from benchmarks.plan.full import Days, by_control, by_the_referee
from benchmarks.plan.plant import Mode
from benchmarks.plan.view import Wish


@dataclass
class Always:
    """Wants the same in every slot."""

    wish: Wish

    def choose(self, _view: object) -> Wish:
        """Return what is wanted."""
        return self.wish


@pytest.fixture(scope="module")
def evening() -> Days:
    """Return two hours of an evening in February, without sun."""
    days = Days(
        Namespace(home="family1", tariff="nl_dynamic", prices=None, seed=1, first_day=31, days=1, no_delivery=False)
    )
    days.slots = days.slots[76:84]
    return days


@pytest.mark.parametrize(
    ("wish", "gained_wh"),
    [
        (Wish(Mode.CHARGE_FROM_GRID, -1000), (1400, 2000)),
        (Wish(Mode.STANDBY), (-60, 0)),
        (Wish(Mode.DELIVER_TO_GRID, 500), (-1540, -1000)),
    ],
)
def test_control_carries_out_what_the_referee_plays(evening: Days, wish: Wish, gained_wh: tuple[float, float]) -> None:
    """For two hours: within a tenth of the energy, and a cent or two."""
    played, carried = by_the_referee(evening, Always(wish)), by_control(evening, Always(wish), 1)
    assert gained_wh[0] < carried.gained_wh < gained_wh[1]
    assert carried.gained_wh == pytest.approx(played.gained_wh, rel=0.1, abs=60)
    assert carried.paid() == pytest.approx(played.paid(), abs=0.03)
    assert carried.modes == {wish.mode: 8}
