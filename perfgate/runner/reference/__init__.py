"""The runner probe: a small fixed workload, served and sampled beside every load test, that only the runner slows down.

`python -m perfgate.runner.reference` is its program: two processes and the standard library, nothing else of perfgate.
What it says is kept by `samples.py`. Why it is as it is, and what was measured of it: docs/probe.md.
"""
