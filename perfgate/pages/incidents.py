"""Everything a page does to get in the way: dialogs, pop-ups, downloads, crashes, scripts that never give way. It is
dealt with, and recorded."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from threading import Timer
from typing import Any

from perfgate.pages.visit import MAX_TEXT_CHARS
from perfgate.text.plurals import and_more
from perfgate.text.sanitize import one_line

UNAUTHORIZED = "; where a login is missing: `login`, `storage_state`, or http://USER:PASSWORD@HOST as the target"
SCRIPT_ERRORS = ("TypeError", "ReferenceError", "SyntaxError", "is not a function")
OF_WORKER = "its service worker answered {}: what that fetched for them is in no metric"
MAX_ANSWER_WAIT_S = 2.0  # s for any answer of a page that is late already
MAX_NAMED = 3  # files that did not come
MAX_ERRORS = 5  # different ones in a view: of scripts, and as many of the console
NOT_FETCHED = "Failed to load resource"  # what the console says beside what is noted of it anyway
EMPTY = (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT)
CRASHED = ("frame was detached", "Page crashed", "Target crashed")  # said before the crash itself is reported
EXPLAINED = {  # what Chromium says -> what it means, and what to do
    "ERR_TOO_MANY_REDIRECTS": "it redirects in a circle",
    "ERR_CERT": "its certificate is not trusted: `tls: {insecure: true}` where that is meant; Chromium takes the "
    "machine's authorities, not `tls.ca`",
    "ERR_SSL_CLIENT_AUTH": "it wants a client's certificate, which pages are viewed without",
    "ERR_BAD_SSL_CLIENT_AUTH": "it wants a client's certificate, which pages are viewed without",
    "ERR_CONNECTION_REFUSED": "nothing listens there",
    "ERR_NAME_NOT_RESOLVED": "there is no such host",
    "ERR_UNSAFE_REDIRECT": "it redirects to what is not a web page",
    "ERR_ABORTED": "it was given up: an answer without a page, or a script that went elsewhere meanwhile",
}


class Incidents:
    """What happened during a view."""

    def __init__(self, context: Any, page: Any) -> None:
        self._texts: list[str] = []
        self._errors: dict[str, set[str]] = {}  # by where they were seen
        self.script_errors = 0  # that nothing caught
        self.has_crashed = self.has_downloaded = False
        page.on("popup", self._close_popup)  # not the context's new pages: one may be the next view
        context.on("serviceworker", lambda _: self.note("a service worker is installed"))
        page.on("crash", lambda _: setattr(self, "has_crashed", True))
        page.on("dialog", self._dismiss)
        page.on("download", self._cancel)
        page.on("pageerror", self._count_error)
        page.on("console", self._note_console)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._texts))

    def note(self, text: str) -> None:
        """Takes what people should know; nothing of an empty text."""
        if text:
            self._texts.append(one_line(text, MAX_TEXT_CHARS))

    def begin(self) -> None:
        """Forgets the errors of scripts that were counted so far."""
        self.script_errors = 0

    def _count_error(self, error: Any) -> None:
        self.script_errors += 1
        self._note_error("script error", getattr(error, "message", error))

    def _note_console(self, message: Any) -> None:
        if message.type == "error" and not message.text.startswith(NOT_FETCHED):
            self._note_error("console error", message.text)

    def _note_error(self, kind: str, text: object) -> None:
        """Notes the first different errors of a kind: a page may report each of its frames."""
        known, note = self._errors.setdefault(kind, set()), f"{kind}: {text}"
        if note not in known and len(known) < MAX_ERRORS:
            known.add(note)
            self.note(note)

    def _close_popup(self, other: Any) -> None:
        self.note("a pop-up was closed")
        with suppress(Exception):
            other.close()

    def _dismiss(self, dialog: Any) -> None:
        if dialog.type == "beforeunload":  # to dismiss it is to stay
            self.note("a dialog that asks whether to leave was accepted")
            with suppress(Exception):
                dialog.accept()
            return
        self.note(f"a dialog was dismissed: {dialog.message}")
        with suppress(Exception):
            dialog.dismiss()

    def _cancel(self, download: Any) -> None:
        self.has_downloaded = True
        self.note(f"a download was refused: {download.suggested_filename}")
        with suppress(Exception):
            download.cancel()


def explained(text: str, status: int) -> tuple[str, str]:
    """Kind and sentence of what Playwright raised; `status` is that of the latest document."""
    has_no_body = bool(status) and any(
        sign in text for sign in ("ERR_HTTP_RESPONSE_CODE_FAILURE", "ERR_INVALID_AUTH_CREDENTIALS")
    )
    if has_no_body or (status in EMPTY and "ERR_ABORTED" in text):
        return "status", status_words(status)
    if text.startswith("Page.evaluate: ") and any(sign in text for sign in SCRIPT_ERRORS):
        return "scripts", f"it replaced what a browser offers to scripts ({text.removeprefix('Page.evaluate: ')})"
    meaning = next((words for sign, words in EXPLAINED.items() if sign in text), "")
    return "connection", f"{meaning} ({text})" if meaning else text


def not_fetched(missing: Mapping[str, str]) -> str:
    """What did not come; `missing` are URLs, and why."""
    known = {url.partition("?")[0]: why for url, why in missing.items()}  # a query may be a secret
    shown = ", ".join(f"{url} ({why})" for url, why in list(known.items())[:MAX_NAMED])
    return f"did not come: {shown}{and_more(len(known), MAX_NAMED)}"


def status_words(status: int) -> str:
    name = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    return f"{status} {name}".strip() + (UNAUTHORIZED if status == HTTPStatus.UNAUTHORIZED else "")


class PageWatchdog:
    """An end for what Playwright would wait for without one: the answer of a page whose script never gives way. It ends
    the processes of a browser's pages; then waiting for one of them ends with Playwright's error."""

    def __init__(self, browser: Any) -> None:
        self._session = browser.new_browser_cdp_session()
        self.has_expired = False

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Ends them when the block lasts longer."""
        timer = Timer(seconds, self._expire, [self._pages()])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def is_answering(self, page: Any) -> bool:
        """Whether a page that is late still answers."""
        from playwright.sync_api import Error

        try:
            with self.within(MAX_ANSWER_WAIT_S):
                page.evaluate("0")
        except Error:
            return False
        return True

    def _pages(self) -> list[int]:
        processes = self._session.send("SystemInfo.getProcessInfo")["processInfo"]
        return [int(process["id"]) for process in processes if process["type"] == "renderer"]

    def _expire(self, processes: list[int]) -> None:
        self.has_expired = True
        for process in processes:
            with suppress(OSError):
                os.kill(process, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
