"""What hassfest and HACS check, as far as it can be told without them (they run in .github/workflows/validate.yml)."""

import ast
from collections.abc import Iterator
import importlib.util
import json
from pathlib import Path
import re
import struct
from typing import Any

from awesomeversion import AwesomeVersion
from homeassistant.const import Platform
from homeassistant.util.yaml import load_yaml_dict
from packaging.requirements import Requirement
import pytest

from custom_components.home_energy_controller import services
from tests.test_translations import load

ROOT = Path(__file__).parent.parent
INTEGRATION = ROOT / "custom_components" / "home_energy_controller"
SOURCES = sorted(INTEGRATION.rglob("*.py"))
MANIFEST: dict[str, Any] = json.loads((INTEGRATION / "manifest.json").read_text(encoding="utf-8"))
ICONS: dict[str, Any] = json.loads((INTEGRATION / "icons.json").read_text(encoding="utf-8"))
TEXTS = load("en")
SERVICES = load_yaml_dict(INTEGRATION / "services.yaml")
SCHEMAS = {
    "run_cycle": services.RUN_CYCLE,
    "get_plan": services.GET_PLAN,
    "get_dashboard": services.GET_DASHBOARD,
    "back_test": services.BACK_TEST,
    "set_power": services.SET_POWER,
    "release": services.RELEASE,
    "clear_schedules": services.CLEAR_SCHEDULES,
}
QUALITY = load_yaml_dict(INTEGRATION / "quality_scale.yaml")["rules"]


def nodes() -> Iterator[ast.AST]:
    """Return all that the code is made of."""
    for path in SOURCES:
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def called(node: ast.AST, *names: str) -> list[str]:
    """Return the strings with which functions of these names are called."""
    if not isinstance(node, ast.Call):
        return []
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return [
        arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str) and name in names
    ]


# The manifest, and HACS.


def test_the_manifest_has_the_keys_that_are_known_in_their_order() -> None:
    """Domain, name, then the alphabet; HACS wants six of them."""
    keys = list(MANIFEST)
    assert keys == ["domain", "name", *sorted(keys[2:])]
    known = (
        "after_dependencies codeowners config_flow dependencies dhcp documentation domain integration_type iot_class"
    )
    known += " issue_tracker loggers name requirements version zeroconf"
    assert set(keys) <= set(known.split()), "no single_config_entry: it would stop addresses from being followed"
    assert {"domain", "documentation", "issue_tracker", "codeowners", "name", "version"} <= set(keys)


def test_the_manifest_says_what_is_so() -> None:
    """Each value in the form that hassfest wants."""
    assert MANIFEST["domain"] == INTEGRATION.name
    assert MANIFEST["name"].startswith("Marstek"), "Add integration finds what the search has among the first letters"
    assert all(re.fullmatch(r"@[\w-]+", owner) for owner in MANIFEST["codeowners"])
    for key in ("documentation", "issue_tracker"):
        assert MANIFEST[key].startswith("https://")
        assert not MANIFEST[key].startswith("https://www.home-assistant.io/integrations")
    assert (MANIFEST["integration_type"], MANIFEST["iot_class"]) == ("hub", "local_polling")
    assert AwesomeVersion(MANIFEST["version"]).valid
    assert MANIFEST["config_flow"] == (INTEGRATION / "config_flow.py").exists()
    for matcher in MANIFEST["dhcp"]:
        assert set(matcher) <= {"registered_devices", "hostname", "macaddress"}
        assert re.fullmatch(r"[0-9A-F]*\*?", matcher.get("macaddress", ""))
        assert matcher.get("hostname", "") == matcher.get("hostname", "").lower()
    for service in MANIFEST.get("zeroconf", ()):
        assert re.fullmatch(
            r"_[a-z0-9-]+\._(tcp|udp)\.local\.", service if isinstance(service, str) else service["type"]
        )


