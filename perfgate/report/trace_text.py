"""Traces in words: how many came, what was called, and the slowest with a link to the team's own viewer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from perfgate.model.diagnosis import Diagnosis, SlowTrace, TracedOperation, TraceEvidence
from perfgate.model.metric import Unit
from perfgate.report.escaping import code, plain, prose
from perfgate.text.units import format_value

MAX_NAMED_LAYERS = 3  # layers of a trace
MAX_LINK_CHARS = 500
_LINK = re.compile(r"https?://[\w.-]+(?::\d+)?(?:[/?#][!-~]*)?\Z", re.ASCII)
_UNSAFE = re.compile(r"[^\w./~%:?#&=+,;@!$-]", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class TracePanel:
    """Plain text for the page; links are http or https."""

    coverage: str
    operations: tuple[tuple[str, str, str, str], ...]  # layer, what, base, head
    slowest: tuple[tuple[str, str], ...]  # text, link or ""


def coverage(traces: TraceEvidence) -> str:
    text = f"traces for {traces.traced} of {traces.requests} requests"
    if traces.requests_before is not None:
        text += f", of the base for {traces.traced_before} of {traces.requests_before}"
    return text


def lines(diagnosis: Diagnosis | None) -> Iterator[str]:
    """Lines for the terminal: coverage, and the slowest trace of each side."""
    for found in diagnosis.findings if diagnosis else ():
        if found.traces is None:
            continue
        yield plain(f"{found.endpoint}: {coverage(found.traces)}", 300)
        seen: set[str] = set()
        for item in found.traces.slowest:
            if item.side not in seen:
                seen.add(item.side)
                where = _link(item) or f"trace {plain(item.trace, 40)}"
                yield f"slowest, {plain(_described(item), 200)}: {where}"


def markdown(traces: TraceEvidence | None) -> Iterator[str]:
    """Lines of safe Markdown."""
    if traces is None:
        return
    yield prose(coverage(traces)).capitalize()
    for item in traces.operations:
        before = f" instead of {_counted(item.calls_before, item.seconds_before)}" if _is_compared(item) else ""
        yield f"{prose(item.layer)} {code(item.what, 160)}: {_counted(item.calls, item.seconds)}{before}"
    for trace in traces.slowest:
        link = _link(trace)
        name = f"[{prose(trace.trace[:8])}](<{link}>)" if link else code(trace.trace, 40)
        yield f"slow: {prose(_described(trace))}, trace {name}"


def panel(traces: TraceEvidence | None) -> TracePanel | None:
    if traces is None:
        return None
    return TracePanel(
        coverage=f"{coverage(traces).capitalize()}. Calls and their time per request:",
        operations=tuple(
            (
                plain(item.layer),
                plain(item.what, 200),
                _counted(item.calls_before, item.seconds_before) if item.calls_before is not None else "–",
                _counted(item.calls, item.seconds),
            )
            for item in traces.operations
        ),
        slowest=tuple(
            (f"{plain(_described(item), 200)}, trace {plain(item.trace, 40)}", _link(item)) for item in traces.slowest
        ),
    )


def _is_compared(item: TracedOperation) -> bool:
    return item.calls_before is not None and item.seconds_before is not None


def _counted(calls: float | None, seconds: float | None) -> str:
    return f"{calls or 0.0:.3g} calls, {format_value(Unit.SECONDS, seconds or 0.0)}"


def _described(trace: SlowTrace) -> str:
    """ "head 213 ms: database 190 ms, application 20 ms"."""
    largest = sorted(trace.layers.items(), key=lambda item: -item[1])[:MAX_NAMED_LAYERS]
    parts = ", ".join(f"{layer} {format_value(Unit.SECONDS, value)}" for layer, value in largest)
    return f"{trace.side} {format_value(Unit.SECONDS, trace.seconds)}: {parts}"


def _link(trace: SlowTrace) -> str:
    """The link where it is one: a diagnosis may be a stranger's. What Markdown could misread is encoded."""
    if not trace.link or len(trace.link) > MAX_LINK_CHARS or not _LINK.match(trace.link):
        return ""
    return _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", trace.link)
