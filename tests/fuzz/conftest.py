"""The batteries of tests/marstek, to be made to shout."""

from tests.marstek.conftest import make_peer, port

__all__ = ["make_peer", "port"]
