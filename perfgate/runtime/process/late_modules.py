"""Locust without what a run seldom calls: its web interface, its HTML report and the sockets between its processes.

Locust imports them when it starts, which takes a fifth of its start. Here each is loaded by its first use instead, so
that whoever uses them (several processes, a hand-written scenario with a page of its own) has all of them.

gevent looks for plug-ins each time it patches a module, 25 times in all, by reading the metadata of every package that
is installed. Here they are read once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module, metadata
from types import ModuleType
from typing import Any

# Functions and classes that Locust binds by name at its own start, by module. It calls all of them, and no more.
BOUND: dict[str, tuple[str, ...]] = {
    "locust.web": ("WebUI",),  # Flask and its extensions
    "locust.html": ("get_html_report", "process_html_filename"),  # Jinja
    "locust.rpc.zmqrpc": (),  # ZeroMQ
}


class LateModule(ModuleType):
    """Stands for a module until something of it is used."""

    def __init__(self, name: str, bound: tuple[str, ...]) -> None:
        super().__init__(name)
        for each in bound:
            setattr(self, each, _late(self, each))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system and `inspect` ask every module for these
            raise AttributeError(name)
        return getattr(self._loaded(), name)

    def _loaded(self) -> ModuleType:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return import_module(self.__name__)


def _late(module: LateModule, name: str) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        return module.__getattr__(name)(*arguments, **options)

    return call


def import_locust() -> None:
    """Imports Locust and its command line with stand-ins for those modules; without any where it is imported already.

    Scenarios are loaded later, and get what is real by every name.
    """
    if "locust" in sys.modules:
        return
    modules = {name: LateModule(name, bound) for name, bound in BOUND.items()}
    sys.modules.update(modules)
    with _entry_points_read_once():
        import_module("locust.main")
    for name, module in modules.items():
        parent, _, child = name.rpartition(".")
        setattr(sys.modules[parent], child, sys.modules[name])
        for each in BOUND[name]:
            delattr(module, each)


@contextmanager
def _entry_points_read_once() -> Iterator[None]:
    """Nothing is installed meanwhile, so every question has the answer that it would have had anyway."""
    read = metadata.entry_points
    known = read()
    metadata.entry_points = lambda **params: known.select(**params) if params else known  # type: ignore[assignment]
    try:
        yield
    finally:
        metadata.entry_points = read
