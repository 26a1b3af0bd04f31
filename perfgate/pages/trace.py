"""A trace of Chromium (Trace Event Format) of one view -> a filmstrip, and what the main thread did. Pure.

Times of nested events count once: for the outermost script that runs, and for what it makes the browser do.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SCRIPTS = frozenset({"EvaluateScript", "FunctionCall", "v8.compile", "v8.compileModule", "v8.evaluateModule"})
KINDS: Mapping[str, str] = {  # event -> what it is for people
    **dict.fromkeys(SCRIPTS, "scripts"),
    **dict.fromkeys(("FireAnimationFrame", "TimerFire", "RunMicrotasks", "EventDispatch"), "scripts"),
    **dict.fromkeys(("Layout", "UpdateLayoutTree", "InvalidateLayout", "RecalculateStyles"), "style and layout"),
    **dict.fromkeys(("Paint", "PrePaint", "Layerize", "Commit", "UpdateLayer", "CompositeLayers"), "painting"),
    **dict.fromkeys(("ParseHTML", "ParseAuthorStyleSheet"), "parsing"),
    **dict.fromkeys(("MinorGC", "MajorGC", "V8.GCScavenger", "V8.GC_MARK_COMPACTOR"), "garbage collection"),
}
TASK = "RunTask"
OTHER = "other"
MAX_FRAMES, MAX_FRAME_BYTES = 8, 60_000  # of a filmstrip: pictures, and bytes of one
MAX_SCRIPTS = 5

Event = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class TracedView:
    """Seconds. `frames` are JPEG pictures by when they were shown, since the navigation began."""

    frames: tuple[tuple[float, bytes], ...] = ()
    main_thread: Mapping[str, float] = field(default_factory=dict)
    script_times: tuple[tuple[str, float], ...] = ()


def read(data: bytes) -> TracedView:
    """What is in a trace; nothing of one that cannot be read."""
    try:
        events: list[Event] = json.loads(data)["traceEvents"]
    except (ValueError, KeyError, TypeError):
        return TracedView()
    began, thread = _navigation(events)
    if thread is None:
        return TracedView()
    own = sorted(
        (e for e in events if e.get("ph") == "X" and (e["pid"], e["tid"]) == thread and e["ts"] >= began),
        key=lambda event: (event["ts"], -event.get("dur", 0)),
    )
    main, scripts = _time_by_kind(own)
    return TracedView(
        frames=_filmstrip([event for event in events if _is_picture(event)], began),
        main_thread=main,
        script_times=tuple(sorted(scripts.items(), key=lambda item: -item[1])[:MAX_SCRIPTS]),
    )


def _navigation(events: Iterable[Event]) -> tuple[float, tuple[int, int] | None]:
    """When the last navigation of a page itself began (microseconds), and its main thread."""
    latest: Event | None = None
    for event in events:
        if event.get("name") != "navigationStart":
            continue
        data = event.get("args", {}).get("data") or {}
        is_page = data.get("isOutermostMainFrame", True) and str(data.get("documentLoaderURL", "")).startswith("http")
        if is_page and (latest is None or event["ts"] >= latest["ts"]):
            latest = event
    if latest is None:
        return 0.0, None
    return float(latest["ts"]), (latest["pid"], latest["tid"])


def _time_by_kind(events: Sequence[Event]) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds of the main thread by kind, each moment with the innermost kind; and by script, the outermost's."""
    kinds: dict[str, float] = {}
    scripts: dict[str, float] = {}
    stack: list[tuple[float, str, str]] = []  # end, kind, script
    for event in events:
        start, duration = event["ts"], event.get("dur", 0)
        while stack and stack[-1][0] <= start:
            stack.pop()
        kind = KINDS.get(event["name"], "")
        if not kind and (event["name"] != TASK or stack):
            continue
        kind = kind or OTHER
        kinds[kind] = kinds.get(kind, 0.0) + duration
        if stack:
            kinds[stack[-1][1]] -= duration
        outer = stack[-1][2] if stack else ""
        url = outer or _script(event)
        if url and not outer:
            scripts[url] = scripts.get(url, 0.0) + duration
        stack.append((start + duration, kind, url))
    return _seconds(kinds), _seconds(scripts)


def _script(event: Event) -> str:
    if event["name"] not in SCRIPTS:
        return ""
    data = event.get("args", {}).get("data") or {}
    return str(data.get("url") or event.get("args", {}).get("fileName") or "")


def _seconds(times: Mapping[str, float]) -> dict[str, float]:
    known = {name: round(max(0.0, value) / 1e6, 6) for name, value in times.items()}
    return {name: value for name, value in sorted(known.items(), key=lambda item: -item[1]) if value}


def _is_picture(event: Event) -> bool:
    """Whether it is a picture, and not a mark of the page of that name (`performance.mark`)."""
    return event.get("name") == "Screenshot" and "snapshot" in event.get("args", {})


def _filmstrip(events: Sequence[Event], began: float) -> tuple[tuple[float, bytes], ...]:
    """Pictures at even times from the beginning to the last change; the same picture once."""
    frames: list[tuple[float, bytes]] = []
    for event in sorted(events, key=lambda event: float(event["ts"])):
        picture = b64decode(event["args"]["snapshot"])
        if event["ts"] >= began and len(picture) <= MAX_FRAME_BYTES and (not frames or frames[-1][1] != picture):
            frames.append(((event["ts"] - began) / 1e6, picture))
    if len(frames) <= MAX_FRAMES:
        return tuple(frames)
    end = frames[-1][0]
    chosen = {
        max((at for at, (time, _) in enumerate(frames) if time <= end * number / (MAX_FRAMES - 1)), default=0)
        for number in range(MAX_FRAMES)
    }
    return tuple(frames[at] for at in sorted(chosen | {len(frames) - 1}))
