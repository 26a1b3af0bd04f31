"""Ends a hopeless load early, so that a target which only errs is left alone."""

from __future__ import annotations

from collections import Counter

from perfgate.model.budget_file import Abort
from perfgate.recording.windows import Record


class ErrorWatch:
    """Looks at every part of the record; says why to stop once errors have stayed high for long enough."""

    def __init__(self, abort: Abort) -> None:
        self._abort = abort
        self._high_since: float | None = None

    def reason_to_abort(self, elapsed: float, part: Record) -> str:
        """The reason to stop, or nothing. `elapsed` in s; parts without requests say nothing either way. Each arm of an
        A/B test counts for itself: the other one's successes are no comfort."""
        requests: Counter[str] = Counter()
        failures: Counter[str] = Counter()
        for (kind, _, arm, _), window in part.windows.items():
            if kind == "endpoint":
                requests[arm] += window.requests
                failures[arm] += window.requests - window.successes
        if shares := [failures[arm] / number for arm, number in requests.items() if number]:
            if max(shares) < self._abort.errors:
                self._high_since = None
            elif self._high_since is None:
                self._high_since = elapsed
        if self._high_since is None or elapsed - self._high_since < self._abort.duration:
            return ""
        return f"at least {self._abort.errors:.0%} of the requests failed for {self._abort.duration:g} s"
