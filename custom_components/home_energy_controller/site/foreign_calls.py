"""Waiting for other integrations: never long, and whatever they raise is an answer."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from homeassistant.core import HomeAssistant

WAIT_S: Final = 10.0


async def async_outcome[T](
    hass: HomeAssistant, call: Coroutine[Any, Any, T], *, wait_s: float = WAIT_S, is_shared: bool = False
) -> T | BaseException:
    """Return what another integration answers, or what it raised; TimeoutError where it takes longer than `wait_s`.

    What they raise cannot be named: many let the errors of their own libraries pass, which are not installed here.
    A shared call goes on without us: others may wait for what it fetches.
    """
    task = hass.async_create_background_task(call, "home_energy_controller asks another integration")
    try:
        done, _ = await asyncio.wait({task}, timeout=wait_s)
    finally:
        # Not awaited: who does not listen to this would hold us as well.
        if not is_shared:
            task.cancel()
    if not done:
        return TimeoutError()
    if task.cancelled():
        return asyncio.CancelledError()
    error = task.exception()
    return task.result() if error is None else error
