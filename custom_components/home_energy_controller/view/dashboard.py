"""The dashboard of a site, made of Home Assistant's own cards: a pure function of what there is to show."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
import json
from typing import Any, Final

from ..control.model import BatteryMode, Health, Strategy

type Card = dict[str, Any]
type Cards = list[Card]
type Word = Callable[[str], str]
"""Gives the text of a key in the language of whoever looks."""

NAMED: Final = {"type": "entity"}
"""The entity's own name, or its owner's, without that of the device."""
UNKNOWN: Final = ["unknown", "unavailable"]
TROUBLES: Final = [Health.NOT_FOLLOWING, Health.SILENT, Health.TAKEN, Health.WRONG_SIGN]
FLOWS: Final = (
    ("sensor.net_load", "house", "mdi:home-lightning-bolt-outline", "orange"),
    ("sensor.grid_power", "grid", "mdi:transmission-tower", "blue"),
    ("sensor.battery_power", "batteries", "mdi:home-battery-outline", "green"),
)
HALF, WHOLE = {"columns": 6}, {"columns": 12}
GRAPH: Final = {"columns": "full", "rows": 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDevice:
    """The site, or one of its batteries: what its owner calls it, and what it has to show."""

    name: str
    entities: Mapping[str, str]
    """Entity ids by platform and key, such as `sensor.soc`, of those that are neither disabled nor hidden."""
    own_names: Mapping[str, str]
    """What the owner calls some of them, by the same keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSite:
    """All that a dashboard can show of a site."""

    path: str
    device: ShownDevice
    batteries: Sequence[ShownDevice]
    sun: Collection[str] = ()
    """Entities that show the power of the sun, from the Energy dashboard."""
    car: Collection[str] = ()
    """Entities that show the power of the car."""


def site_view(site: ShownSite, word: Word) -> Card:
    """Return the view of a site: what flows, what is done and why, what it brings, and each battery."""
    sections = [
        {"cards": _now(site, word)},
        {"cards": _control(site.device, word)},
        {"cards": _today(site.device, word)},
        *({"cards": _battery(battery)} for battery in site.batteries),
        _plan(site.device, word),
        # Beside the plan, or as wide as both.
        {"cards": _day(site, word), "column_span": 1 if "image.plan" in site.device.entities else 2},
    ]
    return {
        "title": site.device.name,
        "path": site.path,
        "icon": "mdi:home-battery",
        "type": "sections",
        "max_columns": 3,
        "header": {"layout": "responsive", "card": _headline(site.device)},
        "sections": [{"type": "grid", **section} for section in sections if len(section["cards"]) > 1],
    }


def _headline(device: ShownDevice) -> Card:
    """Return the name of the home, and in a sentence what is done or, switched off, would be."""
    said = [card["content"] for card in _sentence(device, "sensor.state", "summary")]
    return {"type": "markdown", "text_only": True, "content": "\n".join([f"# {_literal(device.name)}", *said])}


def _now(site: ShownSite, word: Word) -> Cards:
    """Return what flows where, in words, and what is wrong."""
    device = site.device
    wrong = _state(device, "binary_sensor.problem", state="on")
    pending = _state(device, "button.confirm_full_charge", state_not="unavailable")
    flows = [
        *(_entity_tile(entity_id, word("sun"), "mdi:solar-power-variant", "amber") for entity_id in site.sun),
        *(
            _entity_tile(entity_id, name, icon, color, state_content="in_words")
            for entity_id, name, icon, color in _flows(device, word)
        ),
        *(_entity_tile(entity_id, word("car"), "mdi:car-electric-outline", "purple") for entity_id in site.car),
    ]
    if len(flows) % 2:
        flows[-1]["grid_options"] = WHOLE
    return [
        _heading(word("now"), "mdi:home-lightning-bolt"),
        *flows,
        *_charge(device),
        *_tile(device, "sensor.state", grid_options=WHOLE, color="primary"),
        {"type": "markdown", "text_only": True, "content": _reasons(site), "visibility": wrong},
        {"type": "repairs", "hide_empty": True, "grid_options": WHOLE, "visibility": wrong},
        *_asked(
            device,
            "button.confirm_full_charge",
            "button.press",
            word,
            "full_charge",
            visibility=pending,
            hide_state=True,
            color="red",
        ),
    ]


