"""Asking again where an answer may still come: the one loop, and its waits."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from perfgate.net.http import NoReplyError, NotReachedError, Reply

MAX_DIGITS = 9  # of the seconds that an answer asks to wait: nobody waits for longer


def growing(attempt: int) -> float:
    """Seconds, twice as long each time, and half to one and a half times that: jobs that run side by side part ways."""
    return float(2.0**attempt * (0.5 + random.random()))


def retry_after(reply: Reply) -> float | None:
    """The seconds that an answer asks to wait; None where it asks for none, or for a date."""
    text = reply.headers.get("retry-after", "")
    return float(text[:MAX_DIGITS]) if text.isascii() and text.isdigit() else None


@dataclass(frozen=True, kw_only=True)
class Retries:
    """`tries` in all. An answer of 429 is waited for as long as it asks, but no longer than `max_wait_s`; where that is
    None it is final. `limit_wait` reads rate limits of another kind: seconds to wait; None for no limit, and for one
    that is final. `pause` gives the seconds after each other failure, counted from 0. What would begin later than
    `longest_s` after the first try is not tried."""

    tries: int
    max_wait_s: float | None = None
    limit_wait: Callable[[Reply], float | None] | None = None
    pause: Callable[[int], float] = growing
    sleep: Callable[[float], None] = time.sleep
    longest_s: float | None = None
    clock: Callable[[], float] = time.monotonic

    def send(self, send: Callable[[], Reply], *, is_repeatable: bool = True) -> Reply:
        """The first answer that is final, else the last one. Without `is_repeatable` only what was certainly not done
        is asked again. Raises NoReplyError."""
        latest = None if self.longest_s is None else self.clock() + self.longest_s
        for attempt in range(self.tries - 1):
            try:
                reply = send()
            except NoReplyError as error:
                wait = self.pause(attempt)
                if not (is_repeatable or isinstance(error, NotReachedError)) or self._is_too_late(wait, latest):
                    raise
                self.sleep(wait)
                continue
            limit = self._limit_wait(reply, attempt)
            if limit is None and not (reply.status >= 500 and is_repeatable):
                return reply
            wait = self.pause(attempt) if limit is None else limit
            if self._is_too_late(wait, latest):
                return reply
            self.sleep(wait)
        return send()

    def _is_too_late(self, wait: float, latest: float | None) -> bool:
        return latest is not None and self.clock() + wait > latest

    def _limit_wait(self, reply: Reply, attempt: int) -> float | None:
        if self.limit_wait is not None:
            return self.limit_wait(reply)
        if reply.status != 429 or self.max_wait_s is None:
            return None
        wait = retry_after(reply)
        return self.pause(attempt) if wait is None else min(wait, self.max_wait_s)
