"""What a drawn diagram is made of: texts that fit, a time axis, panels with a scale, lines and areas."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape
from math import ceil, floor, log10

from ..planning.slots import start_of
from .picture_style import FONT

LEFT, RIGHT = 84.0, 776.0
"""Of everything that has a time."""
MARGIN = 24.0
WIDTH = 800
SWATCH, ROW = 34.0, 36.0
"""How wide a coloured example is, and how high a row of them with their names."""
NARROW, WIDE = frozenset("iljtfrI.,:;'|!()[]/ "), frozenset("mwMW@%")
STEPS_H = (1, 2, 3, 4, 6, 8, 12, 24)
LEAST_SLOTS = 12
"""A shorter time is drawn as a part of these."""
BOLD = 1.16
"""How much wider bold letters are."""
LABEL_GAP = 10.0

type Run = list[tuple[int, float]]
"""Slots that follow one another, with their values."""


def num(value: float) -> str:
    """Return a coordinate, as short as a tenth of a unit allows."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def width_of(content: str, size: float = FONT) -> float:
    """Return how wide a text is at most in the usual fonts."""
    return size * sum(map(_em, content))


def _em(letter: str) -> float:
    """Return how wide a letter is, against the height of the font."""
    if letter in NARROW:
        return 0.38
    if letter in WIDE or ord(letter) > 0x2E80:
        return 1.0
    return 0.76 if letter.isupper() else 0.62


def clean(content: str) -> str:
    """Return a text in one line, without what no XML may contain."""
    return "".join(letter for letter in " ".join(content.split()) if letter.isprintable())


def fitting(content: str, width: float) -> str:
    """Return a text as far as it fits."""
    content = clean(content)
    if width_of(content) <= width:
        return content
    while content and width_of(content + "…") > width:
        content = content[:-1]
    return content.rstrip() + "…"


