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
HALF, WHOLE = {"columns": 6}, {"columns": 12}
WIDE: Final = {"columns": "full", "rows": 5}


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
        {"cards": _day(site, word), "column_span": 2},
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
    # As a text of the template, which no name can end.
    content = f"# {{{{ {json.dumps(device.name, ensure_ascii=False)} }}}}"
    if state := device.entities.get("sensor.state"):
        content += f"\n{{{{ state_attr('{state}', 'summary') or '' }}}}"
    return {"type": "markdown", "text_only": True, "content": content}


def _now(site: ShownSite, word: Word) -> Cards:
    """Return what flows where, in words, and what is wrong."""
    device = site.device
    wrong = _state(device, "binary_sensor.problem", state="on")
    pending = _state(device, "button.confirm_full_charge", state_not="unavailable")
    return [
        _heading(word("now"), "mdi:home-lightning-bolt"),
        *(_entity_tile(entity_id, word("sun"), "mdi:solar-power-variant", "amber") for entity_id in site.sun),
        *_flow(device, "sensor.net_load", word("house"), "mdi:home-lightning-bolt-outline", "orange"),
        *_flow(device, "sensor.grid_power", word("grid"), "mdi:transmission-tower", "blue"),
        *_flow(device, "sensor.battery_power", word("batteries"), "mdi:home-battery-outline", "green"),
        *(_entity_tile(entity_id, word("car"), "mdi:car-electric-outline", "purple") for entity_id in site.car),
        *_charge(device),
        *_tile(device, "sensor.state", grid_options=WHOLE),
        *_tile(device, "binary_sensor.problem", grid_options=WHOLE, color="red", visibility=wrong),
        {"type": "repairs", "hide_empty": True, "grid_options": WHOLE, "visibility": wrong},
        *_asked(device, "button.confirm_full_charge", "button.press", word, "full_charge", visibility=pending),
    ]


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
    counted = ("sensor.energy_charged", "sensor.energy_discharged")
    shares = ("sensor.self_consumption_today", "sensor.self_sufficiency_today")
    metered = ("sensor.grid_import_today", "sensor.grid_export_today")
    money = ("sensor.expected_saving_today", "sensor.saved_yesterday", "sensor.saved_month")
    return [
        _heading(word("today"), "mdi:calendar-today"),
        *(
            {
                "type": "statistic",
                "entity": entity_id,
                "name": NAMED,
                "period": {"calendar": {"period": "day"}},
                "stat_type": "change",
                "grid_options": HALF,
            }
            for key in counted
            if (entity_id := device.entities.get(key))
        ),
        *(tile for key in (*metered, *shares, *money) for tile in _tile(device, key, visibility=_known(device, key))),
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
        *_tile(device, "sensor.plan", grid_options=WHOLE, state_content=["state", "reason"]),
        *_tile(device, "sensor.plan_next_change", visibility=_known(device, "sensor.plan_next_change")),
        *_tile(device, "sensor.stored_value"),
    ]
    return {"cards": cards, "visibility": _known(device, "sensor.plan") or _known(device, "image.plan")}


def _battery(battery: ShownDevice) -> Cards:
    """Return one battery: what it does, what it holds, and who runs it."""
    trouble = _state(battery, "sensor.health", state=[*TROUBLES])
    fixed = _state(battery, "select.mode", state=BatteryMode.FIXED)
    return [
        _heading(battery.name, "mdi:home-battery"),
        *_flow(battery, "sensor.power", NAMED, "mdi:home-battery-outline", "green"),
        *_charge(battery),
        *_tile(battery, "sensor.role"),
        *_tile(battery, "number.reserve"),
        *_tile(
            battery,
            "sensor.health",
            grid_options=WHOLE,
            color="red",
            state_content=["state", "diagnosis"],
            visibility=trouble,
        ),
        *_choice(battery, "select.mode"),
        *_tile(battery, "number.setpoint", grid_options=WHOLE, visibility=fixed),
    ]


def _day(site: ShownSite, word: Word) -> Cards:
    """Return a day of powers, and of the charge of every battery."""
    powers = (
        *((entity_id, word("sun")) for entity_id in site.sun),
        *(
            (entity_id, site.device.own_names.get(key, word(name)))
            for key, name in (
                ("sensor.net_load", "house"),
                ("sensor.grid_power", "grid"),
                ("sensor.battery_power", "batteries"),
            )
            if (entity_id := site.device.entities.get(key))
        ),
    )
    charges = [
        (entity_id, battery.name) for battery in site.batteries if (entity_id := battery.entities.get("sensor.soc"))
    ]
    return [
        _heading(word("day"), "mdi:chart-line"),
        *(
            {
                "type": "history-graph",
                "hours_to_show": 24,
                "entities": [{"entity": entity_id, "name": name} for entity_id, name in shown],
                "grid_options": WIDE,
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


def _tile(device: ShownDevice, key: str, **more: Any) -> Cards:
    """Return the tile of an entity that is there, and whose condition can be judged."""
    entity_id = device.entities.get(key)
    return [] if entity_id is None or more.get("visibility") == [] else [_entity_tile(entity_id, NAMED, **more)]


def _flow(device: ShownDevice, key: str, name: Any, icon: str, color: str) -> Cards:
    """Return a power in words, without a sign to be learned."""
    entity_id = device.entities.get(key)
    name = device.own_names.get(key, name)
    return [] if entity_id is None else [_entity_tile(entity_id, name, icon, color, state_content="in_words")]


def _charge(device: ShownDevice) -> Cards:
    """Return a state of charge with its bar."""
    return _tile(device, "sensor.soc", color="teal", features=[{"type": "bar-gauge"}])


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
