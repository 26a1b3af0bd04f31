"""Asking again where an answer may still come: the one loop, and its waits."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from perfgate.net.http import NoReplyError, Reply

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
    that is final. `pause` gives the seconds after each other failure, counted from 0."""

    tries: int
    max_wait_s: float | None = None
    limit_wait: Callable[[Reply], float | None] | None = None
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
            wait = self._limit_wait(reply, attempt)
            if wait is None and not (reply.status >= 500 and is_repeatable):
                return reply
            self.sleep(self.pause(attempt) if wait is None else wait)
        return send()

    def _limit_wait(self, reply: Reply, attempt: int) -> float | None:
        if self.limit_wait is not None:
            return self.limit_wait(reply)
        if reply.status != 429 or self.max_wait_s is None:
            return None
        wait = retry_after(reply)
        return self.pause(attempt) if wait is None else min(wait, self.max_wait_s)
