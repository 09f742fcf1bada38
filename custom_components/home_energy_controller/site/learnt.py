"""What the pursuit of decisions tells of the batteries and must outlive it."""

from collections.abc import Mapping
import logging

from ..control.actuation.actuation import Pursuit
from ..control.actuation.trust import Diagnosis
from ..control.model import Action, Decision, Target
from .running import RunningSite

_LOGGER = logging.getLogger(__name__)


class Learnt:
    """Keeps it in the file of the site, and logs new trouble once."""

    def __init__(self, site: RunningSite) -> None:
        """Know of no trouble."""
        self._site = site
        self._diagnosis: Mapping[str, Diagnosis] = {}
        self._is_first = True

    def note(self, decision: Decision, pursuit: Pursuit) -> None:
        """Take note of a cycle."""
        for target in decision.targets:
            self._keep_found_mode(target, is_commanded=target.battery_id in pursuit.memory.sent)
        store = self._site.store
        for battery_id, right in pursuit.sign.items():
            if store.site.battery(battery_id).sign_proven is not right:
                store.update_battery(battery_id, sign_proven=right)
        for battery_id, diagnosis in pursuit.diagnosis.items():
            if self._diagnosis.get(battery_id) is not diagnosis:
                name = self._site.batteries[battery_id].name
                _LOGGER.info("%s: %s (%s)", name, diagnosis, pursuit.health[battery_id])
        self._diagnosis, self._is_first = pursuit.diagnosis, False

    def _keep_found_mode(self, target: Target, *, is_commanded: bool) -> None:
        """Note what a battery did before we touched it, and forget it once it is released.

        It is noted in the file, for a release after a restart. Leading in the Auto that it was found in counts as well.
        """
        site, battery_id = self._site, target.battery_id
        mode = site.batteries[battery_id].observation.mode
        found = site.store.site.battery(battery_id).found_mode
        touched = target.action is not Action.NOTHING or is_commanded
        if touched and found is None and mode is not None:
            site.store.update_battery(battery_id, found_mode=mode.value)
        elif not touched and found is not None and not site.store.site.enabled and not self._is_first:
            # In the first cycle it is what an earlier run left to be released.
            site.store.update_battery(battery_id, found_mode=None)
