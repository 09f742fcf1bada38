"""The batteries' local UDP protocol. No Home Assistant."""
