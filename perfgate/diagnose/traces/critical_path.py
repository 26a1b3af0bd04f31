"""The critical path of a trace, in layers: which work the end of the request waited for, at each moment. Pure.

From the end backwards, the child that finished last is on the path until it began, and so on: parts do not overlap and
add up to the whole, though children ran beside each other (Uber's CRISP, USENIX ATC 2022).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from perfgate.diagnose.traces.spans import SpanOperation, service_of
from perfgate.diagnose.traces.trees import Node, Tree
from perfgate.model.diagnosis import Layer


class Place(NamedTuple):
    """What the time of a span counts as, and whether all below it does too."""

    layer: Layer
    is_closed: bool = False


class TracedCall(NamedTuple):
    """A call that the request waited for. `seconds` is its whole time, on the critical path or not."""

    operation: SpanOperation
    seconds: float


OWN = Place("application")


def split(tree: Tree, limit: int | None = None) -> dict[Layer, int]:
    """Nanoseconds per layer: they add up to the root's time, or to its first `limit` ns."""
    totals: dict[Layer, int] = {}
    root = tree.root
    waiting = [(root, OWN, root.start, _end(root, limit))]
    while waiting:
        node, place, low, high = waiting.pop()
        cursor = high
        for child, start, end in _last_first(tree.children.get(node.span.id, ()), low, high):
            totals[place.layer] = totals.get(place.layer, 0) + cursor - end
            waiting.append((child, _place(child, place), start, end))
            cursor = start
        totals[place.layer] = totals.get(place.layer, 0) + cursor - low
    return totals


def calls(tree: Tree, limit: int | None = None) -> Iterator[TracedCall]:
    """Calls, each once: where two instrumented libraries report the same, the outer one. Some of them (SQLAlchemy's)
    do not tell the inner one whose child it is: then it lies inside a sibling."""
    high = _end(tree.root, limit)
    inside = {tree.root.span.id: False}  # whether a span is part of a call in its own process
    twice: dict[str, set[str]] = {}
    for node, parent in tree.below():
        was = inside[parent.span.id] and node.span.kind != "server"
        operation = node.span.operation
        is_call = operation is not None and operation.layer != "serialisation"
        inside[node.span.id] = was or is_call
        if parent.span.id not in twice:
            twice = {
                parent.span.id: _reported_twice(tree.children[parent.span.id])
            }  # siblings come one after the other
        is_told = node.span.id in twice[parent.span.id]
        if operation is not None and operation.is_call and not was and not is_told and node.start < high:
            yield TracedCall(_of_service(operation, node, tree.root), (min(node.end, high) - node.start) / 1e9)


def _of_service(operation: SpanOperation, node: Node, root: Node) -> SpanOperation:
    """The operation; one that another service than the request's sends begins with that service's name."""
    service = service_of(node.span.process)
    if not service or service == service_of(root.span.process):
        return operation
    return operation._replace(what=f"{service}: {operation.what}")


def _reported_twice(children: Sequence[Node]) -> set[str]:
    """Ids of calls that lie inside a sibling's of another library, of the same layer and process."""
    latest: dict[tuple[Layer, str], dict[str, int]] = {}  # the two libraries whose calls end last, so far
    inner = set[str]()
    for node in sorted(children, key=lambda node: (node.start, -node.end, node.span.id)):
        operation, scope = node.span.operation, node.span.scope
        if operation is None or not operation.is_call:
            continue
        ends = latest.setdefault((operation.layer, node.span.process), {})
        if any(end >= node.end for other, end in ends.items() if other != scope):
            inner.add(node.span.id)
            continue
        ends[scope] = max(node.end, ends.get(scope, 0))
        if len(ends) > 2:
            del ends[min(ends, key=lambda scope: ends[scope])]
    return inner


def _end(root: Node, limit: int | None) -> int:
    return root.end if limit is None else min(root.end, root.start + max(0, limit))


def _place(node: Node, above: Place) -> Place:
    if above.is_closed:
        return above
    if node.span.operation is not None:
        return Place(node.span.operation.layer, node.span.operation.is_closed)
    return Place("external") if node.span.kind == "server" else above


def _last_first(children: Sequence[Node], low: int, high: int) -> Iterator[tuple[Node, int, int]]:
    """The children on the path between `low` and `high`, with the part of their time that is on it.

    Of those that run at the same moment, the one that ended first after it: what began then most likely waited for it.
    """
    inside = [(min(node.end, high), max(node.start, low), at) for at, node in enumerate(children)]
    by_end = sorted((item for item in inside if item[1] < item[0]), key=lambda item: (item[0], item[1]))
    running: list[tuple[int, int, int]] = []
    cursor = high
    while by_end or running:
        if not running:
            cursor = min(cursor, by_end[-1][0])
        while by_end and by_end[-1][0] >= cursor:
            heappush(running, by_end.pop())
        while running and running[0][1] >= cursor:
            heappop(running)
        if running:
            _, start, at = heappop(running)
            yield children[at], start, cursor
            cursor = start
