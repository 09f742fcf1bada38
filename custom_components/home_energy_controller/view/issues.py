"""What the owner has to do something about: conditions in, repair issues out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..const import CONF_METER, CONF_METER_TYPE, DOMAIN, METER_SENSOR, REPORTS_URL
from ..control.model import Health, LeaderFault, MeterEffect
from ..marstek.errors import MarstekWrongDevice
from ..marstek.profiles import Family, firmware_text, model_name
from ..meter.base import MeterApiDisabled, MeterShowsUsageOnly, MeterUnauthorized, MeterWrongCertificate
from ..site.battery import Battery
from ..site.config import SiteOptions
from ..site.contract import PricesConfig
from ..site.foreign_entities import state_of
from ..site.price_sources import source_name
from ..site.prices import is_refused
from ..site.running import RunningSite
from .snapshot import SiteSnapshot

LONG_S: Final = 900.0
"""What is merely away for a while comes back by itself: nobody is called for it."""
WITHOUT_PHASES_S: Final = 60.0
EXPLAINED: Final = (MeterApiDisabled, MeterShowsUsageOnly, MeterUnauthorized, MeterWrongCertificate)
"""What is wrong with a meter has an issue of its own, or a flow."""
WITHOUT_PRICES: Final = timedelta(hours=6)
_WARNING, _ERROR = ir.IssueSeverity.WARNING, ir.IssueSeverity.ERROR


class Watched:
    """What was seen of a site, beside the published snapshot: the conditions below ask about it."""

    def __init__(self, site: RunningSite) -> None:
        """Nothing was seen yet."""
        self.site = site
        self.silent: set[str] = set()
        self.wiped: set[str] = set()
        """Batteries that came back from silence in Manual, which nobody had told them."""
        self.limited: set[str] = set()
        """Batteries that stop at a power class which is lower than the one that their owner told."""
        self._began_at = site.clock()

    @property
    def meter_at(self) -> float:
        """Return of when the meter's newest value is."""
        return self.site.meter.power_w.at if self.site.meter.power_w else self._began_at

    @property
    def taken_ports(self) -> list[int]:
        """Return the ports that another program holds where a battery is silent: some answer to their own port only."""
        ports = {battery.device.port for battery in self.site.batteries.values() if battery.id in self.silent}
        return sorted(ports & self.site.client.taken_ports)

    def heard_at(self, battery: Battery) -> float:
        """Return when a battery was last heard, or could have been for the first time."""
        return battery.observation.last_answer_at or self._began_at


type OfSite = Callable[[Watched, SiteSnapshot, float], bool]
type OfBattery = Callable[[Watched, Battery, SiteSnapshot, float], bool]


@dataclass(frozen=True, slots=True)
class Issue[AppliesT: (OfSite, OfBattery)]:
    """A trouble of the site, or of one battery: when it is there, and what its text names beside the battery."""

    key: str
    applies: AppliesT
    names: Callable[[Watched], dict[str, str]] = lambda _: {}
    severity: ir.IssueSeverity = _ERROR
    is_fixable: bool = False


def _is_reversed(watch: Watched, snapshot: SiteSnapshot) -> bool:
    """Return whether it is the sign of a sensor that is wrong: that can be mended here."""
    is_sensor = watch.site.config_entry.data[CONF_METER][CONF_METER_TYPE] == METER_SENSOR
    return snapshot.meter_effect is MeterEffect.OPPOSITE and is_sensor


def _failed(fault: LeaderFault) -> OfBattery:
    """Return whether a battery failed as leader in this way; a meter that does not follow explains it."""

    def applies(watch: Watched, battery: Battery, snapshot: SiteSnapshot, now: float) -> bool:
        return snapshot.batteries[battery.id].lead_fault is fault and snapshot.meter_effect is None

    return applies


def _lacks_phases(watch: Watched, now: float) -> bool:
    """Return whether limits per phase are set that the meter gives no means to keep."""
    since = watch.site.meter.without_phases_since
    is_limited = SiteOptions(watch.site.config_entry.options).limits_phases
    return is_limited and since is not None and now - since >= WITHOUT_PHASES_S


def _meter_name(watch: Watched) -> dict[str, str]:
    """Return the name of the meter."""
    return {"meter": watch.site.meter.source.description}


def _price(watch: Watched) -> State | None:
    """Return what the price sensor shows."""
    return state_of(watch.site.hass, PricesConfig.from_options(watch.site.config_entry.options).price_sensor)


def _price_name(watch: Watched) -> dict[str, str]:
    """Return which sensor it is, and what it shows."""
    price = _price(watch)
    unit = "" if price is None else price.attributes.get(ATTR_UNIT_OF_MEASUREMENT, "")
    shown = f"{price.state if price else ''} {unit}"
    return {
        "sensor": price.entity_id if price else "",
        "price": shown,
        "currency": watch.site.hass.config.currency,
    }


def _lacks_prices(watch: Watched) -> bool:
    """Return whether the source of prices has told none for long: what it told before ends within a day."""
    since = watch.site.planner.prices_failed_since
    return since is not None and dt_util.now() - since >= WITHOUT_PRICES


