"""The actions: a cycle by hand, a power for a while, letting go, and clearing a battery's schedules."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv, device_registry as dr
import voluptuous as vol

from .const import CONF_SLOTS_CLEARED, DOMAIN
from .control.actuation.write_budget import MOST_PER_HOUR, Writes
from .control.codec import encode
from .control.cycle import Cycle
from .control.model import BatteryMode, CommandKind
from .coordinator import SiteConfigEntry, SiteCoordinator
from .dashboard import async_dashboard
from .errors import failure, refusal
from .marstek.errors import MarstekError
from .site.battery import Battery
from .site.summary import summarise
from .view.plan_response import back_test_response, plan_response

ATTR_CONFIRM: Final = "confirm"
ATTR_DAYS: Final = "days"
ATTR_DRY_RUN: Final = "dry_run"
ATTR_DURATION: Final = "duration"
ATTR_POWER_W: Final = "power_w"
ATTR_TARGET_SOC: Final = "target_soc"

DURATIONS: Final = (timedelta(seconds=10), timedelta(days=7))
"""Longer than a week is a mode, which has an entity of its own."""
MAX_POWER_W: Final = 15000


def _bounded[ValueT: (float, timedelta)](
    read: Callable[[Any], ValueT], least: ValueT, most: ValueT
) -> Callable[[Any], ValueT]:
    """Return a validator that also has words for what is too large for the type, and for what is no number."""

    def validate(given: Any) -> ValueT:
        try:
            value = read(given)
        except OverflowError as err:
            raise vol.Invalid(f"{str(given)[:40]} is not between {least} and {most}") from err
        if not least <= value <= most:
            raise vol.Invalid(f"{value} is not between {least} and {most}")
        return value

    return validate


TARGET: Final = {vol.Required(ATTR_DEVICE_ID): cv.string}
RUN_CYCLE: Final = vol.Schema({**TARGET, vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean})
SET_POWER: Final = vol.Schema(
    {
        **TARGET,
        vol.Required(ATTR_POWER_W): _bounded(vol.Coerce(int), -MAX_POWER_W, MAX_POWER_W),
        vol.Optional(ATTR_DURATION): _bounded(cv.positive_time_period, *DURATIONS),
        vol.Optional(ATTR_TARGET_SOC): _bounded(vol.Coerce(float), 1, 100),
    }
)
RELEASE: Final = vol.Schema(TARGET)
GET_PLAN: Final = vol.Schema(TARGET)
GET_DASHBOARD: Final = vol.Schema(TARGET)
BACK_TEST: Final = vol.Schema({**TARGET, vol.Optional(ATTR_DAYS, default=14): _bounded(vol.Coerce(int), 1, 28)})
CLEAR_SCHEDULES: Final = vol.Schema({**TARGET, vol.Required(ATTR_CONFIRM): cv.boolean})


def async_setup_actions(hass: HomeAssistant) -> None:
    """Register the actions, once for all sites."""
    hass.services.async_register(
        DOMAIN, "run_cycle", _async_run_cycle, RUN_CYCLE, supports_response=SupportsResponse.OPTIONAL
    )
    hass.services.async_register(DOMAIN, "get_plan", _async_get_plan, GET_PLAN, supports_response=SupportsResponse.ONLY)
    hass.services.async_register(
        DOMAIN, "get_dashboard", _async_get_dashboard, GET_DASHBOARD, supports_response=SupportsResponse.ONLY
    )
    hass.services.async_register(
        DOMAIN, "back_test", _async_back_test, BACK_TEST, supports_response=SupportsResponse.ONLY
    )
    hass.services.async_register(DOMAIN, "set_power", _async_set_power, SET_POWER)
    hass.services.async_register(DOMAIN, "release", _async_release, RELEASE)
    hass.services.async_register(DOMAIN, "clear_schedules", _async_clear_schedules, CLEAR_SCHEDULES)


async def _async_run_cycle(call: ServiceCall) -> ServiceResponse:
    """Run one cycle at once, or only show what it would do with the controller on."""
    coordinator, _ = _service_target(call)
    if call.data[ATTR_DRY_RUN]:
        return _cycle_response(coordinator, await coordinator.async_dry_run(), would=True)
    await coordinator.changes.async_act()
    return _cycle_response(coordinator, coordinator.recorder.last, would=not coordinator.store.site.enabled)


async def _async_get_plan(call: ServiceCall) -> ServiceResponse:
    """Return the slots of the plan, each with its reason in words."""
    coordinator, _ = _service_target(call)
    plan, words = coordinator.planner.plan, coordinator.planner.words
    if plan is None or words is None:
        raise refusal("no_plan", status="" if words is None else words.status(coordinator.planner.view.status))
    return plan_response(plan, words, coordinator.planner.view)


async def _async_get_dashboard(call: ServiceCall) -> ServiceResponse:
    """Return the dashboard of the site, for homes that keep theirs in YAML."""
    coordinator, _ = _service_target(call)
    return await async_dashboard(call.hass, [coordinator.config_entry], call.hass.config.language)


async def _async_back_test(call: ServiceCall) -> ServiceResponse:
    """Return what past days cost and would have cost."""
    coordinator, _ = _service_target(call)
    days = await coordinator.planner.async_back_test(call.data[ATTR_DAYS])
    if not days:
        raise refusal("no_back_test")
    return back_test_response(days, coordinator.hass.config.currency)


async def _async_set_power(call: ServiceCall) -> None:
    """Hold a power, until it is changed or its end is reached."""
    (coordinator, battery), duration = _service_target(call), call.data.get(ATTR_DURATION)
    await coordinator.overrides.async_begin(
        battery,
        call.data[ATTR_POWER_W],
        duration_s=duration and duration.total_seconds(),
        target_soc_pct=call.data.get(ATTR_TARGET_SOC),
    )


async def _async_release(call: ServiceCall) -> None:
    """End what was asked of a battery by hand; for a site switch the controller off as well."""
    coordinator, battery = _service_target(call)
    if battery is not None:
        await coordinator.requests.async_set_battery_mode(battery.id, BatteryMode.CONTROLLED)
        return
    for battery_id in coordinator.batteries:
        coordinator.store.update_battery(battery_id, wish=BatteryMode.CONTROLLED)
    await coordinator.requests.async_set_enabled(False)


async def _async_clear_schedules(call: ServiceCall) -> None:
    """Disable all schedule slots of a battery, and remember that its Manual mode is 0 W from now on.

    Raises ServiceValidationError for what is asked wrongly, HomeAssistantError where the battery does not do it.
    """
    coordinator, battery = _service_target(call)
    if battery is None:
        raise refusal("battery_needed")
    if not call.data[ATTR_CONFIRM]:
        raise refusal("confirm_needed", name=battery.name)
    coordinator.require_polling()
    slots = battery.device.profile.slot_count
    written = coordinator.writes.get(battery.id, Writes()).in_last_hour(coordinator.clock())
    if written + slots > MOST_PER_HOUR:
        raise refusal("written_too_often", name=battery.name)
    coordinator.note_writes(battery.id, CommandKind.MANUAL_IDLE, slots)
    try:
        cleared = await battery.device.clear_slots()
    except MarstekError as err:
        raise failure("no_answer", name=battery.name) from err
    finally:
        battery.forget_mode()
    if not cleared:
        raise failure("not_cleared", name=battery.name)
    # This starts the site anew.
    call.hass.config_entries.async_update_subentry(
        coordinator.config_entry, battery.subentry, data={**battery.subentry.data, CONF_SLOTS_CLEARED: True}
    )


def _service_target(call: ServiceCall) -> tuple[SiteCoordinator, Battery | None]:
    """Return the site and battery that a device id means; raise ServiceValidationError unless they are ours and run."""
    device = dr.async_get(call.hass).async_get(call.data[ATTR_DEVICE_ID])
    ids = {identifier for domain, identifier in device.identifiers if domain == DOMAIN} if device else set()
    if device is None or not ids:
        raise refusal("not_our_device")
    entry: SiteConfigEntry | None = call.hass.config_entries.async_get_entry(device.config_entry_id)
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        raise refusal("not_loaded", name=device.name or "")
    (device_id,) = ids
    battery = entry.runtime_data.batteries.get(device_id)
    if battery is None and device_id != entry.entry_id:
        # The charger of the car: what is asked of it by mistake must not reach every battery.
        raise refusal("not_our_device")
    return entry.runtime_data, battery


def _cycle_response(coordinator: SiteCoordinator, cycle: Cycle, *, would: bool) -> ServiceResponse:
    """Return a cycle with names in place of MACs and ages in place of moments."""
    names = {battery.id: battery.name for battery in coordinator.batteries.values()}
    meter, words = cycle.snapshot.meter_w, coordinator.planner.words
    readings = [
        {
            "name": names[seen.battery_id],
            "soc_pct": seen.soc_pct and seen.soc_pct.value,
            "power_w": seen.power_w and seen.power_w.value,
            "mode": seen.mode and seen.mode.value,
            "age_s": None if seen.last_answer_at is None else round(cycle.now - seen.last_answer_at, 1),
        }
        for seen in cycle.snapshot.batteries
    ]
    return {
        "summary": "" if words is None else summarise(cycle.decision, names, words, would=would),
        "grid_power_w": meter and meter.value,
        "grid_age_s": meter and round(cycle.now - meter.at, 1),
        "batteries": readings,
        "decision": with_texts(encode(cycle.decision), lambda text: names.get(text, text)),
        "commands": with_texts(encode(cycle.commands), lambda text: names.get(text, text)),
    }


def with_texts(data: Any, change: Callable[[str], str]) -> Any:
    """Return JSON data with other texts in it, in keys as well."""
    if isinstance(data, Mapping):
        return {change(str(key)): with_texts(value, change) for key, value in data.items()}
    if isinstance(data, list):
        return [with_texts(item, change) for item in data]
    return change(data) if isinstance(data, str) else data
