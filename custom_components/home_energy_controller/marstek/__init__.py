"""Marstek Venus batteries over their local UDP protocol. No Home Assistant in here."""
