"""Switches: what goes wrong at the fake, how often, and for which operations."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from fake_github.world import Answer, refusal

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)  # what the fake's Date header says
DATE = format_datetime(NOW, usegmt=True)


class Dropped(Exception):
    """The connection is closed without an answer."""


@dataclass
class Fault:
    """`answer` instead of what would have been said; None drops the connection. With `acts`, what was asked is done
    before the answer is lost."""

    answer: Answer | None
    operation: str = ""  # empty: any
    times: int = 1
    acts: bool = False


def server_error(status: int = 502, **where: object) -> Fault:
    return Fault(refusal(status, "Server Error"), **where)  # type: ignore[arg-type]


def dropped(**where: object) -> Fault:
    return Fault(None, **where)  # type: ignore[arg-type]


def primary_limit(seconds: int = 30, **where: object) -> Fault:
    """All requests of the hour are used up; the counter begins anew in so many seconds."""
    reset = str(int(NOW.timestamp()) + seconds)
    limits = {"x_ratelimit_limit": "1000", "x_ratelimit_remaining": "0", "x_ratelimit_reset": reset}
    return Fault(refusal(403, "API rate limit exceeded for installation ID 1.", **limits), **where)  # type: ignore[arg-type]


def secondary_limit(seconds: int | None = 7, status: int = 403, **where: object) -> Fault:
    """Too much at once. GitHub usually says for how long; without, a minute is meant."""
    said = {} if seconds is None else {"retry_after": str(seconds)}
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    return Fault(refusal(status, message, **said), **where)  # type: ignore[arg-type]


@dataclass
class Switches:
    faults: list[Fault] = field(default_factory=list)
    hooks: dict[str, list[Callable[[], None]]] = field(default_factory=dict)  # run once each, before the operation
    barriers: dict[str, threading.Barrier] = field(default_factory=dict)

    def due(self, operation: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.operation in ("", operation):
                fault.times -= 1
                return fault
        return None

    def before(self, operation: str, hook: Callable[[], None]) -> None:
        """Something that happens in the meantime: another job's comment, for example."""
        self.hooks.setdefault(operation, []).append(hook)

    def meet(self, operation: str, parties: int) -> None:
        """So many requests of this operation are answered at the same time: everybody sees the world as it was."""
        self.barriers[operation] = threading.Barrier(parties, action=lambda: self.barriers.pop(operation), timeout=60)
