"""ServerTimingMiddleware: first in Django's MIDDLEWARE, for synchronous views. settings.PERFGATE_TIMING_SECRET is
instead of the environment variable of that name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.db import connections

from perfgate.middleware import hooks, meter
from perfgate.middleware.meter import DATABASE, SERVER_TIMING
from perfgate.middleware.secret import HEADER, VARIABLE, Secret


class ServerTimingMiddleware:
    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self._get_response, self._secret = get_response, Secret(getattr(settings, VARIABLE, None))
        meter.watched.add(DATABASE)

    def __call__(self, request: Any) -> Any:
        if not self._secret or not self._secret.is_in(request.headers.get(HEADER, "").encode("latin-1")):
            return self._get_response(request)
        hooks.install()
        own, token = meter.begin()
        try:
            with ExitStack() as stack, meter.cpu(own):
                for connection in connections.all():
                    stack.enter_context(connection.execute_wrapper(_timed))
                response = self._get_response(request)
        finally:
            meter.end(token)
        before = response.headers.get(SERVER_TIMING)
        response.headers[SERVER_TIMING] = f"{before}, {own.header()}" if before else own.header()
        return response


def _timed(execute: Callable[..., Any], sql: str, values: Any, many: bool, context: Any) -> Any:
    with meter.spent(DATABASE):
        return execute(sql, values, many, context)
