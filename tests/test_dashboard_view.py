"""The layout of the dashboard: for one to six batteries, with and without a plan, a car and sun."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from jinja2 import Environment
import pytest

from custom_components.home_energy_controller.view.dashboard import ShownDevice, ShownSite, site_view

SITE_KEYS = (
    "sensor.state",
    "sensor.grid_power",
    "sensor.net_load",
    "sensor.battery_power",
    "sensor.soc",
    "sensor.charged_today",
    "sensor.discharged_today",
    "sensor.self_consumption_today",
    "binary_sensor.problem",
    "button.confirm_full_charge",
    "switch.controller",
    "select.strategy",
    "number.setpoint",
    "number.grid_target",
)
PLAN_KEYS = ("sensor.plan", "sensor.plan_next_change", "sensor.saved_month", "image.plan")
BATTERY_KEYS = (
    "sensor.soc",
    "sensor.power",
    "sensor.role",
    "sensor.health",
    "number.reserve",
    "number.setpoint",
    "select.mode",
)
CORE_CARDS = {"heading", "history-graph", "markdown", "picture-entity", "repairs", "tile"}


def device(name: str, keys: tuple[str, ...]) -> ShownDevice:
    """Return a device whose entities are called after it."""
    return ShownDevice(
        name=name, entities={key: f"{key.replace('.', f'.{name.lower()}_')}" for key in keys}, own_names={}
    )


def site(batteries: int, *, plan: bool = False, **more: Any) -> ShownSite:
    """Return what a site has to show."""
    return ShownSite(
        path="site",
        device=device("Thuis", SITE_KEYS + (PLAN_KEYS if plan else ())),
        batteries=[device(f"B{number}", BATTERY_KEYS) for number in range(batteries)],
        **more,
    )


def view(shown: ShownSite) -> dict[str, Any]:
    """Return its view, with keys for words."""
    return site_view(shown, lambda key: f"<{key}>")


def cards(built: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return all its cards."""
    for section in built["sections"]:
        yield from section["cards"]


def headings(built: Mapping[str, Any]) -> list[str]:
    """Return what its sections are called."""
    return [section["cards"][0]["heading"] for section in built["sections"]]


def of(built: Mapping[str, Any], entity_id: str) -> list[dict[str, Any]]:
    """Return the cards of an entity."""
    return [card for card in cards(built) if card.get("entity") == entity_id]


@pytest.mark.parametrize("number", [1, 3, 6])
def test_each_battery_has_a_section_with_all_that_matters(number: int) -> None:
    """Charge, power in words, role, who runs it, reserve."""
    built = view(site(number))
    assert headings(built) == ["<now>", "<control>", "<today>", *(f"B{index}" for index in range(number)), "<day>"]
    for index in range(number):
        for key in ("sensor.b{}_soc", "sensor.b{}_role", "select.b{}_mode", "number.b{}_reserve"):
            assert len(of(built, key.format(index))) == 1
        (power,) = of(built, f"sensor.b{index}_power")
        assert power["state_content"] == "in_words"
    _, graph = (card for card in cards(built) if card["type"] == "history-graph")
    assert [row["name"] for row in graph["entities"]] == [f"B{index}" for index in range(number)]
    assert graph["hours_to_show"] == 24


@pytest.mark.parametrize("plan", [True, False])
def test_all_cards_are_home_assistants_own(plan: bool) -> None:
    """It must work in any Home Assistant; a card of somebody else's is a red box there."""
    assert {card["type"] for card in cards(view(site(2, plan=plan, sun=["sensor.sun"])))} <= CORE_CARDS


def test_the_plan_is_there_only_where_there_is_one() -> None:
    """The picture, and why; unseen while it is unknown."""
    assert "<plan>" not in headings(view(site(2)))
    built = view(site(2, plan=True))
    (section,) = [section for section in built["sections"] if section["cards"][0]["heading"] == "<plan>"]
    assert section["visibility"] == [
        {"condition": "state", "entity": "sensor.thuis_plan", "state_not": ["unknown", "unavailable"]}
    ]
    assert of(built, "image.thuis_plan")
    assert any("'reason'" in card.get("content", "") for card in cards(built))


