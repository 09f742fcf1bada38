"""The site's file: what it keeps, and what it makes of nonsense."""

import asyncio
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.home_energy_controller.control.model import BatteryMode, Mode, Strategy
from custom_components.home_energy_controller.site.store import (
    TOTALS_INTERVAL_S,
    SiteStore,
    StoredBattery,
    StoredSite,
    parse,
)

KEY = "home_energy_controller.entry"


async def test_what_was_set_is_there_after_a_restart(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    """Everything but a fixed power survives."""
    store = SiteStore(hass, "entry")
    await store.async_load()
    store.update(enabled=True, strategy=Strategy.STANDBY, setpoint_w=-400)
    store.update_battery("a", wish=BatteryMode.IDLE, setpoint_w=300, found_mode=Mode.AUTO)
    await store.async_save()

    again = SiteStore(hass, "entry")
    await again.async_load()
    assert again.site.enabled
    assert again.site.strategy is Strategy.STANDBY
    assert again.site.setpoint_w == -400
    assert again.site.battery("a") == StoredBattery(wish=BatteryMode.IDLE, setpoint_w=300, found_mode=Mode.AUTO)
    assert again.site.battery("never seen") == StoredBattery()


async def test_a_fixed_power_is_not_resumed_after_a_restart(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    """The battery is given back to the controller; its setpoint is remembered as a wish."""
    store = SiteStore(hass, "entry")
    store.update_battery("a", wish=BatteryMode.FIXED, setpoint_w=-2000)
    await store.async_save()
    await store.async_load()
    assert store.site.battery("a").wish is BatteryMode.CONTROLLED
    assert store.site.battery("a").setpoint_w == -2000


@pytest.mark.parametrize(
    ("before", "after"),
    [("standby", Strategy.STANDBY), ("zero_charge_only", Strategy.ZERO_CHARGE_ONLY), ("fixed", Strategy.ZERO)],
)
def test_the_power_of_a_site_is_not_resumed_either(before: str, after: Strategy) -> None:
    """Hours later nobody remembers what it was for: it goes on with what it did before."""
    assert parse({"strategy": "fixed", "strategy_before": before, "setpoint_w": -4300}).strategy is after


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {"enabled": "yes", "strategy": "fly", "setpoint_w": "many", "batteries": []},
        {"batteries": {"a": None, "b": 3}, "setpoint_w": float("nan")},
        {"strategy": "charge_from_grid", "strategy_before": "deliver_to_grid"},
    ],
)
def test_nonsense_falls_back_to_the_defaults(content: Any) -> None:
    """Off, net zero, nothing known."""
    assert parse(content) == StoredSite()


def test_one_damaged_part_costs_only_itself() -> None:
    """The rest of the file is kept."""
    site = parse({"enabled": True, "batteries": {"a": {"wish": "dance", "charged_wh": 12.5, "discharged_wh": -3}}})
    assert site.enabled
    assert site.battery("a") == StoredBattery(charged_wh=12.5)


async def test_totals_are_saved_now_and_then_though_they_change_all_the_time(
    hass: HomeAssistant, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delayed save that starts anew with every change would never come."""
    now = 1000.0
    store = SiteStore(hass, "entry", clock=lambda: now)
    saved, shown = [], []
    for _ in range(round(2 * TOTALS_INTERVAL_S / 10)):
        now += 10
        store.count("a", charged_wh=now, discharged_wh=1.0)
        await asyncio.sleep(0)
        shown.append(store.saved.battery("a").charged_wh or None)
        await hass.async_block_till_done()
        saved.append(hass_storage.get(KEY, {}).get("data", {}).get("batteries", {}).get("a", {}).get("charged_wh"))
    assert set(saved) == {None, 1060.0, 1120.0}
    assert all(total is None or total <= kept for total, kept in zip(shown, saved, strict=True)), "else a crash shows"


async def test_what_is_set_again_and_again_is_written_now_and_then(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """At once, and the last value some seconds later: a flash card is spared, and nothing is forgotten."""
    store, writes = SiteStore(hass, "entry"), []
    write = store._store._async_write_data

    async def counted(data: dict[str, Any]) -> None:
        await write(data)
        writes.append(data["data"]["setpoint_w"])

    with patch.object(store._store, "_async_write_data", counted):
        for number in range(200):
            store.update(setpoint_w=number)
            await asyncio.sleep(0.001)
        await hass.async_block_till_done()
        assert len(writes) == 1
        await store.async_save()
    assert writes[-1] == 199
