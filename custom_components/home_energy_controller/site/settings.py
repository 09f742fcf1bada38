"""What the controller is told: options, subentries, and what people set with entities."""

from collections.abc import Callable, Mapping

from homeassistant.config_entries import ConfigEntry

from ..const import CONF_MAC, CONF_METER, CONF_METER_TYPE, METER_SENSOR, SUBENTRY_BATTERY
from ..control.model import Release
from ..control.settings import Settings
from ..marstek.client import MarstekClient
from .battery import Battery, Spawn
from .config import SiteOptions
from .store import SiteStore, StoredSite

METER_SETTLE_S, SENSOR_SETTLE_S = 12.0, 45.0
"""So long after a change a meter shows it: a telegram every ten seconds at worst; a sensor is renewed when it likes."""


def site_batteries(
    entry: ConfigEntry, client: MarstekClient, store: SiteStore, clock: Callable[[], float], spawn: Spawn
) -> dict[str, Battery]:
    """Return the batteries of a site, by MAC."""
    batteries = (
        Battery(
            subentry,
            client,
            store.site.battery(subentry.data[CONF_MAC]),
            circuits=lambda: SiteOptions(entry.options).circuits,
            clock=clock,
            spawn=spawn,
        )
        for subentry in entry.get_subentries_of_type(SUBENTRY_BATTERY)
    )
    return {battery.id: battery for battery in batteries}


def site_settings(
    entry: ConfigEntry,
    stored: StoredSite,
    batteries: Mapping[str, Battery],
    last_leader_id: str | None,
    release: Release | None = None,
) -> Settings:
    """Return what the controller is told; `release` for batteries whose owner chose nothing."""
    options, is_sensor = SiteOptions(entry.options), entry.data[CONF_METER][CONF_METER_TYPE] == METER_SENSOR
    return Settings(
        enabled=stored.enabled,
        strategy=stored.strategy,
        setpoint_w=stored.setpoint_w,
        grid_target_w=stored.grid_target_w,
        tariff=options.tariff,
        **options.limits,
        batteries=tuple(
            battery.settings(stored.battery(key), release or _default_release(key, batteries, last_leader_id))
            for key, battery in batteries.items()
        ),
        meter_settle_s=SENSOR_SETTLE_S if is_sensor else METER_SETTLE_S,
        battery_age_limit_s={key: battery.age_limit_s for key, battery in batteries.items()},
    )


def _default_release(battery_id: str, batteries: Mapping[str, Battery], last_leader_id: str | None) -> Release:
    """Return how a battery is released when its owner chose nothing: one of several goes on serving the house."""
    if len(batteries) == 1:
        return Release.RESTORE
    stays = {key for key, battery in batteries.items() if not battery.leaves}
    able = [key for key, battery in batteries.items() if battery.configured.may_lead and key in stays]
    server = last_leader_id if last_leader_id in stays else next(iter(able), None)
    return Release.AUTOMATIC if battery_id == server else Release.IDLE
