"""Setting what energy costs: the contract and its numbers, and what is refused."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData
import pytest

from custom_components.home_energy_controller.planning.presets import Preset, preset_contract

from .flow_home import suggested
from .prices_walk import COLOUR, FOLLOWING, PRICE, Walk


@pytest.mark.parametrize("preset", Preset)
async def test_contract_is_set_as_it_is_usual(walk: Walk, preset: Preset) -> None:
    """From the first form to the options; nothing is allowed that nobody allowed."""
    await walk.details(preset)
    await walk.edit(day_kind_today=COLOUR if preset is Preset.FR_TEMPO else None)
    assert (walk.step == "price_source") is (preset in FOLLOWING)
    if preset in FOLLOWING:
        await walk.send(source="entity", price_entity=PRICE)
    config = await walk.keep()
    assert (config.preset, config.contract) == (preset, preset_contract(preset))
    assert config.source == (f"entity:{PRICE}" if preset in FOLLOWING else "")
    assert (config.may_charge_from_grid, config.may_deliver_to_grid) == (False, False)


async def test_numbers_and_permissions_are_kept_and_shown_again(walk: Walk) -> None:
    """Every one of them."""
    numbers = {"buy_spot_pct": 104, "buy_fee_per_kwh": 0.015, "buy_vat_pct": 9, "buy_tax_per_kwh": 0.12}
    numbers |= {"fallback_per_kwh": 0.33, "sell_spot_pct": 90, "sell_fee_per_kwh": 0.02, "sell_fixed_per_kwh": 0.005}
    switches = ("by_hour", "sell_not_below_zero", "may_charge_from_grid", "may_deliver_to_grid", "insists")
    flags = dict.fromkeys(switches, True)
    bands = [
        {
            "price_per_kwh": 0.03,
            "begin": "22:00:00",
            "end": "06:00:00",
            "days": ["sat", "sun"],
            "months": ["jan", "dec"],
        },
        {"price_per_kwh": 0.05},
    ]
    await walk.details("nl_dynamic")
    await walk.edit(**numbers, **flags, bands=bands)
    await walk.send(source="entity", price_entity=PRICE)
    config = await walk.keep()
    assert (config.contract.sell.fee_per_kwh, config.contract.sell.least_per_kwh) == (-0.02, 0.0)
    assert (config.may_charge_from_grid, config.may_deliver_to_grid, config.fallback_per_kwh) == (True, True, 0.33)
    assert config.insists is True
    assert config.contract.buy.bands[0].days == {5, 6}
    assert config.contract.buy.bands[0].months == {1, 12}
    await walk.details("nl_dynamic")
    held = {key: value for part in suggested(walk.result).values() for key, value in part.items()}
    assert held == {**numbers, **flags, "bands": bands}
    await walk.edit()
    assert suggested(walk.result) == {"source": "entity", "price_entity": PRICE}


DAY = {"price_per_kwh": 0.3, "begin": "07:00:00", "end": "23:00:00"}
WORKDAYS = ["mon", "tue", "wed", "thu", "fri"]


@pytest.mark.parametrize(
    ("preset", "given", "error"),
    [
        ("nl_dynamic", {"buy_spot_pct": 301}, "spot_out_of_range"),
        ("nl_dynamic", {"buy_spot_pct": -1}, "spot_out_of_range"),
        ("nl_dynamic", {"sell_spot_pct": 301}, "spot_out_of_range"),
        ("nl_dynamic", {"buy_vat_pct": 31}, "vat_out_of_range"),
        ("nl_dynamic", {"buy_vat_pct": -1}, "vat_out_of_range"),
        ("nl_dynamic", {"buy_fee_per_kwh": 2}, "fee_in_cents"),
        ("nl_dynamic", {"sell_fee_per_kwh": 1}, "fee_in_cents"),
        ("nl_dynamic", {"buy_tax_per_kwh": 11.08}, "price_in_cents"),
        ("fixed", {"buy_tax_per_kwh": 30}, "price_in_cents"),
        ("fixed", {"sell_fixed_per_kwh": 8}, "price_in_cents"),
        ("fixed", {"fallback_per_kwh": 30}, "price_in_cents"),
        ("day_night", {"bands": [{"price_per_kwh": 29}]}, "price_in_cents"),
        ("fixed", {"sell_fixed_per_kwh": 0.31}, "sell_above_buy"),
        ("day_night", {"sell_fixed_per_kwh": 0.25}, "sell_above_buy"),
        ("day_night", {"bands": []}, "bands_missing"),
        ("day_night", {"bands": None}, "bands_missing"),
        ("day_night", {"bands": [DAY]}, "hours_uncovered"),
        ("fr_tempo", {}, "day_kind_missing"),
        ("fr_tempo", {"day_kind_today": "sensor.none"}, "entity_unknown"),
        ("fr_tempo", {"day_kind_today": COLOUR, "day_kind_tomorrow": "sensor.none"}, "entity_unknown"),
    ],
)
async def test_numbers_that_make_no_sense_are_refused_with_words(
    walk: Walk, preset: str, given: dict[str, Any], error: str
) -> None:
    """What was typed is kept, and can be put right in the same form."""
    await walk.details(preset)
    usual = suggested(walk.result)
    await walk.edit(**given)
    assert walk.error == error
    held = {key: value for part in suggested(walk.result).values() for key, value in part.items()}
    assert all(held[key] == ([] if value is None else value) for key, value in given.items())
    mended = {key: value for part in usual.values() for key, value in part.items()}
    mended |= {"day_kind_today": COLOUR if preset == "fr_tempo" else None, "day_kind_tomorrow": None}
    await walk.edit(**{"bands": None} | mended)
    if preset == "nl_dynamic":
        await walk.send(source="entity", price_entity=PRICE)
    assert (await walk.keep()).contract == preset_contract(Preset(preset))


@pytest.mark.parametrize(
    ("bands", "when"),
    [
        ([DAY], "Monday 00:00"),
        ([DAY | {"begin": "00:00:00"}], "Monday 23:00"),
        ([DAY | {"days": WORKDAYS}, {"price_per_kwh": 0.2, "begin": "23:00:00", "end": "07:00:00"}], "Saturday 07:00"),
        ([{"price_per_kwh": 0.2, "months": ["jan", "feb"]}], "Monday 00:00, March"),
        ([{"price_per_kwh": 0.2, "day_kind": kind} for kind in ("blue", "red")], "Monday 00:00, White"),
        ([{"price_per_kwh": 0.2, "begin": "22:00:00", "end": "06:00:00", "days": ["sun"]}, DAY], "Monday 06:00"),
    ],
)
async def test_first_hour_without_a_band_is_named(walk: Walk, bands: list[dict[str, Any]], when: str) -> None:
    """Of a week, and of a month or of a colour where they matter."""
    await walk.details("day_night")
    await walk.edit(bands=bands, day_kind_today=COLOUR)
    assert (walk.error, walk.told["when"]) == ("hours_uncovered", when)
    await walk.edit(bands=[*bands, {"price_per_kwh": 0.25}])
    assert walk.step in {"price_preview", "price_same"}


@pytest.mark.parametrize(("preset", "is_folded"), [("nl_dynamic", True), ("day_night", False)])
async def test_bands_are_folded_up_where_a_contract_has_none(walk: Walk, preset: str, is_folded: bool) -> None:
    """They are a screen of a phone; where something is refused they are open: that may be in them."""
    await walk.details(preset)
    assert collapsed(walk) == {"buy": False, "sell": False, "bands": is_folded, "plan": False}
    await walk.edit(buy_spot_pct=301)
    assert not collapsed(walk)["bands"]


def collapsed(walk: Walk) -> dict[str, bool]:
    """Return which sections of the form are folded up."""
    return {str(name): part.options["collapsed"] for name, part in walk.result["data_schema"].schema.items()}


@pytest.mark.parametrize("preset", FOLLOWING)
async def test_selling_above_buying_is_believed_where_the_market_decides(walk: Walk, preset: Preset) -> None:
    """A bonus on what is fed in is no mistake there."""
    await walk.details(preset)
    await walk.edit(sell_fixed_per_kwh=0.4)
    assert walk.step == "price_source"


async def test_what_is_no_number_is_refused(walk: Walk) -> None:
    """By the field itself; the form is still there."""
    await walk.details("fixed")
    for value in ("nan", float("inf"), "much"):
        with pytest.raises(InvalidData):
            await walk.edit(buy_tax_per_kwh=value)
    with pytest.raises(InvalidData):
        await walk.edit(bands=[{"price_per_kwh": 0.2, "begin": "25:00"}])
    await walk.edit()
    await walk.keep()


async def test_cents_are_no_mistake_in_a_currency_of_small_units(hass: HomeAssistant, walk: Walk) -> None:
    """A kWh costs some 70 forint, and it is shown as that."""
    hass.config.currency = "HUF"
    await walk.details("fixed")
    await walk.edit(buy_tax_per_kwh=70, sell_fixed_per_kwh=5.5, fallback_per_kwh=70)
    assert walk.told == {"buy": "70.000 HUF", "sell": "5.500 HUF"}
    await walk.keep()
