"""A cache inside the process whose entries expire. Hits and misses are told to the request's meter as they happen."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

from perfgate.demo import meter

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """Threads may use it at once: two that miss the same key both load it, which costs time and no more."""

    def __init__(self, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._entries: dict[Key, tuple[float, Value]] = {}

    def get(self, key: Key, load: Callable[[], Value], *, bypass: bool = False) -> Value:
        """The value of a key, loaded if it is missing, has expired, or the cache is to be bypassed."""
        entry = self._entries.get(key)
        if entry is not None and not bypass and self._clock() < entry[0]:
            meter.current().cache_hits += 1
            return entry[1]
        meter.current().cache_misses += 1
        value = load()
        self._entries[key] = (self._clock() + self._seconds, value)
        return value