def _reasons(site: ShownSite) -> str:
    """Return why somebody should look: what the site says, and each battery in trouble."""
    parts = []
    if state := site.device.entities.get("sensor.state"):
        parts.append(f"{{{{ state_translated('{state}') }}}}")
    for battery in site.batteries:
        if health := battery.entities.get("sensor.health"):
            told = f"<br>{_literal(battery.name)}: {{{{ state_translated('{health}') }}}}"
            parts.append(f"{{% if states('{health}') in {[*map(str, TROUBLES)]} %}}{told}{{% endif %}}")
    return f'<ha-alert alert-type="error">{"".join(parts)}</ha-alert>'


def _literal(name: str) -> str:
    """Return a name as a text of a template, which no name can end."""
    return f"{{{{ {json.dumps(name, ensure_ascii=False)} }}}}"


def _control(device: ShownDevice, word: Word) -> Cards:
    """Return what can be chosen; nothing that moves power at once without a question."""
    off, on = (_state(device, "switch.controller", state=state) for state in ("off", "on"))
    return [
        _heading(word("control"), "mdi:tune-variant"),
        *_asked(device, "switch.controller", "switch.turn_on", word, "start", visibility=off),
        *_asked(device, "switch.controller", "switch.turn_off", word, "stop", visibility=on, color="green"),
        *_choice(device, "select.strategy"),
        *_tile(
            device,
            "number.setpoint",
            grid_options=WHOLE,
            visibility=_state(device, "select.strategy", state=Strategy.FIXED),
        ),
        *_tile(device, "number.grid_target", grid_options=WHOLE, visibility=_known(device, "number.grid_target")),
    ]


def _today(device: ShownDevice, word: Word) -> Cards:
    """Return the kWh of today, and the money."""
    told = (
        ("sensor.charged_today", "charged"),
        ("sensor.discharged_today", "discharged"),
        ("sensor.grid_import_today", "imported"),
        ("sensor.grid_export_today", "exported"),
        ("sensor.self_consumption_today", "kept"),
        ("sensor.self_sufficiency_today", "covered"),
        ("sensor.expected_saving_today", "expected"),
        ("sensor.saved_yesterday", "yesterday"),
        ("sensor.saved_month", "month"),
    )
    return [
        _heading(word("today"), "mdi:calendar-today"),
        *(tile for key, name in told for tile in _tile(device, key, word(name), visibility=_known(device, key))),
    ]


def _plan(device: ShownDevice, word: Word) -> Card:
    """Return the plan, which is there only while there is one."""
    picture = {
        "type": "picture-entity",
        "entity": device.entities.get("image.plan"),
        "show_name": False,
        "show_state": False,
        "grid_options": WHOLE,
        "visibility": _known(device, "image.plan"),
    }
    cards = [
        _heading(word("plan"), "mdi:calendar-clock"),
        *([picture] if picture["entity"] else []),
        *_sentence(device, "sensor.plan", "status"),
        *_sentence(device, "sensor.plan", "reason"),
        *_tile(device, "sensor.plan", grid_options=WHOLE),
        *_tile(
            device,
            "sensor.plan_next_change",
            word("next"),
            grid_options=WHOLE,
            visibility=_known(device, "sensor.plan_next_change"),
        ),
    ]
    return {"cards": cards, "visibility": _known(device, "sensor.plan") or _known(device, "image.plan")}


def _battery(battery: ShownDevice) -> Cards:
    """Return one battery: what it does, what it holds, and who runs it."""
    trouble = _state(battery, "sensor.health", state=[*TROUBLES])
    fixed = _state(battery, "select.mode", state=BatteryMode.FIXED)
    return [
        _heading(battery.name, "mdi:home-battery"),
        *_charge(battery),
        *_tile(battery, "sensor.power", color="green", state_content="in_words"),
        *_tile(battery, "sensor.role"),
        *_tile(battery, "select.mode"),
        *_tile(battery, "number.reserve"),
        *_tile(
            battery,
            "sensor.health",
            grid_options=WHOLE,
            color="red",
            state_content=["state", "diagnosis"],
            visibility=trouble,
        ),
        *_tile(battery, "number.setpoint", grid_options=WHOLE, visibility=fixed),
    ]


