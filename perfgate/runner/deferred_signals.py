"""Cleaning up that no second Ctrl-C cuts short: CI systems send SIGINT, and SIGTERM some seconds later."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def defer_signals() -> Iterator[None]:
    """Delivers SIGINT, SIGTERM and SIGHUP that come during this block at its end. Other threads get none anyway."""
    if current_thread() is not main_thread():
        yield
        return
    late: list[int] = []
    before = {number: signal.signal(number, lambda number, _: late.append(number)) for number in NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if late:
            signal.raise_signal(late[0])