def test_the_library_is_the_one_that_home_assistant_brings() -> None:
    """Its own integration pins one version, and both have to run in one Home Assistant."""
    spec = importlib.util.find_spec("homeassistant.components.homewizard")
    assert spec is not None
    assert spec.origin is not None
    theirs = json.loads((Path(spec.origin).parent / "manifest.json").read_text(encoding="utf-8"))["requirements"]
    pin = next(pin for pin in theirs if pin.startswith("python-homewizard-energy=="))
    (ours,) = MANIFEST["requirements"]
    assert Requirement(ours).name == Requirement(pin).name
    assert Requirement(ours).specifier.contains(pin.partition("==")[2])
    assert pin in (ROOT / "requirements_test.txt").read_text(encoding="utf-8"), "a clean checkout has it"


def test_the_version_is_one() -> None:
    """In the manifest and in pyproject."""
    assert f'version = "{MANIFEST["version"]}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_every_integration_that_is_used_is_named() -> None:
    """Or Home Assistant may not have loaded it; platforms and a few others always may be used."""
    always = {*Platform, "diagnostics", "frontend", "persistent_notification", "repairs", "websocket_api"}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [f"{node.module}.{alias.name}" for alias in node.names]
            for module in modules:
                if module.startswith("homeassistant.components."):
                    used = module.split(".")[2]
                    named = {*MANIFEST["dependencies"], *MANIFEST.get("after_dependencies", ()), *always}
                    assert used in named, (path.name, used)


def test_hacs_finds_one_integration_and_knows_its_own_keys() -> None:
    """HACS refuses unknown keys; the oldest version is the one that the tests run on."""
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert set(hacs) <= {"name", "homeassistant", "render_readme", "zip_release", "filename"}
    assert hacs["zip_release"]
    assert hacs["filename"] in (ROOT / "scripts" / "release").read_text(encoding="utf-8")
    assert hacs["name"] == MANIFEST["name"]
    assert AwesomeVersion(hacs["homeassistant"]).valid
    folders = [path.name for path in (ROOT / "custom_components").iterdir() if (path / "manifest.json").exists()]
    assert folders == [INTEGRATION.name]
    assert (ROOT / "README.md").exists()
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["icon", "dark_icon"])
def test_brand_images_have_the_sizes_that_are_served(name: str) -> None:
    """256 pixels, and twice that."""
    for suffix, pixels in (("", 256), ("@2x", 512)):
        data = (INTEGRATION / "brand" / f"{name}{suffix}.png").read_bytes()
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        assert struct.unpack(">II", data[16:24]) == (pixels, pixels)


def test_the_types_are_for_others_too() -> None:
    """Without the marker a type checker reads none of them."""
    assert (INTEGRATION / "py.typed").exists()


def test_workflows_may_only_read_and_use_what_cannot_change() -> None:
    """Actions are pinned by their commit."""
    workflows = list((ROOT / ".github" / "workflows").glob("*.yml"))
    used: list[str] = []
    for path in workflows:
        text = path.read_text(encoding="utf-8")
        assert load_yaml_dict(path)["permissions"] == {"contents": "read"}
        used += re.findall(r"uses: (\S+)", text)
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) for action in used)
    assert {"home-assistant/actions/hassfest", "hacs/action"} <= {action.split("@")[0] for action in used}


# Icons.


def test_every_icon_is_of_something_that_exists() -> None:
    """And of each kind of entity, state and action there is one."""
    for platform, entities in TEXTS["entity"].items():
        for key, texts in entities.items():
            icon = ICONS["entity"].get(platform, {}).get(key)
            assert icon is not None or key in {"soc", "temperature"}, f"{platform}.{key}: the device class has icons"
            assert set((icon or {}).get("state", {})) <= {"on", "off", *texts.get("state", {})}, key
    for platform, entities in ICONS["entity"].items():
        assert entities.keys() <= TEXTS["entity"][platform].keys()
    assert ICONS["services"].keys() == SERVICES.keys()


