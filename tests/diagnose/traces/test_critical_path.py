"""The critical path: hand-made traces, and properties of any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.diagnose.traces import critical_path, trees
from perfgate.diagnose.traces.spans import SpanOperation, TraceSpan

MS = 1_000_000
TRACE, CALLER = "a" * 32, "c" * 16
DATABASE = SpanOperation("database", "SELECT ?")
CACHE = SpanOperation("cache", "GET")
CALL = SpanOperation("external", "rates", is_closed=False)
QUEUED = SpanOperation("external", "kafka orders")


def span(name, start, end, parent="root", kind="client", operation=None, process="shop", unit=MS):
    ident = CALLER if name == CALLER else name
    return TraceSpan(TRACE, ident, parent, name, kind, start * unit, end * unit, process, operation)


def request(*spans, start=1000, end=1100):
    return [span("root", start, end, CALLER, "server"), *spans]


def parts(spans, limit=None):
    root = trees.server_span(spans, CALLER)
    return {layer: ns / MS for layer, ns in critical_path.split(trees.tree(spans, root), limit).items() if ns}


def called(spans):
    root = trees.server_span(spans, CALLER)
    return sorted(call.operation.what for call in critical_path.calls(trees.tree(spans, root)))


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        pytest.param((), {"application": 100}, id="nothing instrumented"),
        pytest.param(
            (span("a", 1010, 1030, operation=DATABASE), span("b", 1050, 1060, operation=CACHE)),
            {"application": 70, "database": 20, "cache": 10},
            id="one after the other",
        ),
        pytest.param(
            (span("a", 1010, 1090, operation=DATABASE), span("b", 1010, 1050, operation=CALL)),
            {"application": 20, "database": 80},
            id="beside each other: the longer one is waited for",
        ),
        pytest.param(
            (span("a", 1010, 1060, operation=CALL), span("b", 1040, 1090, operation=DATABASE)),
            {"application": 20, "external": 30, "database": 50},
            id="overlapping: no moment counts twice",
        ),
        pytest.param(
            (span("a", 1010, 1500, operation=DATABASE), span("b", 1020, 1030, operation=CACHE)),
            {"application": 90, "cache": 10},
            id="left running when the request ended: nobody waited for it",
        ),
        pytest.param(
            (span("a", 1020, 1080, kind="consumer", operation=None), span("b", 1030, 1070, "a", operation=DATABASE)),
            {"application": 100},
            id="a consumer is somebody else's work",
        ),
        pytest.param(
            (span("a", 1010, 1050, operation=DATABASE), span("b", 1020, 1030, "a", operation=CACHE)),
            {"application": 60, "database": 40},
            id="what is below a database's call belongs to it",
        ),
        pytest.param(
            (span("a", 1010, 1050, operation=QUEUED), span("b", 1020, 1030, "a", operation=CACHE)),
            {"application": 60, "external": 40},
            id="a message by way of Redis is no cache",
        ),
        pytest.param(
            (span("a", 1010, 1060, kind="internal"), span("b", 1020, 1050, "a", operation=DATABASE)),
            {"application": 70, "database": 30},
            id="the application's own spans",
        ),
        pytest.param(
            (span("b", 1020, 1050, "lost", operation=DATABASE),),
            {"application": 70, "database": 30},
            id="a span whose parent was lost",
        ),
        pytest.param(
            (
                span("a", 1010, 1070, operation=CALL),
                span("s", 1020, 1060, "a", "server", process="rates"),
                span("d", 1030, 1050, "s", operation=DATABASE, process="rates"),
            ),
            {"application": 40, "external": 40, "database": 20},
            id="another service's own time is external, its database is a database",
        ),
        pytest.param(
            (
                span("a", 1010, 1070, operation=CALL),
                span("s", 500_020, 500_060, "a", "server", process="rates"),
                span("d", 500_030, 500_050, "s", operation=DATABASE, process="rates"),
            ),
            {"application": 40, "external": 40, "database": 20},
            id="another machine's clock is off by minutes",
        ),
        pytest.param(
            (
                span("a", 1010, 1070, operation=CALL),
                span("s", 1020, 1095, "a", "server", process="rates"),
            ),
            {"application": 40, "external": 60},
            id="another service goes on after its answer",
        ),
        pytest.param((span("a", 1080, 1020, operation=DATABASE),), {"application": 100}, id="ends before it begins"),
    ],
)
def test_layers(spans, expected):
    assert parts(request(*spans)) == expected


def test_work_after_the_answer_delays_nobody():
    spans = request(span("a", 1010, 1020, operation=CACHE), span("b", 1060, 1090, operation=DATABASE))

    assert parts(spans, limit=50 * MS) == {"application": 40, "cache": 10}


def test_statements_one_after_the_other_are_all_counted():
    spans = request(*(span(f"q{at}", 1000 + at, 1001 + at, operation=DATABASE) for at in range(80)))

    assert parts(spans) == {"application": 20, "database": 80}
    assert called(spans) == ["SELECT ?"] * 80


def test_two_libraries_that_tell_of_one_call_count_once():
    spans = request(
        span("a", 1010, 1050, operation=DATABASE),
        span("b", 1011, 1049, "a", operation=DATABASE),
        span("c", 1060, 1070, operation=CALL),
        span("d", 1061, 1069, "c", operation=CALL),
        span("s", 1062, 1068, "d", "server", process="rates"),
        span("e", 1063, 1064, "s", operation=DATABASE, process="rates"),
    )

    assert called(spans) == ["SELECT ?", "rates", "rates: SELECT ?"]


@pytest.mark.parametrize("other", ["1011-1049", "1010-1050"])
def test_two_libraries_that_tell_of_one_call_as_siblings_count_once(other):
    start, end = map(int, other.split("-"))
    outer = span("a", 1010, 1050, operation=DATABASE)._replace(scope="sqlalchemy")
    inner = span("b", start, end, operation=DATABASE)._replace(scope="psycopg")
    after = span("c", 1050, 1060, operation=DATABASE)._replace(scope="psycopg")

    assert called(request(outer, inner, after)) == ["SELECT ?", "SELECT ?"]
    assert called(request(after, inner, outer)) == ["SELECT ?", "SELECT ?"]
    beside = inner._replace(scope="sqlalchemy")
    assert called(request(outer, beside)) == ["SELECT ?", "SELECT ?"]  # two at once, of one library


def test_a_trace_as_deep_as_a_stranger_likes():
    deep = [span("d0", 1000, 1100, operation=None, kind="internal")]
    deep += [span(f"d{at}", 1000, 1100, f"d{at - 1}", "internal") for at in range(1, 5000)]

    assert parts(request(*deep)) == {"application": 100}


def test_spans_that_are_each_others_parents_are_left_out():
    spans = request(span("a", 1010, 1050, "b", operation=DATABASE), span("b", 1010, 1050, "a", operation=DATABASE))

    assert parts(spans) == {"application": 100}


@st.composite
def traces(draw):
    """Any number of spans anywhere, of any parent, kind and process: clocks differ, children outlive parents."""
    count = draw(st.integers(0, 25))
    spans = [span("root", 1000, 1000 + draw(st.integers(0, 200)), CALLER, "server", unit=1)]
    for at in range(count):
        start = draw(st.integers(900, 1300))
        spans.append(
            span(
                f"s{at}",
                start,
                start + draw(st.integers(-20, 300)),
                draw(st.sampled_from(["root", "lost", *(f"s{other}" for other in range(count))])),
                draw(st.sampled_from(["internal", "client", "server", "producer", "consumer"])),
                draw(st.sampled_from([None, DATABASE, CACHE, CALL, QUEUED])),
                draw(st.sampled_from(["shop", "rates"])),
                unit=1,
            )
        )
    return spans


@given(traces(), st.integers(0, 300))
def test_parts_add_up_to_the_span_exactly(spans, limit):
    root = trees.server_span(spans, CALLER)
    tree = trees.tree(spans, root)

    for bound in (None, limit):
        split = critical_path.split(tree, bound)
        assert sum(split.values()) == min(root.end - root.start, limit if bound is not None else root.end)
        assert all(part >= 0 for part in split.values())


@given(traces(), st.randoms(use_true_random=False))
def test_the_order_in_which_spans_come_does_not_matter(spans, random):
    mixed = list(spans)
    random.shuffle(mixed)
    root = trees.server_span(spans, CALLER)

    assert critical_path.split(trees.tree(spans, root)) == critical_path.split(trees.tree(mixed, root))


def test_calls_of_another_service_name_it():
    spans = request(
        span("a", 1010, 1090, operation=CALL, process="shop/1"),
        span("b", 1020, 1080, "a", "server", process="prices/7"),
        span("c", 1030, 1070, "b", operation=DATABASE, process="prices/7"),
        span("d", 1091, 1095, operation=DATABASE, process="shop/2"),
    )

    assert called(spans) == ["SELECT ?", "prices: SELECT ?", "rates"]
