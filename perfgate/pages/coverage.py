"""Which code of a page ran, and which rules matched: Chromium's precise coverage, by file and, with a source map, by
module."""

from __future__ import annotations

from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from perfgate.model.page import Resource
from perfgate.pages import source_maps
from perfgate.text.addresses import is_own

MIN_MAPPED_CHARS = 10_000  # unused characters from which the map of a script is read
MAX_MODULES = 5  # of all scripts
MAX_MAP_CHARS = 30_000_000  # characters
MAP_TIMEOUT_MS = 10_000  # ms


@dataclass(frozen=True, kw_only=True)
class UnusedCode:
    """Bytes of code that never ran, or matched nothing: by URL, and of modules, largest first."""

    files: Mapping[str, int] = field(default_factory=dict)
    modules: tuple[tuple[str, int], ...] = ()

    def totals(self, resources: Iterable[Resource]) -> tuple[int, int]:
        """Those of scripts and of style sheets."""
        by_kind = {item.url: item.kind for item in resources}
        scripts = sum(size for url, size in self.files.items() if by_kind.get(url) == "script")
        return scripts, sum(size for url, size in self.files.items() if by_kind.get(url) == "stylesheet")

    def put_into(self, resources: Iterable[Resource]) -> list[Resource]:
        return [replace(item, unused=self.files.get(item.url, 0)) for item in resources]


class Coverage:
    """Watches one page from before its navigation."""

    def __init__(self, page: Any, cdp: Any) -> None:
        self._page, self._cdp = page, cdp
        self._sheets: dict[str, tuple[str, int]] = {}  # of the document's own files: URL and characters, by id
        self._files: dict[str, int] = {}  # unused characters, by URL
        self._bundles: list[tuple[str, str, bytearray]] = []  # URL, text, and what of it ran, where much did not
        cdp.on("CSS.styleSheetAdded", self._add_sheet)
        cdp.send("Profiler.enable")
        cdp.send("Profiler.startPreciseCoverage", {"callCount": False, "detailed": True})
        cdp.send("DOM.enable")
        cdp.send("CSS.enable")
        cdp.send("CSS.startRuleUsageTracking")

    def take(self, requests: Mapping[str, Resource]) -> None:
        """Takes what never ran from the page, of what was fetched. `requests` are by Chromium's id."""
        known = {item.url: number for number, item in requests.items()}
        for script in self._cdp.send("Profiler.takePreciseCoverage")["result"]:
            url = script["url"]
            if url not in known:
                continue
            ran = has_run(script["functions"])
            never = ran.count(0)
            self._files[url] = self._files.get(url, 0) + never
            if never >= MIN_MAPPED_CHARS and requests[known[url]].kind == "script":
                self._bundles.append((url, self._text(known[url]), ran))
        for url, size in self._unused_rules().items():
            self._files[url] = self._files.get(url, 0) + size

    def unused(self, host: str) -> UnusedCode:
        """What never ran, by file and module. Source maps may be large: the page is not needed any more meanwhile. They
        are only read from the host."""
        modules = [item for url, text, ran in self._bundles for item in self._modules(url, text, ran, host)]
        return UnusedCode(files=self._files, modules=tuple(sorted(modules, key=lambda item: -item[1])[:MAX_MODULES]))

    def _text(self, number: str) -> str:
        """The text of a script; empty where Chromium does not have it any more."""
        from playwright.sync_api import Error

        with suppress(Error, ValueError):
            answer = self._cdp.send("Network.getResponseBody", {"requestId": number})
            return b64decode(answer["body"]).decode() if answer["base64Encoded"] else str(answer["body"])
        return ""

    def _add_sheet(self, event: Mapping[str, Any]) -> None:
        header = event["header"]
        if header.get("sourceURL") and not header.get("isInline"):
            self._sheets[header["styleSheetId"]] = (header["sourceURL"], int(header["length"]))

    def _unused_rules(self) -> dict[str, int]:
        """Characters of style sheets' files outside of rules that matched."""
        used: Counter[str] = Counter()
        for rule in self._cdp.send("CSS.stopRuleUsageTracking")["ruleUsage"]:
            used[rule["styleSheetId"]] += (rule["endOffset"] - rule["startOffset"]) if rule["used"] else 0
        return {url: max(0, length - int(used[number])) for number, (url, length) in self._sheets.items()}

    def _modules(self, url: str, script: str, ran: bytearray, host: str) -> list[tuple[str, int]]:
        """The modules of a script; none without a map, or with one that cannot be read."""
        from playwright.sync_api import Error

        if not (where := source_maps.address(script)):
            return []
        with suppress(Error, ValueError):
            known = source_maps.stretches(self._map(urljoin(url, where), host))
            return [(name, never) for name, (never, _) in source_maps.by_module(script, ran, known).items() if never]
        return []

    def _map(self, url: str, host: str) -> str:
        if url.startswith("data:"):
            head, _, body = url.partition(",")
            return b64decode(body).decode() if head.endswith(";base64") else unquote(body)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not is_own(parts.hostname or "", host):
            return ""
        answer = self._page.context.request.get(url, timeout=MAP_TIMEOUT_MS, max_redirects=0)
        text = str(answer.text()) if answer.ok else ""
        return text if len(text) <= MAX_MAP_CHARS else ""


def has_run(functions: Any) -> bytearray:
    """A byte for each character of a script, 0 where it never ran: an inner range says more than the one around it."""
    ranges = [area for function in functions for area in function["ranges"]]
    ran = bytearray(b"\x01") * max((area["endOffset"] for area in ranges), default=0)
    for area in sorted(ranges, key=lambda area: (area["startOffset"], -area["endOffset"])):
        start, end = area["startOffset"], area["endOffset"]
        ran[start:end] = (b"\x01" if area["count"] else b"\x00") * (end - start)
    return ran
