"""The server's own count of requests, against which a load test can check its own."""

from __future__ import annotations

from collections import Counter
from typing import TypedDict

from starlette.types import ASGIApp, Message, Receive, Scope, Send

UNCOUNTED = ("/healthz", "/stats", "/stats/reset")


class Stats(TypedDict):
    """`total` is the number of requests that have ended; `started` less `total` are under way."""

    started: int
    total: int
    failed: int  # ended without a complete response
    routes: dict[str, int]  # by route template: "GET /products/{product_id}"
    statuses: dict[str, int]


class Counted:
    """The outermost ASGI middleware: counts a request when its response has been sent completely, or has failed.

    Only the event loop counts and reads, and never in the middle of an `await`: no lock is needed. The count is
    taken right after the last byte was handed to the socket, so a client that has its response finds it counted.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._started = 0
        self._failed = 0
        self._routes: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()

    def stats(self) -> Stats:
        return Stats(
            started=self._started,
            total=self._routes.total(),
            failed=self._failed,
            routes=dict(sorted(self._routes.items())),
            statuses=dict(sorted(self._statuses.items())),
        )

    def reset(self) -> None:
        """Forget all requests that have ended. Those under way stay started, and will be counted."""
        self._started -= self._routes.total()
        self._failed = 0
        self._routes.clear()
        self._statuses.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNCOUNTED:
            await self._app(scope, receive, send)
            return
        status = 0
        complete = False

        async def send_counted(message: Message) -> None:
            nonlocal status, complete
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False) and not complete:
                complete = True
                self._count(scope, status)

        self._started += 1
        try:
            await self._app(scope, receive, send_counted)
        finally:
            if not complete:
                self._failed += 1
                self._count(scope, status)

    def _count(self, scope: Scope, status: int) -> None:
        template = getattr(scope.get("route"), "path", "(other)")
        self._routes[f"{scope['method']} {template}"] += 1
        self._statuses[str(status) if status else "no response"] += 1
