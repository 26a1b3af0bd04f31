"""The diagnosis in words: one line first, then the evidence. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from perfgate.model.diagnosis import Cause, Diagnosed, Diagnosis, LayerChange
from perfgate.model.metric import Unit
from perfgate.model.page import LCP
from perfgate.report import trace_text
from perfgate.report.escaping import code, plain, prose
from perfgate.text.units import format_difference, format_value

OF_PAGE = "From the view with the median LCP, of which every moment belongs to one layer"
BESIDE = ", beside that of the base or of a usual earlier run"
Quote = Callable[[str], str]
MAX_NAMED_LAYERS = 2  # layers in the first line
MIN_NAMED_SHARE = 0.1  # of the difference: layers with less are not named first
MAX_TEXT_CHARS, METRIC, MAX_NAME_CHARS = 300, "metric:", 120
NO_CAUSE = ("environment", "healthy")
WHERE = {"environment": "not the code", "confirmed": "confirmed", "likely": "likely", "unexplained": "not explained"}


def first_line(finding: Diagnosed, quote: Quote = plain) -> str:
    """`search` p95 +180 ms: database +170 ms, 103 queries per request instead of 3."""
    cause = finding.causes[0] if finding.causes else None
    is_named = bool(finding.layers) and (cause is None or cause.code not in NO_CAUSE)
    parts = [_named(finding)] if is_named else []
    if cause:
        whose = "the runner, not the code: " if cause.code == "environment" else ""
        parts.append(f"{whose}{cause.sentence}")
    change = "" if finding.difference is None else f" {format_difference(Unit.SECONDS, finding.difference)}"
    return f"{quote(finding.endpoint)} {plain(finding.metric)}{change}: {', '.join(filter(None, parts))}"


def _named(finding: Diagnosed) -> str:
    """The layers that make most of the difference; without a base, of the time."""
    if finding.difference is None:
        named = sorted(finding.layers, key=lambda layer: -layer.now)[:MAX_NAMED_LAYERS]
        return ", ".join(f"{layer_name(item)} {format_value(Unit.SECONDS, item.now)}" for item in named)
    least, sign = MIN_NAMED_SHARE * abs(finding.difference), 1 if finding.difference >= 0 else -1
    named = [layer for layer in finding.layers if layer.change is not None and layer.change * sign >= least]
    cause = finding.causes[0].layer if finding.causes else ""
    named = sorted(named, key=lambda layer: layer.layer != cause)  # first the layer that the cause is in
    named = named[:MAX_NAMED_LAYERS]
    return ", ".join(f"{layer_name(item)} {format_difference(Unit.SECONDS, item.change or 0.0)}" for item in named)


def layer_name(item: LayerChange) -> str:
    return "not attributed" if item.layer == "unattributed" else item.layer


def lines(diagnosis: Diagnosis | None) -> Iterator[tuple[str, str]]:
    """Lines for the terminal: each first line, and what to do ("" where there is nothing)."""
    for finding in diagnosis.findings if diagnosis else ():
        cause = finding.causes[0] if finding.causes else None
        is_named = cause is not None and cause.code not in NO_CAUSE
        sure = f" ({WHERE[cause.confidence]}: {cause.code})" if cause and is_named else ""
        yield plain(first_line(finding) + sure, MAX_TEXT_CHARS), plain(cause.remedy, MAX_TEXT_CHARS) if cause else ""


def tables(diagnosis: Diagnosis) -> Iterator[str]:
    """Tables for the terminal: the layers of each endpoint, in columns."""
    for finding in diagnosis.findings:
        rows = [("layer", "base", "head", "change", "95 %"), *map(layer_row, finding.layers)]
        widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
        yield "\n".join(
            "  ".join([row[0].ljust(widths[0]), *(cell.rjust(widths[at]) for at, cell in enumerate(row) if at)])
            for row in rows
        )


def markdown_lines(diagnosis: Diagnosis | None) -> list[str]:
    """First lines for a comment: safe Markdown."""
    result = []
    for finding in diagnosis.findings if diagnosis else ():
        _, _, rest = first_line(finding, lambda _: "").partition(" ")
        remedy = finding.causes[0].remedy if finding.causes and finding.causes[0].code != "healthy" else ""
        text = f"{code(finding.endpoint)} {prose(rest)}"
        result.append(f"{text}. {prose(remedy)}" if remedy else text)
    return result


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One endpoint's table and causes; all texts are safe Markdown."""

    endpoint: str
    rows: tuple[tuple[str, ...], ...]
    causes: tuple[str, ...]
    counts: tuple[tuple[str, ...], ...]
    note: str
    traces: tuple[str, ...] = ()