def _source_name(watch: Watched) -> dict[str, str]:
    """Return what the source of prices is called."""
    source = PricesConfig.from_options(watch.site.config_entry.options).source
    return {"source": source_name(watch.site.hass, source)}


SITE_ISSUES: Final[tuple[Issue[OfSite], ...]] = (
    Issue("meter_v1_gone", lambda watch, snapshot, now: watch.site.meter.successor.is_there, is_fixable=True),
    Issue(
        "meter_api_off",
        lambda watch, snapshot, now: (
            isinstance(watch.site.meter.failure, MeterApiDisabled) and not watch.site.meter.successor.is_there
        ),
    ),
    Issue("meter_stranger", lambda watch, snapshot, now: isinstance(watch.site.meter.failure, MeterWrongCertificate)),
    Issue(
        "meter_lost",
        lambda watch, snapshot, now: (
            now - watch.meter_at > LONG_S
            and not isinstance(watch.site.meter.failure, EXPLAINED)
            and not watch.site.meter.successor.is_there
            and not watch.site.meter.is_frozen
        ),
        names=_meter_name,
    ),
    Issue("meter_frozen", lambda watch, snapshot, now: watch.site.meter.is_frozen, names=_meter_name),
    Issue("usage_only", lambda watch, snapshot, now: watch.site.meter.is_usage_only, names=_meter_name),
    Issue("phases_lost", lambda watch, snapshot, now: _lacks_phases(watch, now), names=_meter_name),
    Issue(
        "price_refused",
        lambda watch, snapshot, now: (price := _price(watch)) is not None and is_refused(price),
        names=_price_name,
        severity=_WARNING,
    ),
    Issue(
        "prices_lost",
        lambda watch, snapshot, now: _lacks_prices(watch),
        names=_source_name,
        severity=_WARNING,
    ),
    Issue(
        "meter_not_following",
        lambda watch, snapshot, now: snapshot.meter_effect is not None and not _is_reversed(watch, snapshot),
    ),
    Issue(
        "not_started",
        lambda watch, snapshot, now: not watch.site.store.site.was_started,
        severity=_WARNING,
        is_fixable=True,
    ),
    Issue("meter_sign", lambda watch, snapshot, now: _is_reversed(watch, snapshot), is_fixable=True),
    Issue(
        "port_taken",
        lambda watch, snapshot, now: bool(watch.taken_ports),
        names=lambda watch: {"ports": ", ".join(map(str, watch.taken_ports))},
        severity=_WARNING,
    ),
)

BATTERY_ISSUES: Final[tuple[Issue[OfBattery], ...]] = (
    Issue(
        "firmware_resets",
        # What we do not know is treated with the same care, but no update is known to help it.
        lambda watch, battery, snapshot, now: (
            battery.device.profile.reset_prone and battery.device.profile.family is not Family.UNKNOWN
        ),
        severity=_WARNING,
    ),
    Issue("model_unknown", lambda watch, battery, snapshot, now: battery.device.identity.is_unknown, severity=_WARNING),
    Issue("battery_silent", lambda watch, battery, snapshot, now: now - watch.heard_at(battery) > LONG_S),
    Issue("wrong_device", lambda watch, battery, snapshot, now: isinstance(battery.failure, MarstekWrongDevice)),
    Issue("settings_lost", lambda watch, battery, snapshot, now: battery.id in watch.wiped, is_fixable=True),
    Issue(
        "wrong_sign",
        lambda watch, battery, snapshot, now: snapshot.batteries[battery.id].health is Health.WRONG_SIGN,
        is_fixable=True,
    ),
    Issue("leader_no_auto", _failed(LeaderFault.NO_AUTO)),
    Issue("leader_without_effect", _failed(LeaderFault.WITHOUT_EFFECT)),
    Issue("leader_against", _failed(LeaderFault.AGAINST)),
    Issue(
        "contradicted", lambda watch, battery, snapshot, now: snapshot.batteries[battery.id].meter_effect is not None
    ),
    Issue(
        "taken",
        lambda watch, battery, snapshot, now: snapshot.batteries[battery.id].health is Health.TAKEN,
        severity=_WARNING,
    ),
    Issue("power_class", lambda watch, battery, snapshot, now: battery.id in watch.limited, severity=_WARNING),
)


def show_issues(watch: Watched, snapshot: SiteSnapshot, now: float) -> None:
    """Let the repairs of Home Assistant show what applies now, and nothing else of this site."""
    site = watch.site
    shown = ir.async_get(site.hass).async_get_issue(DOMAIN, f"{site.config_entry.entry_id}_not_started")
    if shown is not None and shown.dismissed_version is not None:
        site.store.update(was_started=True)  # Who ignores it is not asked again.
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


def _show(
    watch: Watched, issue: Issue[OfSite] | Issue[OfBattery], key: str, names: Mapping[str, str], *, applies: bool
) -> None:
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
