"""Sends what is newest to one destination, in a thread of its own: a slow one holds up neither the load nor others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Condition, Event, Thread
from time import monotonic

from perfgate.export.contract import Exporter, ExportError
from perfgate.export.families import Family

DRAIN_TIMEOUT_S = 15.0  # that the last ones may take, of all destinations together
TOO_SLOW = ExportError("it is too slow", hint=f"It has {DRAIN_TIMEOUT_S:g} s for the last numbers.")


class Sender:
    """What waits is sent together, the newest of each family. What cannot be sent is told once, until something could
    be sent again."""

    def __init__(self, name: str, exporter: Exporter, clock: Callable[[], float], warn: Callable[[str], None]) -> None:
        self._name, self._exporter, self._clock, self._warn = name, exporter, clock, warn
        self._changed = Condition()
        self._waiting: dict[str, Family] = {}
        self._is_sent = Event()
        self._is_over = self._is_failing = False
        self._thread = Thread(target=self._run, daemon=True, name=f"export to {name}")
        self._thread.start()

    def update(self, families: Sequence[Family]) -> Event:
        """Sends them soon. The event is set once they were sent, or could not be."""
        with self._changed:
            if not self._waiting:
                self._is_sent = Event()
            self._waiting |= {family.name: family for family in families}
            if not self._waiting:
                self._is_sent.set()
            self._changed.notify()
            return self._is_sent

    def flush(self, families: Sequence[Family]) -> None:
        """Sends them now, within reason."""
        flush([self], families)

    def close(self) -> None:
        """Ends it once nothing waits; a destination that hangs is left behind."""
        with self._changed:
            self._is_over = True
            self._changed.notify()
            is_stuck = self._is_failing and not self._is_sent.is_set()
        self._thread.join(0 if is_stuck else DRAIN_TIMEOUT_S)
        if not self._thread.is_alive():
            self._exporter.close()

    def complain(self, error: ExportError) -> None:
        if not self._is_failing:
            self._is_failing = True
            cure = f" {error.hint}" if error.hint else ""
            self._warn(f"Not exported to {self._name}: {error.message}.{cure} The verdict stands.")

    def _run(self) -> None:
        while (families := self._next()) is not None:
            waiting, is_sent = families
            try:
                self._exporter.send(waiting, self._clock())
                self._is_failing = False
            except ExportError as error:
                self.complain(error)
            except (OSError, ValueError, RuntimeError) as error:  # of a library; its words may hold a secret
                self.complain(ExportError(f"it could not be sent ({type(error).__name__})", hint="Please report this."))
            finally:
                is_sent.set()

    def _next(self) -> tuple[Sequence[Family], Event] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_over)
            if not self._waiting:
                return None
            families, self._waiting = tuple(self._waiting.values()), {}
            return families, self._is_sent


def flush(senders: Iterable[Sender], families: Sequence[Family], within_s: float = DRAIN_TIMEOUT_S) -> None:
    """Sends them to all destinations at once, and waits for all of them together no longer than `within_s`."""
    under_way = [(sender, sender.update(families)) for sender in senders]
    until = monotonic() + within_s
    for sender, is_sent in under_way:
        if not is_sent.wait(max(0.0, until - monotonic())):
            sender.complain(TOO_SLOW)
