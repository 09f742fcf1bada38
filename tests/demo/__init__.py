"""Tests of the demo: what can be known without starting Home Assistant."""
