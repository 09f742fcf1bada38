"""Long runs: a day in minutes, and a Home Assistant that is killed; `scripts/soak` runs them in full."""
