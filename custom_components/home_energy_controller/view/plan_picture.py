"""The plan as a picture: prices, modes, charge, house and sun, above one another on one time axis.

Text in, text out: an SVG without scripts or fonts of its own, the same for the same plan.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from html import escape
from itertools import groupby
from math import isfinite

from ..planning.modes import PlanMode
from ..planning.slots import SLOT_S
from .picture_parts import (
    BOLD,
    LABEL_GAP,
    LEAST_SLOTS,
    LEFT,
    MARGIN,
    RIGHT,
    ROW,
    SWATCH,
    WIDTH,
    Entry,
    Panel,
    Run,
    Time,
    clean,
    fitting,
    legend,
    num,
    path,
    rect,
    runs,
    table,
    text,
    width_of,
    wrapped,
)
from .picture_style import FONT, SIGNS, TITLE_FONT, style

TOP = 92.0
"""The middle of the first row of names."""
PRICE_HEIGHT, BAND_HEIGHT, CHARGE_HEIGHT, POWER_HEIGHT = 158.0, 46.0, 104.0, 112.0
BELOW_NAMES, BETWEEN = 30.0, 42.0
"""From the middle of a row of names to its diagram, and from a diagram to the middle of the next row."""
SIGN_WIDTH = 26.0
"""A narrower block has no sign."""
MODES = tuple(PlanMode)
LEAST_PRICES, LEAST_KW = 0.02, 0.2
"""Between the bottom of a diagram and its top."""
LEAST_SPREAD = 0.15
"""Of a price: what differs less is neither cheap nor dear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSlot:
    """What is planned for a quarter of an hour, or was done in it; None is unknown."""

    slot: int
    mode: PlanMode | None
    buy: float | None
    sell: float | None
    """Per kWh."""
    soc_pct: float | None
    """At its begin."""
    load_w: float | None
    sun_w: float | None
    is_past: bool
    is_estimated: bool
    """Its price is not published yet: that of the day before is repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """All words in the picture, in the language of the home."""

    title: str
    price: str
    sold_at: str
    estimated: str
    price_unit: str
    price_factor: float
    """From the currency to that unit: 100 for cents."""
    charge: str
    house: str
    sun: str
    now: str
    modes: Mapping[PlanMode, str]
    weekdays: Sequence[str]
    """Monday first."""
    nothing: str
    """Shown instead of a picture while there is no plan."""
    decimal_mark: str = "."

    def number(self, value: float) -> str:
        """Return a round number as people write it."""
        return f"{value:.6g}".replace("-", "\N{MINUS SIGN}").replace(".", self.decimal_mark)


def draw(slots: Sequence[PictureSlot], zone: tzinfo, now: datetime, labels: Labels) -> str:
    """Return the picture of slots, in the local time of a zone."""
    ordered = [_sane(each) for each in sorted(slots, key=lambda each: each.slot)]
    if not ordered:
        return _nothing(labels)
    first = ordered[0].slot
    time = Time(first, max(LEAST_SLOTS, ordered[-1].slot + 1 - first), zone)
    return _Picture(ordered, time, now.timestamp() / SLOT_S, labels).draw()


def _sane(slot: PictureSlot) -> PictureSlot:
    """Return a slot without numbers that nobody can draw."""

    def known(value: float | None) -> float | None:
        """Return a number, if it is one."""
        return value if value is not None and isfinite(value) else None

    return replace(
        slot,
        buy=known(slot.buy),
        sell=known(slot.sell),
        soc_pct=known(slot.soc_pct),
        load_w=known(slot.load_w),
        sun_w=known(slot.sun_w),
    )


def _nothing(labels: Labels) -> str:
    """Return a picture that says that there is none."""
    lines = wrapped(labels.nothing, RIGHT - MARGIN)
    middle = [
        text(WIDTH / 2, 130 + index * ROW, line, anchor="middle", kind="soft") for index, line in enumerate(lines)
    ]
    return _document([_title(labels), *middle], 130 + len(lines) * ROW + 30, labels)


def _title(labels: Labels) -> str:
    """Return the title; its letters are larger and bolder than those that are measured."""
    title = fitting(labels.title, (RIGHT - MARGIN) * FONT / TITLE_FONT / BOLD)
    return text(MARGIN, 52, title, kind="title", size=TITLE_FONT)


def _document(parts: Sequence[str], height: float, labels: Labels) -> str:
    """Return the whole file."""
    name, box = escape(clean(labels.title)), f"0 0 {WIDTH} {num(height)}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="plan" viewBox="{box}" role="img" aria-label="{name}"'
    font = f'font-family="system-ui, sans-serif" font-size="{FONT}"'
    ground = rect("ground", (1, 1), (WIDTH - 2, height - 2), 20)
    return "\n".join([f"{head} {font}>", style(), ground, *filter(None, parts), "</svg>"]) + "\n"


type Drawn = tuple[Panel, list[str]]
"""Where a diagram is, and what it is made of."""


@dataclass(frozen=True, slots=True)
class _Picture:
    """Slots on their time axis, with the moment (a number of slots since 1970) that divides them."""

    slots: Sequence[PictureSlot]
    time: Time
    now: float
    labels: Labels

    def draw(self) -> str:
        """Return the picture, from top to bottom."""
        prices, price_parts = self._prices(TOP)
        band, band_parts = self._band(prices.bottom + 16)
        charge, charge_parts = self._charge(band.bottom + BETWEEN)
        power, power_parts = self._power(charge.bottom + BETWEEN)
        names, last = table(self._mode_names(), power.bottom + 112)
        parts = [_title(self.labels), *price_parts, *band_parts, *charge_parts, *power_parts]
        parts += [*self._past((prices, band, charge, power)), *self._axis(power.bottom), *names]
        return _document(parts, last + 38, self.labels)

    def _runs(self, value_of: Callable[[PictureSlot], float | None]) -> list[Run]:
        """Return the runs of a value."""
        return runs(self.slots, lambda each: each.slot, value_of)

    def _names(self, entries: Sequence[Entry], unit: str, middle: float) -> tuple[list[str], float]:
        """Return what a diagram shows, with its unit at the right, and where the diagram begins."""
        unit = fitting(unit, 200)
        names, last = legend(entries, middle, RIGHT - width_of(unit) - 16)
        return [*names, text(RIGHT, middle + 8, unit, anchor="end", kind="soft")], last + BELOW_NAMES

    def _prices(self, middle: float) -> Drawn:
        """Return what is paid and what is got, by slot."""
        labels = self.labels
        known = self._runs(lambda each: None if each.is_estimated else each.buy)
        guessed = self._runs(lambda each: each.buy if each.is_estimated else None)
        sold = self._runs(lambda each: each.sell)
        entries = [Entry(rect("levels", (-17, -3), (SWATCH, 6), 3), labels.price)]
        entries += [Entry(_example("sell"), labels.sold_at)] if sold else []
        entries += [Entry(rect("est-area", (-17, -11), (SWATCH, 22)), labels.estimated)] if guessed else []
        names, top = self._names(entries, labels.price_unit, middle)
        bought = [value for run in (*known, *guessed) for _, value in run]
        panel = Panel.over(top, PRICE_HEIGHT, [*bought, *(value for run in sold for _, value in run)], LEAST_PRICES)
        drawn = [path("buy-area", panel.steps(self.time, run, is_area=True)) for run in known]
        drawn += [path("est-area", panel.steps(self.time, run, is_area=True)) for run in guessed]
        drawn += [path("sell", panel.steps(self.time, run)) for run in sold]
        drawn += [path("buy", panel.steps(self.time, run)) for run in known]
        drawn += [path("buy est", panel.steps(self.time, run)) for run in guessed]
        factor = labels.price_factor
        ticks = replace(panel, low=panel.low * factor, high=panel.high * factor).ticks() if bought or sold else []
        scale = panel.scale(self.time, [(tick / factor, labels.number(tick)) for tick in ticks])
        return panel, [_definitions(panel, bought), *names, *scale, *drawn]

    def _blocks(self) -> Iterator[tuple[int, int, PlanMode]]:
        """Return from where to where which mode goes on."""
        for run in self._runs(lambda each: None if each.mode is None else MODES.index(each.mode)):
            for mode, block in groupby(run, key=lambda each: each[1]):
                members = [slot for slot, _ in block]
                yield members[0], members[-1] + 1, MODES[int(mode)]

    def _band(self, top: float) -> Drawn:
        """Return the modes, one after the other."""
        panel = Panel(top, top + BAND_HEIGHT, 0.0, 1.0)
        parts = [rect("track", (LEFT, top), (RIGHT - LEFT, BAND_HEIGHT), 6)]
        for begin, end, mode in self._blocks():
            left, right = self.time.x(begin) + 0.8, self.time.x(end) - 0.8
            parts.append(rect(mode, (left, top), (right - left, BAND_HEIGHT), min(6.0, (right - left) / 3)))
            # The sign of what goes on now stands beside the line of the present.
            middle = self.time.x(self.now) if begin < self.now < end else left
            left, right = (left, middle) if middle - left > right - middle else (middle, right)
            if right - left >= SIGN_WIDTH:
                parts.append(_sign(mode, (left + right) / 2, top + BAND_HEIGHT / 2))
        return panel, parts

    def _mode_names(self) -> list[Entry]:
        """Return the modes that occur, in their own order."""
        seen = {each.mode for each in self.slots}
        block = {mode: rect(mode, (-17, -14), (SWATCH, 28), 6) + _sign(mode, 0, 0) for mode in PlanMode}
        return [Entry(block[mode], self.labels.modes.get(mode, mode)) for mode in PlanMode if mode in seen]

    def _charge(self, middle: float) -> Drawn:
        """Return how full the batteries were, and are to be."""
        names, top = self._names([Entry(_example("charge"), self.labels.charge)], "%", middle)
        panel = Panel(top, top + CHARGE_HEIGHT, 0.0, 100.0)
        drawn = []
        for run in self._runs(lambda each: each.soc_pct):
            drawn.append(path("charge-area", panel.line(self.time, run, 0, is_area=True)))
            past = [each for each in run if each[0] in self._past_slots]
            planned = run[len(past) :]
            # The first that is planned is where the past ends.
            drawn += [path("charge", panel.line(self.time, past, 0, to=planned[:1]))] if past else []
            drawn += [path("charge planned", panel.line(self.time, planned, 0))] if planned else []
        return panel, [*names, *panel.scale(self.time, [(0, "0"), (50, "50"), (100, "100")]), *drawn]

    @property
    def _past_slots(self) -> set[int]:
        """Return the slots that are over."""
        return {each.slot for each in self.slots if each.is_past}

    def _power(self, middle: float) -> Drawn:
        """Return what the house needs, and what the sun gives."""
        loads, suns = self._runs(lambda each: each.load_w), self._suns()
        entries = [Entry(_example("house"), self.labels.house)]
        entries += (
            [Entry(rect("sun-area", (-17, -11), (SWATCH, 22)) + _example("sun", -11), self.labels.sun)] if suns else []
        )
        names, top = self._names(entries, "kW", middle)
        panel = Panel.over(top, POWER_HEIGHT, [value / 1000 for run in (*loads, *suns) for _, value in run], LEAST_KW)
        drawn = []
        for run in ([(slot, value / 1000) for slot, value in each] for each in suns):
            drawn += [path("sun-area", panel.line(self.time, run, 0.5, is_area=True))]
            drawn += [path("sun", panel.line(self.time, run, 0.5))]
        for run in ([(slot, value / 1000) for slot, value in each] for each in loads):
            drawn += [path("house", panel.line(self.time, run, 0.5))]
        ticks = panel.ticks() if loads or suns else []
        scale = panel.scale(self.time, [(tick, self.labels.number(tick)) for tick in ticks])
        return panel, [*names, *scale, *drawn]

    def _suns(self) -> list[Run]:
        """Return the runs of the sun, from zero to zero, without the nights."""
        sun_w = {each.slot: each.sun_w for each in self.slots}

        def seen(each: PictureSlot) -> float | None:
            """Return the sun where there is some, or was, or will be in a quarter of an hour."""
            around = (sun_w.get(slot) or 0.0 for slot in (each.slot - 1, each.slot, each.slot + 1))
            return each.sun_w if any(value > 0 for value in around) else None

        return self._runs(seen)

    def _past(self, panels: Sequence[Panel]) -> Iterator[str]:
        """Return a veil over what is over, and the line where it ends."""
        x = max(LEFT, min(RIGHT, self.time.x(self.now)))
        for panel in panels:
            if x > LEFT:
                yield rect("veil", (LEFT - 3, panel.top - 3), (x - LEFT + 3, panel.bottom - panel.top + 6))
            if self._is_now_seen:
                below = 14 if panel is panels[-1] else 4
                yield path("now", [f"M{num(x)} {num(panel.top - 4)}V{num(panel.bottom + below)}"])

    @property
    def _is_now_seen(self) -> bool:
        """Return whether the present is within the picture."""
        return self.time.first <= self.now <= self.time.first + self.time.count

    def _axis(self, bottom: float) -> Iterator[str]:
        """Return hours and days; the present has its place before any hour."""
        taken: list[tuple[float, float]] = []
        if self._is_now_seen:
            name = fitting(self.labels.now, 240)
            half = BOLD * width_of(name) / 2 + 9
            middle = max(MARGIN + half, min(WIDTH - MARGIN + 8 - half, self.time.x(self.now)))
            taken.append((middle - half, middle + half))
            yield rect("pill", (middle - half, bottom + 12), (2 * half, 31), 9)
            yield text(middle, bottom + 35, name, anchor="middle", kind="on")
        for x, name, _ in self.time.hours():
            begin, end = x - width_of(name) / 2, x + width_of(name) / 2
            if end <= WIDTH - 8 and all(end + LABEL_GAP <= left or right + LABEL_GAP <= begin for left, right in taken):
                taken.append((begin, end))
                yield text(x, bottom + 35, name, anchor="middle", kind="soft")
        for begin, end, weekday in self.time.days():
            name = clean(self.labels.weekdays[weekday])
            if BOLD * width_of(name) + LABEL_GAP <= end - begin:
                yield text(begin + (2 if begin > LEFT else 0), bottom + 69, name, kind="day")


def _example(kind: str, y: float = 0) -> str:
    """Return a piece of a line."""
    return path(kind, [f"M-17 {num(y)}H17"])


def _sign(mode: PlanMode, x: float, y: float) -> str:
    """Return the sign of a mode."""
    return f'<path class="sign on-{mode}" transform="translate({num(x)} {num(y)})" d="{SIGNS[mode]}"/>'


def _definitions(panel: Panel, bought: Sequence[float]) -> str:
    """Return the colours of prices by their height, and the hatching of what is not published yet."""
    low, high = min(bought, default=0.0), max(bought, default=0.0)
    middle, half = (low + high) / 2, max((high - low) / 2, LEAST_SPREAD * max(abs(low), abs(high)), 1e-9)
    scale = (panel.bottom - panel.top) / (panel.high - panel.low)
    begin, end = (panel.bottom - scale * (value - panel.low) for value in (middle - half, middle + half))
    stops = "".join(
        f'<stop class="{name}" offset="{at}"/>' for name, at in (("cheap", 0.15), ("mid", 0.5), ("dear", 0.9))
    )
    line = f'x1="0" x2="0" y1="{num(begin)}" y2="{num(end)}" gradientUnits="userSpaceOnUse"'
    hatch = '<path class="hatch" d="M-2 2 2-2M0 10 10 0M8 12 12 8"/>'
    pattern = f'<pattern id="hatch" width="10" height="10" patternUnits="userSpaceOnUse">{hatch}</pattern>'
    example = f'<linearGradient id="levels">{stops}</linearGradient>'
    return f'<defs><linearGradient id="level" {line}>{stops}</linearGradient>{example}{pattern}</defs>'
