"""What a report needs: what was configured, what the batteries said, and the last cycles to decide again."""

from collections.abc import Mapping
import re
from typing import Any

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .const import CONF_MAC, SUBENTRY_BATTERY
from .control.codec import encode
from .coordinator import SiteConfigEntry, SiteCoordinator
from .services import with_texts
from .site.battery import Battery

TO_REDACT = {
    "host",
    "ip",
    "serial",
    "ssid",
    "sta_dns",
    "sta_gate",
    "sta_ip",
    "sta_mask",
    "title",
    "token",
    "unique_id",
    "wifi_name",
}
OUI_DIGITS = 6
_MAC = re.compile(r"\b[0-9a-f]{12}\b|\b[0-9a-f]{2}([:-][0-9a-f]{2}){5}\b", re.IGNORECASE)
_ADDRESS = re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b")


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: SiteConfigEntry) -> dict[str, Any]:
    """Return the diagnostics of a site, whether it runs or does not come up."""
    batteries = [dict(subentry.data) for subentry in entry.get_subentries_of_type(SUBENTRY_BATTERY)]
    found: dict[str, Any] = {
        "entry": {
            "state": entry.state.value,
            "reason": entry.reason,
            "data": dict(entry.data),
            "options": dict(entry.options),
            "batteries": batteries,
        },
        "polling": not entry.pref_disable_polling,
    }
    if entry.state is ConfigEntryState.LOADED:
        found |= _running(entry.runtime_data)
    macs = sorted(battery[CONF_MAC] for battery in batteries)
    # A name per battery that keeps the maker's part of its MAC, and the order: decisions may hang on it.
    aliases = {mac: f"{mac[:OUI_DIGITS]}_{rank}" for rank, mac in enumerate(macs, 1)}
    redacted: dict[str, Any] = with_texts(async_redact_data(found, TO_REDACT), lambda text: _hidden(text, aliases))
    return redacted


def _running(coordinator: SiteCoordinator) -> dict[str, Any]:
    """Return what a running site knows; `recording` is what scripts/replay reads."""
    now = coordinator.clock()
    return {
        "store": encode(coordinator.store.site),
        "meter": coordinator.meter.source.description,
        "client": {"bindings": coordinator.client.bindings, "datagrams": encode(coordinator.client.statistics)},
        "update_interval_s": coordinator.update_interval and coordinator.update_interval.total_seconds(),
        "now": now,
        "failures": _failures(coordinator),
        "writes": {
            battery_id: {
                "last_hour": writes.in_last_hour(now),
                "busiest_hour": writes.busiest_hour,
                "exceptions": writes.exceptions,
            }
            for battery_id, writes in coordinator.writes.items()
        },
        "batteries": [_battery(battery) for battery in coordinator.batteries.values()],
        "recording": coordinator.recorder.as_json(),
    }


def _failures(coordinator: SiteCoordinator) -> dict[str, Any]:
    """Return how often which part failed, and with what; batteries by their id."""
    found: dict[str, Any] = {}
    for part, failures in coordinator.parts.failures.items():
        named = next((b for b in coordinator.batteries.values() if part.endswith(f" {b.name}")), None)
        key = part if named is None else f"{part.removesuffix(named.name)}{named.id}"
        found[key] = encode(failures)
    return found


def _battery(battery: Battery) -> dict[str, Any]:
    """Return what is known of one battery, down to the last reply to each question."""
    device = battery.device
    return {
        "id": battery.id,
        "info": encode(device.info),
        "profile": encode(device.profile),
        "link": encode(device.link),
        "outcome": encode(battery.outcome),
        "totals": encode(battery.totals),
        "replies": {
            method: {"received_at": answer.received_at, "sends": answer.sends, "result": answer.result}
            for method, answer in device.replies.items()
        },
    }


def _hidden(text: str, aliases: Mapping[str, str]) -> str:
    """Return a text with every MAC cut to its maker's part and every address gone."""

    def short(match: re.Match[str]) -> str:
        mac = re.sub("[:-]", "", match[0]).lower()
        return aliases.get(mac, f"{mac[:OUI_DIGITS]}xxxxxx")

    return _ADDRESS.sub(REDACTED, _MAC.sub(short, text))
