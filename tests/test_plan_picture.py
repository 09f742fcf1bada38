"""The picture of the plan: what is in it, where, and that people can read it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from math import cos, inf, nan, pi
import re
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.home_energy_controller.planning.modes import PlanMode
from custom_components.home_energy_controller.planning.slots import SLOT_S, slot_of
from custom_components.home_energy_controller.view.picture_parts import LEFT, RIGHT
from custom_components.home_energy_controller.view.plan_picture import Labels, PictureSlot, draw

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NIGHT = datetime(2026, 6, 18, tzinfo=AMSTERDAM)
LABELS = Labels(
    title="Plan of the batteries",
    price="Price",
    sold_at="Sold at",
    estimated="Estimated",
    price_unit="ct/kWh",
    price_factor=100,
    charge="Charge",
    house="House",
    sun="Sun",
    now="now",
    modes={mode: mode.value.replace("_", " ").capitalize() for mode in PlanMode},
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    nothing="No plan yet: two days of history are needed to know what this home uses.",
)
LONG = replace(
    LABELS,
    title="Was mit den Batterien heute und morgen geplant ist, und was bisher war",
    price="Strompreis mit allen Abgaben",
    sold_at="Einspeisevergütung der Überschüsse",
    estimated="geschätzt nach dem Vortag",
    charge="Ladezustand aller Batterien zusammen, in Prozent ihrer Kapazität",
    house="Verbrauch des Hauses ohne Auto",
    sun="Erzeugung der Photovoltaik auf beiden Dächern",
    now="in diesem Augenblick",
    modes={mode: f"{mode.value} mit einer sehr langen Erklärung, die niemand je lesen wird" for mode in PlanMode},
)
MODES = (PlanMode.NET_ZERO, PlanMode.CHARGE_FROM_GRID, PlanMode.STANDBY, PlanMode.CHARGE_ONLY, *PlanMode)
TEXT, RECT, PATH = (f"{{http://www.w3.org/2000/svg}}{name}" for name in ("text", "rect", "path"))


def day(
    count: int = 96,
    *,
    start: datetime = NIGHT,
    past: int = 0,
    change: Callable[[int], dict[str, object]] = lambda _: {},
) -> list[PictureSlot]:
    """Return slots of a usual day, each changed as told by its place."""
    first = slot_of(start)
    usual = [
        PictureSlot(
            slot=first + index,
            mode=MODES[index // 9 % len(MODES)],
            buy=0.24 - 0.08 * cos(index / 96 * 4 * pi),
            sell=0.06 - 0.05 * cos(index / 96 * 4 * pi),
            soc_pct=50 - 40 * cos(index / 96 * 2 * pi),
            load_w=400 + 37.0 * (index % 7),
            sun_w=max(0.0, -3000 * cos(index / 96 * 2 * pi)),
            is_past=index < past,
            is_estimated=index >= 96,
        )
        for index in range(count)
    ]
    return [replace(each, **change(index)) for index, each in enumerate(usual)]  # type: ignore[arg-type]


def moment(slots: list[PictureSlot], index: float) -> datetime:
    """Return a moment so many slots after the first."""
    return datetime.fromtimestamp((slots[0].slot + index) * SLOT_S, UTC)


def picture(slots: list[PictureSlot], now: float = 40.5, labels: Labels = LABELS) -> ET.Element:
    """Return what was drawn, read again."""
    return ET.fromstring(draw(slots, AMSTERDAM, moment(slots, now) if slots else NIGHT, labels))  # noqa: S314 (ours)


def texts(svg: ET.Element) -> list[str]:
    """Return all texts."""
    return [each.text or "" for each in svg.iter(TEXT)]


def paths(svg: ET.Element, kind: str) -> list[str]:
    """Return the paths of a class, without the examples in the legend."""
    return [d for each in svg.iter(PATH) if each.get("class") == kind and not (d := each.get("d", "")).startswith("M-")]


def numbers(text: str) -> list[float]:
    """Return all numbers in a text."""
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", text)]


def x_of(index: float, count: int) -> object:
    """Return where a slot begins."""
    return pytest.approx(LEFT + (RIGHT - LEFT) * index / count, abs=0.06)


type Box = tuple[float, float, float, float]


def boxes(svg: ET.Element) -> Iterator[tuple[str, Box]]:
    """Return every text with left, top, right and bottom, as wide as usual fonts have it."""
    for each in svg.iter(TEXT):
        size, content = float(each.get("font-size", svg.get("font-size", 0))), each.text or ""
        x, y, width = float(each.get("x", 0)), float(each.get("y", 0)), 0.55 * size * len(content)
        left = x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[each.get("text-anchor", "start")]
        yield content, (left, y - 0.75 * size, left + width, y + 0.22 * size)


def unreadable(svg: ET.Element) -> list[str]:
    """Return what is outside of the picture, or over something else."""
    _, _, width, height = numbers(svg.get("viewBox", ""))
    found = list(boxes(svg))
    out = [text for text, box in found if box[0] < 0 or box[1] < 0 or box[2] > width or box[3] > height]
    for (text, one), (other, two) in combinations(found, 2):
        if one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]:
            out.append(f"{text} over {other}")
    return out


KNOWN = {
    "soc_pct": (-5.0, 120.0),
    "buy": (-1.0, 5.0),
    "sell": (-1.0, 5.0),
    "load_w": (-100.0, 40e3),
    "sun_w": (0.0, 40e3),
}
"""What may be unknown, and between which limits a home has it."""
SPRING, AUTUMN = (datetime(2026, month, number, tzinfo=AMSTERDAM) for month, number in ((3, 29), (10, 25)))
PICTURES = {
    "a day": (day(), LABELS),
    "two days": (day(192, past=40), LABELS),
    "thirty hours": (day(120, start=NIGHT.replace(hour=17, minute=15)), LABELS),
    "no sun": (day(change=lambda _: {"sun_w": 0.0}), LABELS),
    "prices missing": (day(change=lambda index: {"buy": None, "sell": None} if index > 30 else {}), LABELS),
    "nothing known": (
        day(change=lambda _: dict.fromkeys(("mode", "buy", "sell", "soc_pct", "load_w", "sun_w"))),
        LABELS,
    ),
    "one slot": (day(1), LABELS),
    "no slot": (list[PictureSlot](), LABELS),
    "in spring": (day(92, start=SPRING), LABELS),
    "in autumn": (day(100, start=AUTUMN), LABELS),
    "long words": (day(192), LONG),
    "long words, no slot": (list[PictureSlot](), replace(LONG, nothing="Unbekannt " * 30 + "x" * 200)),
}


@pytest.mark.parametrize("now", [-5.0, 0.0, 0.5, 7.0, 40.5, 91.0, 95.9, 500.0])
@pytest.mark.parametrize("name", PICTURES)
def test_every_text_can_be_read(name: str, now: float) -> None:
    """None leaves the picture or lies over another, wherever the present is; all are ten pixels high on a phone."""
    slots, labels = PICTURES[name]
    svg = picture(slots, now, labels)
    assert not unreadable(svg)
    width = numbers(svg.get("viewBox", ""))[2]
    sizes = {float(each.get("font-size", svg.get("font-size", 0))) for each in svg.iter(TEXT)}
    assert min(sizes) * 360 / width >= 10


def test_nothing_is_said_while_there_is_no_plan() -> None:
    """And nothing else but the title."""
    svg = picture([])
    assert " ".join(texts(svg)) == f"{LABELS.title} {LABELS.nothing}"
    assert not list(svg.iter(PATH))


def test_words_are_text_whatever_is_in_them() -> None:
    """A home may be called anything; a control character would break the file."""
    odd = 'A<b> & "C" \x00\x1b\ufffe]]>'
    svg = picture(day(), labels=replace(LABELS, title=odd, modes=dict.fromkeys(PlanMode, "<&'"), now="</text>"))
    assert svg.get("aria-label") == 'A<b> & "C" ]]>'
    assert {'A<b> & "C" ]]>', "<&'", "</text>"} <= set(texts(svg))


def test_a_picture_is_small_and_the_same_again() -> None:
    """Two days in which nothing stays as it is; the order in which slots come does not matter."""
    slots = day(
        192,
        change=lambda index: {"mode": MODES[index % 6], "buy": index * 37 % 101 / 300, "sell": index * 41 % 89 / 300},
    )
    now = moment(slots, 40.5)
    drawn = draw(slots, AMSTERDAM, now, LABELS)
    assert len(drawn.encode()) < 60_000
    assert draw(slots[::-1], AMSTERDAM, now, LABELS) == drawn


def test_a_picture_needs_nothing_from_elsewhere() -> None:
    """No script, no font, no address; colours by day and by night on a ground of its own."""
    drawn = draw(day(), AMSTERDAM, NIGHT, LABELS)
    assert not re.search(
        r"<script|<image|@import|@font-face|\bon[a-z]+=|https?:", drawn.replace("http://www.w3.org/2000/svg", "")
    )
    assert "@media (prefers-color-scheme:dark)" in drawn
    assert set(re.findall(r"var\(--([a-z_-]+)\)", drawn)) == set(re.findall(r"--([a-z_-]+):", drawn))
    light, dark = (set(re.findall(r"--([a-z_-]+):", part)) for part in drawn.split("@media"))
    assert light == dark
    assert next(iter(picture(day()).iter(RECT))).get("class") == "ground"


def test_negative_prices_go_below_zero() -> None:
    """The zero line is within the diagram, and the area of what is paid for taking lies under it."""
    slots = day(change=lambda index: {"buy": -0.1 if 48 <= index < 56 else 0.2, "sell": None})
    svg = picture(slots)
    zero = numbers(paths(svg, "zero")[0])[1]
    (area,) = paths(svg, "buy-area")
    assert re.findall(r"V([\d.]+)", area)[-1] == f"{zero:g}"
    levels = [*map(float, re.findall(r"V([\d.]+)", area))][:2]
    assert levels[0] > zero + 30
    assert levels[1] < zero - 30
    assert {"\N{MINUS SIGN}10", "0", "20"} <= set(texts(svg))
    assert LABELS.sold_at not in texts(svg)


def test_prices_are_told_as_people_write_them() -> None:
    """In the unit of the labels, with their decimal mark."""
    euros = replace(LABELS, price_factor=1, price_unit="EUR/kWh", decimal_mark=",")
    assert {"EUR/kWh", "0,1", "0,2", "0,3"} <= set(texts(picture(day(), labels=euros)))


@pytest.mark.parametrize(
    ("start", "count", "noon", "is_missing"), [(SPRING, 92, 44, True), (AUTUMN, 100, 52, False), (NIGHT, 96, 48, False)]
)
def test_hours_are_those_of_the_clock_on_the_wall(start: datetime, count: int, noon: int, is_missing: bool) -> None:
    """On the days of the clock change noon comes an hour earlier or later, and the next day after 23 or 25 hours."""
    svg = picture(day(count + 48, start=start), now=-1)
    places = {each.text: float(each.get("x", 0)) for each in svg.iter(TEXT) if each.get("class") in {"soft", "day"}}
    assert places["12:00"] == x_of(noon, count + 48)
    weekdays = [each.text for each in svg.iter(TEXT) if each.get("class") == "day"]
    assert weekdays == [LABELS.weekdays[(start.weekday() + day) % 7] for day in (0, 1)]
    assert [numbers(line)[0] for line in paths(svg, "midnight")] == [x_of(count, count + 48)] * 3
    short = picture(day(16, start=start), now=-1)
    assert ("02:00" not in texts(short)) is is_missing


def test_modes_are_joined_and_only_those_that_occur_are_named() -> None:
    """Two blocks of net zero around one of standby, and a gap where nothing is known."""
    modes = [PlanMode.NET_ZERO] * 20 + [PlanMode.STANDBY] * 20 + [PlanMode.NET_ZERO] * 20 + [None] * 36
    svg = picture(day(change=lambda index: {"mode": modes[index]}), now=90)
    blocks = [
        each for each in svg.iter(RECT) if each.get("class") in set(PlanMode) and not each.get("x", "").startswith("-")
    ]
    assert [each.get("class") for each in blocks] == ["net_zero", "standby", "net_zero"]
    assert float(blocks[1].get("x", 0)) == pytest.approx(LEFT + (RIGHT - LEFT) * 20 / 96, abs=1.5)
    named = {mode for mode in PlanMode if LABELS.modes[mode] in texts(svg)}
    assert named == {PlanMode.NET_ZERO, PlanMode.STANDBY}


def test_what_was_is_solid_and_what_is_planned_is_dashed() -> None:
    """One begins where the other ends; a veil lies over what is over, up to the line of the present."""
    svg = picture(day(past=40), now=40.5)
    (was,), (planned,) = paths(svg, "charge"), paths(svg, "charge planned")
    assert numbers(was)[-2:] == numbers(planned)[:2]
    assert numbers(was)[-2] == x_of(40, 96)
    assert {numbers(line)[0] for line in paths(svg, "now")} == {numbers(paths(svg, "now")[0])[0]}
    assert numbers(paths(svg, "now")[0])[0] == x_of(40.5, 96)
    veils = [each for each in svg.iter(RECT) if each.get("class") == "veil"]
    assert [float(each.get("x", 0)) + float(each.get("width", 0)) for each in veils] == [x_of(40.5, 96)] * 4
    assert not paths(picture(day(), now=97), "now")
    assert LABELS.now not in texts(picture(day(), now=97))


def test_what_is_not_published_yet_is_hatched() -> None:
    """From its first slot on, and named only then."""
    svg = picture(day(192))
    (area,) = paths(svg, "est-area")
    assert numbers(area)[0] == x_of(96, 192)
    (known,) = paths(svg, "buy-area")
    assert max(map(float, re.findall(r"H([\d.]+)", known))) == x_of(96, 192)
    assert LABELS.estimated in texts(svg)
    assert LABELS.estimated not in texts(picture(day()))


def test_what_is_missing_is_a_gap() -> None:
    """No line leads over it; numbers that are none are missing too."""
    for odd in (None, nan, inf):
        svg = picture(day(change=lambda index, odd=odd: dict.fromkeys(KNOWN, odd) if 30 <= index < 40 else {}))  # type: ignore[misc]
        for kind in ("buy", "sell", "charge planned", "house"):
            before, after = paths(svg, kind)
            assert numbers(before)[-1] == x_of(30, 96), kind
            assert numbers(after)[0] == x_of(40, 96), kind


def test_a_line_stays_in_its_diagram() -> None:
    """A battery that tells more than full is drawn as full."""
    full, more = (picture(day(change=lambda _, pct=pct: {"soc_pct": pct})) for pct in (100.0, 120.0))  # type: ignore[misc]
    assert paths(full, "charge planned") == paths(more, "charge planned")


def test_there_is_no_sun_where_there_is_none() -> None:
    """No panels, none known, or night: no line along the ground, no word for it."""
    for without in (0.0, None):
        svg = picture(day(change=lambda _, sun_w=without: {"sun_w": sun_w}))  # type: ignore[misc]
        assert not paths(svg, "sun-area") + paths(svg, "sun")
        assert LABELS.sun not in texts(svg)
    (day_light,) = paths(picture(day()), "sun")
    assert numbers(day_light)[0] == x_of(24, 96)


ANY = st.builds(
    PictureSlot,
    slot=st.integers(1_980_000, 1_980_250),
    mode=st.none() | st.sampled_from(PlanMode),
    is_past=st.booleans(),
    is_estimated=st.booleans(),
    **{name: st.none() | st.floats(*limits) for name, limits in KNOWN.items()},
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY, max_size=12, unique_by=lambda each: each.slot), st.floats(-20, 300))
def test_anything_can_be_drawn(slots: list[PictureSlot], now: float) -> None:
    """Whatever is known and missing, the file is whole, its texts can be read and its lines are inside."""
    svg = picture(slots, now)
    assert not unreadable(svg)
    height = numbers(svg.get("viewBox", ""))[3]
    for kind in ("buy", "sell", "charge", "charge planned", "house", "sun"):
        assert all(0 <= number <= max(RIGHT, height) for path in paths(svg, kind) for number in numbers(path))
