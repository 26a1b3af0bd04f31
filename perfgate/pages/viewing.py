"""One view of a page: it is opened, its steps are followed until the page that is measured is there, and what a
visitor does there is done. Every obstacle ends in a view that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from perfgate.model.budget_file import INPUTS, Interaction
from perfgate.pages import acting, headers
from perfgate.pages.coverage import Coverage, UnusedCode
from perfgate.pages.incidents import CRASHED, MAX_ANSWER_WAIT_S, Incidents, PageWatchdog, explained, status_words
from perfgate.pages.network import NetworkLog
from perfgate.pages.settling import LEFT, Settling
from perfgate.pages.view import View, counted_from, with_blocking
from perfgate.pages.visit import MAX_TEXT_CHARS, THROTTLES, PageVisit, Purpose, commands
from perfgate.text.plurals import and_more
from perfgate.text.sanitize import one_line

DOCUMENT = {"began": 0.0, "navigation": 0}
SCRIPTS = Path(__file__).parent / "scripts"
OTHER_HOST = "a document of another host, {}: name it in `allow` if that is meant"
NO_ANSWER = "it gave no answer for {}: a script of it never gives way, or the document is very large"
ENDLESS_NAVIGATION = "it goes on to another document again and again: it reloads itself, or redirects"
LEFT_DOCUMENT = "{} led to another document: the way to a page belongs into `steps`, what stays on it into `interact`"
NOWHERE = "the last step ({}) led to no other page: no document, and no new address{}"
REDIRECTED = "it was redirected to {}, which is what was measured"
REDIRECTED_BY_ITSELF = "it led on to another document by itself: times count from there"
SCRIPTS_FORBIDDEN = "it allows no scripts (Content-Security-Policy: sandbox), so nothing of it can be measured"
ORIGIN = "performance.timeOrigin"


class LostError(Exception):
    """The page that should be measured was not reached: kind and sentence."""


@cache
def _script(name: str) -> str:
    return (SCRIPTS / name).read_text(encoding="utf-8")


def prepare(context: Any, subject: PageVisit, purpose: Purpose) -> None:
    """Puts into a fresh context what watches its pages, and the cookies of a login."""
    names = ("web-vitals.js", "collect.js", *(["causes.js"] if purpose.coverage else []))
    scripts = "\n".join(map(_script, names))
    context.add_init_script(script=f"((globalThis) => {{\n{scripts}\n}})({_script('timers.js').rstrip()})")
    if subject.cookies:
        context.add_cookies([dict(cookie) for cookie in subject.cookies])


class PageViewing:
    """A page of its own in a context."""

    def __init__(self, context: Any, subject: PageVisit, watchdog: PageWatchdog) -> None:
        self.page, self.subject = context.new_page(), subject
        self._cdp = context.new_cdp_session(self.page)
        self._incidents = Incidents(context, self.page)
        self._network = NetworkLog(self._cdp, self.page, subject)
        self._watchdog, self._doing = watchdog, ""
        self._settling = Settling(self.page, self._network, self._ask, self._incidents.note)

    def run(self, purpose: Purpose) -> View:
        from playwright.sync_api import Error, TimeoutError

        timeout = self.subject.page.timeout
        try:
            self._throttle()
            coverage = Coverage(self.page, self._cdp) if purpose.coverage else None
            self._open()
            begun = self._follow_steps()
            if purpose.screenshot:
                with self._watchdog.within(timeout + 2 * MAX_ANSWER_WAIT_S):
                    self._incidents.note(acting.take_pictures(self.page, purpose.screenshot, timeout))
            account = {**self._account(self.subject.page.interact if purpose.interacts else ()), **begun}
            with self._watchdog.within(timeout):
                account["memory"] = self._memory()
                if coverage:
                    coverage.take(self._network.requests)
            unused = coverage.unused(self.subject.host) if coverage else None
        except LostError as error:
            return self._failed(*error.args)
        except TimeoutError as error:
            return self._failed("timeout", self._why_late(error))
        except Error as error:
            return self._failed(*self._explained(error))
        if self._network.strange_document:
            return self._failed("host", OTHER_HOST.format(_origin(self._network.strange_document)))
        return self._view(account, unused, has_interactions=purpose.interacts)

    def _view(self, account: dict[str, Any], unused: UnusedCode | None, *, has_interactions: bool) -> View:
        resources = counted_from(account, self._network.began_at, with_blocking(self._network.fetched(), account))
        for note in self._network.notes():
            self._incidents.note(note)
        acts = self.subject.page.interact if has_interactions else ()
        return View(
            account=account,
            resources=tuple(unused.put_into(resources) if unused else resources),
            notes=self._incidents.notes,
            script_errors=self._incidents.script_errors,
            has_interactions=any(item.act in INPUTS for item in acts),
            coverage=unused.totals(resources) if unused is not None else None,
            modules=unused.modules if unused is not None else (),
        )

    def _failed(self, kind: str, text: str) -> View:
        return View(failure=(kind, one_line(text, MAX_TEXT_CHARS)), notes=self._incidents.notes)

    def _why_late(self, error: Exception) -> str:
        """What a page that is not done in time waits for."""
        seconds = f"{self.subject.page.timeout:g} s"
        if self._doing:
            return f"not done after {seconds} ({self._doing}): {_first_line(error)}"
        waiting = self._waiting(f"not loaded after {seconds}: still waiting for ")
        if not self._watchdog.is_answering(self.page):
            return NO_ANSWER.format(seconds)
        return waiting or f"not done after {seconds}: {_first_line(error)}"

    def _waiting(self, before: str) -> str:
        """What did not come yet, with the words before it; empty where everything did."""
        waiting = self._network.waiting()
        return f"{before}{waiting[0]}{and_more(len(waiting), 1)}" if waiting else ""

    def _explained(self, error: Exception) -> tuple[str, str]:
        """Kind and sentence of what Playwright raised."""
        if self._watchdog.has_expired:
            return "timeout", NO_ANSWER.format(f"{self.subject.page.timeout:g} s")
        if self._incidents.has_crashed or any(sign in str(error) for sign in CRASHED):
            return "crash", "the page crashed"
        if self._network.strange_document:
            return "host", OTHER_HOST.format(_origin(self._network.strange_document))
        text = _first_line(error)
        if LEFT in text:
            return "navigation", ENDLESS_NAVIGATION
        if self._incidents.has_downloaded or "Download is starting" in text:
            return "download", "it is a file to download, not a page"
        return explained(text, self._network.status)

    def _open(self) -> None:
        """Opens the page and waits until it is quiet. Raises LostError for an answer of 400 and above."""
        answer = self.page.goto(self.subject.url, wait_until="load", timeout=self.subject.page.timeout * 1000)
        if answer is not None and answer.status >= 400:
            raise LostError("status", status_words(answer.status))
        if answer is not None and headers.forbids_scripts(answer.headers.get("content-security-policy", "")):
            raise LostError("scripts", SCRIPTS_FORBIDDEN)
        if self.subject.page.steps:
            self._settling.until_quiet("it had loaded")
            return
        self._settle()
        if answer is not None and answer.request.redirected_from:
            self._incidents.note(REDIRECTED.format(answer.url))

    def _follow_steps(self) -> dict[str, float]:
        """Follows the steps; the last leads to the page that is measured. Returns when that began, in ms of a page's
        own clock, and by which navigation: 0 for a new document. Raises LostError."""
        *way, last = self.subject.page.steps or (None,)
        for step in way:
            assert step is not None
            self._act(step)
            self._settling.until_quiet(acting.words(step))
        if last is None:
            return DOCUMENT
        before, clock = self._ask("[performance.timeOrigin, performance.now()]")
        self._network.begin()
        self._incidents.begin()
        self._act(last)
        self._doing = f"after the last step, {acting.words(last)}"
        arrived = self._settling.until_navigated(before, clock, self.subject.page.timeout)
        if arrived is None:
            raise LostError("step", NOWHERE.format(acting.words(last), self._waiting("; it still waits for ")))
        with self._watchdog.within(self.subject.page.timeout):
            origin, began, number = arrived.json_value()
        self.page.wait_for_load_state("load", timeout=self.subject.page.timeout * 1000)
        self._doing = ""
        self._settle()
        if origin != before:
            return DOCUMENT
        return {"began": began, "navigation": number}

    def _settle(self) -> None:
        """Waits until the page is done. Raises LostError."""
        if not self._settling.until_done():
            raise LostError("navigation", ENDLESS_NAVIGATION)
        if self._network.status >= HTTPStatus.BAD_REQUEST:  # of a document to which it led
            raise LostError("status", status_words(self._network.status))
        if self._network.navigations > 1:
            self._incidents.note(REDIRECTED_BY_ITSELF)

    def _account(self, interactions: Sequence[Interaction]) -> dict[str, Any]:
        """The page's account after what a visitor does there. Raises LostError where that leads away."""
        from playwright.sync_api import Error

        origin = self._ask(ORIGIN)
        for interaction in interactions:
            try:
                self._act(interaction)
                is_there = self._ask(ORIGIN) == origin
            except Error as error:
                if is_there := LEFT not in str(error):
                    raise
            if not is_there:
                raise LostError("step", LEFT_DOCUMENT.format(acting.words(interaction)))
        self._settling.until_quiet(acting.words(interactions[-1]) if interactions else "it had loaded")
        account: dict[str, Any] = self._ask(_script("read.js"))
        if account["origin"] != origin:
            raise LostError("step", LEFT_DOCUMENT.format("something"))
        return account

    def _ask(self, script: str, argument: Any = None) -> Any:
        """The answer of the page. Raises Playwright's errors."""
        with self._watchdog.within(self.subject.page.timeout):
            return self.page.evaluate(script, argument)

    def _act(self, interaction: Interaction) -> None:
        self._doing = acting.words(interaction)
        with self._watchdog.within(self.subject.page.timeout + interaction.seconds + MAX_ANSWER_WAIT_S):
            self._incidents.note(acting.act(self.page, interaction, self.subject))
        self._network.expect()
        self._doing = ""

    def _throttle(self) -> None:
        for command, values in commands(THROTTLES[self.subject.page.throttle]):
            self._cdp.send(command, values)

    def _memory(self) -> int:
        """Bytes of the page's JavaScript objects that are still in use."""
        self._cdp.send("HeapProfiler.collectGarbage")
        return int(self._cdp.send("Runtime.getHeapUsage")["usedSize"])


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].removeprefix("Page.goto: ")
