"""Recorder: counts every request into windows, one per endpoint and second; imports nothing of Locust."""

from __future__ import annotations

from collections.abc import Iterable

from perfgate.windows import Key, Window

SECOND = 1_000_000_000
EXAMPLES = 5  # different failure texts kept per endpoint
NAMES = 1000  # endpoints told apart; hand-written scenarios that put ids into names would fill the memory
OTHER = "(other names)"


class Recorder:
    """Windows not yet shipped, and totals since the beginning. The names in `endpoints` are always told apart."""

    def __init__(self, endpoints: Iterable[str] = ()) -> None:
        self.started = 0  # monotonic ns at which the measured time began or will begin
        self.windows: dict[Key, Window] = {}
        self.examples: dict[str, list[str]] = {}
        self.recorded = 0
        self._names = set(endpoints)

    def success(self, kind: str, name: str, began: int, times: tuple[int, int, int], size: int) -> None:
        """A request that began at `began` (monotonic ns) and took times = (latency, service, first byte)."""
        window = self._window(kind, name, began)
        window.latency.add(times[0])
        window.service.add(times[1])
        window.first_byte.add(times[2])
        window.successes += 1
        window.bytes += size

    def failure(self, kind: str, name: str, began: int, why: tuple[str, str], timeout: int = 0) -> None:
        """A request that failed; why = (kind of failure, detail). A timeout counts at `timeout` ns as a latency too:
        leaving it out would improve the percentiles."""
        window = self._window(kind, name, began)
        window.failures[why[0]] = window.failures.get(why[0], 0) + 1
        if timeout:
            window.latency.add(timeout)
            window.service.add(timeout)
        examples = self.examples.setdefault(self._known(name), [])
        if len(examples) < EXAMPLES and (example := _writable(why[1])) not in examples:
            examples.append(example)

    def take(self) -> dict[Key, Window]:
        """Everything recorded since the last call."""
        windows, self.windows = self.windows, {}
        return windows

    def _window(self, kind: str, name: str, began: int) -> Window:
        self.recorded += 1
        key = (kind, self._known(name), (began - self.started) // SECOND)
        window = self.windows.get(key)
        if window is None:
            window = self.windows[key] = Window()
        return window

    def _known(self, name: str) -> str:
        """The name to count under."""
        if name not in self._names:
            name = _writable(name)
            if len(self._names) >= NAMES:
                return OTHER
            self._names.add(name)
        return name


def _writable(text: str) -> str:
    """Without what UTF-8 cannot hold (half a surrogate pair): it would cost the whole record in the end."""
    return text.encode(errors="replace").decode()
