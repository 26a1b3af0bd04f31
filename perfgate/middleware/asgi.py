"""ServerTimingASGI: `app.add_middleware(ServerTimingASGI)` in FastAPI and Starlette; elsewhere around the app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from time import thread_time
from typing import Any

from perfgate.middleware import hooks, meter
from perfgate.middleware.meter import SERVER_TIMING, Meter
from perfgate.middleware.secret import HEADER, Secret

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_HEADER = HEADER.lower().encode()
_SERVER_TIMING = SERVER_TIMING.lower().encode()


class ServerTimingASGI:
    def __init__(self, app: App, secret: str | None = None) -> None:
        """`secret` is instead of PERFGATE_TIMING_SECRET."""
        self._app, self._secret = app, Secret(secret)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._secret or scope["type"] != "http" or not self._is_asked(scope):
            await self._app(scope, receive, send)
            return
        hooks.install()
        own, token = meter.begin()

        async def send_timed(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                stepped.count()
                header = (_SERVER_TIMING, own.header().encode())
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        stepped = _Stepped(_as_coroutine(self._app(scope, receive, send_timed)), own)
        try:
            await stepped
        finally:
            meter.end(token)

    def _is_asked(self, scope: Scope) -> bool:
        return any(name == _HEADER and self._secret.is_in(value) for name, value in scope["headers"])


async def _as_coroutine(work: Awaitable[None]) -> None:
    await work


class _Stepped:
    """Awaits a coroutine and counts the CPU time of its steps alone: other requests run between them."""

    def __init__(self, work: Coroutine[Any, Any, None], own: Meter) -> None:
        self._work, self._meter, self._since = work, own, 0.0

    def count(self) -> None:
        """Counts what the step under way has taken so far."""
        now = thread_time()
        self._meter.cpu += now - self._since
        self._since = now

    def __await__(self) -> Generator[Any, Any, None]:
        value: Any = None
        error: BaseException | None = None
        while True:
            self._since = thread_time()
            try:
                waited_for = self._work.send(value) if error is None else self._work.throw(error)
            except StopIteration:
                return
            finally:
                self.count()
            value, error = None, None
            try:
                value = yield waited_for
            except BaseException as raised:  # noqa: BLE001 - handed on to whom it is for
                error = raised
