"""How the picture of the plan looks: colours by day and by night, and the sign of each mode.

A picture is shown as an image, so it cannot know the theme of the page: it follows what the browser prefers, on an
opaque ground of its own. Modes differ in lightness, not only in hue, and each has a sign: what charges is cool, as low
prices are, what discharges is warm.
"""

from typing import Final

from ..planning.modes import PlanMode

FONT: Final = 23
"""Ten pixels where the picture is 360 wide."""
TITLE_FONT: Final = 30

type Palette = dict[str, str]

LIGHT: Final[Palette] = {
    "ground": "#fcfdfe",
    "edge": "#e2e7ed",
    "ink": "#1d2733",
    "soft": "#5a6675",
    "grid": "#e6ebf0",
    "day": "#b9c3ce",
    "track": "#f0f3f6",
    "cheap": "#12908a",
    "mid": "#dba11c",
    "dear": "#d2512d",
    "sell": "#8059b3",
    "charge": "#1c7c94",
    "house": "#4a596d",
    "sun": "#e9a90f",
}
DARK: Final[Palette] = {
    "ground": "#181d23",
    "edge": "#2a323b",
    "ink": "#e9eef4",
    "soft": "#a0acb9",
    "grid": "#293139",
    "day": "#566370",
    "track": "#20272e",
    "cheap": "#3fc4b4",
    "mid": "#efbd50",
    "dear": "#f4835c",
    "sell": "#bd9cf0",
    "charge": "#54bdd3",
    "house": "#b5c2d1",
    "sun": "#f4c04a",
}

MODE_COLOURS: Final[dict[PlanMode, tuple[str, str, str, str]]] = {
    PlanMode.NET_ZERO: ("#a3b3c3", "#27364a", "#5d7186", "#f3f7fb"),
    PlanMode.CHARGE_ONLY: ("#1b8a6b", "#ffffff", "#3aae8e", "#06251c"),
    PlanMode.DISCHARGE_ONLY: ("#f3bb50", "#503700", "#e5aa3e", "#3b2800"),
    PlanMode.STANDBY: ("#d5dce4", "#4a5766", "#3d4853", "#c6cfd9"),
    PlanMode.CHARGE_FROM_GRID: ("#1d5aa3", "#ffffff", "#68a6ec", "#08213d"),
    PlanMode.DELIVER_TO_GRID: ("#c5491c", "#ffffff", "#f08050", "#3d1403"),
}
"""By day the block and its sign, by night the block and its sign."""

SIGNS: Final[dict[PlanMode, str]] = {
    PlanMode.NET_ZERO: "M-8-4H8M-8 4H8",
    PlanMode.CHARGE_ONLY: "M0 8V-8M-6.5-1.5 0-8 6.5-1.5",
    PlanMode.DISCHARGE_ONLY: "M0-8V8M-6.5 1.5 0 8 6.5 1.5",
    PlanMode.STANDBY: "M-4-7V7M4-7V7",
    PlanMode.CHARGE_FROM_GRID: "M-7.5-.5 0-8 7.5-.5M-7.5 7.5 0 0 7.5 7.5",
    PlanMode.DELIVER_TO_GRID: "M-7.5.5 0 8 7.5.5M-7.5-7.5 0 0 7.5-7.5",
}
"""Balance, up, down, pause; twice up and down where the grid is used on purpose."""

RULES: Final = """
.ground{fill:var(--ground);stroke:var(--edge);stroke-width:2}
text{fill:var(--ink)}
.title{font-weight:600}
.soft{fill:var(--soft)}
.day{font-weight:600}
.on{fill:var(--ground);font-weight:600}
path,line{fill:none}
.grid{stroke:var(--grid);stroke-width:1.5}
.midnight{stroke:var(--day);stroke-width:2}
.zero{stroke:var(--day);stroke-width:2}
.track{fill:var(--track)}
.veil{fill:var(--ground);fill-opacity:.5}
.now{stroke:var(--ink);stroke-width:3}
.pill{fill:var(--ink)}
.cheap{stop-color:var(--cheap)}
.mid{stop-color:var(--mid)}
.dear{stop-color:var(--dear)}
.levels{fill:url(#levels)}
.buy-area{fill:url(#level);fill-opacity:.24}
.buy{stroke:url(#level);stroke-width:4.5;stroke-linejoin:round}
.est-area{fill:url(#hatch)}
.est{stroke-width:3}
.hatch{stroke:var(--soft);stroke-width:2;stroke-opacity:.36}
.sell{stroke:var(--sell);stroke-width:2.5}
.charge-area{fill:var(--charge);fill-opacity:.13}
.charge{stroke:var(--charge);stroke-width:4.5;stroke-linejoin:round}
.planned{stroke-dasharray:11 7}
.sun-area{fill:var(--sun);fill-opacity:.34}
.sun{stroke:var(--sun);stroke-width:2.5;stroke-linejoin:round}
.house{stroke:var(--house);stroke-width:3.5;stroke-linejoin:round}
.sign{stroke-width:3;stroke-linecap:round;stroke-linejoin:round}
"""


def style() -> str:
    """Return the style of the picture."""
    light = LIGHT | {name: colour for mode in PlanMode for name, colour in _of_mode(mode, 0)}
    dark = DARK | {name: colour for mode in PlanMode for name, colour in _of_mode(mode, 2)}
    blocks = "\n".join(f".{mode}{{fill:var(--{mode})}}\n.on-{mode}{{stroke:var(--on-{mode})}}" for mode in PlanMode)
    night = f"@media (prefers-color-scheme:dark){{{_variables(dark)}}}"
    return f"<style>\n{_variables(light)}\n{night}{RULES}{blocks}\n</style>"


def _of_mode(mode: PlanMode, at: int) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return the two variables of a mode, by day (0) or by night (2)."""
    return (mode.value, MODE_COLOURS[mode][at]), (f"on-{mode}", MODE_COLOURS[mode][at + 1])


def _variables(palette: Palette) -> str:
    """Return a palette as variables of the picture alone."""
    return ".plan{" + ";".join(f"--{name}:{colour}" for name, colour in palette.items()) + "}"
