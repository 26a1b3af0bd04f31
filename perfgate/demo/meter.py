"""Measures one request from the inside and sends it along as headers: what a diagnosis later reads.

Server-Timing: db;dur=1.2;desc="n=2", cache;desc=hit, total;dur=3.4
X-Query-Count: 2
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass
class Meter:
    """What one request cost so far."""

    queries: int = 0
    database_seconds: float = 0.0
    cache_hits: int = 0
    cache_misses: int = 0

    def server_timing(self, total_seconds: float) -> str:
        entries = [f'db;dur={self.database_seconds * 1e3:.3f};desc="n={self.queries}"']
        if self.cache_hits or self.cache_misses:
            entries.append(f"cache;desc={'miss' if self.cache_misses else 'hit'}")
        return ", ".join([*entries, f"total;dur={total_seconds * 1e3:.3f}"])


# The worker thread that runs a handler sees the same meter as the event loop: it has a copy of the context.
_meter: ContextVar[Meter] = ContextVar("meter")


def current() -> Meter:
    """The meter of this request; outside of requests (seeding, export jobs) one that nobody reads."""
    return _meter.get(None) or Meter()


class Metered:
    """ASGI middleware: gives every request a meter and writes it into the response's headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        meter = Meter()

        async def send_metered(message: Message) -> None:
            if message["type"] == "http.response.start":
                timing = meter.server_timing(perf_counter() - started)
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"server-timing", timing.encode()),
                    (b"x-query-count", str(meter.queries).encode()),
                ]
            await send(message)

        _meter.set(meter)  # each request runs in a task of its own, so nothing has to be put back
        await self._app(scope, receive, send_metered)
