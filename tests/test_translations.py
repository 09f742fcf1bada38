"""Every text: in all languages, with the same placeholders, and as Home Assistant's checks want it."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from string import Formatter
from typing import Any

import pytest

from custom_components.home_energy_controller.control.model import (
    OWNER_STRATEGIES,
    PLANNED_STRATEGIES,
    BatteryMode,
    OwnMeter,
    Release,
    SiteState,
    Strategy,
)
from custom_components.home_energy_controller.flows import forms

FOLDER = Path(__file__).parent.parent / "custom_components" / "home_energy_controller" / "translations"
LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.json"))
SECTIONS = {"config", "config_subentries", "entity", "exceptions", "issues", "options", "selector", "services", "title"}


def load(language: str) -> dict[str, Any]:
    """Return the texts of a language."""
    texts: dict[str, Any] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return texts


def flat(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Return every text with the path to it."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def dictionaries(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return every level of a tree."""
    yield tree
    for value in tree.values():
        if isinstance(value, dict):
            yield from dictionaries(value)


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_the_languages_are_there() -> None:
    """English is what Home Assistant falls back to; the others are spoken where these batteries are sold most."""
    assert {"de", "en", "fr", "nl"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_has_every_text_with_the_same_placeholders(language: str) -> None:
    """A missing text shows as a key, a wrong placeholder as braces."""
    texts, english = dict(flat(load(language))), dict(flat(load("en")))
    assert texts.keys() == english.keys()
    for path, text in texts.items():
        assert placeholders(text) == placeholders(english[path]), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_pass_the_checks_of_home_assistant(language: str) -> None:
    """The rules of hassfest for strings that can be told without it."""
    for path, text in flat(load(language)):
        assert re.fullmatch(r"[a-z0-9_.-]+", path), path
        assert text == text.strip() != "", path
        assert not re.search(r"</?[a-z]", text), f"HTML in {path}"
        assert "://" not in text, f"address in {path}: use a placeholder"
        assert not re.search(r"'\{\w+\}'", text), f"quoted placeholder in {path}"
        assert all(name.isidentifier() for name in placeholders(text)), path
        if ".state." in path:
            assert not placeholders(text), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_sections_have_the_form_that_home_assistant_reads(language: str) -> None:
    """Anything else is silently ignored by the frontend, or refused by hassfest."""
    texts = load(language)
    assert set(texts) <= SECTIONS
    for subentry in texts["config_subentries"].values():
        assert {"entry_type", "initiate_flow", "step"} <= set(subentry)
        assert "user" in subentry["initiate_flow"]
    for exception in texts.get("exceptions", {}).values():
        assert set(exception) == {"message"}
    for issue in texts.get("issues", {}).values():
        assert "title" in issue
        assert len({"description", "fix_flow"} & set(issue)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_is_explained(language: str) -> None:
    """A label alone does not tell where to look a value up."""
    for level in dictionaries(load(language)):
        if "data" in level:
            assert level["data"].keys() == level["data_description"].keys()


def test_every_trouble_of_the_flows_has_a_text() -> None:
    """Each error key of the map is translated where its flow may show it."""
    texts = load("en")
    site, battery = texts["config"], texts["config_subentries"]["battery"]
    for kind, key in forms.ERROR_KEYS.items():
        about_meter = key.startswith(("meter_", "sensor_", "not_a_grid"))
        shown_in = [site["error"] | site["abort"]] + ([] if about_meter else [battery["error"]])
        assert all(key in errors for errors in shown_in), (kind, key)


OTHER_CURRENCY = r"\bEUR\b|ct/kWh"
REPLACED = {
    "en": r"[Ss]end the form|[Cc]eiling(?!})|[Hh]igh hours|[Ll]ow hours|[Ll]ow tariff|\bdear(er|est)?\b",
    "nl": r"het formulier|automatische stand|[Pp]lafond|[Ii]nstallatie\b|[Pp]iekuren|Configureren\b|\bu\b|\bUw?\b",
    "de": r"Formular|Automatikbetrieb|Obergrenze|\bSie können|\bIhre[rnm]? (Batterie|Anlage)",
    "fr": r"le formulaire|[Pp]lafond|\b[Ss]ite\b|[Cc]ompteur propre|guide[rs]? les autres|\bordres?\b|\u2019|\btu\b",
}
"""Words for which another one is used."""


@pytest.mark.parametrize("language", REPLACED)
def test_a_thing_has_one_name(language: str) -> None:
    """Who reads of a ceiling and of a maximum looks for two things; and the currency is the home's."""
    for path, text in flat(load(language)):
        assert not re.search(f"{OTHER_CURRENCY}|{REPLACED[language]}", text), path


ADVICE = (
    r"\b([Cc]heck|[Cc]hoose|[Tt]ype|[Ss]witch|[Cc]hange|[Ll]eave|[Gg]ive|[Ss]end|[Rr]aise|[Rr]emove|[Ll]ook|[Cc]lear"
    r"|[Uu]pdate|[Pp]ress|[Gg]o to|[Cc]onfirm|[Tt]ry again|needs one|are entered|forbids)\b"
)
UNSEEN = {"config.abort.not_ours"}
"""It ends a discovery that nobody sees."""


def test_every_error_says_what_to_do() -> None:
    """Who only reads what is wrong is left alone with it."""
    for path, text in flat(load("en")):
        is_trouble = ".error." in path or ".abort." in path or path.startswith(("exceptions.", "issues."))
        if is_trouble and not path.endswith(".title") and path not in UNSEEN:
            assert re.search(ADVICE, text), path


def test_every_option_of_a_select_has_a_text() -> None:
    """Selects of the flows offer the controller's own words."""
    selector = load("en")["selector"]
    assert set(selector["own_meter"]["options"]) == set(OwnMeter)
    assert set(selector["release"]["options"]) == {"default", *Release}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_strategy_mode_and_state_has_a_text(language: str) -> None:
    """Of the strategies, those that people can choose: what only the plan chooses shows as a state."""
    entity = load(language)["entity"]
    assert (
        set(entity["select"]["strategy"]["state"]) == set(OWNER_STRATEGIES) == set(Strategy) - set(PLANNED_STRATEGIES)
    )
    assert set(entity["select"]["mode"]["state"]) == set(BatteryMode)
    assert set(entity["sensor"]["state"]["state"]) == set(SiteState)
