"""Spans of one trace -> the tree below the request's server span, each process' clock set to its caller's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from perfgate.diagnose.traces.spans import TraceSpan

CLOCK_SLACK_NS = (
    1_000_000  # by which a child may outlive the parent that waited for it: clocks of one process differ too
)
MAX_TRACE_SPANS = 20_000  # spans of one trace that are looked at


class Node(NamedTuple):
    """A span; `start` and `end` (ns) are in the clock of the request's server span."""

    span: TraceSpan
    start: int
    end: int


@dataclass(frozen=True)
class Tree:
    """`children` maps a span's id to what it waited for: what it left running when it ended is not in it."""

    root: Node
    children: Mapping[str, Sequence[Node]]

    def below(self) -> Iterator[tuple[Node, Node]]:
        """(node, its parent) of all but the root, parents first."""
        waiting = [self.root]
        while waiting:
            parent = waiting.pop()
            for node in self.children.get(parent.span.id, ()):
                yield node, parent
                waiting.append(node)


def server_span(spans: Sequence[TraceSpan], caller: str) -> TraceSpan | None:
    """The span that answers the request whose span is `caller`; of several hops, the outermost."""
    answers = [span for span in spans if span.parent == caller]
    return max(answers, key=lambda span: (span.kind == "server", span.end - span.start), default=None)


def outermost(spans: Sequence[TraceSpan]) -> TraceSpan | None:
    """The longest server span whose parent nobody has: a proxy that tells its spans elsewhere is between."""
    known = {span.id for span in spans}
    tops = [span for span in spans if span.kind == "server" and span.parent not in known]
    return max(tops, key=lambda span: span.end - span.start, default=None)


def tree(spans: Sequence[TraceSpan], root: TraceSpan) -> Tree:
    """Spans whose parent is missing are the root's own children."""
    unique = {span.id: span for span in spans[:MAX_TRACE_SPANS] if span.id != root.id}
    below: dict[str, list[TraceSpan]] = {}
    for span in unique.values():
        below.setdefault(span.parent if span.parent in unique else root.id, []).append(span)
    children: dict[str, tuple[Node, ...]] = {}
    waiting = [(Node(root, root.start, max(root.start, root.end)), 0)]
    top = waiting[0][0]
    while waiting:
        parent, shift = waiting.pop()
        spans_below = sorted(below.pop(parent.span.id, ()), key=lambda span: (span.start, span.end, span.id))
        nodes = list(_awaited(spans_below, parent, shift))  # in an order that does not depend on who came first
        children[parent.span.id] = tuple(node for node, _ in nodes)
        waiting += nodes
    return Tree(top, children)


def _awaited(spans: Iterable[TraceSpan], parent: Node, shift: int) -> Iterator[tuple[Node, int]]:
    for span in spans:
        is_foreign = span.process != parent.span.process
        own = shift + (_skew(span, parent, shift) if is_foreign else 0)
        node = Node(span, span.start + own, max(span.start, span.end) + own)
        outlives = node.end > parent.end + CLOCK_SLACK_NS and not is_foreign
        if span.kind != "consumer" and not outlives:
            yield node, own


def _skew(span: TraceSpan, parent: Node, shift: int) -> int:
    """Offset of another process' clock (ns): its span lies within the call, in the middle if it does not."""
    start, end = span.start + shift, span.end + shift
    if parent.start <= start and end <= parent.end:
        return 0
    room = (parent.end - parent.start) - (end - start)
    if room >= 0:
        return parent.start + room // 2 - start
    return 0 if parent.start <= start < parent.end else parent.start - start
