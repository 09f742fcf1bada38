"""Fixtures of the tests that run a Home Assistant."""

import pytest


@pytest.fixture(autouse=True)
def _let_home_assistant_load_ours(enable_custom_integrations: None) -> None:
    """Let Home Assistant load custom integrations."""
