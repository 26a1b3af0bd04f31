"""What tools report of a whole run: no single requests."""
