"""The bench of plans: a year of a home by the minute, whoever plans it."""
