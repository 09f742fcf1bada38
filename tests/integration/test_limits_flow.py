"""Setting the limits of batteries, circuits and connection, and what is refused."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData
import pytest

from custom_components.home_energy_controller.site.config import SiteOptions

from .flow_home import TEXTS, assert_translated, suggested
from .world import World, configure

SHED = {"name": "Shed", "limit_a": 16}
METER = {"meter_age_limit_s": 60}
TARIFF = {
    "high_days": ["mon", "tue", "wed", "thu", "fri"],
    "high_from": "07:00:00",
    "high_to": "22:00:00",
}


class Options:
    """The options of the site, as somebody fills them in."""

    def __init__(self, world: World) -> None:
        """Begin with what is there."""
        self.world, self.flow = world, world.hass.config_entries.options

    async def open(self) -> Any:
        """Open the form, which has a text for everything."""
        result = await self.flow.async_init(self.world.entry.entry_id)
        assert_translated(result, TEXTS["options"])
        assert result["menu_options"] == ["prices", "limits"]
        result = await self.flow.async_configure(result["flow_id"], {"next_step_id": "limits"})
        assert_translated(result, TEXTS["options"])
        return result

    async def fill(self, result: Any, circuits: list[Any], **connection: int) -> Any:
        """Send the form."""
        sent = {"circuits": {"circuits": circuits}, "connection": connection, "tariff": TARIFF, "meter": METER}
        result = await self.flow.async_configure(result["flow_id"], sent)
        await self.world.settle()
        if result["type"] in {"form", "menu"}:
            assert_translated(result, TEXTS["options"])
        return result

    async def choose(self, result: Any, option: str) -> Any:
        """Choose from a menu that offers it."""
        assert option in result["menu_options"]
        result = await self.flow.async_configure(result["flow_id"], {"next_step_id": option})
        await self.world.settle()
        return result


@pytest.fixture
async def options(world: World) -> Options:
    """Return the options of a home whose first two batteries are in the shed, the third is in the attic."""
    for subentry, circuit in zip(list(world.entry.subentries.values()), ("Shed", "Shed", "Attic"), strict=True):
        data = {**subentry.data, "circuit": circuit}
        world.hass.config_entries.async_update_subentry(world.entry, subentry, data=data)
    await world.settle()
    return Options(world)


async def reconfigured(world: World, result: Any = None, **limits: int | str) -> Any:
    """Change the limits of the first battery; with a result, in the form that is open."""
    subentry = next(iter(world.entry.subentries.values()))
    if result is None:
        result = await world.entry.start_subentry_reconfigure_flow(world.hass, subentry.subentry_id)
    held = suggested(result)
    held["limits"] |= limits
    result = await world.hass.config_entries.subentries.async_configure(result["flow_id"], held)
    await world.settle()
    if result["type"] == "form":
        assert_translated(result, TEXTS["config_subentries"]["battery"])
    return result


async def chosen(world: World, result: Any, option: str) -> Any:
    """Choose from a menu about the first battery."""
    assert option in result["menu_options"]
    flow = world.hass.config_entries.subentries
    result = await flow.async_configure(result["flow_id"], {"next_step_id": option})
    await world.settle()
    return result


async def test_options_are_set_in_sections_and_act_without_a_restart(options: Options) -> None:
    """A circuit in A, one in W, the connection; other options stay as they are."""
    world = options.world
    world.hass.config_entries.async_update_entry(world.entry, options={"other": 1})
    await world.settle()
    result = await options.open()
    assert suggested(result) == {"circuits": {}, "connection": {}, "tariff": TARIFF, "meter": METER}
    attic = {"name": " Attic ", "limit_w": 3000}
    result = await options.fill(result, [SHED, attic], max_import_w=8000, max_export_w=0)
    assert result["type"] == "create_entry"
    chosen = {"circuits": [SHED, attic], "tariff": TARIFF, **METER}
    assert world.entry.options == {"other": 1, "max_import_w": 8000, "max_export_w": 0} | chosen
    settings = world.coordinator._settings()
    assert [battery.circuit and battery.circuit.limit_w for battery in settings.batteries] == [3680, 3680, 3000]
    assert (settings.max_import_w, settings.max_export_w) == (8000, 0)
    result = await options.open()
    assert suggested(result)["circuits"] == {"circuits": [SHED, attic]}
    assert suggested(result)["connection"] == {"max_import_w": 8000, "max_export_w": 0}
    result = await options.fill(result, [SHED, attic])
    assert world.entry.options == {"other": 1} | chosen, "no limit any more"


@pytest.mark.parametrize(
    ("circuits", "connection", "key"),
    [
        ([SHED, {"name": "Shed ", "limit_w": 3000}], {}, "circuit_twice"),
        ([{"name": " ", "limit_w": 3000}], {}, "circuit_without_name"),
        ([{"name": "Shed"}], {}, "circuit_without_limit"),
        ([{"name": "Shed", "limit_w": 3000, "limit_a": 16}], {}, "circuit_without_limit"),
        ([{"name": "Shed", "limit_w": 90}], {}, "limit_too_small"),
        ([], {"max_import_w": 50}, "limit_too_small"),
        ([], {"max_export_w": 50}, "limit_too_small"),
        ([], {"max_phase_import_w": 0}, "limit_too_small"),
        ([], {"max_phase_export_w": 50}, "limit_too_small"),
        ([], {"max_phase_import_w": 5750}, "meter_without_phases"),
        ([], {"max_phase_export_w": 5750}, "meter_without_phases"),
    ],
)
async def test_options_that_make_no_sense_are_refused(
    options: Options, circuits: list[Any], connection: dict[str, int], key: str
) -> None:
    """What was typed is kept, the section with the trouble is open, and the trouble stands at it."""
    result = await options.fill(await options.open(), circuits, **connection)
    part = "circuits" if circuits else "connection"
    assert result["errors"] == {part: key}
    assert not result["data_schema"].schema[part].options["collapsed"]
    assert suggested(result)["circuits"] == {"circuits": circuits}
    assert (await options.fill(result, []))["type"] == "create_entry"


async def test_limits_per_phase_hold_batteries_to_what_their_phase_leaves(options: Options) -> None:
    """Set in the options and in the form of a battery, read from the meter, kept on the wire, and recorded."""
    world = options.world
    world.site.p1.others_w = (150, 50)
    world.site.house.load = lambda _: 4000.0
    await world.pass_time(30)
    result = await options.fill(await options.open(), [], max_phase_import_w=5750, max_phase_export_w=3000)
    assert result["type"] == "create_entry"
    configure(world, phase="l1")
    await world.settle()
    assert (await reconfigured(world, phase="l1"))["reason"] == "reconfigure_successful"
    settings = world.coordinator._settings()
    assert [battery.phase for battery in settings.batteries] == [1, 1, 1]
    assert (settings.max_phase_import_w, settings.max_phase_export_w) == (5750, 3000)
    await world.call("select", "select_option", world.site_entity("select", "strategy"), option="to_full")
    await world.switch(True)
    await world.pass_time(400)  # What the house needed in the last five minutes counts.
    assert sum(battery.model.power_w for battery in world.site.batteries) == pytest.approx(-1900, abs=60)
    recorded = world.coordinator.recorder.as_json()["cycles"][-1]["snapshot"]["phases_w"]["value"]
    assert recorded == [pytest.approx(5700, abs=60), 150.0, 50.0]


async def test_circuit_too_weak_for_a_leader_is_explained_before_it_is_taken(options: Options) -> None:
    """In Auto a battery knows its own limits only."""
    weak = [{"name": "Shed", "limit_a": 10}]
    result = await options.fill(await options.open(), weak)
    assert result["step_id"] == "circuit_too_weak"
    assert result["description_placeholders"]["batteries"] == "Battery 1, Battery 2"
    result = await options.choose(result, "limits")
    assert suggested(result)["circuits"] == {"circuits": weak}
    result = await options.fill(result, weak)
    assert result["step_id"] == "circuit_too_weak", "sent again, it asks again"
    assert (await options.choose(result, "agree"))["type"] == "create_entry"
    able = [battery.configured.may_lead for battery in options.world.coordinator.batteries.values()]
    assert able == [False, False, True]
    assert (await options.fill(await options.open(), [{"name": "Shed", "limit_a": 9}]))["type"] == "create_entry"


async def test_circuit_that_batteries_are_on_cannot_lose_its_limit_unseen(options: Options) -> None:
    """Renamed, it would be another circuit."""
    assert (await options.fill(await options.open(), [SHED]))["type"] == "create_entry"
    result = await options.fill(await options.open(), [{**SHED, "name": "Barn"}])
    assert result["errors"] == {"circuits": "circuit_in_use"}
    assert result["description_placeholders"] == {"batteries": "Battery 1, Battery 2"}


async def test_circuit_that_no_battery_is_on_is_told_before_it_is_saved(options: Options) -> None:
    """Its limit would protect nothing; who defines it first, says so, and is asked no more."""
    result = await options.open()
    circuits = result["data_schema"].schema["circuits"].schema.schema["circuits"]
    name = circuits.config["fields"]["name"]["selector"]
    assert name.config["options"] == ["Attic", "Shed"]
    assert name.config["custom_value"]
    both = [{"name": "Shet", "limit_a": 16}, {"name": "Shed", "limit_a": 10}]
    result = await options.fill(result, both)
    assert result["step_id"] == "circuit_without_battery"
    told = result["description_placeholders"]
    assert (told["name"], told["circuits"]) == ("Shet", "Attic, Shed")
    result = await options.choose(result, "agree")
    assert result["step_id"] == "circuit_too_weak", "the other consequence is told as well"
    assert (await options.choose(result, "agree"))["type"] == "create_entry"
    assert (await options.fill(await options.open(), both))["type"] == "create_entry"


async def test_first_circuit_of_a_site_is_typed(world: World) -> None:
    """There is nothing to choose from yet."""
    result = await Options(world).fill(await Options(world).open(), [SHED])
    assert result["step_id"] == "circuit_without_battery"
    assert result["description_placeholders"]["circuits"] == "-"
    assert (await Options(world).choose(result, "agree"))["type"] == "create_entry"


async def test_battery_gets_its_limits_in_a_section_of_its_form(world: World) -> None:
    """They act at once; the entity of the setpoint spans no more."""
    result = await reconfigured(world, max_discharge_w=0, max_charge_w=2500, ceiling_pct=90)
    assert result["step_id"] == "cannot_lead"
    result = await chosen(world, result, "reconfigure")
    assert suggested(result)["limits"]["max_discharge_w"] == 0, "nothing typed is lost"
    result = await chosen(world, await reconfigured(world, result), "keep_limits")
    assert result["reason"] == "reconfigure_successful"
    own = world.coordinator._settings().batteries[0]
    assert (own.charge_limit_w, own.discharge_limit_w, own.max_soc_pct) == (2500, 0, 90)
    assert not own.may_lead
    entity = world.hass.states.get(world.battery_entity("number", 0, "setpoint"))
    assert entity is not None
    assert (entity.attributes["min"], entity.attributes["max"]) == (-2500, 0)
    assert (await reconfigured(world, max_discharge_w=500))["reason"] == "reconfigure_successful", "it led no more"


async def test_limits_of_a_battery_that_make_no_sense_are_refused(world: World) -> None:
    """Too little, and a ceiling that leaves nothing above the reserve."""
    result = await reconfigured(world, max_charge_w=90)
    assert result["errors"] == {"limits": "limit_too_small"}
    await world.call("number", "set_value", world.battery_entity("number", 0, "reserve"), value=40)
    result = await reconfigured(world, result, max_charge_w=2500, ceiling_pct=40)
    assert result["errors"] == {"limits": "ceiling_below_reserve"}
    assert (await reconfigured(world, result, ceiling_pct=41))["reason"] == "reconfigure_successful"


def test_circuit_counts_in_watts(hass: HomeAssistant) -> None:
    """At the voltage that its owner measured."""
    made = SiteOptions({"circuits": [{"name": "Shed", "limit_a": 16, "voltage_v": 240}]}).circuits
    assert made["Shed"].limit_w == 3840


async def test_a_site_that_is_removed_under_its_open_options_ends_them_with_words(options: Options) -> None:
    """There is nothing left to be changed."""
    result = await options.open()
    await options.world.hass.config_entries.async_remove(options.world.entry.entry_id)
    result = await options.fill(result, [SHED])
    assert (result["type"], result["reason"]) == ("abort", "removed")
    assert_translated(result, TEXTS["options"])


@pytest.mark.parametrize(
    "circuit", [{"limit_a": "nan"}, {"limit_w": float("nan")}, {"limit_a": 16, "voltage_v": "nan"}]
)
async def test_limits_that_are_no_numbers_are_refused(options: Options, circuit: dict[str, Any]) -> None:
    """Nothing would ever be above one."""
    result = await options.open()
    with pytest.raises(InvalidData):
        await options.fill(result, [{"name": "Shed"} | circuit])
    with pytest.raises(InvalidData):
        await options.fill(result, [SHED], max_import_w=float("nan"))  # type: ignore[arg-type] # that is the point
    assert (await options.fill(result, [SHED], max_import_w=6000))["type"] == "create_entry"
