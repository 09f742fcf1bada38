"""What the owner has to do something about: conditions in, repair issues out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import issue_registry as ir

from ..const import (
    CONF_MAX_PHASE_EXPORT_W,
    CONF_MAX_PHASE_IMPORT_W,
    CONF_METER,
    CONF_METER_TYPE,
    CONF_TARIFF,
    DOMAIN,
    METER_SENSOR,
    REPORTS_URL,
)
from ..control.model import Health, LeaderFault, MeterEffect
from ..marstek.errors import MarstekWrongDevice
from ..marstek.profiles import Family, firmware_text, model_name
from ..meter.base import MeterApiDisabled, MeterShowsUsageOnly
from ..site.battery import Battery
from ..site.config import CONF_PRICE
from ..site.foreign_entities import state_of
from ..site.prices import is_refused
from ..site.running import RunningSite
from .snapshot import SiteSnapshot

LONG_S: Final = 900.0
"""What is merely away for a while comes back by itself: nobody is called for it."""
WITHOUT_PHASES_S: Final = 60.0
_WARNING, _ERROR = ir.IssueSeverity.WARNING, ir.IssueSeverity.ERROR


class Watch(Protocol):
    """What the conditions below ask about, beside the published snapshot."""

    site: RunningSite
    wiped: set[str]
    limited: set[str]

    @property
    def meter_at(self) -> float:
        """Of when the meter's newest value is."""

    @property
    def taken_ports(self) -> list[int]:
        """The ports that another program holds where a battery is silent."""

    def heard_at(self, battery: Battery) -> float:
        """Return when a battery was last heard, or could have been for the first time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteIssue:
    """A trouble of the site: when it is there, and what its text names."""

    key: str
    applies: Callable[[Watch, SiteSnapshot, float], bool]
    names: Callable[[Watch], dict[str, str]] = lambda _: {}
    severity: ir.IssueSeverity = _ERROR
    is_fixable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryIssue:
    """A trouble of one battery, which its text names."""

    key: str
    applies: Callable[[Watch, Battery, SiteSnapshot, float], bool]
    severity: ir.IssueSeverity = _ERROR
    is_fixable: bool = False


def _is_reversed(watch: Watch, snapshot: SiteSnapshot) -> bool:
    """Return whether it is the sign of a sensor that is wrong: that can be mended here."""
    is_sensor = watch.site.config_entry.data[CONF_METER][CONF_METER_TYPE] == METER_SENSOR
    return snapshot.meter_effect is MeterEffect.OPPOSITE and is_sensor


def _failed(fault: LeaderFault) -> Callable[[Watch, Battery, SiteSnapshot, float], bool]:
    """Return whether a battery failed as leader in this way; a meter that does not follow explains it."""

    def applies(watch: Watch, battery: Battery, snapshot: SiteSnapshot, now: float) -> bool:
        return snapshot.batteries[battery.id].lead_fault is fault and snapshot.meter_effect is None

    return applies


def _lacks_phases(watch: Watch, now: float) -> bool:
    """Return whether limits per phase are set that the meter gives no means to keep."""
    since = watch.site.meter.without_phases_since
    is_limited = {CONF_MAX_PHASE_IMPORT_W, CONF_MAX_PHASE_EXPORT_W} & watch.site.config_entry.options.keys()
    return bool(is_limited) and since is not None and now - since >= WITHOUT_PHASES_S


def _meter_name(watch: Watch) -> dict[str, str]:
    """Return the name of the meter."""
    return {"meter": watch.site.meter.source.description}


def _price(watch: Watch) -> State | None:
    """Return what the price sensor shows."""
    return state_of(watch.site.hass, watch.site.config_entry.options.get(CONF_TARIFF, {}).get(CONF_PRICE))


def _price_name(watch: Watch) -> dict[str, str]:
    """Return which sensor it is, and what it shows."""
    price = _price(watch)
    unit = "" if price is None else price.attributes.get(ATTR_UNIT_OF_MEASUREMENT, "")
    return {"sensor": price.entity_id if price else "", "price": f"{price.state if price else ''} {unit}"}


SITE_ISSUES: Final = (
    SiteIssue(
        key="meter_api_off",
        applies=lambda watch, snapshot, now: isinstance(watch.site.meter.failure, MeterApiDisabled),
    ),
    SiteIssue(
        key="meter_lost",
        applies=lambda watch, snapshot, now: (
            now - watch.meter_at > LONG_S
            and not isinstance(watch.site.meter.failure, MeterApiDisabled | MeterShowsUsageOnly)
            and not watch.site.meter.is_frozen
        ),
        names=_meter_name,
    ),
    SiteIssue(
        key="meter_frozen",
        applies=lambda watch, snapshot, now: watch.site.meter.is_frozen,
        names=_meter_name,
    ),
    SiteIssue(
        key="usage_only",
        applies=lambda watch, snapshot, now: watch.site.meter.is_usage_only,
        names=_meter_name,
    ),
    SiteIssue(
        key="phases_lost",
        applies=lambda watch, snapshot, now: _lacks_phases(watch, now),
        names=_meter_name,
    ),
    SiteIssue(
        key="price_refused",
        applies=lambda watch, snapshot, now: (price := _price(watch)) is not None and is_refused(price),
        names=_price_name,
        severity=_WARNING,
    ),
    SiteIssue(
        key="meter_not_following",
        applies=lambda watch, snapshot, now: snapshot.meter_effect is not None and not _is_reversed(watch, snapshot),
    ),
    SiteIssue(
        key="meter_sign",
        applies=lambda watch, snapshot, now: _is_reversed(watch, snapshot),
        is_fixable=True,
    ),
    SiteIssue(
        key="port_taken",
        applies=lambda watch, snapshot, now: bool(watch.taken_ports),
        names=lambda watch: {"ports": ", ".join(map(str, watch.taken_ports))},
        severity=_WARNING,
    ),
)

BATTERY_ISSUES: Final = (
    BatteryIssue(
        key="firmware_resets",
        # What we do not know is treated with the same care, but no update is known to help it.
        applies=lambda watch, battery, snapshot, now: (
            battery.device.profile.reset_prone and battery.device.profile.family is not Family.UNKNOWN
        ),
        severity=_WARNING,
    ),
    BatteryIssue(
        key="model_unknown",
        applies=lambda watch, battery, snapshot, now: battery.device.identity.is_unknown,
        severity=_WARNING,
    ),
    BatteryIssue(
        key="battery_silent",
        applies=lambda watch, battery, snapshot, now: now - watch.heard_at(battery) > LONG_S,
    ),
    BatteryIssue(
        key="wrong_device",
        applies=lambda watch, battery, snapshot, now: isinstance(battery.failure, MarstekWrongDevice),
    ),
    BatteryIssue(
        key="settings_lost",
        applies=lambda watch, battery, snapshot, now: battery.id in watch.wiped,
        is_fixable=True,
    ),
    BatteryIssue(
        key="wrong_sign",
        applies=lambda watch, battery, snapshot, now: snapshot.batteries[battery.id].health is Health.WRONG_SIGN,
        is_fixable=True,
    ),
    BatteryIssue(key="leader_no_auto", applies=_failed(LeaderFault.NO_AUTO)),
    BatteryIssue(key="leader_without_effect", applies=_failed(LeaderFault.WITHOUT_EFFECT)),
    BatteryIssue(key="leader_against", applies=_failed(LeaderFault.AGAINST)),
    BatteryIssue(
        key="contradicted",
        applies=lambda watch, battery, snapshot, now: snapshot.batteries[battery.id].meter_effect is not None,
    ),
    BatteryIssue(
        key="taken",
        applies=lambda watch, battery, snapshot, now: snapshot.batteries[battery.id].health is Health.TAKEN,
        severity=_WARNING,
    ),
    BatteryIssue(
        key="power_class",
        applies=lambda watch, battery, snapshot, now: battery.id in watch.limited,
        severity=_WARNING,
    ),
)


def show_issues(watch: Watch, snapshot: SiteSnapshot, now: float) -> None:
    """Let the repairs of Home Assistant show what applies now, and nothing else of this site."""
    site = watch.site
    for issue in SITE_ISSUES:
        _show(watch, issue, issue.key, issue.names(watch), applies=issue.applies(watch, snapshot, now))
    for battery in site.batteries.values():
        info = battery.device.info
        firmware, model = (info.firmware, info.model) if info else (None, None)
        names = {"name": battery.name, "firmware": firmware_text(firmware)}
        names |= {"model": model_name(model), "url": REPORTS_URL}
        for row in BATTERY_ISSUES:
            _show(watch, row, f"{row.key}_{battery.id}", names, applies=row.applies(watch, battery, snapshot, now))


def hide_issues(hass: HomeAssistant, entry_id: str) -> None:
    """Take back every issue of a site."""
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(entry_id):
            ir.async_delete_issue(hass, domain, issue_id)


def _show(watch: Watch, issue: SiteIssue | BatteryIssue, key: str, names: Mapping[str, str], *, applies: bool) -> None:
    """Create an issue, or delete it."""
    hass, entry_id = watch.site.hass, watch.site.config_entry.entry_id
    issue_id = f"{entry_id}_{key}"
    if not applies:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry_id},
        is_fixable=issue.is_fixable,
        severity=issue.severity,
        translation_key=issue.key,
        translation_placeholders=dict(names),
    )
