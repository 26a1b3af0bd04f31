"""Meter: what one request has cost so far, and the Server-Timing header that says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from time import perf_counter, thread_time

SERVER_TIMING = "Server-Timing"
DATABASE, CACHE, EXTERNAL, SERIALISATION = "db", "cache", "external", "serialisation"
KINDS = (DATABASE, CACHE, EXTERNAL, SERIALISATION)
CONNECTED = (DATABASE, CACHE)  # kinds whose connections are counted

watched: set[str] = set()  # kinds whose calls this process would see


@dataclass(slots=True)
class Cost:
    """Calls to one kind of service, and the seconds spent waiting for them."""

    calls: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Meter:
    """`cpu` is of this request's own code, in whichever thread it ran, s."""

    started: float = field(default_factory=perf_counter)
    cpu: float = 0.0
    costs: dict[str, Cost] = field(default_factory=lambda: {kind: Cost() for kind in KINDS})
    opened: dict[str, Cost] = field(default_factory=lambda: {kind: Cost() for kind in CONNECTED})

    def header(self) -> str:
        entries = [f"total;dur={(perf_counter() - self.started) * 1e3:.3f}", f"cpu;dur={self.cpu * 1e3:.3f}"]
        for name, cost in self.costs.items():
            if name == DATABASE and not cost.calls and name not in watched:
                continue  # nobody watches the driver of this application: no call that was seen is not none
            entries.append(_entry(name, cost))
            if (opened := self.opened.get(name)) is not None and (cost.calls or opened.calls):
                entries.append(_entry(f"{name}-connect", opened))
        return ", ".join(entries)


def _entry(name: str, cost: Cost) -> str:
    return f'{name};dur={cost.seconds * 1e3:.3f};desc="n={cost.calls}"'


# A worker thread that runs a handler sees the same meter as the event loop: it has a copy of the context.
_meter: ContextVar[Meter | None] = ContextVar("perfgate_meter", default=None)
_inside: ContextVar[Span | None] = ContextVar("perfgate_inside", default=None)  # the call that is measured already
_is_connecting: ContextVar[bool] = ContextVar("perfgate_connecting", default=False)


def current() -> Meter | None:
    return _meter.get()


def begin() -> tuple[Meter, Token[Meter | None]]:
    meter = Meter()
    return meter, _meter.set(meter)


def end(token: Token[Meter | None]) -> None:
    _meter.reset(token)


@contextmanager
def paused() -> Iterator[None]:
    """What is called inside is not measured."""
    token = _meter.set(None)
    try:
        yield
    finally:
        _meter.reset(token)


class Span:
    """One call under way. An ORM's call of a driver that is watched as well counts once: `enter` gives None then. What
    is loaded while an answer is written is no part of writing it."""

    __slots__ = ("cost", "inner", "outer", "started", "token")

    def __init__(self, cost: Cost, outer: Span | None) -> None:
        self.cost, self.outer, self.inner = cost, outer, 0.0
        self.token = _inside.set(self)
        self.started = perf_counter()

    def leave(self, *, counts: bool = True) -> None:
        took = perf_counter() - self.started
        self.cost.seconds += took - self.inner
        self.cost.calls += counts
        if self.outer is not None:
            self.outer.inner += took
        try:
            _inside.reset(self.token)
        except ValueError:  # left in another context than it was entered in
            _inside.set(self.outer)


def enter(kind: str) -> Span | None:
    """Begins a call, where a request is measured and this is not part of another call."""
    meter = _meter.get()
    if meter is None:
        return None
    outer = _inside.get()
    if outer is None:
        return Span(meter.costs[kind], None)
    writing = meter.costs[SERIALISATION]
    return Span(meter.costs[kind], outer) if outer.cost is writing and kind != SERIALISATION else None


@contextmanager
def spent(kind: str) -> Iterator[None]:
    span = enter(kind)
    try:
        yield
    finally:
        if span is not None:
            span.leave()


@contextmanager
def connecting(kind: str) -> Iterator[None]:
    """A connection that is opened, for a call or before it. An ORM's that a driver opens counts once."""
    meter = _meter.get()
    if meter is None or _is_connecting.get():
        yield
        return
    token, started = _is_connecting.set(True), perf_counter()
    try:
        yield
    finally:
        meter.opened[kind].seconds += perf_counter() - started
        meter.opened[kind].calls += 1
        try:
            _is_connecting.reset(token)
        except ValueError:  # left in another context than it was entered in
            _is_connecting.set(False)


@contextmanager
def cpu(meter: Meter) -> Iterator[None]:
    """CPU time of this thread belongs to the request."""
    before = thread_time()
    try:
        yield
    finally:
        meter.cpu += thread_time() - before
