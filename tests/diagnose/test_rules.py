"""Facts of base and head, and the cause that they name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from perfgate.diagnose.codes import CODES
from perfgate.diagnose.facts import PassFacts, Statement
from perfgate.diagnose.rules import Case, explain
from perfgate.model.diagnosis import Layer, LayerChange

SOUND = PassFacts(
    samples=300,
    alone=0.010,
    loaded=0.012,
    canary_idle=0.001,
    canary_loaded=0.002,
    size=2000,
    decoded=2000,
    compressed=1.0,
    cached=0.9,
    cacheable=1.0,
    connections=0.01,
    queries=3,
    query_seconds=0.001,
    cache_calls=1,
    cache_call_seconds=0.0005,
    external_calls=1,
    external_seconds=0.002,
    rows=20,
    cpu=0.004,
    memory=10,
    cache_hits=0.9,
    statements=(Statement(fingerprint="select * from items where order_id = $1", calls=1, rows=10, seconds=0.0005),),
)


def case(
    layer: Layer = "unattributed",
    *,
    by: float = 0.02,
    control: tuple[PassFacts, PassFacts] | None = None,
    **changes: object,
) -> Case:
    """Head is slower by `by` seconds, in `layer`, and otherwise as said."""
    moved = {"alone": 0.010 + by, "loaded": 0.012 + by, **changes}
    change = LayerChange(layer=layer, baseline=0.001, now=0.001 + by, change=by, interval=(by / 2, by * 2))
    return Case(base=SOUND, head=replace(SOUND, **moved), layers=(change,), difference=by, control=control)  # type: ignore[arg-type]


SCANNED = Statement(
    fingerprint="select * from items where order_id = $1",
    calls=1,
    rows=10,
    seconds=0.02,
    scans=("items",),
    columns=("order_id",),
)

TABLE = [
    (case("database", queries=103), "repeated-statement", "confirmed"),
    (case("database", query_seconds=0.02), "slower-statement", "confirmed"),
    (case("database", query_seconds=0.02, statements=(SCANNED,)), "sequential-scan", "confirmed"),
    (case("database", rows=2000), "more-rows", "confirmed"),
    (case("database", cached=0.2, queries=4), "cache-lost", "likely"),
    (case("database", cached=0.03, queries=4), "cache-lost", "confirmed"),
    (case("application", by=0.0, size=900_000, decoded=900_000), "payload", "likely"),
    (case("cache", cache_calls=51), "cache-repeated", "confirmed"),
    (case("cache", cache_call_seconds=0.02), "cache-slower", "confirmed"),
    (case("external", external_calls=5), "external-repeated", "confirmed"),
    (case("external", external_seconds=0.022), "external-slower", "confirmed"),
    (case("application", cpu=0.024), "cpu", "confirmed"),
    (case("queue", canary_loaded=0.1), "blocking-call", "confirmed"),
    (case("queue", alone=0.0101, loaded=0.060), "contention", "likely"),
    (case("download", size=900_000, decoded=900_000), "payload", "confirmed"),
    (case("download", size=9000, compressed=0.0), "compression-lost", "confirmed"),
    (case("network", connections=1.0), "connections-closed", "confirmed"),
    (case("application"), "waiting", "likely"),
    (case("application", cpu=None), "unexplained", "unexplained"),
    (case("application", by=0.0), "healthy", "confirmed"),
    (case("application", by=0.0, memory=200_000), "memory-growth", "confirmed"),
]


@pytest.mark.parametrize(("seen", "code", "confidence"), TABLE, ids=[code for _, code, _ in TABLE])
def test_the_cause_named_first(seen: Case, code: str, confidence: str):
    first = explain(seen)[0]

    assert (first.code, first.confidence) == (code, confidence)
    assert first.sentence
    assert first.remedy


def test_every_code_is_tried_here_and_documented():
    page = (Path(__file__).parents[2] / "docs" / "diagnosis.md").read_text(encoding="utf-8")

    assert {code for _, code, _ in TABLE} | {"environment"} == set(CODES)
    assert [code for code in CODES if f"| `{code}` |" not in page] == []


def test_a_cache_that_is_still_cold_is_not_a_lost_one():
    codes = [cause.code for cause in explain(case("application", cached=0.5))]

    assert codes == ["waiting"]


def test_a_slow_machine_is_not_blamed_on_the_code():
    control = (replace(SOUND, alone=0.005), replace(SOUND, alone=0.015))

    [cause] = explain(case("application", cpu=None, control=control))

    assert (cause.code, cause.layer, cause.confidence) == ("environment", "runner", "environment")


def test_a_control_that_moved_does_not_excuse_a_hundred_queries():
    control = (replace(SOUND, alone=0.005), replace(SOUND, alone=0.015))

    assert explain(case("database", queries=103, control=control))[0].code == "repeated-statement"


def test_the_sentence_says_from_how_many_to_how_many_and_the_evidence_which():
    repeated = Statement(fingerprint="select * from items where order_id = $1", calls=100, rows=1000, seconds=0.0005)

    cause = explain(case("database", queries=103, statements=(repeated,)))[0]

    assert cause.sentence == "103 queries per request instead of 3"
    assert cause.evidence == ("`select * from items where order_id = $1` 100 times per request",)


def test_a_missing_index_is_offered_as_a_statement():
    cause = explain(case("database", query_seconds=0.02, statements=(SCANNED,)))[0]

    assert cause.sentence == "sequential scan of items"
    assert cause.remedy == "CREATE INDEX ON items (order_id);"


def test_an_endpoint_that_computes_more_because_it_queries_more_is_no_matter_of_cpu():
    codes = [cause.code for cause in explain(case("database", queries=103, cpu=0.02))]

    assert codes == ["repeated-statement"]


def test_without_a_base_only_what_is_plainly_too_much_is_said():
    many = Case(base=None, head=replace(SOUND, queries=103))
    few = Case(base=None, head=SOUND)

    assert [(one.code, one.confidence) for one in explain(many)] == [("repeated-statement", "likely")]
    assert [one.code for one in explain(few)] == ["unexplained"]
