"""ServerTimingWSGI: `app.wsgi_app = ServerTimingWSGI(app.wsgi_app)` in Flask, `ServerTimingWSGI(app)` elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import thread_time
from typing import Any

from perfgate.middleware import hooks, meter
from perfgate.middleware.meter import SERVER_TIMING
from perfgate.middleware.secret import HEADER, Secret

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_HEADER = f"HTTP_{HEADER.upper().replace('-', '_')}"


class ServerTimingWSGI:
    def __init__(self, app: App, secret: str | None = None) -> None:
        """`secret` is instead of PERFGATE_TIMING_SECRET."""
        self._app, self._secret = app, Secret(secret)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not self._secret or not self._secret.is_in(environ.get(_HEADER, "").encode("latin-1")):
            return self._app(environ, start_response)
        hooks.install()
        own, token = meter.begin()
        before = thread_time()

        def start_timed(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            own.cpu = thread_time() - before
            return start_response(status, [*headers, (SERVER_TIMING, own.header())], *rest)

        try:
            return self._app(environ, start_timed)
        finally:
            meter.end(token)
