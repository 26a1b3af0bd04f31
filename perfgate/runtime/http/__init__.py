"""HTTP clients of the load: connections, timing, answers."""
