"""The one clock of the integration."""

from collections.abc import Callable

from homeassistant.core import HomeAssistant


def monotonic_clock(hass: HomeAssistant) -> Callable[[], float]:
    """Return the clock (s) that every age and every interval is measured with; it never jumps."""
    return hass.loop.time
