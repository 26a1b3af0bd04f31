"""Applications with one switch per disease (ZOO_DISEASE), over a real PostgreSQL and Redis."""
