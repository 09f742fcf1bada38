"""The picture of the plan, drawn when there is something new to see."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from homeassistant.util import dt as dt_util

from ..planning.modes import PlanMode
from ..planning.slots import PER_DAY, slot_of
from ..site.planner import Planner
from ..site.words import Words
from .plan_picture import Labels, PictureSlot, draw

BACK_SLOTS: Final = PER_DAY // 4
"""Of the past, that is shown: six hours."""
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class PlanPicture:
    """Draws the plan of a site, once for each slot and plan."""

    def __init__(self, planner: Planner) -> None:
        """Nothing is drawn yet."""
        self._planner = planner
        self._drawn: tuple[tuple[object, int], tuple[str, datetime]] | None = None

    def newest(self) -> tuple[str, datetime] | None:
        """Return the picture and when it was made; it says so while there is no plan."""
        planner, now = self._planner, dt_util.now()
        if planner.words is None:
            return None
        of = (planner.plan, slot_of(now))
        if self._drawn is None or self._drawn[0] != of:
            zone = dt_util.get_default_time_zone()
            slots = [] if planner.plan is None else [*self._past(of[1]), *self._planned(of[1])]
            picture = draw(slots, zone, now, labels(planner.words))
            self._drawn = (of, (picture, dt_util.utcnow()))
        return self._drawn[1]

    def _past(self, now: int) -> Iterator[PictureSlot]:
        """Yield what was."""
        past = self._planner.past
        for slot in range(now - BACK_SLOTS, now):
            price, mode = past.prices.get(slot), past.done.get(slot)
            yield PictureSlot(
                slot=slot,
                mode=None if mode is None else PlanMode(mode),
                buy=None if price is None else price.buy,
                sell=None if price is None else price.sell,
                soc_pct=past.soc_pct.get(slot),
                load_w=past.load_w.get(slot),
                sun_w=past.sun_w.get(slot),
                is_past=True,
                is_estimated=False,
            )

    def _planned(self, now: int) -> Iterator[PictureSlot]:
        """Yield what is planned from now on."""
        plan = self._planner.plan
        for planned in plan.slots if plan else ():
            if planned.slot >= now:
                yield PictureSlot(
                    slot=planned.slot,
                    mode=planned.choice.mode,
                    buy=planned.buy,
                    sell=planned.sell,
                    soc_pct=self._planner.soc_pct(planned.energy_wh),
                    load_w=planned.load_w,
                    sun_w=planned.sun_w,
                    is_past=False,
                    is_estimated=planned.is_estimated,
                )


def labels(words: Words) -> Labels:
    """Return the words of the picture."""
    names = ("title", "price", "sold_at", "estimated", "charge", "house", "sun", "now", "nothing")
    unit, factor = words.price_unit
    return Labels(
        **{name: words.text(f"selector.plan_picture.options.{name}") for name in names},
        price_unit=unit,
        price_factor=factor,
        modes={mode: words.mode(mode.value) for mode in PlanMode},
        weekdays=[words.text(f"selector.weekday.options.{day}") for day in WEEKDAYS],
        decimal_mark=words.decimal_mark,
    )
