"""The steps in which a HomeWizard meter is paired by its button, for set-up, for pairing again, and in a repair."""

from abc import abstractmethod
import asyncio
from collections.abc import Mapping
from typing import Any

from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult
import voluptuous as vol

from ..meter.base import MeterError
from ..site.pairing import UnpairedMeter
from .forms import error_key, show_form


class PairingFlow[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    FlowHandler[ContextT, ResultT, HandlerT]
):
    """Waits for the button (step `pair`), as often as its owner likes."""

    _unpaired: UnpairedMeter
    """Set before the step `pair`."""
    _pairing: asyncio.Task[dict[str, Any]] | None = None
    _paired: Mapping[str, Any]
    _trouble: MeterError | None = None
    """Why the last try came to nothing."""

    @abstractmethod
    async def _async_paired(self, meter: dict[str, Any]) -> ResultT:
        """Go on with a meter that was paired; may raise MeterError."""

    async def async_step_pair(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Wait for the button; the text of the progress says which."""
        if self._pairing is None:
            self._pairing = self.hass.async_create_task(self._unpaired.async_pair(self.hass), "pair a meter")
        if not self._pairing.done():
            return self.async_show_progress(step_id="pair", progress_action="press", progress_task=self._pairing)
        pairing, self._pairing = self._pairing, None
        try:
            self._paired = pairing.result()
        except MeterError as err:
            self._trouble = err
            return self.async_show_progress_done(next_step_id="pair_again")
        return self.async_show_progress_done(next_step_id="paired")

    async def async_step_paired(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Go on, or say why that is not possible."""
        try:
            return await self._async_paired(dict(self._paired))
        except MeterError as err:
            self._trouble = err
            return await self.async_step_pair_again()

    async def async_step_pair_again(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Say what went wrong; sent, the form begins again."""
        if user_input is not None or self._trouble is None:
            return await self.async_step_pair()
        errors = {"base": error_key(self._trouble)}
        # Only the message about a wrong product shows it.
        return show_form(self, "pair_again", vol.Schema({}), {}, errors, product=str(self._trouble))
