"""Beside control: who fell silent and is back, who moved to another address, and what the owner must be told."""

from collections.abc import Mapping
import logging

from homeassistant.components import persistent_notification

from ..const import CONF_FIRMWARE, CONF_MODEL
from ..control.actuation.trust import Diagnosis
from ..control.model import CommandKind, Mode, Timed
from ..marstek.errors import MarstekWrongDevice
from ..marstek.profiles import is_bare
from ..meter.base import MeterUnauthorized
from ..site.battery import Battery
from ..site.running import RunningSite
from ..site.search import async_search, searches
from .issues import Watched, hide_issues, show_issues
from .snapshot import SiteSnapshot

_LOGGER = logging.getLogger(__name__)

LOWEST_CLASSES_W = (600, 800)
"""What a battery discharges at most after it lost its settings (rweijnen#12), or before its owner raised the limit."""


class Watch(Watched):
    """Looks at every cycle's outcome, and never at what it should be."""

    def __init__(self, site: RunningSite) -> None:
        """Begin to watch a site."""
        super().__init__(site)
        self._modes: dict[str, Timed[Mode]] = {}
        self._diagnosed: dict[str, Diagnosis | None] = {}
        self._asked: str | None = None
        """What a notification asks the owner."""

    def observe(self, snapshot: SiteSnapshot, diagnoses: Mapping[str, Diagnosis], now: float) -> None:
        """Take note of a cycle, and log new trouble with commands once."""
        part = self.site.parts.part
        for battery in self.site.batteries.values():
            with part(f"watch {battery.name}"):
                self._note_silence(battery, now)
                self._compare_class(battery, snapshot)
                diagnosis = diagnoses.get(battery.id)
                if diagnosis is not None and diagnosis is not self._diagnosed.get(battery.id):
                    _LOGGER.info("%s: %s (%s)", battery.name, diagnosis, snapshot.batteries[battery.id].health)
                self._diagnosed[battery.id] = diagnosis
                self._note_firmware(battery)
        with part("question"):
            self._ask(snapshot.full_charge)
        with part("pairing"):
            if isinstance(self.site.meter.failure, MeterUnauthorized):
                # Control pauses as for a lost meter; this asks for the button, once.
                self.site.config_entry.async_start_reauth(self.site.hass)
        with part("issues"):
            show_issues(self, snapshot, now)
        with part("begin of a search"):
            # Who is silent, or somebody else, may be at another address by now.
            strange = {key for key, each in self.site.batteries.items() if isinstance(each.failure, MarstekWrongDevice)}
            lost = frozenset(self.silent | strange)
            if searches(self.site.hass).is_due(self.site.config_entry.entry_id, lost, now):
                self.site.spawn(async_search(self.site.hass, self.site.client), "search for lost batteries")

    def end(self) -> None:
        """Take back what the owner was told: a site that is not run has no troubles."""
        self._ask(None)
        searches(self.site.hass).forget(self.site.config_entry.entry_id)
        hide_issues(self.site.hass, self.site.config_entry.entry_id)

    def _ask(self, question: str | None) -> None:
        """Show a question as a notification while it waits for its answer."""
        hass, entry, asked, self._asked = self.site.hass, self.site.config_entry, self._asked, question
        notification_id = f"{entry.entry_id}_full_charge"
        if question is not None and question != asked:
            persistent_notification.async_create(hass, question, entry.title, notification_id)
        elif question is None and asked is not None:
            persistent_notification.async_dismiss(hass, notification_id)

    def _note_silence(self, battery: Battery, now: float) -> None:
        """Log once when a battery falls silent and once when it is back; wiped it comes back in Manual."""
        silent = not battery.is_available(now)
        if silent != (battery.id in self.silent):
            _LOGGER.info("%s %s", battery.name, "does not answer" if silent else "answers again")
            self.silent ^= {battery.id}
        before, mode = self._modes.get(battery.id), battery.observation.mode
        if mode is None:
            return
        self._modes[battery.id] = mode
        if before is None or mode.at - before.at <= battery.age_limit_s:
            return
        told_manual = battery.outcome is not None and battery.outcome.command.kind is CommandKind.MANUAL_IDLE
        if before.value is not Mode.MANUAL and mode.value is Mode.MANUAL and not told_manual:
            self.wiped.add(battery.id)

    def _compare_class(self, battery: Battery, snapshot: SiteSnapshot) -> None:
        """See whether a battery is at the end of its power below where its owner said that it is."""
        shown = snapshot.batteries[battery.id]
        seen, told_w = battery.device.power_w, battery.configured.rated_power_w
        # As it was read: what is shown of a leader goes on with the meter.
        power_w = 0.0 if seen is None or not shown.available else seen.value
        stands_w = power_w if shown.diagnosis is Diagnosis.LIMITED else shown.derated_w
        lower = [class_w for class_w in LOWEST_CLASSES_W if class_w < told_w]
        if stands_w is not None and any(abs(stands_w - class_w) <= 40 for class_w in lower):
            self.limited.add(battery.id)
        elif power_w > LOWEST_CLASSES_W[-1] + 100:
            self.limited.discard(battery.id)

    def _note_firmware(self, battery: Battery) -> None:
        """Keep the model and firmware that a battery tells, for the forms and the next start; here they act already."""
        info, data, entry = battery.device.info, battery.subentry.data, self.site.config_entry
        if info is None or info.received_at is None or info.firmware is None or is_bare(info.model):
            return
        news = {CONF_MODEL: info.model, CONF_FIRMWARE: info.firmware}
        if news != {key: data.get(key) for key in news} and battery.subentry.subentry_id in entry.subentries:
            _LOGGER.info("%s tells that it is a %s with firmware %s", battery.name, info.model, info.firmware)
            self.site.hass.config_entries.async_update_subentry(entry, battery.subentry, data={**data, **news})
            battery.subentry = entry.subentries[battery.subentry.subentry_id]