def evidence(diagnosis: Diagnosis | None) -> list[Evidence]:
    return [
        Evidence(
            endpoint=code(finding.endpoint),
            rows=tuple(layer_row(layer) for layer in finding.layers),
            causes=(
                *(_cause(cause) for cause in finding.causes),
                *(f"profile: {prose(text)}" for text in functions(finding)),
            ),
            counts=tuple((prose(name), *values) for name, *values in counts(finding)),
            note=prose(note(finding, diagnosis)),
            traces=tuple(trace_text.markdown(finding.traces)),
        )
        for finding in (diagnosis.findings if diagnosis else ())
    ]


def functions(finding: Diagnosed) -> list[str]:
    """What a profile shows and no cause has said."""
    said = [text for cause in finding.causes for text in (cause.sentence, *cause.evidence)]
    return [text for text in finding.functions if not any(text in other for other in said)]


def layer_row(item: LayerChange) -> tuple[str, ...]:
    before = format_value(Unit.SECONDS, item.baseline) if item.baseline is not None else "–"
    change = format_difference(Unit.SECONDS, item.change) if item.change is not None else "–"
    ends = item.interval if item.change is not None else None
    interval = f"{' to '.join(format_difference(Unit.SECONDS, end) for end in ends)}" if ends else "–"
    return layer_name(item), before, format_value(Unit.SECONDS, item.now), change, interval


def _cause(item: Cause) -> str:
    text = [f"**{WHERE[item.confidence]}: {item.code}** {_quoted(item.sentence)}", *map(_quoted, item.evidence)]
    return "; ".join(text)