def _day(site: ShownSite, word: Word) -> Cards:
    """Return a day of powers, and of the charge of every battery."""
    powers = [
        *({"entity": entity_id, "name": word("sun"), "color": "amber"} for entity_id in site.sun),
        *(
            {"entity": entity_id, "name": name, "color": color}
            for entity_id, name, _, color in _flows(site.device, word)
        ),
    ]
    charges = [
        {"entity": entity_id, "name": battery.name}
        for battery in site.batteries
        if (entity_id := battery.entities.get("sensor.soc"))
    ]
    return [
        _heading(word("day"), "mdi:chart-line"),
        *(
            {
                "type": "history-graph",
                "hours_to_show": 24,
                "entities": shown,
                "grid_options": GRAPH,
            }
            for shown in (powers, charges)
            if shown
        ),
    ]


def _heading(text: str, icon: str) -> Card:
    return {"type": "heading", "heading": text, "icon": icon}


def _entity_tile(entity_id: str, name: Any, icon: str | None = None, color: str | None = None, **more: Any) -> Card:
    """Return the tile of any entity."""
    look = {"icon": icon, "color": color}
    chosen = {key: value for key, value in look.items() if value}
    return {"type": "tile", "entity": entity_id, "name": name, "grid_options": HALF, **chosen, **more}


def _tile(device: ShownDevice, key: str, name: Any = NAMED, **more: Any) -> Cards:
    """Return the tile of an entity that is there, and whose condition can be judged."""
    entity_id = device.entities.get(key)
    if entity_id is None or more.get("visibility") == []:
        return []
    return [_entity_tile(entity_id, device.own_names.get(key, name), **more)]


def _flows(device: ShownDevice, word: Word) -> list[tuple[str, str, str, str]]:
    """Return what flows: entity, name, icon and colour."""
    return [
        (entity_id, device.own_names.get(key, word(name)), icon, color)
        for key, name, icon, color in FLOWS
        if (entity_id := device.entities.get(key))
    ]


def _sentence(device: ShownDevice, key: str, attribute: str) -> Cards:
    """Return a sentence that an entity tells."""
    entity_id = device.entities.get(key)
    content = f"{{{{ state_attr('{entity_id}', '{attribute}') or '' }}}}"
    return [] if entity_id is None else [{"type": "markdown", "text_only": True, "content": content}]


def _charge(device: ShownDevice) -> Cards:
    """Return a state of charge with its bar."""
    bar = {"features": [{"type": "bar-gauge"}], "features_position": "inline"}
    return _tile(device, "sensor.soc", color="teal", grid_options=WHOLE, **bar)


def _choice(device: ShownDevice, key: str) -> Cards:
    """Return a select with its options."""
    return _tile(device, key, grid_options=WHOLE, hide_state=True, features=[{"type": "select-options"}])


def _asked(device: ShownDevice, key: str, action: str, word: Word, what: str, **more: Any) -> Cards:
    """Return a tile that does something after a question."""
    tap = {
        "action": "perform-action",
        "perform_action": action,
        "target": {"entity_id": device.entities.get(key)},
        "confirmation": {"text": word(f"{what}_question"), "confirm_text": word(what)},
    }
    return _tile(device, key, grid_options=WHOLE, tap_action=tap, icon_tap_action=tap, **more)


def _state(device: ShownDevice, key: str, **condition: Any) -> Cards:
    """Return a condition on the state of an entity; none where that is not there."""
    entity_id = device.entities.get(key)
    return [] if entity_id is None else [{"condition": "state", "entity": entity_id, **condition}]


def _known(device: ShownDevice, key: str) -> Cards:
    """Return the condition that an entity has something to show."""
    return _state(device, key, state_not=UNKNOWN)
