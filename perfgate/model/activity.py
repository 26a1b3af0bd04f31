"""Activities: what an endpoint does beyond one request and its answer. Times in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from perfgate.model.budget_file import Expectation


@dataclass(frozen=True, kw_only=True)
class StatedTime:
    """A time that an answer or a message states itself: a number at the JSONPath `start` in units of `unit` seconds;
    with `end`, the time between two moments (ISO 8601, or seconds or milliseconds since 1970)."""

    start: str
    end: str = ""
    unit: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Poll:
    """How to learn when a background job is done that a request has started."""

    path: str  # of a GET; `{x}` and `${X}` as in the request's
    until: tuple[Expectation, ...]
    fails: tuple[Expectation, ...] = ()  # one that is met says that the job has failed
    every: float = 0.5
    timeout: float = 60.0  # from the request on
    queued: StatedTime | None = None  # in the answer that says it is done
    work: StatedTime | None = None