def test_every_icon_is_one_of_material_design() -> None:
    """Other sets are not there in every home."""
    icons = [value for value in leaves(ICONS) if isinstance(value, str)]
    assert icons
    assert all(re.fullmatch(r"mdi:[a-z0-9-]+", icon) for icon in icons)


def leaves(tree: Any) -> Iterator[Any]:
    """Return every value at the ends of a tree."""
    if isinstance(tree, dict):
        for value in tree.values():
            yield from leaves(value)
    else:
        yield tree


# Actions and errors.


def test_every_action_is_described_as_it_is_registered() -> None:
    """Fields, which of them are required, and texts of both."""
    assert SERVICES.keys() == SCHEMAS.keys() == TEXTS["services"].keys()
    assert SCHEMAS.keys() == {name for node in nodes() for name in called(node, "async_register")}
    for name, schema in SCHEMAS.items():
        fields = SERVICES[name]["fields"]
        assert {str(marker) for marker in schema.schema} == fields.keys()
        required = {str(marker) for marker in schema.schema if type(marker).__name__ == "Required"}
        assert {key for key, field in fields.items() if field.get("required")} == required
        texts = TEXTS["services"][name]
        assert set(texts) == {"name", "description", "fields"}
        assert texts["fields"].keys() == fields.keys()
        assert all(set(text) == {"name", "description"} for text in texts["fields"].values())
        assert all(field["selector"] for field in fields.values())


def test_every_error_that_is_raised_has_a_text_and_every_text_an_error() -> None:
    """A text that nobody raises is one that nobody keeps true."""
    raised = {key for node in nodes() for key in called(node, "refusal", "failure")}
    written = {node.value for node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert raised <= TEXTS["exceptions"].keys() <= written


# The quality scale.


def test_every_rule_of_the_quality_scale_is_answered() -> None:
    """The rules are those of a core integration in the Home Assistant that the tests run on."""
    spec = importlib.util.find_spec("homeassistant.components.homewizard")
    assert spec is not None
    assert spec.origin is not None
    rules = load_yaml_dict(Path(spec.origin).parent / "quality_scale.yaml")["rules"]
    assert QUALITY.keys() == rules.keys()


@pytest.mark.parametrize("rule", QUALITY)
def test_an_answer_names_what_shows_it(rule: str) -> None:
    """Done or exempt, with a reason; files that are named exist."""
    answer = QUALITY[rule]
    assert answer["status"] in {"done", "exempt"}
    named = re.findall(r"[\w./-]+\.(?:py|md|json|yaml|png|toml|typed)\b", answer["comment"])
    assert named or answer["status"] == "exempt" or "scripts/" in answer["comment"]
    for name in named:
        assert (ROOT / name).exists() or (INTEGRATION / name).exists(), name
    for name, anchor in re.findall(r"(\S+\.md)#([\w-]+)", answer["comment"]):
        assert anchor in anchors(ROOT / name)


def anchors(page: Path) -> set[str]:
    """Return what can be linked to in a page."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_what_the_comparison_calls_for_exists() -> None:
    """Its claims can be checked."""
    text = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w./]+\.(?:py|md|json|yaml|yml)|scripts/\w+)\b", text)
    assert len(named) > 40
    for name in named:
        assert any((folder / name).exists() for folder in (ROOT, INTEGRATION, ROOT / "tests" / "integration")), name


def test_the_index_of_tests_names_every_test_file() -> None:
    """And the modules and test files that it names exist."""
    tests = ROOT / "tests"
    named = re.findall(r"`([\w./]+\.py)`", (tests / "README.md").read_text(encoding="utf-8"))
    missing = {str(path.relative_to(tests)) for path in tests.rglob("test_*.py")} - set(named)
    assert not missing, "add a row to tests/README.md"
    folders = (tests, INTEGRATION, *(INTEGRATION / room for room in ("control", "marstek", "planning")))
    assert [name for name in named if not any((folder / name).exists() for folder in folders)] == []