def wrapped(content: str, width: float) -> list[str]:
    """Return a text in lines that fit."""
    lines: list[str] = []
    for word in clean(content).split():
        if lines and width_of(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(fitting(word, width))
    return lines


def text(x: float, y: float, content: str, *, anchor: str = "start", kind: str = "", size: int = FONT) -> str:
    """Return a text on its baseline."""
    attributes = f' text-anchor="{anchor}"' if anchor != "start" else ""
    attributes += f' class="{kind}"' if kind else ""
    attributes += f' font-size="{size}"' if size != FONT else ""
    return f'<text x="{num(x)}" y="{num(y)}"{attributes}>{escape(clean(content))}</text>'


def path(kind: str, steps: Iterable[str]) -> str:
    """Return a path; nothing where there is nothing to draw."""
    drawn = "".join(steps)
    return f'<path class="{kind}" d="{drawn}"/>' if drawn else ""


def rect(kind: str, corner: tuple[float, float], size: tuple[float, float], radius: float = 0) -> str:
    """Return a rectangle."""
    corners = f' rx="{num(radius)}"' if radius else ""
    box = f'x="{num(corner[0])}" y="{num(corner[1])}" width="{num(size[0])}" height="{num(size[1])}"'
    return f'<rect class="{kind}" {box}{corners}/>'


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a legend: an example, drawn around (0, 0), and its name."""

    example: str
    name: str


def legend(entries: Iterable[Entry], middle: float, right: float = RIGHT) -> tuple[list[str], float]:
    """Return the entries in as many rows as they need, the first around `middle`, and the middle of the last row."""
    parts, x = list[str](), MARGIN
    for entry in entries:
        name = fitting(entry.name, right - MARGIN - SWATCH - 10)
        needs = SWATCH + 10 + width_of(name)
        if x > MARGIN and x + needs > right:
            x, middle = MARGIN, middle + ROW
        parts += _entry(entry.example, name, x, middle)
        x += needs + 20
    return parts, middle


def table(entries: Sequence[Entry], middle: float) -> tuple[list[str], float]:
    """Return the entries column by column, the first row around `middle`, and the middle of the last row."""
    longest = max((width_of(clean(entry.name)) for entry in entries), default=0.0)
    columns = max(1, min(3, int((RIGHT - MARGIN + 24) / (SWATCH + 10 + longest + 24))))
    width, rows, parts = (RIGHT - MARGIN + 24) / columns, ceil(len(entries) / columns), list[str]()
    for index, entry in enumerate(entries):
        name = fitting(entry.name, width - SWATCH - 34)
        x, y = MARGIN + index // rows * width, middle + index % rows * (ROW + 4)
        parts += _entry(entry.example, name, x, y)
    return parts, middle + max(0, rows - 1) * (ROW + 4)


def _entry(example: str, name: str, x: float, middle: float) -> tuple[str, str]:
    """Return an example with its name beside it."""
    drawn = f'<g transform="translate({num(x + SWATCH / 2)} {num(middle)})">{example}</g>'
    return drawn, text(x + SWATCH + 10, middle + 8, name)


@dataclass(frozen=True, slots=True)
class Time:
    """The axis that all panels share: from one slot on, so many slots, in the local time of the home."""

    first: int
    count: int
    zone: tzinfo

    def x(self, slot: float) -> float:
        """Return where a slot begins."""
        return LEFT + (RIGHT - LEFT) * (slot - self.first) / self.count

    @property
    def _starts(self) -> list[tuple[int, datetime]]:
        """Return every slot with when it begins, and the end of the last."""
        return [(slot, start_of(slot, self.zone)) for slot in range(self.first, self.first + self.count + 1)]

    def hours(self) -> list[tuple[float, str, bool]]:
        """Return where a line is drawn, its time of the day, and whether a day begins there."""
        an_hour = (RIGHT - LEFT) * 4 / self.count
        fits = (step for step in STEPS_H if step * an_hour >= width_of("00:00") + LABEL_GAP)
        step = next(fits, STEPS_H[-1])
        return [
            (self.x(slot), f"{start:%H:%M}", start.hour == 0)
            for slot, start in self._starts
            if start.minute == 0 and start.hour % step == 0 and (step == 1 or not start.fold)
        ]

    def days(self) -> Iterator[tuple[float, float, int]]:
        """Return from where to where a day is seen, and which of the week it is, Monday 0."""
        begin, before = self.first, self._starts[0][1]
        for slot, start in self._starts[1:]:
            if start.date() != before.date() or slot == self.first + self.count:
                yield self.x(begin), self.x(slot), before.weekday()
                begin, before = slot, start


@dataclass(frozen=True, slots=True)
class Panel:
    """A diagram with a scale, across the whole time."""

    top: float
    bottom: float
    low: float
    high: float

    def y(self, value: float) -> float:
        """Return where a value is drawn."""
        inside = max(self.low, min(self.high, value))
        return self.bottom - (self.bottom - self.top) * (inside - self.low) / (self.high - self.low)

    @classmethod
    def over(cls, top: float, height: float, values: Iterable[float], least: float) -> Panel:
        """Return a panel that shows all values, and zero; differences within the least are not blown up."""
        known = [0.0, *values]
        low, high = min(known), max(known)
        high = max(high, low + least)
        room = 0.06 * (high - low)
        high = high + room
        return cls(top, top + height, low - room if low < 0 else 0.0, high)

    def ticks(self, apart: float = 31.0) -> list[float]:
        """Return round values, at least so far apart."""
        least = (self.high - self.low) * apart / (self.bottom - self.top)
        power = 10.0 ** floor(log10(least))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * 0.999)
        return [count * step for count in range(ceil(self.low / step), floor(self.high / step) + 1)]

    def scale(self, time: Time, names: Sequence[tuple[float, str]]) -> Iterator[str]:
        """Return the lines behind the diagram, and what they stand for."""
        for x, _, is_midnight in time.hours():
            kind = "midnight" if is_midnight and LEFT < x < RIGHT else "grid"
            yield path(kind, [f"M{num(x)} {num(self.top)}V{num(self.bottom)}"])
        for value, name in names:
            yield path("zero" if value == 0 else "grid", [f"M{num(LEFT)} {num(self.y(value))}H{num(RIGHT)}"])
            yield text(LEFT - 12, self.y(value) + 8, name, anchor="end", kind="soft")

    def steps(self, time: Time, run: Run, *, is_area: bool = False) -> Iterator[str]:
        """Return a path over values that each hold for a slot; an area goes down, or up, to zero."""
        shown = [(slot, num(self.y(value))) for slot, value in run]
        begin, level = num(time.x(shown[0][0])), shown[0][1]
        yield f"M{begin} {level}"
        for slot, y in shown[1:]:
            if y != level:
                yield f"H{num(time.x(slot))}V{y}"
                level = y
        yield f"H{num(time.x(shown[-1][0] + 1))}"
        if is_area:
            yield f"V{num(self.y(0))}H{begin}Z"

    def line(
        self, time: Time, run: Run, offset: float, *, to: Run | None = None, is_area: bool = False
    ) -> Iterator[str]:
        """Return a path through values, each at an offset into its slot, and level at its ends, or on `to` the next."""
        first, last = run[0], run[-1]
        begin = num(time.x(first[0]))
        yield f"M{begin} {num(self.y(first[1]))}L"
        yield " ".join(f"{num(time.x(slot + offset))} {num(self.y(value))}" for slot, value in (*run, *(to or ())))
        if not to:
            yield f"H{num(time.x(last[0] + 1))}"
        if is_area:
            yield f"V{num(self.y(0))}H{begin}Z"


def runs[S](slots: Iterable[S], slot_of: Callable[[S], int], value_of: Callable[[S], float | None]) -> list[Run]:
    """Return the values without what is not known: each run ends where something is missing."""
    found: list[Run] = []
    for each in slots:
        slot, value = slot_of(each), value_of(each)
        if value is None:
            continue
        if found and found[-1][-1][0] == slot - 1:
            found[-1].append((slot, value))
        else:
            found.append([(slot, value)])
    return found
