"""Samples with the parts of their own traces: exact sums, coverage, and what a header told besides."""

from __future__ import annotations

import pytest

from perfgate.diagnose.partition import ReplaySample, partition
from perfgate.diagnose.traces import environment, evidence, joining
from perfgate.diagnose.traces.spans import SpanOperation, TraceSpan
from perfgate.text.server_timing import ServerTiming

PREFIX = "a" * 16
MS = 1_000_000


def sample(number: int, latency: float = 0.1, **more: object) -> ReplaySample:
    values = {"wait": 0.0, "first_byte": latency, "service": latency, "trace": f"{PREFIX}{number:016x}", **more}
    return ReplaySample(**values)  # type: ignore[arg-type]


def trace(
    number: int, *operations: SpanOperation, took: int = 90, parent: str = ""
) -> tuple[str, tuple[TraceSpan, ...]]:
    """A request of `took` ms, with one call of 10 ms after the other."""
    ident = f"{PREFIX}{number:016x}"
    root = TraceSpan(ident, "root", parent or ident[16:], "GET", "server", MS, MS + took * MS)
    calls = [
        TraceSpan(ident, f"s{at}", "root", "call", "client", MS * (1 + 10 * at), MS * (11 + 10 * at), "", operation)
        for at, operation in enumerate(operations)
    ]
    return ident, (root, *calls)


QUERY, GET = SpanOperation("database", "SELECT ?", rows=2), SpanOperation("cache", "GET")


def side(samples: list[ReplaySample], spans: joining.Spans) -> joining.TracedSide:
    splits = joining.split_traces(samples, spans)
    return joining.joined(samples, splits, joining.layers_of(splits.values()))


def test_parts_of_a_trace_add_up_to_the_latency():
    found = side([sample(1), sample(2)], dict([trace(1, QUERY, QUERY), trace(2, GET)]))

    parts = [partition(item)[0] for item in found.samples]

    assert [sum(item.values()) for item in parts] == [pytest.approx(0.1, abs=1e-12)] * 2
    assert parts[0]["database"] == pytest.approx(0.02)
    assert parts[0]["application"] == pytest.approx(0.07)
    assert parts[0]["queue"] == pytest.approx(0.01)
    assert (found.samples[1].timing.calls, found.samples[0].timing.calls["database"]) == (
        {"database": 0, "cache": 1},
        2,
    )


def test_statements_and_rows_are_per_traced_request():
    found = side([sample(1), sample(2), sample(3)], dict([trace(1, QUERY, QUERY, QUERY, QUERY), trace(2)]))

    [statement] = found.counts().statements
    assert (found.traced, len(found.samples)) == (2, 3)
    assert (statement.fingerprint, statement.calls, statement.rows) == ("SELECT ?", 2.0, 4.0)
    assert statement.seconds == pytest.approx(0.01)
    assert found.counts().values == {"rows": 4.0}


def test_a_request_without_a_trace_is_not_split_and_that_is_said():
    found = side([sample(1), sample(2)], dict([trace(1, QUERY)]))

    assert partition(found.samples[1])[0]["unattributed"] == pytest.approx(0.1)
    assert list(evidence.problems("search", found)) == [
        "diagnose.traces: traces for 1 of 2 requests of search; the others are not split"
    ]


def test_an_application_without_instrumentation_is_said():
    [problem] = evidence.problems("search", side([sample(1)], {}))

    assert problem.startswith("diagnose.traces: no trace came for the 1 requests of search.")


def test_a_server_span_that_takes_longer_than_the_answer_is_cut():
    found = side([sample(1, latency=0.015)], dict([trace(1, QUERY, QUERY, QUERY)]))

    parts = partition(found.samples[0])[0]
    assert parts["database"] == pytest.approx(0.015)
    assert sum(parts.values()) == pytest.approx(0.015, abs=1e-12)
    assert found.samples[0].timing.calls["database"] == 2


def test_a_proxy_between_that_tells_its_spans_elsewhere_hides_nothing():
    found = side([sample(1)], dict([trace(1, QUERY, parent="f" * 16)]))

    assert found.traced == 1


def test_what_a_header_told_stays_where_no_trace_knows_better():
    told = ServerTiming(seconds={"total": 0.08, "database": 0.07, "cache": 0.005, "cpu": 0.004}, calls={"cache": 3})

    found = side([sample(1, timing=told)], dict([trace(1, QUERY)]))

    timing = found.samples[0].timing
    assert timing.seconds == {"total": 0.09, "database": 0.01, "cache": 0.005, "cpu": 0.004}
    assert timing.calls == {"cache": 3, "database": 1}


def test_operations_are_those_that_changed_most():
    head = side([sample(1)], dict([trace(1, QUERY, QUERY, QUERY, GET)]))
    base = side([sample(2)], dict([trace(2, QUERY, GET)]))

    found = evidence.evidence(head, base, "https://ui.example/trace/{trace_id}?a={x}")

    assert [(item.what, item.calls_before, item.calls) for item in found.operations] == [
        ("SELECT ?", 1.0, 3.0),
        ("GET", 1.0, 1.0),
    ]
    assert [item.link for item in found.slowest] == [
        f"https://ui.example/trace/{PREFIX}{number:016x}?a={{x}}" for number in (1, 2)
    ]
    assert sum(found.slowest[0].layers.values()) == pytest.approx(found.slowest[0].seconds, abs=1e-12)


def test_a_proxy_of_the_environment_is_not_for_the_receiver():
    assert environment.block("http://127.0.0.1:1", {"HTTP_PROXY": "http://p", "NO_PROXY": "a.example"})["NO_PROXY"] == (
        "a.example,127.0.0.1"
    )
    assert "NO_PROXY" not in environment.block("http://127.0.0.1:1", {})
