"""Which probes see nothing of the application, and what is then not known."""

from __future__ import annotations

import pytest

from perfgate.diagnose import blindness
from perfgate.diagnose.blindness import ProbeSight
from perfgate.diagnose.facts import ProbeCounts
from perfgate.diagnose.probes import RedisProbe, key_of

NOTHING = {"queries": 0.0, "rows": 0.0, "database": 0.0}


def test_a_probe_that_counts_once_sees():
    sight = ProbeSight()
    for values in (NOTHING, {**NOTHING, "queries": 3.0}, NOTHING):
        sight.note("postgres", values)

    assert sight.blind == frozenset()


def test_a_probe_that_counts_nothing_is_blind():
    sight = ProbeSight()
    sight.note("postgres", NOTHING)
    sight.note("redis", {"cache_calls": 2.0, "cache_hits": 0.0})
    sight.note("prometheus", {})

    assert sight.blind == {"postgres"}


@pytest.mark.parametrize(
    ("messages", "doubted"),
    [({"database_messages": 4.0}, {"postgres"}), ({"database_messages": 0.0}, set()), ({}, {"postgres"})],
    ids=["it sends messages", "it sends none", "nobody looked"],
)
def test_a_service_that_sends_nothing_to_databases_needs_none(messages: dict[str, float], doubted: set[str]):
    sight = ProbeSight()
    sight.note("postgres", NOTHING)
    sight.note("", messages)

    assert sight.contradicted == doubted


def test_another_database_tells_the_same_counts():
    assert blindness.uncounted({"postgres"}, {"mysql"}) == frozenset()
    assert blindness.uncounted({"postgres"}, {"redis"}) >= {"queries", "rows"}
    assert "queries" not in blindness.uncounted({"redis"}, {"postgres"})


@pytest.mark.parametrize("key", ["postgres", "redis"])
def test_connections_that_a_blind_probe_counts_are_left_out_too(key: str):
    kind = {"postgres": "database", "redis": "cache"}[key]

    assert f"{kind}_sessions" in blindness.uncounted({key}, set())


def test_only_what_nobody_tells_is_left_out():
    counts = ProbeCounts(values={"queries": 0.0, "database_wait": 0.01})

    assert blindness.without(counts, {"queries"}).values == {"database_wait": 0.01}


def test_a_probe_is_known_by_its_key():
    assert key_of(object.__new__(RedisProbe)) == "redis"
