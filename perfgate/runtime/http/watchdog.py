"""Timeouts for many connections at the price of one timer per process.

A timer of its own for each request costs a tenth of the request. Instead, a wire that waits says until when, and a
sweep some times a second wakes those whose time is over.
"""

from __future__ import annotations

from functools import cache
from time import monotonic_ns
from typing import Any, Protocol

import gevent

SWEEP_INTERVAL_S = 0.02  # s: how much later than its time a waiting wire may be woken


class TimedOut(Exception):
    """Raised in the greenlet that waits when its time is over."""


class Waiting(Protocol):
    """What can be watched."""

    deadline: int  # monotonic ns; 0: no hurry
    waits: bool  # whether its greenlet is suspended, waiting for the socket
    greenlet: Any


class Watchdog:
    """Wakes the overdue. There is one per process: `watchdog()`."""

    def __init__(self) -> None:
        self._watched: set[Waiting] = set()
        self._timer = gevent.get_hub().loop.timer(SWEEP_INTERVAL_S, repeat=SWEEP_INTERVAL_S)

    def watch(self, item: Waiting) -> None:
        if not self._watched:
            self._timer.start(self._sweep)
        self._watched.add(item)

    def forget(self, item: Waiting) -> None:
        self._watched.discard(item)
        if not self._watched:
            self._timer.stop()

    def _sweep(self) -> None:
        """Runs in the hub; a woken greenlet runs at once, up to its next wait."""
        now = monotonic_ns()
        for item in [item for item in self._watched if item.waits and 0 < item.deadline < now]:
            if item.waits:  # the one woken before it may have closed it
                item.greenlet.throw(TimedOut)


@cache
def watchdog() -> Watchdog:
    return Watchdog()
