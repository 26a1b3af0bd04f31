"""What a browser recorded of one view -> its metrics. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from perfgate.model.page import LcpParts, Resource

LONG_TASK = 0.05  # s; what is beyond blocks input (web.dev: Total Blocking Time)
VITALS = {"LCP": "lcp", "FCP": "fcp", "TTFB": "ttfb", "INP": "inp", "CLS": "cls"}
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


def metrics(view: View) -> dict[str, float]:
    """Only what was measured: without interactions there is no INP, and a page that paints nothing has no LCP."""
    if view.failure:
        return {}
    known = view.account.get("metrics", {})
    values = {
        name: known[vital]["value"] / (1 if name == "cls" else 1000)
        for vital, name in VITALS.items()
        if vital in known and (vital != "INP" or view.has_interactions)
    }
    if "fcp" in values:
        values.setdefault("cls", 0.0)
    tasks = [(item["start"] / 1000, item["duration"] / 1000) for item in view.account.get("tasks", [])]
    values["tbt"] = blocking_time(tasks, values.get("fcp", 0.0))
    values["long_tasks"] = float(len(tasks))
    fetched = [item for item in view.resources if item.status]
    values["transfer"] = float(sum(item.size for item in fetched))
    values["requests"] = float(len(fetched))
    values["third_party"] = float(sum(item.size for item in fetched if item.is_third_party))
    for kind, name in SIZES.items():
        values[name] = float(sum(item.size for item in fetched if item.kind == kind))
    if view.coverage:
        values["unused_js"], values["unused_css"] = map(float, view.coverage)
    return values


def blocking_time(tasks: Iterable[tuple[float, float]], first_paint: float) -> float:
    """Seconds beyond LONG_TASK of each task (start, duration) after the first contentful paint."""
    return sum(max(0.0, duration - LONG_TASK) for start, duration in tasks if start + duration > first_paint)


def lcp_parts(view: View) -> LcpParts | None:
    """The four parts of the LCP. They add up to it: what the attribution leaves over is the render delay."""
    known = view.account.get("metrics", {}).get("LCP")
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
