"""The rooms of the house: which module is in which, which may know which, and the picture of it.

`scripts/rooms` prints the picture that docs/architecture.md shows; test_architecture.py holds the walls.
"""

import ast
from collections import defaultdict
from collections.abc import Collection, Container, Iterator, Mapping
from pathlib import Path
import sys
from typing import Final

ROOT = Path(__file__).parent.parent
PACKAGE = "custom_components.home_energy_controller"
INTEGRATION = ROOT / "custom_components" / "home_energy_controller"
PAGE = ROOT / "docs" / "architecture.md"

type Modules = Mapping[str, set[str]]
"""Of each module, by its name within the integration: the modules of the integration that it imports."""

SHARED: Final = frozenset({"const", "errors"})
"""Known by every room of Home Assistant's side."""

ARROWS: Final[Mapping[str, set[str]]] = {
    "platforms": {
        "coordinator",
        "flows",
        "view",
        "site",
        "planning",
        "cycle",
        "actuation",
        "control",
        "marstek",
        "shared",
    },
    "coordinator": {"view", "site", "cycle", "dispatch", "actuation", "control", "marstek", "meter", "shared"},
    "view": {"site", "planning", "actuation", "control", "marstek", "meter", "shared"},
    "flows": {"site", "planning", "cycle", "control", "marstek", "meter", "shared"},
    "site": {"planning", "control", "marstek", "meter", "shared"},
    "planning": {"control"},
    "cycle": {"dispatch", "actuation", "control"},
    "dispatch": {"control"},
    "actuation": {"control"},
    "control": set(),
    "marstek": set(),
    "meter": set(),
    "shared": set(),
}
"""Who may know whom, from top to bottom; whatever is not here is a wall."""

ABOUT: Final = {
    "platforms": "platforms<br><small>what Home Assistant looks for</small>",
    "coordinator": "coordinator<br><small>observe, dispatch, actuate, publish</small>",
    "view": "view/<br><small>what a cycle publishes</small>",
    "flows": "flows/<br><small>the forms</small>",
    "site": "site/<br><small>run time on Home Assistant's side</small>",
    "planning": "planning/<br><small>prices, forecasts, optimiser</small>",
    "cycle": "cycle, recorder<br><small>one step of both wings</small>",
    "dispatch": "dispatch/<br><small>who does what</small>",
    "actuation": "actuation/<br><small>making it true</small>",
    "control": "model, settings, ...<br><small>values that both wings share</small>",
    "marstek": "marstek/<br><small>the batteries' protocol</small>",
    "meter": "meter/<br><small>the meters</small>",
}

FORM_READERS: Final = {"config_flow", "repairs"}
"""The modules that Home Assistant looks into for forms."""


def files(*folders: Path) -> list[Path]:
    """Return the Python files below folders."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Return the full names of all that a file imports, for types only as well."""
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


def modules() -> Modules:
    """Return the integration's modules and what they import of each other."""
    paths = {".".join(path.relative_to(INTEGRATION).with_suffix("").parts): path for path in files(INTEGRATION)}
    return {name: set(_ours(imported(path), paths.keys())) - {name} for name, path in paths.items()}


def _ours(names: Collection[str], known: Container[str]) -> Iterator[str]:
    """Return the modules of the integration that are meant by full names of modules, or of what is in them."""
    for name in names:
        inner = name.removeprefix(f"{PACKAGE}.")
        if name != inner:
            candidates = (inner, inner.rpartition(".")[0], f"{inner}.__init__", f"{inner.rpartition('.')[0]}.__init__")
            yield next(candidate for candidate in candidates if candidate in known)


def room_of(module: str) -> str:
    """Return the room that a module is in."""
    first, *rest = module.split(".")
    if first == "control":
        if rest[0] in {"cycle", "recorder"}:
            return "cycle"
        return rest[0] if len(rest) > 1 else "control"
    if rest or first == "coordinator":
        return first
    return "shared" if first in SHARED else "platforms"


def broken_walls(house: Modules) -> list[str]:
    """Return every arrow that no wall lets through, as `module -> module`, with the rooms."""
    broken = []
    for module, others in house.items():
        for other in sorted(others):
            here, there = room_of(module), room_of(other)
            if here != there and there not in ARROWS.get(here, set()):
                broken.append(f"{module} -> {other} ({here} may not know {there})")
            elif there == "flows" and here != "flows" and module not in FORM_READERS:
                broken.append(f"{module} -> {other} (forms are known to {', '.join(FORM_READERS)} only)")
    return broken


def circles(house: Modules) -> list[str]:
    """Return the shortest circle of imports through each module that is in one, as `a -> b -> a`."""
    found: dict[frozenset[str], str] = {}
    for start in house:
        paths: list[tuple[str, ...]] = [(start,)]
        seen: set[str] = set()
        while paths:
            path = paths.pop(0)
            for other in sorted(house.get(path[-1], set())):
                if other == start:
                    found.setdefault(frozenset(path), " -> ".join((*path, start)))
                    paths = []
                    break
                if other not in seen:
                    seen.add(other)
                    paths.append((*path, other))
    return list(found.values())


def arrows(house: Modules) -> dict[str, set[str]]:
    """Return which room knows which; what everybody knows is left out, and what follows from other arrows."""
    known: dict[str, set[str]] = defaultdict(set)
    for module, others in house.items():
        here = room_of(module)
        known[here] |= {room_of(other) for other in others} - {here, "shared"}

    def reached(room: str) -> set[str]:
        return known[room].union(*(reached(other) for other in known[room]))

    rooms = [room for room in ARROWS if room in known and room != "shared"]
    return {room: known[room] - set[str]().union(*(reached(other) for other in known[room])) for room in rooms}


def mermaid(house: Modules) -> str:
    """Return the picture of the rooms."""
    inner = ("cycle", "dispatch", "actuation", "control")
    drawn = arrows(house)
    lines = ["flowchart TD"]
    lines += [f'  {room}["{ABOUT[room]}"]' for room in drawn if room not in inner]
    lines += ['  subgraph pure_control["control/"]', *(f'    {room}["{ABOUT[room]}"]' for room in inner), "  end"]
    lines += [f"  {room} --> {other}" for room in drawn for other in ARROWS if other in drawn[room]]
    return "\n".join(lines)


def with_picture(page: str) -> str:
    """Return the page with the picture as the code is now."""
    before, _, rest = page.partition("```mermaid\nflowchart")
    _, _, after = rest.partition("```")
    return f"{before}```mermaid\n{mermaid(modules())}\n```{after}"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(with_picture(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(mermaid(modules()) + "\n")
