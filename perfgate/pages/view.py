"""What a browser recorded of one view -> its metrics. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from perfgate.model.page import LcpParts, Resource

LONG_TASK = 0.05  # s; what is beyond blocks input (web.dev: Total Blocking Time)
MAX_GAP_MS, MAX_WINDOW_MS = 1000.0, 5000.0  # of a session window of layout shifts
AFTER_INPUT_MS = 500.0
VITALS = {"LCP": "lcp", "FCP": "fcp", "TTFB": "ttfb", "INP": "inp"}
SIZES = {"script": "js_size", "stylesheet": "css_size", "image": "image_size"}


@dataclass(frozen=True, kw_only=True)
class View:
    """One view. `account` is what `scripts/read.js` returns; `failure` is empty for a view that counts, else a kind and
    a sentence."""

    account: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[Resource, ...] = ()
    failure: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()
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
    for kind, name in SIZES.items():
        values[name] = float(sum(item.size for item in fetched if item.kind == kind))
    if view.coverage:
        values["unused_js"], values["unused_css"] = map(float, view.coverage)
    return values


def vitals(view: View) -> Mapping[str, Any]:
    """What web-vitals reports of the navigation that is measured: name -> value and what it is made of."""
    wanted = view.account.get("navigation", 0)
    own = (item["metrics"] for item in view.account.get("navigations", ()) if item["id"] == wanted)
    known: Mapping[str, Any] = next(own, {})
    return known


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
    """Seconds beyond LONG_TASK of each task (start, duration) after the first contentful paint."""
    return sum(max(0.0, duration - LONG_TASK) for start, duration in tasks if start + duration > first_paint)


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
