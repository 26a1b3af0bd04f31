"""Sends what is newest to one destination, in a thread of its own: a slow one holds up neither the load nor others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Full, Queue
from threading import Event, Thread

from perfgate.export.contract import Exporter, ExportError
from perfgate.export.families import Family

MAX_QUEUED_BATCHES = 2  # sets of families that may wait to be sent; more of what is live are left out
DRAIN_TIMEOUT_S = 15.0  # that the last ones may take


class Sender:
    """What cannot be sent is told once, until something could be sent again."""

    def __init__(self, name: str, exporter: Exporter, clock: Callable[[], float], warn: Callable[[str], None]) -> None:
        self._name, self._exporter, self._clock, self._warn = name, exporter, clock, warn
        self._queue: Queue[tuple[Sequence[Family], Event] | None] = Queue(MAX_QUEUED_BATCHES)
        self._is_failing = False
        self._thread = Thread(target=self._run, daemon=True, name=f"export to {name}")
        self._thread.start()

    def update(self, families: Sequence[Family]) -> None:
        """Sends them soon, or never where the destination is slow."""
        with suppress(Full):
            self._queue.put_nowait((families, Event()))

    def flush(self, families: Sequence[Family]) -> None:
        """Sends them now, within reason."""
        is_done = Event()
        try:
            self._queue.put((families, is_done), timeout=DRAIN_TIMEOUT_S)
        except Full:
            self._complain("it is too slow")
            return
        if not is_done.wait(DRAIN_TIMEOUT_S):
            self._complain("it is too slow")

    def close(self) -> None:
        with suppress(Full):
            self._queue.put(None, timeout=DRAIN_TIMEOUT_S)
        self._thread.join(DRAIN_TIMEOUT_S)
        self._exporter.close()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            families, is_done = item
            try:
                self._exporter.send(families, self._clock())
                self._is_failing = False
            except ExportError as error:
                self._complain(error.message)
            finally:
                is_done.set()

    def _complain(self, why: str) -> None:
        if not self._is_failing:
            self._is_failing = True
            self._warn(f"Not exported to {self._name}: {why}. The verdict stands.")
