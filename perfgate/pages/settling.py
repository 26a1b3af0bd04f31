"""When a page is done: it has loaded and painted, fetches nothing, and its main thread rests.

What comes within a second of loading and painting (an injected banner, a late script) belongs to the page: Lighthouse
watches as long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

from perfgate.pages.network import NetworkLog

QUIET_S = 0.5  # s without a request, and without a long task
WATCHED_S = 1.0  # s after `load` and after the first paint
MAX_WAIT_S = 5.0  # s for all of that: some pages poll for ever
POLL_INTERVAL_S = 0.05  # s
MAX_STEP_WAIT_S = 5.0  # s without a request, after the last step
MAX_DOCUMENTS = 2  # that may follow the first meanwhile: more is no way to a page
HAS_NAVIGATED = """([before, since]) => {
  const soft = window.__perfgate ? window.__perfgate.softSince(since) : [0, 0];
  return (performance.timeOrigin !== before || soft[0]) && [performance.timeOrigin, ...soft];
}"""
STATE = """() => {
  const kept = window.__perfgate || {tasks: [], flush() {}};
  kept.flush();
  const [navigation] = performance.getEntriesByType("navigation");
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  return {
    now: performance.now(),
    loaded: navigation ? navigation.loadEventEnd : 0,
    painted: paint ? paint.startTime : 0,
    busy: Math.max(0, ...kept.tasks.map((task) => task.start + task.duration)),
  };
}"""
RELOADING = "still loading other documents"
FETCHING = "still fetching"
LEFT = "Execution context was destroyed"  # what Playwright says when a page goes elsewhere meanwhile


class Settling:
    """Waits for a page. `ask` gets the answer of a script, `note` takes what a reader should know."""

    def __init__(
        self,
        page: Any,
        network: NetworkLog,
        ask: Callable[[str], Any],
        note: Callable[[str], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._page, self._network, self._ask, self._note, self._clock = page, network, ask, note, clock
        self._is_endless = False  # it never was without a request

    def until_quiet(self, after: str) -> None:
        """Returns once nothing was fetched for QUIET_S seconds: enough on the way to a page, and after what a visitor
        does there; or after MAX_WAIT_S, with a note. Of a page that never was, at once. `after`: what came before."""
        if self._is_endless:
            return
        until = self._clock() + MAX_WAIT_S
        while self._network.quiet_for() < QUIET_S:
            if self._clock() >= until:
                self._note(f"{FETCHING} {MAX_WAIT_S:g} s after {after}")
                return
            self._page.wait_for_timeout(POLL_INTERVAL_S * 1000)

    def until_navigated(self, before: float, since: float, timeout: float) -> Any:
        """A handle of what HAS_NAVIGATED returns, once the page is another one. None where it is not, MAX_STEP_WAIT_S
        seconds after the last that it fetched has come, or after `timeout`. `before` and `since`: when the page that
        there was began, and its own clock at the step."""
        from playwright.sync_api import TimeoutError

        until = self._clock() + timeout
        left = MAX_STEP_WAIT_S
        while left > 0:
            wait = max(POLL_INTERVAL_S, min(left, until - self._clock()))
            with suppress(TimeoutError):
                return self._page.wait_for_function(HAS_NAVIGATED, arg=[before, since], timeout=wait * 1000)
            left = min(MAX_STEP_WAIT_S - self._network.quiet_for(), until - self._clock())
        return None

    def until_done(self) -> bool:
        """Returns once the page is done, or after MAX_WAIT_S, with a note of what it still did. False where it is not
        one page: it goes on to another document again and again."""
        began, documents = self._clock(), self._network.documents
        while True:
            watched = self._clock() - began
            left, what = remaining(self._state(), self._network.quiet_for(), watched)
            if left <= 0:
                return True
            if watched > MAX_WAIT_S:
                self._is_endless = self._network.quiet_for() < QUIET_S
                self._note(f"{what} {MAX_WAIT_S:g} s after it had loaded")
                return what != RELOADING and self._network.documents - documents <= MAX_DOCUMENTS
            self._page.wait_for_timeout(max(POLL_INTERVAL_S, left) * 1000)

    def _state(self) -> Mapping[str, float]:
        from playwright.sync_api import Error

        try:
            state: Mapping[str, float] = self._ask(STATE)
        except Error as error:
            if LEFT not in str(error):
                raise
            return {"now": 0.0, "loaded": 0.0, "painted": 0.0, "busy": 0.0}
        return state


def remaining(state: Mapping[str, float], quiet: float, watched: float) -> tuple[float, str]:
    """Seconds that are still to be waited at least, and what for. `state` is in ms of the page's clock, `quiet` for how
    long nothing was fetched, `watched` how long ago it had loaded."""
    now, busy = state["now"] / 1000, state["busy"] / 1000
    return max(
        (QUIET_S - quiet, FETCHING),
        (QUIET_S - (now - busy) if busy else 0.0, "scripts still busy"),
        (_since("loaded", state), RELOADING),
        (_since("painted", state), "nothing painted"),
        (WATCHED_S - watched, ""),
    )


def _since(name: str, state: Mapping[str, float]) -> float:
    return WATCHED_S - (state["now"] - state[name]) / 1000 if state[name] else POLL_INTERVAL_S
