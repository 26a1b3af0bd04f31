"""Asking again where an answer may still come: the one loop, and its waits."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from perfgate.net.http import NoReplyError, Reply

MAX_DIGITS = 6  # of the seconds that an answer asks to wait: more are no number of seconds


def growing(attempt: int) -> float:
    """Seconds, twice as long each time, and half to one and a half times that: jobs that run side by side part ways."""
    return float(2.0**attempt * (0.5 + random.random()))


@dataclass(frozen=True, kw_only=True)
class Retries:
    """`tries` in all. An answer of 429 is waited for as long as it asks, but no longer than `max_wait_s`; where that is
    None it is final. `pause` gives the seconds after each other failure, counted from 0."""

    tries: int
    max_wait_s: float | None = None
    pause: Callable[[int], float] = growing
    sleep: Callable[[float], None] = time.sleep

    def send(self, send: Callable[[], Reply], *, is_repeatable: bool = True) -> Reply:
        """The first answer that is final, else the last one. Without `is_repeatable` only what was certainly not done
        is asked again. Raises NoReplyError."""
        for attempt in range(self.tries - 1):
            try:
                reply = send()
            except NoReplyError:
                if not is_repeatable:
                    raise
                self.sleep(self.pause(attempt))
                continue
            is_limited = reply.status == 429 and self.max_wait_s is not None
            if not is_limited and not (reply.status >= 500 and is_repeatable):
                return reply
            self.sleep(self._wait(reply, attempt))
        return send()

    def _wait(self, reply: Reply, attempt: int) -> float:
        requested = reply.headers.get("retry-after", "")
        if self.max_wait_s is not None and requested.isascii() and requested.isdigit():
            return min(float(requested[:MAX_DIGITS]), self.max_wait_s)
        return self.pause(attempt)
