"""Selects: what the site is run for, and who runs each battery."""

from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .control.model import OWNER_STRATEGIES, BatteryMode, Strategy
from .coordinator import SiteConfigEntry
from .entity import BatteryEntity, SiteEntity

PARALLEL_UPDATES = 1

STRATEGY = SelectEntityDescription(key="strategy", options=[strategy.value for strategy in OWNER_STRATEGIES])
MODE = SelectEntityDescription(key="mode", options=[mode.value for mode in BatteryMode])


async def async_setup_entry(
    hass: HomeAssistant, entry: SiteConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the selects of the site and of each battery."""
    coordinator = entry.runtime_data
    async_add_entities([StrategySelect(coordinator, STRATEGY)])
    for battery in coordinator.batteries.values():
        async_add_entities(
            [BatteryModeSelect(coordinator, battery, MODE)], config_subentry_id=battery.subentry.subentry_id
        )


class StrategySelect(SiteEntity, SelectEntity):
    """What the site is run for."""

    @property
    @override
    def current_option(self) -> str:
        """Return the strategy."""
        return self.coordinator.data.strategy

    @override
    async def async_select_option(self, option: str) -> None:
        """Change the strategy."""
        context = self._context
        # What an automation calls has no user, or what set it off as its parent.
        is_tap = context is not None and context.user_id is not None and context.parent_id is None
        await self.coordinator.requests.async_set_strategy(Strategy(option), is_tap=is_tap)


class BatteryModeSelect(BatteryEntity, SelectEntity):
    """Who runs a battery: the controller, the battery itself, a fixed power, or nobody."""

    @property
    @override
    def current_option(self) -> str:
        """Return the owner's wish."""
        return self.snapshot.battery_mode

    @override
    async def async_select_option(self, option: str) -> None:
        """Take the battery out of control, or give it back."""
        await self.coordinator.requests.async_set_battery_mode(self.battery.id, BatteryMode(option))
