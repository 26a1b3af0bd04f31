"""Imports without the work that many of them at once repeat: the start of a process that loads Locust."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any


@contextmanager
def quick_imports() -> Iterator[None]:
    """Collects no garbage and lists the installed packages once.

    What imports make stays, so the collector would walk through it in vain; gevent looks for its plug-ins in all
    packages for each of the 25 modules that it patches.
    """
    module: Any = metadata
    look_up, packages = metadata.entry_points, metadata.entry_points()
    module.entry_points = lambda **selection: packages.select(**selection) if selection else packages
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        module.entry_points = look_up
