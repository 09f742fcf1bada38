"""What a decision does, in one sentence of the home's language."""

from collections.abc import Sequence
from datetime import UTC
import json
from pathlib import Path

import pytest

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.control.model import Action, Decision, Role, SiteState, Target
from custom_components.home_energy_controller.site.summary import summarise
from custom_components.home_energy_controller.site.words import Words

from .test_translations import FOLDER, LANGUAGES, flat

NAMES = ["Attic", "Garage", "Shed", "Cellar", "Loft", "Porch"]


def words(language: str = "en") -> Words:
    """Return the words of a language, as Home Assistant reads them."""
    texts = json.loads((Path(FOLDER) / f"{language}.json").read_text(encoding="utf-8"))
    return Words({f"component.{DOMAIN}.{path}": text for path, text in flat(texts)}, language, "EUR", UTC)


def told(
    intent: SiteState,
    powers: Sequence[int | Role] = (),
    *,
    leader: int | None = None,
    would: bool = False,
    language: str = "en",
) -> str:
    """Return the sentence of a decision: powers (W, + discharges) of the batteries by number, or a role out of work."""
    targets = []
    for index, asked in enumerate(powers):
        role = asked if isinstance(asked, Role) else Role.LEADER if index == leader else Role.FOLLOWER
        power_w = asked if isinstance(asked, int) else 0
        action = Action.NOTHING if would else Action.SETPOINT if power_w else Action.IDLE
        targets.append(Target(battery_id=str(index), role=role, action=action, power_w=power_w))
    decision = Decision(
        state=SiteState.OFF if would else intent,
        intent=intent,
        leader_id=None if leader is None else str(leader),
        targets=tuple(targets),
        net_load_w=None,
        decided_at=0.0,
    )
    return summarise(decision, {str(index): name for index, name in enumerate(NAMES)}, words(language), would=would)


BOTH = SiteState.LEADER_AND_FOLLOWERS


@pytest.mark.parametrize(
    ("language", "would", "does"),
    [
        ("en", "Would charge Garage at 1.2 kW, Attic leads.", "Charges Garage at 1.2 kW, Attic leads."),
        ("nl", "Zou Garage met 1,2 kW laden, Attic leidt.", "Laadt Garage met 1,2 kW, Attic leidt."),
        ("de", "Würde Garage mit 1,2 kW laden, Attic führt.", "Lädt Garage mit 1,2 kW, Attic führt."),
        ("fr", "Chargerait Garage à 1,2 kW, Attic mène.", "Charge Garage à 1,2 kW, Attic mène."),
    ],
)
def test_it_says_what_is_done_or_would_be_in_each_language(language: str, would: str, does: str) -> None:
    """With the comma of the language."""
    assert told(BOTH, [0, -1204], leader=0, would=True, language=language) == would
    assert told(BOTH, [0, -1204], leader=0, language=language) == does


def test_one_battery_keeps_the_meter_at_zero() -> None:
    """Who leads alone is given no power that could be told."""
    assert told(SiteState.LEADER_ALONE, [0], leader=0) == "Attic keeps the meter at zero."
    assert told(SiteState.LEADER_ALONE, [0], leader=0, would=True) == "Would let Attic keep the meter at zero."


def test_batteries_of_equal_power_are_told_together() -> None:
    """With six, each by itself would be no sentence any more."""
    assert told(BOTH, [0, 800, 800], leader=0) == "Discharges Garage and Shed at 800 W each, Attic leads."
    six = "Discharges Garage, Shed, Cellar, Loft and Porch at 800 W each, Attic leads."
    assert told(BOTH, [0, 801, 800, 799, 802, 800], leader=0) == six


def test_of_many_different_powers_the_sum_is_told() -> None:
    """Three are still read, five are not."""
    three = "Charges Garage at 500 W, Shed at 1 kW and Cellar at 2.5 kW, Attic leads."
    assert told(BOTH, [0, -500, -1000, -2500], leader=0) == three
    many = "Charges 5 batteries at 4.5 kW in all, Attic leads."
    assert told(BOTH, [0, -500, -700, -900, -1100, -1300], leader=0) == many


@pytest.mark.parametrize("would", [False, True])
def test_strategies_without_a_leader(would: bool) -> None:
    """Nobody leads in them, whoever led before."""
    verb = "Would charge" if would else "Charges"
    assert told(SiteState.TO_FULL, [-2500, -2500, 0], would=would) == f"{verb} Attic and Garage at 2.5 kW each."
    assert told(SiteState.CHARGING_FROM_GRID, [-990, -2500], would=would) == (
        f"{verb} Attic at 990 W and Garage at 2.5 kW."
    )
    rest = "Would let all batteries rest." if would else "All batteries rest."
    for state in (SiteState.STANDBY, SiteState.FIXED, SiteState.TO_FULL):
        assert told(state, [0, 0], would=would) == rest
    verb = "Would discharge" if would else "Discharges"
    for state in (SiteState.FIXED, SiteState.DELIVERING_TO_GRID, SiteState.NO_LEADER, SiteState.SPARING_CAR):
        assert told(state, [600, 0], would=would) == f"{verb} Attic at 600 W."


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("intent", SiteState)
def test_every_state_has_a_sentence_without_gaps(intent: SiteState, language: str) -> None:
    """With and without work, on and off."""
    if intent in {SiteState.OFF, SiteState.SWAPPING}:
        return  # What is shown in their place is never what control intends.
    for would in (False, True):
        cases: tuple[list[int | Role], ...] = (
            [],
            [0],
            [0, 700, -700],
            [0, 1, 2000, 3000, 4000, 5000],
            [Role.OWNER],
            [Role.UNAVAILABLE, 0],
        )
        for powers in cases:
            sentence = told(intent, powers, leader=0 if powers and powers[0] == 0 else None, would=would)
            assert sentence
            assert not set("{}") & set(sentence)
            assert told(intent, powers, would=would, language=language)


def test_who_takes_no_part_is_named() -> None:
    """By hand, out of reach; where that is all, nothing else is said."""
    assert told(SiteState.LEADER_ALONE, [0, Role.OWNER, Role.UNAVAILABLE], leader=0) == (
        "Attic keeps the meter at zero. Garage: by hand. Without Shed."
    )
    assert told(SiteState.NO_BATTERY, [Role.OWNER, Role.OWNER]) == "Attic and Garage: by hand."
    assert told(SiteState.NO_BATTERY, [Role.UNAVAILABLE]) == "No battery can be controlled. Without Attic."
    assert told(SiteState.METER_LOST, [0], leader=0, would=True) == (
        "No reading from the meter: no battery is commanded until it is back."
    )
