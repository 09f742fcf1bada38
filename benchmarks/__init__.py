"""The strategies side by side over the simulated house: what each costs, and what it does to the batteries."""
