"""The rooms of the house: who may know whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "custom_components.home_energy_controller"
INTEGRATION = ROOT / "custom_components" / "home_energy_controller"


def imported(path: Path) -> set[str]:
    """Return the full names of the modules that a file imports."""
    package = ".".join(path.relative_to(ROOT).parent.parts)
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            module = ".".join(filter(None, (base, node.module))) if node.level else node.module or ""
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


def files(*folders: Path) -> list[Path]:
    """Return the Python files below folders."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


@pytest.mark.parametrize("room", ["marstek", "meter", "control"])
def test_inner_rooms_know_neither_home_assistant_nor_each_other(room: str) -> None:
    """The wire, the meter and the control can be read, tested and reused alone."""
    for path in files(INTEGRATION / room):
        for name in imported(path):
            assert not name.startswith("homeassistant"), (path, name)
            if name.startswith(PACKAGE):
                assert name.startswith(f"{PACKAGE}.{room}"), (path, name)


def test_control_touches_no_clock_no_loop_and_no_file() -> None:
    """Decide and pursue are functions of their arguments."""
    for path in files(INTEGRATION / "control"):
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


def test_simulation_and_benchmarks_use_control_and_frames_only() -> None:
    """The fake devices share the vocabulary of the wire, not the client that they test."""
    allowed = (f"{PACKAGE}.control", f"{PACKAGE}.marstek.frames", f"{PACKAGE}.marstek.profiles")
    for path in files(ROOT / "simulation", ROOT / "benchmarks"):
        for name in imported(path):
            assert not name.startswith(PACKAGE) or name.startswith(allowed), (path, name)
            assert not name.startswith("homeassistant"), (path, name)


def test_files_stay_small_enough_to_be_read() -> None:
    """A file is under 400 lines."""
    for path in files(INTEGRATION, *(ROOT / room for room in ("simulation", "benchmarks", "demo", "tests"))):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 400, path