def _quoted(text: str) -> str:
    """Safe Markdown in which what stands between backticks is code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return prose(text)
    return " ".join(code(piece) if at % 2 else prose(piece) for at, piece in enumerate(pieces) if piece.strip())


SECONDS, BYTES, RATIO = Unit.SECONDS, Unit.BYTES, Unit.RATIO


def _about(kind: str, where: str) -> dict[str, tuple[str, Unit | None]]:
    """Facts about one kind of server."""
    return {
        f"{kind}_messages": (f"messages to {where}", None),
        f"{kind}_wait": (f"waiting for {where}", SECONDS),
        f"{kind}_span": (f"waiting for {where}, side by side counted once", SECONDS),
        f"{kind}_sessions": (f"connections to {where} opened", None),
        f"{kind}_opened": (f"connections to {where} opened, as seen", None),
        f"{kind}_connects": (f"connections to {where} opened by the request", None),
        f"{kind}_connect_seconds": (f"opening connections to {where}", SECONDS),
    }


# Name of a fact -> what people read, and its unit (None: a number). In this order; `_loaded` is the same under load.
FACTS: Mapping[str, tuple[str, Unit | None]] = {
    "alone": ("latency alone", SECONDS),
    "alone_tail": ("latency alone, p95", SECONDS),
    "loaded": ("latency under load", SECONDS),
    "loaded_tail": ("latency under load, p95", SECONDS),
    "download": ("time of the answer's body", SECONDS),
    "canary_idle": ("a trivial request, alone", SECONDS),
    "canary_loaded": ("a trivial request, beside the load", SECONDS),
    "size": ("size of the answer as sent", BYTES),
    "decoded": ("size of the answer", BYTES),
    "compressed": ("answers compressed", RATIO),
    "cached": ("answers from a cache", RATIO),
    "cacheable": ("answers that may be cached", RATIO),
    "connections": ("connections opened", None),
    "queries": ("queries", None),
    "query_seconds": ("time of a query", SECONDS),
    "rows": ("rows", None),
    "lock_wait": ("waiting for locks", SECONDS),
    "commit_wait": ("commits that wait for the disk or a standby", SECONDS),
    "database": ("time by the database's own count", SECONDS),
    **_about("database", "the database"),
    "database_size": ("bytes from the database", BYTES),
    "database_connections_loaded": ("connections to the database at once", None),
    "cache_calls": ("cache commands", None),
    "cache_call_seconds": ("time of a cache command", SECONDS),
    "cache_hits": ("cache hits", RATIO),
    "cache_lookups": ("keys looked up in the cache", None),
    **_about("cache", "the cache"),
    "cache_size": ("bytes from the cache", BYTES),
    "cache_seconds": ("time by the cache's own count", SECONDS),
    **_about("external", "other services"),
    "external_calls": ("calls of other services", None),
    "external_seconds": ("time of calls of other services", SECONDS),
    "broker_messages": ("messages to the broker", None),
    "broker_wait": ("waiting for the broker", SECONDS),
    "queue_calls": ("commands that queue jobs or results", None),
    "queued": ("jobs that wait, at the end", None),
    "queue_growth": ("jobs more that wait", None),
    "application": ("the application's own time", SECONDS),
    "serialisation": ("serialising, parsing and rendering", SECONDS),
    "serialising": ("CPU time of serialising, parsing and rendering", SECONDS),
    "computing": ("CPU time of the request", SECONDS),
    "cpu": ("CPU time of the service", SECONDS),
    "cpu_delay": ("ready, but without a CPU", SECONDS),
    "stopped": ("time in which the service was stopped", RATIO),
    "throttled": ("periods in which the CPU quota was used up", RATIO),
    "unread_loaded": ("waiting to be read by the service, under load", SECONDS),
    "memory": ("memory that stays", BYTES),
    "retained": ("memory that stays on the heap", BYTES),
    "reference": ("the reference workload on this machine", SECONDS),
    "reference_cpu": ("CPU time of that work", SECONDS),
}
LOADED = "_loaded"
ALWAYS = ("alone", "loaded", "queries", "cpu", "size")
MIN_SHOWN_VALUES: Mapping[Unit | None, float] = {SECONDS: 0.0005, BYTES: 1000.0, None: 0.1}  # less is not worth a line
MIN_FACT_RATIO = 1.2  # times as much or as little: facts that moved less are left to diagnosis.json


def counts(finding: Diagnosed) -> Iterator[tuple[str, str, str]]:
    """What was seen per request and moved, or always matters: label, base, head."""
    known = [name for fact in FACTS for name in (fact, f"{fact}{LOADED}") if name in finding.facts]
    for name in [*known, *(name for name in finding.facts if name not in known and name != "samples")]:
        before, now = finding.facts[name]
        label, unit = _label(name)
        if name in ALWAYS or _has_changed(before, now, MIN_SHOWN_VALUES.get(unit, 0.0)):
            if name.startswith(METRIC):  # a name that the application gave
                label = plain(name.removeprefix(METRIC), MAX_NAME_CHARS)
            yield label, _value(unit, before), _value(unit, now)


def _label(name: str) -> tuple[str, Unit | None]:
    """What people read of a fact, and its unit."""
    base = name.removesuffix(LOADED)
    if name in FACTS or base not in FACTS:
        return FACTS.get(name, (name.replace("_", " "), None))
    label, unit = FACTS[base]
    return f"{label}, under load", unit


def _has_changed(before: float | None, now: float | None, least: float) -> bool:
    if before is None or now is None:
        return True
    return max(before, now) >= least and max(before, now) > MIN_FACT_RATIO * max(min(before, now), 0.0)


def _value(unit: Unit | None, value: float | None) -> str:
    if value is None:
        return "–"
    return format_value(unit, value) if unit else f"{value:.3g}"


def note(finding: Diagnosed, diagnosis: Diagnosis | None) -> str:
    """Where the numbers are from."""
    if finding.metric == LCP:
        return f"{OF_PAGE}{BESIDE if finding.baseline_samples else ''}."
    beside = f" of the base and {finding.samples}" if finding.baseline_samples else ""
    number = finding.baseline_samples or finding.samples
    text = f"From {number}{beside} requests of a second pass, which is not judged"
    if diagnosis and diagnosis.control:
        text += f"; control, which did not fail: {diagnosis.control}"
    if finding.clipped:
        text += f"; in {finding.clipped} Server-Timing is longer than the request"
    return f"{text}."


def doubts(diagnosis: Diagnosis | None) -> Sequence[str]:
    return diagnosis.warnings if diagnosis else ()
