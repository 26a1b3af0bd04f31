"""Functions of libraries, wrapped so that the meter of the request counts their calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from perfgate.middleware import meter


def timed(kind: str, call: Callable[..., Any], *, counts: bool = True) -> Callable[..., Any]:
    @wraps(call)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        span = meter.enter(kind)
        if span is None:
            return call(*args, **kwargs)
        try:
            return call(*args, **kwargs)
        finally:
            span.leave(counts=counts)

    return wrapper


def timed_async(kind: str, call: Callable[..., Any], *, counts: bool = True) -> Callable[..., Any]:
    @wraps(call)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        span = meter.enter(kind)
        if span is None:
            return await call(*args, **kwargs)
        try:
            return await call(*args, **kwargs)
        finally:
            span.leave(counts=counts)

    return wrapper


def connecting(kind: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """What opens a connection: time, and no call."""

    @wraps(call)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with meter.connecting(kind):
            return call(*args, **kwargs)

    return timed(kind, wrapper, counts=False)


def connecting_async(kind: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        with meter.connecting(kind):
            return await call(*args, **kwargs)

    return timed_async(kind, wrapper, counts=False)


def patch(kind: str, owner: Any, *names: str, is_async: bool = False) -> None:
    wrap = timed_async if is_async else timed
    for name in names:
        if (call := getattr(owner, name, None)) is not None:
            setattr(owner, name, wrap(kind, call))
