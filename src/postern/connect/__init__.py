"""Ready-made answers to ports.py, each for one kind of surroundings; wiring chooses."""
