"""Chromium: which one, whether it starts, and views in it, each in a context of its own.

Nothing is downloaded: the browser is one that the machine has.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from perfgate.model.errors import PageError
from perfgate.pages.incidents import PageWatchdog
from perfgate.pages.view import View
from perfgate.pages.visit import MAX_TEXT_CHARS, TIMED, PageVisit, Purpose, context_options
from perfgate.text.sanitize import one_line

VARIABLE = "PERFGATE_CHROMIUM"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
APPLICATIONS = (  # of macOS, which are on no PATH
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
PLAYWRIGHT_FOLDER = "PLAYWRIGHT_BROWSERS_PATH"
PLAYWRIGHT_PROGRAMS = (  # below the folder into which `playwright install chromium` puts browsers, a revision each
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium-*/chrome-win*/chrome.exe",
)
WITHOUT_PACKAGE = "Pages need the package playwright, which is not installed."
INSTALL = "pip install 'perfgate[browser]'"
SCROLL_BARS = "--hide-scrollbars"  # Playwright hides them; visitors and Lighthouse see them, and they take part in CLS
SOFT_NAVIGATIONS = "--enable-features=SoftNavigationHeuristics"
TRACED = (
    "-*",
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "disabled-by-default-devtools.timeline.frame",
    "blink.user_timing",
    "loading",
    "latencyInfo",
    "v8.execute",
)


def executable(environ: Mapping[str, str]) -> str:
    """The browser to start. Raises PageError with the command that installs one."""
    named, path = environ.get(VARIABLE, ""), environ.get("PATH")
    names = (named,) if named else (*PROGRAMS, *APPLICATIONS, *_of_playwright(environ))
    if program := next(filter(None, (shutil.which(name, path=path) for name in names)), None):
        return program
    what = f"{VARIABLE} names {named}, which is not a program" if named else "There is no Chromium on this machine"
    raise PageError(
        f"{what}, so pages cannot be measured.",
        hint=f"Install one (`apt-get install chromium`, `npx playwright install chromium`), or set {VARIABLE}=PATH.",
    )


def _of_playwright(environ: Mapping[str, str]) -> Iterator[str]:
    """Browsers that Playwright has installed, the newest first."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or os.devnull)
    caches = (environ.get("XDG_CACHE_HOME") or home / ".cache", home / "Library/Caches", home / "AppData/Local")
    folders = [Path(environ[PLAYWRIGHT_FOLDER])] if environ.get(PLAYWRIGHT_FOLDER) else None
    for folder in folders or [Path(cache, "ms-playwright") for cache in caches]:
        known = (program for pattern in PLAYWRIGHT_PROGRAMS for program in folder.glob(pattern))
        yield from map(str, sorted(known, key=lambda program: _revision(folder, program), reverse=True))


def _revision(folder: Path, program: Path) -> int:
    text = program.relative_to(folder).parts[0].rpartition("-")[2]
    return int(text) if text.isdecimal() else 0


def check(environ: Mapping[str, str]) -> str:
    """The browser to start. Raises PageError where it or the package is missing."""
    program = executable(environ)
    if find_spec("playwright") is None:
        raise PageError(WITHOUT_PACKAGE, hint=INSTALL)
    return program


class BrowserStoppedError(PageError):
    """Chromium ended, or was ended, during a view. Another may be started."""

    code = "PG-T013"


class Browser:
    """A Chromium that runs. `has_lost_trace`: Playwright cannot record another one in it."""

    def __init__(self, chromium: Any) -> None:
        self._chromium, self._watchdog = chromium, PageWatchdog(chromium)
        self.has_lost_trace = False

    @property
    def version(self) -> str:
        return str(self._chromium.version)

    def view(self, subject: PageVisit, purpose: Purpose = TIMED) -> View:
        """One view in a fresh context; with a warm cache, the second in it. Raises BrowserStoppedError, and PageError
        for what Chromium does not take."""
        from playwright.sync_api import Error

        try:
            view = self._view(subject, purpose)
        except Error as error:
            if self._chromium.is_connected():
                raise _refusal(subject, error.message) from error
            raise _stopped_error(subject) from error
        if not self._chromium.is_connected():
            raise _stopped_error(subject)
        return view

    def _view(self, subject: PageVisit, purpose: Purpose) -> View:
        from perfgate.pages.viewing import PageViewing, prepare

        context = self._chromium.new_context(**context_options(subject, self.version))
        try:
            prepare(context, subject, purpose)
            self._watchdog.has_expired = False
            if subject.page.cache == "warm":
                before = PageViewing(context, subject, self._watchdog)
                first = before.run(Purpose(interacts=False))
                before.page.close()
                if first.failure:
                    return first
            viewing = PageViewing(context, subject, self._watchdog)
            if purpose.trace is None or self.has_lost_trace:
                return viewing.run(purpose)
            return self._traced(viewing, purpose, purpose.trace)
        finally:
            with suppress(Exception):  # of a browser that is gone
                context.close()

    def _traced(self, viewing: Any, purpose: Purpose, keep: Callable[[bytes], None]) -> View:
        """The view, and its trace: there is none of a page whose process ended meanwhile."""
        from playwright.sync_api import Error

        self._chromium.start_tracing(page=viewing.page, screenshots=True, categories=list(TRACED))
        view: View = viewing.run(purpose)
        try:
            data = self._chromium.stop_tracing()
        except Error:
            self.has_lost_trace = True
        else:
            keep(data)
        return view


@contextmanager
def launch(environ: Mapping[str, str], *, soft_navigations: bool = False) -> Iterator[Browser]:
    """A browser for as long as the block lasts. Raises PageError when there is none, or it does not start."""
    program = executable(environ)
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise PageError(WITHOUT_PACKAGE, hint=INSTALL) from error
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=program,
                args=[*_arguments(), *([SOFT_NAVIGATIONS] if soft_navigations else [])],
                ignore_default_args=[SCROLL_BARS],
            )
        except Error as error:
            reason = one_line(error.message, MAX_TEXT_CHARS)
            raise PageError(
                f"{program} does not start: {reason}", hint=f"Try `{program} --headless --version`."
            ) from error
        try:
            yield Browser(chromium)
        finally:
            with suppress(Exception):
                chromium.close()


def _stopped_error(subject: PageVisit) -> BrowserStoppedError:
    return BrowserStoppedError(
        f"Chromium stopped while it viewed page {subject.page.name}.",
        hint="It may lack memory: `dmesg` says so; give the container or the runner more.",
    )


def _refusal(subject: PageVisit, message: str) -> PageError:
    given = "its `storage_state`" if subject.storage_state else "the cookies of its login"
    return PageError(
        f"Page {subject.page.name} cannot be viewed: {one_line(message, MAX_TEXT_CHARS)}",
        hint=f"Chromium may not take {given}." if subject.storage_state or subject.cookies else "",
    )


def _arguments() -> list[str]:
    quiet = ["--disable-background-networking", "--disable-component-update", "--mute-audio"]
    return [*quiet, "--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else quiet
