"""How a load goes just now -> families. Totals go on over the parts of a run, and over the rounds of a watch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from perfgate.export.families import Buckets, Family, Labels, Point, filled, gauges, label
from perfgate.model.run import LATENCY_BOUNDS, EndpointProgress, Progress

Key = tuple[str, str, str]


class LiveTotals:
    """Totals since the beginning, whatever number of loads they come from."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._load = 0
        self._before: dict[Key, EndpointProgress] = {}  # of the loads that are over
        self._newest: dict[Key, EndpointProgress] = {}

    def families(self, progress: Progress) -> tuple[Family, ...]:
        """Nothing where the progress does not tell of endpoints."""
        if not progress.endpoints:
            return ()
        if progress.load != self._load:
            self._load, self._before = progress.load, self._newest
        own = {(item.kind, item.name, item.arm): item for item in progress.endpoints}
        self._newest = {**self._before, **{key: _sum(item, self._before.get(key)) for key, item in own.items()}}
        return filled((*self._of_endpoints(), *self._of_load(progress.in_flight, progress.users)))

    def idle(self) -> tuple[Family, ...]:
        """What is true between two loads: there are no last seconds, so that family has no points."""
        return (*self._of_load(0, 0), self._recent(()))

    def _of_load(self, in_flight: int, users: int) -> Iterator[Family]:
        yield gauges("perfgate.requests.in_flight", "{request}", "Requests under way.", [(in_flight, self._labels)])
        yield gauges("perfgate.users", "{user}", "Virtual users.", [(users, self._labels)])

    def _of_endpoints(self) -> Iterator[Family]:
        labelled = [(self._labels_of(item), item) for item in self._newest.values()]
        yield Family(
            name="perfgate.requests",
            unit="{request}",
            kind="counter",
            help="Requests that have ended, those of the warm-up too.",
            points=tuple(Point(value=float(item.requests), labels=labels) for labels, item in labelled),
        )
        yield Family(
            name="perfgate.request.failures",
            unit="{request}",
            kind="counter",
            help="Requests that failed, by why.",
            points=tuple(
                Point(value=float(number), labels={**labels, "error.type": label(why)})
                for labels, item in labelled
                for why, number in item.failures.items()
            ),
        )
        yield Family(
            name="perfgate.request.duration",
            unit="s",
            kind="histogram",
            help="Latency of successful requests; a timeout counts at its timeout.",
            points=tuple(Point(value=_buckets(item), labels=labels) for labels, item in labelled),
        )
        yield self._recent(labelled)

    def _recent(self, labelled: Sequence[tuple[Labels, EndpointProgress]]) -> Family:
        return gauges(
            "perfgate.request.duration.recent",
            "s",
            "Percentiles of the latency over the last seconds.",
            [(value, {**labels, "metric": name}) for labels, item in labelled for name, value in item.recent.items()],
        )

    def _labels_of(self, item: EndpointProgress) -> Labels:
        arm = {"arm": item.arm} if item.arm else {}
        return {**self._labels, "endpoint": label(item.name), "kind": item.kind, **arm}


def _sum(item: EndpointProgress, before: EndpointProgress | None) -> EndpointProgress:
    if before is None:
        return item
    kinds = {**before.failures, **item.failures}
    return replace(
        item,
        requests=before.requests + item.requests,
        failures={why: before.failures.get(why, 0) + item.failures.get(why, 0) for why in kinds},
        buckets=tuple(map(sum, zip(before.buckets, item.buckets, strict=True))),
        seconds=before.seconds + item.seconds,
    )


def _buckets(item: EndpointProgress) -> Buckets:
    return Buckets(bounds=LATENCY_BOUNDS, counts=item.buckets, total=item.seconds)
