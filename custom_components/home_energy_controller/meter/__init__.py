"""The grid meter. No Home Assistant."""
