"""A site at run time, on Home Assistant's side."""
