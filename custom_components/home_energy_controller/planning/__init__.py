"""The hours: what to do with each quarter of an hour, by prices, sun and load. No Home Assistant, no clock."""
