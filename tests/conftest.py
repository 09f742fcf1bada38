"""Fixtures that every test of the integration shares."""

from collections.abc import Generator

import pytest

# The test plugin ships a package of the same name: ours must be imported first, or Home Assistant does not find it.
import custom_components.home_energy_controller  # noqa: F401


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(enable_custom_integrations: None) -> Generator[None]:
    """Let Home Assistant load the integration."""
    return
    yield
