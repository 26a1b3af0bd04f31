"""`python -m perfgate.runtime`: Locust's own command line, with perfgate's conductor in place."""

from perfgate.runtime.process.quick_imports import quick_imports

with quick_imports():
    from perfgate.runtime.process.launch import launch

launch()
