"""The controller: pure functions over frozen values. No I/O, no clock, no Home Assistant."""
