"""Drives an installed Chromium by Playwright: one view of a page in a context of its own -> View.

Nothing is downloaded: the browser is one that the machine has. Everything a page does to get in the way (dialogs,
pop-ups, crashes, loads that never end) ends in a view that says so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from perfgate.model.budget_file import Interaction, PageSpec
from perfgate.model.errors import PageError
from perfgate.model.page import Resource
from perfgate.pages.profiles import THROTTLES, VIEWPORTS
from perfgate.pages.view import View
from perfgate.text.sanitize import one_line

VARIABLE = "PERFGATE_CHROMIUM"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
SETTLE = 100  # ms more once nothing was fetched for 500 ms (Playwright: networkidle)
WITHOUT_PACKAGE = "Pages need the package playwright, which is not installed."
INSTALL = "pip install 'perfgate[browser]'"
MAX_QUIET_WAIT = 5_000  # ms for that after `load`
AFTER_INPUT = 150  # ms for the next paint
QUALITY = 60  # of pictures of pages, per cent
SCROLL = 3  # screens, at most: an endless list has no end
SCRIPTS = Path(__file__).parent / "scripts"
LONGEST_TEXT = 300  # characters of a message


def executable(environ: Mapping[str, str]) -> str:
    """The browser to start. Raises PageError with the command that installs one."""
    named = environ.get(VARIABLE, "")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found:
        return found
    what = f"{VARIABLE} names {named}, which is not a program" if named else "There is no Chromium on this machine"
    raise PageError(
        f"{what}, so pages cannot be measured.",
        hint=f"Install one (`apt-get install chromium`, `npx playwright install chromium`), or set {VARIABLE}=PATH.",
    )


def check(environ: Mapping[str, str]) -> None:
    """Raises PageError where the browser or the package is missing."""
    executable(environ)
    if find_spec("playwright") is None:
        raise PageError(WITHOUT_PACKAGE, hint=INSTALL)


@dataclass(frozen=True, kw_only=True)
class PageVisit:
    """A page on one side. `url` is whole; `storage_state` a file."""

    page: PageSpec
    url: str
    storage_state: Path | None = None
    insecure: bool = False


class Browser:
    """A Chromium that runs."""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium

    @property
    def version(self) -> str:
        return str(self._chromium.version)

    def view(self, subject: PageVisit, *, coverage: bool = False, screenshot: Path | None = None) -> View:
        """One view in a fresh context; with a warm cache, the second in it. Raises PageError when Chromium is gone."""
        from playwright.sync_api import Error

        try:
            seen = self._look(subject, coverage=coverage, screenshot=screenshot)
        except Error as error:
            if self._chromium.is_connected():
                raise
            raise _stopped(subject) from error
        if not self._chromium.is_connected():
            raise _stopped(subject)
        return seen

    def _look(self, subject: PageVisit, *, coverage: bool, screenshot: Path | None) -> View:
        context = self._chromium.new_context(**_context_options(subject))
        try:
            context.add_init_script(script=_script("web-vitals.js") + "\n" + _script("collect.js"))  # of one scope
            if subject.page.cache == "warm":
                first = _View(context, subject).look(interact=False)
                if first.failure:
                    return first
            return _View(context, subject).look(coverage=coverage, screenshot=screenshot)
        finally:
            with suppress(Exception):  # of a browser that is gone
                context.close()


@contextmanager
def launched(environ: Mapping[str, str]) -> Iterator[Browser]:
    """A browser for as long as the block lasts. Raises PageError when there is none, or it does not start."""
    program = executable(environ)
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise PageError(WITHOUT_PACKAGE, hint=INSTALL) from error
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=program, args=_arguments())
        except Error as error:
            reason = one_line(error.message, LONGEST_TEXT)
            raise PageError(
                f"{program} does not start: {reason}", hint=f"Try `{program} --headless --version`."
            ) from error
        try:
            yield Browser(chromium)
        finally:
            with suppress(Exception):
                chromium.close()


def _stopped(subject: PageVisit) -> PageError:
    return PageError(
        f"Chromium stopped while it viewed page {subject.page.name}.",
        hint="It may lack memory: `dmesg` says so; in a container, start it with --shm-size=1g.",
    )


def _arguments() -> list[str]:
    quiet = ["--disable-background-networking", "--disable-component-update", "--mute-audio"]
    return [*quiet, "--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else quiet


@cache
def _script(name: str) -> str:
    return (SCRIPTS / name).read_text(encoding="utf-8")


def _context_options(subject: PageVisit) -> dict[str, Any]:
    viewport = VIEWPORTS[subject.page.viewport]
    options: dict[str, Any] = {
        "viewport": {"width": viewport.width, "height": viewport.height},
        "device_scale_factor": viewport.scale,
        "is_mobile": viewport.is_mobile,
        "has_touch": viewport.is_mobile,
        "ignore_https_errors": subject.insecure,
    }
    if subject.storage_state:
        options["storage_state"] = str(subject.storage_state)
    return options


class _View:
    """One view: what happens meanwhile is noted."""

    def __init__(self, context: Any, subject: PageVisit) -> None:
        self.page, self.subject = context.new_page(), subject
        self.cdp = context.new_cdp_session(self.page)
        self.notes: list[str] = []
        self.requests: dict[str, Resource] = {}
        self.headers: dict[str, int] = {}  # bytes of the answers' headers: their length varies, that of bodies tells
        self.began = 0.0  # the browser's clock at the first request
        self.crashed = False
        self.host = urlsplit(subject.url).hostname or ""
        context.on("page", self._close_popup)
        self.page.on("crash", lambda _: setattr(self, "crashed", True))
        self.page.on("dialog", self._dismiss)
        self.page.on("pageerror", lambda error: self._note(f"script error: {getattr(error, 'message', error)}"))
        self.cdp.on("Network.requestWillBeSent", self._sent)
        self.cdp.on("Network.responseReceived", self._received)
        self.cdp.on("Network.loadingFinished", self._finished)
        self.cdp.send("Network.enable")

    def look(self, *, interact: bool = True, coverage: bool = False, screenshot: Path | None = None) -> View:
        from playwright.sync_api import Error, TimeoutError

        spec = self.subject.page
        try:
            self._throttle()
            if coverage:
                self._watch_coverage()
            answer = self.page.goto(self.subject.url, wait_until="load", timeout=spec.timeout * 1000)
            if answer is not None and answer.status >= 400:
                return self._failed("status", f"{answer.status} {answer.status_text}")
            self._wait_until_quiet()
            if screenshot:
                self.page.screenshot(path=str(screenshot), type="jpeg", quality=QUALITY, timeout=spec.timeout * 1000)
            for interaction in spec.interact if interact else ():
                self._do(interaction)
            account = self.page.evaluate(_script("read.js"))
            unused = self._coverage() if coverage else None
        except TimeoutError as error:
            return self._failed("timeout", f"not done after {spec.timeout:g} s: {_first_line(error)}")
        except Error as error:
            if self.crashed:
                return self._failed("crash", "the page crashed")
            return self._failed("connection", _first_line(error))
        blocking = frozenset(account.get("blocking", ()))
        resources = [replace(item, is_blocking=item.url in blocking) for item in self.requests.values()]
        return View(
            account=account,
            resources=tuple(_with_unused(resources, unused or {})),
            notes=tuple(dict.fromkeys(self.notes)),
            has_interactions=interact and any(item.act in ("click", "type", "select") for item in spec.interact),
            coverage=_totals(resources, unused) if unused is not None else None,
        )

    def _failed(self, kind: str, text: str) -> View:
        return View(failure=(kind, one_line(text, LONGEST_TEXT)), notes=tuple(dict.fromkeys(self.notes)))

    def _throttle(self) -> None:
        profile = THROTTLES[self.subject.page.throttle]
        if profile.is_network:
            self.cdp.send(
                "Network.emulateNetworkConditions",
                {
                    "offline": False,
                    "latency": profile.latency,
                    "downloadThroughput": profile.download,
                    "uploadThroughput": profile.upload,
                },
            )
        if profile.cpu > 1:
            self.cdp.send("Emulation.setCPUThrottlingRate", {"rate": profile.cpu})

    def _wait_until_quiet(self) -> None:
        """Returns once nothing is fetched any more, or never mind: some pages poll for ever."""
        from playwright.sync_api import TimeoutError

        try:
            self.page.wait_for_load_state("networkidle", timeout=MAX_QUIET_WAIT)
        except TimeoutError:
            self._note(f"still fetching {MAX_QUIET_WAIT / 1000:g} s after it had loaded")
        self.page.wait_for_timeout(SETTLE)

    def _do(self, interaction: Interaction) -> None:
        timeout = self.subject.page.timeout * 1000
        match interaction.act:
            case "click":
                self.page.click(interaction.target, timeout=timeout)
            case "type":
                self.page.locator(interaction.target).press_sequentially(interaction.text, timeout=timeout)
            case "select":
                self.page.select_option(interaction.target, interaction.text, timeout=timeout)
            case "scroll":
                for _ in range(SCROLL):
                    self.page.mouse.wheel(0, VIEWPORTS[self.subject.page.viewport].height)
                    self.page.wait_for_timeout(AFTER_INPUT)
            case "wait":
                self.page.wait_for_timeout(interaction.seconds * 1000)
            case "wait_for":
                self.page.wait_for_selector(interaction.target, timeout=timeout)
        self.page.wait_for_timeout(AFTER_INPUT)

    def _watch_coverage(self) -> None:
        self.cdp.send("Profiler.enable")
        self.cdp.send("Profiler.startPreciseCoverage", {"callCount": False, "detailed": True})
        self.cdp.send("DOM.enable")
        self.cdp.send("CSS.enable")
        self.cdp.send("CSS.startRuleUsageTracking")

    def _coverage(self) -> dict[str, int]:
        """Unused characters by URL."""
        scripts = self.cdp.send("Profiler.takePreciseCoverage")["result"]
        unused: dict[str, int] = {}
        for script in scripts:
            if script["url"] in {item.url for item in self.requests.values()}:
                unused[script["url"]] = unused.get(script["url"], 0) + _never_run(script["functions"])
        used: dict[str, int] = {}
        for rule in self.cdp.send("CSS.stopRuleUsageTracking")["ruleUsage"]:
            if rule["used"]:
                used[rule["styleSheetId"]] = used.get(rule["styleSheetId"], 0) + rule["endOffset"] - rule["startOffset"]
        sheets = [item for item in self.requests.values() if item.kind == "stylesheet"]
        if sheets and (total := sum(item.decoded for item in sheets)):
            share = max(0.0, 1 - sum(used.values()) / total)
            unused |= {item.url: round(share * item.decoded) for item in sheets}
        return unused

    def _sent(self, event: Mapping[str, Any]) -> None:
        url = event["request"]["url"]
        if not url.startswith(("http:", "https:")):
            return
        self.began = self.began or event["timestamp"]
        self.requests[event["requestId"]] = Resource(
            url=url,
            kind=event.get("type", "Other").lower(),
            started=event["timestamp"] - self.began,
            is_third_party=not _is_own(urlsplit(url).hostname or "", self.host),
        )

    def _received(self, event: Mapping[str, Any]) -> None:
        if (known := self.requests.get(event["requestId"])) is None:
            return
        answer = event["response"]
        self.headers[event["requestId"]] = int(answer.get("encodedDataLength", 0))
        headers = {name.lower(): str(value) for name, value in answer["headers"].items()}
        self.requests[event["requestId"]] = replace(
            known,
            kind=event.get("type", known.kind).lower(),
            status=answer["status"],
            encoding=headers.get("content-encoding", ""),
            cache_control=headers.get("cache-control", ""),
            decoded=int(headers["content-length"]) if headers.get("content-length", "").isdigit() else 0,
        )

    def _finished(self, event: Mapping[str, Any]) -> None:
        if known := self.requests.get(event["requestId"]):
            self.requests[event["requestId"]] = replace(
                known,
                size=max(0, int(event["encodedDataLength"]) - self.headers.get(event["requestId"], 0)),
                duration=max(0.0, event["timestamp"] - self.began - known.started),
            )

    def _close_popup(self, other: Any) -> None:
        if other is not self.page:
            self._note("a pop-up was closed")
            with suppress(Exception):
                other.close()

    def _dismiss(self, dialog: Any) -> None:
        self._note(f"a dialog was dismissed: {dialog.message}")
        with suppress(Exception):
            dialog.dismiss()

    def _note(self, text: str) -> None:
        self.notes.append(one_line(str(text), LONGEST_TEXT))


def _is_own(host: str, own: str) -> bool:
    return host == own or host.endswith(f".{own}")


def _never_run(functions: Any) -> int:
    """Characters of a script in ranges that never ran: an inner range says more than the one around it."""
    ranges = [area for function in functions for area in function["ranges"]]
    ran = bytearray(b"\x01") * max((area["endOffset"] for area in ranges), default=0)
    for area in sorted(ranges, key=lambda area: (area["startOffset"], -area["endOffset"])):
        start, end = area["startOffset"], area["endOffset"]
        ran[start:end] = (b"\x01" if area["count"] else b"\x00") * (end - start)
    return ran.count(0)


def _with_unused(resources: list[Resource], unused: Mapping[str, int]) -> list[Resource]:
    return [replace(item, unused=unused.get(item.url, 0)) for item in resources]


def _totals(resources: list[Resource], unused: Mapping[str, int]) -> tuple[int, int]:
    by_kind = {item.url: item.kind for item in resources}
    scripts = sum(size for url, size in unused.items() if by_kind.get(url) == "script")
    return scripts, sum(size for url, size in unused.items() if by_kind.get(url) == "stylesheet")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].removeprefix("Page.goto: ")
