"""The rooms of the house: who may know whom (the walls themselves are in rooms.py)."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from .rooms import (
    ARROWS,
    INTEGRATION,
    PACKAGE,
    PAGE,
    ROOT,
    arrows,
    broken_walls,
    circles,
    files,
    imported,
    modules,
    room_of,
    with_picture,
)

PURE = ("marstek", "meter", "planning", "control")


def test_no_arrow_breaks_a_wall() -> None:
    """Every import points down, along an arrow of the design; imports for types only count as well."""
    assert not broken_walls(modules())


def test_nobody_knows_another_who_knows_them() -> None:
    """Modules can be read, and tested, one after the other."""
    assert not circles(modules())


@pytest.mark.parametrize(
    ("module", "other", "why"),
    [
        ("control.dispatch.law", "control.actuation.trust", "the wings do not know each other"),
        ("control.actuation.release", "control.dispatch.dispatch", "the wings do not know each other"),
        ("control.model", "control.dispatch.site", "what both wings share knows neither"),
        ("control.permissions", "control.cycle", "a cycle knows the parts, not they it"),
        ("site.overrides", "coordinator", "the coordinator wires the site, not the site it"),
        ("site.battery", "view.snapshot", "run time does not know how it is shown"),
        ("view.health", "coordinator", "what is shown does not know who shows it"),
        ("coordinator", "flows.options", "the runtime never imports a form"),
        ("sensor", "flows.forms", "the runtime never imports a form"),
        ("__init__", "flows.probe", "the runtime never imports a form"),
        ("flows.battery", "coordinator", "a form asks the devices, not the running site"),
        ("flows.meter", "view.health", "a form asks the devices, not the running site"),
        ("marstek.client", "control.model", "the wire stands alone"),
        ("meter.base", "marstek.errors", "the meter stands alone"),
        ("control.net_load", "meter.base", "control stands alone"),
        ("control.dispatch.limits", "planning.prices", "the plan reaches dispatch through permissions"),
        ("planning.optimiser", "control.actuation.tracking", "a plan sends nothing"),
        ("const", "errors.deeper", "a room that nobody drew"),
    ],
)
def test_a_broken_wall_is_named(module: str, other: str, why: str) -> None:
    """One arrow that should not be there is found among all that may."""
    house = dict(modules())
    house[module] = house.get(module, set()) | {other}
    assert [arrow.split(" (")[0] for arrow in broken_walls(house)] == [f"{module} -> {other}"], why


@pytest.mark.parametrize(
    "house",
    [
        {"a": {"b"}, "b": {"a"}},
        {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set[str]()},
    ],
)
def test_a_circle_is_named(house: Mapping[str, set[str]]) -> None:
    """With the way round it."""
    assert circles(house) == [" -> ".join([*sorted(house.keys() - {"d"}), "a"])]


def test_every_room_is_drawn() -> None:
    """A new folder has to be given its arrows."""
    assert {room_of(module) for module in modules()} <= ARROWS.keys()


@pytest.mark.parametrize("path", files(*(INTEGRATION / room for room in PURE)), ids=lambda path: path.stem)
def test_pure_rooms_know_no_home_assistant(path: Path) -> None:
    """The wire, the meters, control and the plan can be read, tested and reused alone."""
    assert not [name for name in imported(path) if name.split(".")[0] in {"homeassistant", "voluptuous"}]


@pytest.mark.parametrize("room", ["control", "planning"])
def test_who_decides_touches_no_clock_no_loop_and_no_file(room: str) -> None:
    """Dispatch, actuation and plan are functions of their arguments."""
    for path in files(INTEGRATION / room):
        roots = {name.split(".")[0] for name in imported(path)}
        assert not roots & {"asyncio", "time", "random", "os", "pathlib", "socket", "logging"}, path


def test_other_integrations_are_imported_by_their_front_door() -> None:
    """What lies in their modules moves from one Home Assistant to the next; what their root names stays."""
    for path in files(INTEGRATION):
        for name in imported(path):
            assert not name.startswith("homeassistant.components.") or name.count(".") <= 3, (path, name)


def test_nothing_that_ships_knows_the_simulation() -> None:
    """The simulated house may read the integration, never the reverse."""
    for path in files(INTEGRATION):
        assert not any(name.split(".")[0] in {"simulation", "benchmarks", "demo", "tests"} for name in imported(path))


PURE_PARTS = ("control", "planning", "marstek.frames", "marstek.models", "marstek.plausibility", "marstek.profiles")


def test_simulation_and_benchmarks_use_control_and_frames_only() -> None:
    """The fake devices share the vocabulary of the wire, not the client that they test."""
    allowed = tuple(f"{PACKAGE}.{room}" for room in PURE_PARTS)
    for path in files(ROOT / "simulation", ROOT / "benchmarks"):
        for name in imported(path):
            assert not name.startswith(PACKAGE) or name.startswith(allowed), (path, name)
            assert not name.startswith("homeassistant"), (path, name)


def test_files_stay_small_enough_to_be_read() -> None:
    """A file is under 400 lines."""
    for path in files(INTEGRATION, *(ROOT / room for room in ("simulation", "benchmarks", "demo", "tests"))):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 400, path


def test_the_picture_shows_the_rooms_as_they_are() -> None:
    """`scripts/rooms --write` draws it again."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_picture(page)
    assert arrows(modules())["platforms"] >= {"coordinator", "flows"}
