"""The machine that sends the load, what it can run out of, and the reference workload."""