def test_sun_and_car_are_shown_where_they_are_measured() -> None:
    """By the entities of others."""
    assert not {"<sun>", "<car>"} & {str(card.get("name")) for card in cards(view(site(1)))}
    built = view(site(1, sun=["sensor.roof", "sensor.shed"], car=["sensor.wallbox"]))
    assert [card["entity"] for card in cards(built) if card.get("name") == "<sun>"] == ["sensor.roof", "sensor.shed"]
    assert [card["entity"] for card in cards(built) if card.get("name") == "<car>"] == ["sensor.wallbox"]


def test_setpoints_are_seen_only_where_they_act() -> None:
    """Elsewhere they are old wishes."""
    built = view(site(1))
    for entity_id, decides in (
        ("number.thuis_setpoint", "select.thuis_strategy"),
        ("number.b0_setpoint", "select.b0_mode"),
    ):
        (tile,) = of(built, entity_id)
        assert tile["visibility"] == [{"condition": "state", "entity": decides, "state": "fixed"}]


def test_what_moves_power_at_once_is_asked_before() -> None:
    """Wherever one taps; nothing else on the dashboard does more than show."""
    built = view(site(3, plan=True))
    acting = [card for card in cards(built) if "tap_action" in card]
    actions = {card["tap_action"]["perform_action"] for card in acting}
    assert actions == {"switch.turn_on", "switch.turn_off", "button.press"}
    for card in acting:
        assert card["tap_action"] == card["icon_tap_action"]
        assert card["tap_action"]["confirmation"]["text"].endswith("_question>")
    # A tap on the icon of a switch or a button acts by itself, and so do these features.
    for card in cards(built):
        is_acting = str(card.get("entity")).startswith(("switch.", "button."))
        assert is_acting is (card in acting)
        assert {feature["type"] for feature in card.get("features", [])} <= {"bar-gauge", "select-options"}


def test_a_problem_tells_its_reason_and_whose_it_is() -> None:
    """Only while there is one; batteries that do what they should are not named."""
    built = view(replace(site(1), batteries=[device("B0", BATTERY_KEYS), device("B1", BATTERY_KEYS)]))
    (alert,) = [card for card in cards(built) if "ha-alert" in card.get("content", "")]
    assert alert["visibility"] == [{"condition": "state", "entity": "binary_sensor.thuis_problem", "state": "on"}]
    states = {"sensor.b0_health": "proven", "sensor.b1_health": "silent", "sensor.thuis_state": "no_leader"}
    template = Environment(autoescape=False).from_string(alert["content"])  # noqa: S701
    told = template.render(states=states.get, state_translated=lambda entity_id: f"<{states[entity_id]}>")
    assert told == '<ha-alert alert-type="error"><no_leader><br>B1: <silent></ha-alert>'


def test_what_flows_fills_its_rows() -> None:
    """No hole beside the last tile."""
    for sun, widths in (([], [6, 6, 12]), (["sensor.roof"], [6, 6, 6, 6])):
        tiles = list(cards(view(site(1, sun=sun))))[1 : 1 + len(widths)]
        assert [card["grid_options"]["columns"] for card in tiles] == widths


def test_the_controller_shows_the_one_thing_that_can_be_done() -> None:
    """On while it is off, off while it is on."""
    shown = {card["visibility"][0]["state"]: card for card in of(view(site(1)), "switch.thuis_controller")}
    assert shown["off"]["tap_action"]["perform_action"] == "switch.turn_on"
    assert shown["on"]["tap_action"]["perform_action"] == "switch.turn_off"


def test_a_home_may_have_any_name() -> None:
    """None is taken for a template."""
    shown = replace(site(1), device=device('{{ 1 / 0 }} "Zuid"', SITE_KEYS))
    content = view(shown)["header"]["card"]["content"]
    assert Environment(autoescape=False).from_string(content.splitlines()[0]).render() == '# {{ 1 / 0 }} "Zuid"'  # noqa: S701


def test_whoever_disabled_everything_still_has_a_page() -> None:
    """With what is left."""
    shown = ShownSite(path="site", device=device("Thuis", ()), batteries=[device("B0", ())])
    assert headings(view(shown)) == ["<now>"]
