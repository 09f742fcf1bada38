"""One command: a simulated house and a real Home Assistant that runs it."""
