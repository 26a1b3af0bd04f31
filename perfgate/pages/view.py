"""What a browser recorded of one view -> its metrics. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from perfgate.model.page import LcpParts, Resource, awaited_calls

LONG_TASK_S = 0.05  # s; what is beyond blocks input (web.dev: Total Blocking Time)
MAX_GAP_MS, MAX_WINDOW_MS = 1000.0, 5000.0  # of a session window of layout shifts
AFTER_INPUT_MS = 500.0
VITALS = {"LCP": "lcp", "FCP": "fcp", "TTFB": "ttfb", "INP": "inp"}
BACKEND, NETWORK, THIRD_PARTY, FRONTEND = "backend", "network", "third party", "frontend"
LAYER_ORDER = (THIRD_PARTY, BACKEND, NETWORK)  # which of several at the same moment counts
Stretch = tuple[float, float, str]  # from, to (s since the navigation began), layer
TOTAL, SERVER, REST = "total", "server", "network and rest"
SIZES = {
    "script": "js_size",
    "stylesheet": "css_size",
    "image": "image_size",
    "font": "font_size",
    "media": "media_size",
    "fetch": "data_size",
    "xhr": "data_size",
    "document": "html_size",
}


@dataclass(frozen=True, kw_only=True)
class View:
    """One view. `account` is what `scripts/read.js` returns; `failure` is empty for a view that counts, else a kind and
    a sentence."""

    account: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[Resource, ...] = ()
    failure: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()
    script_errors: int = 0  # that nothing caught
    has_interactions: bool = False
    coverage: tuple[int, int] | None = None  # unused bytes of scripts and of style sheets, of a view that looks at it
    modules: tuple[tuple[str, int], ...] = ()  # their unused bytes, of such a view, where there is a source map


def metrics(view: View) -> dict[str, float]:
    """Only what was measured: without interactions there is no INP, and a page that paints nothing has no LCP."""
    if view.failure:
        return {}
    known = vitals(view)
    values = {
        name: known[vital]["value"] / 1000
        for vital, name in VITALS.items()
        if vital in known and (vital != "INP" or view.has_interactions)
    }
    if "fcp" in values:
        values["cls"] = sum(item["value"] for item in counted_shifts(view))
    began = view.account.get("began", 0.0)
    tasks = [
        ((item["start"] - began) / 1000, item["duration"] / 1000)
        for item in view.account.get("tasks", [])
        if item["start"] >= began
    ]
    values["tbt"] = blocking_time(tasks, 0.0 if began else values.get("fcp", 0.0))
    values["long_tasks"] = float(len(tasks))
    if view.account.get("memory"):
        values["js_memory"] = float(view.account["memory"])
    fetched = [item for item in view.resources if item.status]
    values["transfer"] = float(sum(item.size for item in fetched))
    values["requests"] = float(len(fetched))
    values["third_party"] = float(sum(item.size for item in fetched if item.is_third_party))
    values |= dict.fromkeys(SIZES.values(), 0.0)
    for item in fetched:
        if name := SIZES.get(item.kind):
            values[name] += float(item.size)
    values["script_errors"] = float(view.script_errors)
    if view.coverage:
        values["unused_js"], values["unused_css"] = map(float, view.coverage)
    return values


def vitals(view: View) -> Mapping[str, Any]:
    """What web-vitals reports of the navigation that is measured: name -> value and what it is made of."""
    wanted = view.account.get("navigation", 0)
    own = (item["metrics"] for item in view.account.get("navigations", ()) if item["id"] == wanted)
    known: Mapping[str, Any] = next(own, {})
    return known


def counted_from(account: Mapping[str, Any], at: float, resources: Iterable[Resource]) -> list[Resource]:
    """Resources by the clock of the navigation that is measured: within a document it begins with its click, not with
    what is asked for first, which was `at` (s since 1970). What was asked for just before it counts from there."""
    if not account.get("began"):
        return list(resources)
    late = (account["origin"] + account["began"]) / 1000 - at
    moved = (replace(item, started=item.started - late) for item in resources)
    return [
        replace(item, started=max(0.0, item.started), duration=max(0.0, min(item.duration, item.ended)))
        for item in moved
    ]


def with_blocking(resources: Iterable[Resource], account: Mapping[str, Any]) -> list[Resource]:
    """Marks what rendering waited for: also where that was redirected to, and the fonts of a largest text that stays
    invisible without its own."""
    resources, awaits_font = list(resources), bool(account.get("awaitsFont"))
    urls = {item.url for url in account.get("blocking", ()) for item in redirects_of(url, resources)}
    return [
        replace(item, is_blocking=item.url in urls or (awaits_font and item.kind == "font" and bool(item.duration)))
        for item in resources
    ]


def redirects_of(url: str, resources: Iterable[Resource]) -> list[Resource]:
    """What was fetched for a URL: its redirects and where they lead, in order."""
    chain: list[Resource] = []
    for item in sorted((item for item in resources), key=lambda item: item.started):
        if item.url == (chain[-1].redirected_to if chain else url):
            chain.append(item)
    return chain


def counted_shifts(view: View) -> list[Mapping[str, Any]]:
    """The layout shifts of the worst session window: less than a second apart, over at most five seconds (web.dev).

    A shift that Chromium takes for the result of input counts unless there was any in the half second before it: it
    marks those after a change of the viewport likewise, and a mobile device is emulated by one.
    """
    began, inputs = view.account.get("began", 0.0), view.account.get("inputs", ())
    windows: list[list[Mapping[str, Any]]] = []
    for shift in sorted(view.account.get("shifts", ()), key=lambda item: item["start"]):
        start = shift["start"]
        is_excused = shift.get("isAfterInput") and any(start - AFTER_INPUT_MS <= at <= start for at in inputs)
        if start < began or is_excused:
            continue
        last = windows[-1] if windows else []
        if last and start - last[-1]["start"] < MAX_GAP_MS and start - last[0]["start"] < MAX_WINDOW_MS:
            last.append(shift)
        else:
            windows.append([shift])
    return max(windows, key=lambda window: sum(item["value"] for item in window), default=[])


def blocking_time(tasks: Iterable[tuple[float, float]], first_paint: float) -> float:
    """Seconds beyond LONG_TASK_S of each task (start, duration) after the first contentful paint."""
    return sum(max(0.0, duration - LONG_TASK_S) for start, duration in tasks if start + duration > first_paint)


def lcp_parts(view: View) -> LcpParts | None:
    """The four parts of the LCP. They add up to it: what the attribution leaves over is the render delay."""
    known = vitals(view).get("LCP")
    if not known:
        return None
    numbers = known["numbers"]
    names = ("timeToFirstByte", "resourceLoadDelay", "resourceLoadDuration")
    ttfb, delay, duration = (max(0.0, numbers.get(name, 0.0)) / 1000 for name in names)
    return LcpParts(
        ttfb=ttfb,
        load_delay=delay,
        load_duration=duration,
        render_delay=known["value"] / 1000 - ttfb - delay - duration,
    )


def ttfb_parts(view: View) -> dict[str, float]:
    """What the first byte waited for, in seconds. The parts add up to it: redirects, connection, what the server says
    by Server-Timing where that fits into the time it took, and the rest."""
    known, first = vitals(view).get("TTFB"), view.account.get("firstByte")
    if not known or not first:
        return {}
    total = known["value"] / 1000
    parts = {name: first[name] / 1000 for name in ("redirects", "connection") if first[name]}
    parts |= server_parts(view.account.get("serverTiming", {}), first["wait"])
    rest = total - sum(parts.values())
    return {**parts, REST: rest} if rest >= 0 else {REST: total}


def server_parts(timing: Mapping[str, float], wait: float) -> dict[str, float]:
    """The server's own times (ms) that add up and fit into `wait`, in seconds: its parts and what its `total` leaves
    over, or its total alone where parts overlap."""
    named = {name: ms for name, ms in timing.items() if name != TOTAL and ms > 0}
    total = timing.get(TOTAL, sum(named.values()))
    if not 0 < total <= wait:
        return {}
    left = total - sum(named.values())
    if left < 0:
        return {SERVER: total / 1000}
    return {name: ms / 1000 for name, ms in {**named, SERVER: left}.items() if ms}


def lcp_layers(
    parts: LcpParts, ttfb: Mapping[str, float], resources: Sequence[Resource], lcp_url: str
) -> dict[str, float]:
    """Which layer the LCP waited for, in seconds, largest first; `ttfb` are the parts of the first byte.

    Each moment belongs to one layer, so they add up to the LCP. Before the largest thing was asked for, and after it
    came, a page waits for its document, for what blocks rendering and for the calls that took most of the time; what is
    left is its own. From when the page wanted the largest thing until it was asked for, it waited for redirects and for
    a connection.
    """
    asked = parts.ttfb + parts.load_delay
    loaded = asked + parts.load_duration
    end = loaded + parts.render_delay
    late = parts.load_delay + parts.render_delay
    waits = list(_stretches(_waited_for(resources, end, late)))
    largest = redirects_of(lcp_url, resources) if lcp_url else []
    times = dict.fromkeys((*LAYER_ORDER, FRONTEND), 0.0)
    _add(times, 0.0, parts.ttfb, [(_connected(parts.ttfb, ttfb), parts.ttfb, BACKEND)], NETWORK)
    queued = [(item.started, asked, THIRD_PARTY if item.is_third_party else NETWORK) for item in largest[:1]]
    _add(times, parts.ttfb, asked, [*waits, *queued, *_stretches(largest[:-1])], FRONTEND)
    _add(times, asked, loaded, list(_stretches(largest)), NETWORK)
    _add(times, loaded, end, waits, FRONTEND)
    return {name: value for name, value in sorted(times.items(), key=lambda item: -item[1]) if value > 0}


def _connected(total: float, ttfb: Mapping[str, float]) -> float:
    """Seconds of the first byte that were the network's: redirects are the server's."""
    known = ttfb.get("connection", 0.0)
    has_server_times = any(name not in ("redirects", "connection", REST) for name in ttfb)
    return min(total, known + (ttfb.get(REST, 0.0) if has_server_times else 0.0))


def _waited_for(resources: Iterable[Resource], lcp: float, late: float) -> list[Resource]:
    before = [item for item in resources if item.duration and item.ended <= lcp]
    blocking = [item for item in before if item.is_blocking]
    documents = [item for item in before if item.kind == "document" and item.started >= 0 and not item.redirected_to]
    return [*blocking, *documents[:1], *awaited_calls(before, lcp, late)]


def _stretches(resources: Iterable[Resource]) -> Iterable[Stretch]:
    for item in resources:
        answered, end = item.started + min(item.wait, item.duration), item.ended
        if item.is_third_party:
            yield item.started, end, THIRD_PARTY
        else:
            yield item.started, answered, BACKEND
            yield answered, end, NETWORK


def _add(times: dict[str, float], start: float, end: float, stretches: Sequence[Stretch], rest: str) -> None:
    """Adds each moment between `start` and `end` to one layer."""
    edges = {start, end, *(edge for first, last, _ in stretches for edge in (first, last) if start < edge < end)}
    ordered = sorted(edges)
    for first, last in pairwise(ordered):
        layers = {layer for begin, finish, layer in stretches if begin <= first and last <= finish}
        times[next((layer for layer in LAYER_ORDER if layer in layers), rest)] += last - first
