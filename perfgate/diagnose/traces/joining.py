"""Spans -> samples: each request of the second pass gets the parts of its own trace, joined by its id. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from perfgate.diagnose.facts import ProbeCounts, Statement
from perfgate.diagnose.partition import ReplaySample
from perfgate.diagnose.traces import critical_path, trees
from perfgate.diagnose.traces.critical_path import TracedCall
from perfgate.diagnose.traces.spans import TraceSpan
from perfgate.model.diagnosis import Layer
from perfgate.text.server_timing import ServerTiming

PARTS: tuple[Layer, ...] = ("database", "cache", "external", "serialisation")
COUNTED: tuple[Layer, ...] = ("database", "cache", "external")
Spans = Mapping[str, Sequence[TraceSpan]]


@dataclass(frozen=True, kw_only=True)
class SplitTrace:
    """What the trace of one request says: nanoseconds per layer, and its calls."""

    parts: Mapping[Layer, int]
    calls: tuple[TracedCall, ...]


@dataclass(kw_only=True)
class OperationTotals:
    calls: int = 0
    seconds: float = 0.0
    rows: int = 0
    counted_rows: int = 0  # calls that told their rows


@dataclass(frozen=True, kw_only=True)
class TracedSide:
    """One side of one endpoint."""

    samples: tuple[ReplaySample, ...]
    ids: frozenset[str] = frozenset()  # of the traces that came
    totals: Mapping[tuple[Layer, str], OperationTotals] = field(default_factory=dict)

    @property
    def traced(self) -> int:
        return len(self.ids)

    def counts(self) -> ProbeCounts:
        """The statements, per traced request, those with most time first."""
        each = self.traced or 1
        statements = [
            Statement(
                fingerprint=what,
                calls=item.calls / each,
                rows=item.rows / each,
                seconds=item.seconds / item.calls,
            )
            for (layer, what), item in self.totals.items()
            if layer == "database"
        ]
        databases = [item for (layer, _), item in self.totals.items() if layer == "database"]
        has_rows = bool(databases) and all(item.counted_rows == item.calls for item in databases)
        values = {"rows": sum(item.rows for item in databases) / each} if has_rows else {}
        return ProbeCounts(
            values=values, statements=tuple(sorted(statements, key=lambda item: -item.calls * item.seconds))
        )


def split_traces(samples: Iterable[ReplaySample], spans: Spans) -> dict[str, SplitTrace]:
    """Trace id -> split, of the samples whose server span came. Where no span names perfgate's own as its parent, a
    proxy between them has told its own elsewhere."""
    sent = {sample.trace: sample for sample in samples if sample.trace in spans}
    roots = {trace: trees.server_span(spans[trace], trace[16:]) for trace in sent}
    if not any(roots.values()):
        roots = {trace: trees.outermost(spans[trace]) for trace in sent}
    return {
        trace: _split(spans[trace], root, int(min(sample.first_byte, sample.service) * 1e9))
        for trace, sample in sent.items()
        if (root := roots[trace]) is not None
    }


def _split(spans: Sequence[TraceSpan], root: TraceSpan, limit: int) -> SplitTrace:
    """`limit` (ns) is when the client had its answer: work after it delayed nobody."""
    tree = trees.tree(spans, root)
    return SplitTrace(parts=critical_path.split(tree, limit), calls=tuple(critical_path.calls(tree, limit)))


def layers_of(splits: Iterable[SplitTrace]) -> frozenset[Layer]:
    """Layers that any trace knows: in the others they are nothing, and not unknown."""
    return frozenset(
        layer
        for split in splits
        for layer in (*split.parts, *(call.operation.layer for call in split.calls))
        if layer in PARTS
    )


def joined(samples: Sequence[ReplaySample], splits: Mapping[str, SplitTrace], known: frozenset[Layer]) -> TracedSide:
    totals: dict[tuple[Layer, str], OperationTotals] = {}
    ids = frozenset(sample.trace for sample in samples if sample.trace in splits)
    for trace in ids:
        for call in splits[trace].calls:
            item = totals.setdefault((call.operation.layer, call.operation.what), OperationTotals())
            item.calls += 1
            item.seconds += call.seconds
            if call.operation.rows is not None:
                item.rows += call.operation.rows
                item.counted_rows += 1
    timed = tuple(
        replace(sample, timing=_timing(split, sample.timing, known)) if (split := splits.get(sample.trace)) else sample
        for sample in samples
    )
    return TracedSide(samples=timed, ids=ids, totals=totals)


def _timing(split: SplitTrace, stated: ServerTiming, known: frozenset[Layer]) -> ServerTiming:
    """What a Server-Timing header told stays where no trace knows better."""
    seconds = {part: value for part, value in stated.seconds.items() if part not in (*known, "total")}
    seconds |= {part: split.parts.get(part, 0) / 1e9 for part in PARTS if part in known}
    seconds["total"] = sum(split.parts.values()) / 1e9
    number = {part: sum(call.operation.layer == part for call in split.calls) for part in COUNTED if part in known}
    calls = {part: count for part, count in stated.calls.items() if part not in known} | number
    return replace(stated, seconds=seconds, calls=calls)
