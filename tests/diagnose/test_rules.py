"""Facts of base and head, and the cause that they name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from perfgate.diagnose.codes import CODES
from perfgate.diagnose.facts import PassFacts, Peer, Statement
from perfgate.diagnose.profile import FunctionGrowth, FunctionTime, LoopBlocker
from perfgate.diagnose.rules import Case, RunMovement, explain, functions, statements
from perfgate.diagnose.rules.case import peers_of
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
    query_seconds_loaded=0.001,
    cache_calls=1,
    cache_call_seconds=0.0005,
    external_calls=1,
    external_seconds=0.002,
    serialisation=0.0005,
    database_sessions=0.0,
    cache_size=300,
    rows=20,
    cpu=0.004,
    memory=10,
    cache_hits=0.9,
    lock_wait=0.0,
    lock_wait_loaded=0.0,
    cpu_delay=0.0002,
    stopped=0.0,
    throttled_loaded=0.0,
    reference=0.0015,
    reference_cpu=0.0014,
    database_size=3000,
    database_connections_loaded=4,
    statements=(Statement(fingerprint="select * from items where order_id = $1", calls=1, rows=10, seconds=0.0005),),
)
# What is left of it where nobody tells of databases, caches and other services: what their connections show.
OUTSIDE = replace(
    SOUND,
    queries=None,
    query_seconds=None,
    query_seconds_loaded=None,
    rows=None,
    cache_calls=None,
    cache_call_seconds=None,
    external_calls=None,
    external_seconds=None,
    lock_wait=None,
    lock_wait_loaded=None,
    statements=(),
    database_messages=3,
    database_wait=0.002,
    database_wait_loaded=0.002,
    cache_messages=1,
    cache_wait=0.0005,
    external_messages=1,
    external_wait=0.002,
)
BESIDE = replace(OUTSIDE, alone=0.022, external_messages=3, external_wait=0.057, external_span=0.020)
TRACED = replace(BESIDE, external_calls=3, external_seconds=0.020)
QUEUED = replace(OUTSIDE, queue_calls=2.0, cache_seconds=0.0001)  # jobs and their results go through Redis
REMOTE = replace(SOUND, cache_call_seconds=0.006)  # a cache elsewhere
CLOCKED = replace(SOUND, commit_wait=0.0, database_connects=0.0, cache_sessions=0.0)
STEADY = replace(SOUND, database_loaded=0.002, cache_wait_loaded=0.0005, external_wait_loaded=0.002)
KEPT = replace(  # connections, as sockets show them
    OUTSIDE, database_sessions=None, database_opened=0.01, cache_opened=0.005, external_opened=0.005
)
OFTEN = replace(KEPT, database_opened=0.2, database_messages=2)  # a connection per request, mostly too short to be seen
UNCACHED = replace(SOUND, cached=None)  # no cache is seen in front of it
STATED = replace(SOUND, application=0.008)  # by its own clock, beside its statements
PROFILED = replace(SOUND, serialisation=None, serialising=0.001, cpu_loaded=0.004)


def case(
    layer: Layer = "unattributed",
    *,
    by: float = 0.02,
    base: PassFacts = SOUND,
    control: tuple[PassFacts, PassFacts] | None = None,
    **changes: object,
) -> Case:
    """Head is slower by `by` seconds, in `layer`, and otherwise as said."""
    moved = {"alone": 0.010 + by, "loaded": 0.012 + by, **changes}
    change = LayerChange(layer=layer, baseline=0.001, now=0.001 + by, change=by, interval=(by / 2, by * 2))
    return Case(base=base, head=replace(base, **moved), layers=(change,), difference=by, control=control)  # type: ignore[arg-type]


SCANNED = Statement(
    fingerprint="select * from items where order_id = $1",
    calls=1,
    rows=10,
    seconds=0.02,
    scans=("items",),
    columns=("order_id",),
    indexes={"items": "CREATE INDEX ON shop.items (order_id);"},
)

COUNTED = Statement(fingerprint="select count(*) from items", calls=1, rows=1, seconds=0.02)
SAVED = Statement(fingerprint="UPDATE django_session SET session_data = $1", calls=1, rows=1, seconds=0.00004)

TABLE = [
    (case("database", queries=103), "repeated-statement", "confirmed"),
    (case("database", query_seconds=0.02), "slower-statement", "confirmed"),
    (case("database", queries=4, query_seconds=0.0058, statements=(COUNTED,)), "new-statement", "confirmed"),
    (case("database", queries=4, query_seconds=0.0058, statements=()), "new-statement", "likely"),
    (case("database", query_seconds=0.02, statements=(SCANNED,)), "sequential-scan", "confirmed"),
    (case("database", rows=2000), "more-rows", "confirmed"),
    (case("database", database_size=300_000), "wide-rows", "confirmed"),
    (case("database", alone=0.010, query_seconds_loaded=0.02, lock_wait_loaded=0.02), "lock-wait", "confirmed"),
    (case("database", cached=0.2, queries=4), "cache-lost", "likely"),
    (case("database", cached=0.03, queries=4), "cache-lost", "confirmed"),
    (case("database", cache_hits=None, cache_calls=0, queries=9), "cache-lost", "confirmed"),
    (case("application", by=0.0, size=900_000, decoded=900_000), "payload", "likely"),
    (case("application", by=0.0, connections=1.0), "connections-closed", "likely"),
    (case("database", database_sessions=1.0), "reconnecting", "confirmed"),
    (case("cache", cache_calls=51), "cache-repeated", "confirmed"),
    (case("cache", cache_calls=21, cache_hits=0.045), "cache-repeated", "confirmed"),
    (case("cache", cache_size=600_000, cpu=0.024), "cache-slower", "confirmed"),
    (case("cache", cache_call_seconds=0.02), "cache-slower", "confirmed"),
    (case("application", external_calls=5), "external-repeated", "likely"),
    (case("external", external_calls=5, external_seconds=0.022), "external-repeated", "confirmed"),
    (case("external", external_seconds=0.022), "external-slower", "confirmed"),
    (case("application", cpu=0.024), "cpu", "confirmed"),
    (case("application", by=0.0, cpu=0.009), "cpu", "likely"),
    (case("serialisation", cpu=0.024, serialisation=0.020), "serialisation", "confirmed"),
    (case("queue", canary_loaded=0.1), "blocking-call", "confirmed"),
    (case("queue", alone=0.0101, loaded=0.060), "contention", "likely"),
    (case("queue", alone=0.0101, loaded=0.060, database_connections_loaded=1), "small-pool", "confirmed"),
    (case("download", size=900_000, decoded=900_000), "payload", "confirmed"),
    (case("download", size=900_000, decoded=900_000, compressed=0.0), "payload", "confirmed"),
    (case("download", size=9000, compressed=0.0), "compression-lost", "confirmed"),
    (case("network", connections=1.0), "connections-closed", "confirmed"),
    (case("application"), "waiting", "likely"),
    (case("application", cpu=0.0095), "waiting", "likely"),
    (case("application", cpu=None), "unexplained", "unexplained"),
    (case("application", by=0.0), "healthy", "confirmed"),
    (case("application", by=0.0, memory=200_000), "memory-growth", "confirmed"),
    (case("application", cpu_delay=0.015), "environment", "environment"),
    (case("application", stopped=0.4), "environment", "environment"),
    (case("application", throttled_loaded=0.4), "environment", "environment"),
    (case("application", by=0.0, throttled_loaded=0.4), "environment", "environment"),
    (case("application", cpu=0.012, reference=0.0042, reference_cpu=0.0040), "environment", "environment"),
    (case(base=OUTSIDE, database_messages=103), "repeated-statement", "confirmed"),
    (case(base=OUTSIDE, database_wait=0.022, canary_loaded=0.02), "slower-statement", "confirmed"),
    (case(base=OUTSIDE, database_messages=4, database_wait=0.022), "new-statement", "likely"),
    (case(base=OUTSIDE, database_wait=0.009), "slower-statement", "likely"),
    (case(base=OUTSIDE, database_wait_loaded=0.022, alone=0.010), "lock-wait", "likely"),
    (case(base=OUTSIDE, cache_messages=51), "cache-repeated", "confirmed"),
    (case(base=OUTSIDE, cache_wait=0.021), "cache-slower", "likely"),
    (case(base=QUEUED, cache_wait=0.021), "backlog", "likely"),
    (case(base=QUEUED, cache_wait=0.021, cache_seconds=0.02), "cache-slower", "confirmed"),
    (case("cache", cache_calls=3, cache_call_seconds=0.006, base=REMOTE), "cache-repeated", "likely"),
    (case("application", base=CLOCKED, commit_wait=0.018), "commit-wait", "likely"),
    (case("application", base=CLOCKED, commit_wait=0.018, statements=(SAVED,)), "commit-wait", "confirmed"),
    (
        case("application", base=CLOCKED, commit_wait=0.018, queries=5, statements=(SAVED,)),
        "new-statement",
        "confirmed",
    ),
    (case("application", queries=5, statements=(SAVED,)), "new-statement", "likely"),
    (case("application", base=STATED, queries=5, statements=(SAVED,), application=0.028), "new-statement", "likely"),
    (case("application", base=STATED, queries=4, application=0.028), "waiting", "likely"),
    (case("application", base=STATED, queries=4, application=0.009), "new-statement", "likely"),
    (case("application", base=replace(OUTSIDE, database_wait=None), database_messages=4), "new-statement", "likely"),
    (case("application", base=OUTSIDE, database_messages=4), "waiting", "likely"),  # the database takes no longer
    (case("database", queries=5, statements=(replace(SAVED, calls=2),)), "repeated-statement", "confirmed"),
    (case(base=STEADY, alone=0.010, database_loaded=0.022, lock_wait_loaded=0.0), "slower-statement", "likely"),
    (case(base=STEADY, alone=0.010, external_wait_loaded=0.022), "external-slower", "likely"),
    (case(base=STEADY, alone=0.010, cache_wait_loaded=0.022), "cache-slower", "likely"),
    (case(base=STEADY, alone=0.010, external_wait_loaded=0.006), "contention", "likely"),
    (case("database", database_connects=1.0, base=CLOCKED), "reconnecting", "confirmed"),
    (case("cache", cache_sessions=1.0, base=CLOCKED), "reconnecting", "confirmed"),
    (case(base=KEPT, database_opened=0.7, database_messages=8), "reconnecting", "confirmed"),
    (case(base=KEPT, cache_opened=0.7, cache_messages=6), "reconnecting", "confirmed"),
    (case(base=KEPT, external_opened=0.7, external_messages=3, external_wait=0.02), "reconnecting", "confirmed"),
    (
        case(base=OFTEN, database_opened=0.9, database_messages=7, database_wait=0.022),
        "repeated-statement",
        "confirmed",
    ),
    (case(base=OUTSIDE, external_wait=0.022), "external-slower", "confirmed"),
    (case(base=OUTSIDE, external_messages=2.2, cpu=0.0095), "external-repeated", "likely"),
    (case("application", base=PROFILED, cpu=0.024, cpu_loaded=0.024, serialising=0.019), "serialisation", "confirmed"),
    (case("application", base=PROFILED, cpu=0.024, cpu_loaded=0.024, serialising=0.004), "cpu", "confirmed"),
    (case(base=BESIDE, external_wait=0.056, external_span=0.055), "one-after-another", "confirmed"),
    (case(base=BESIDE, external_wait=0.240, external_span=0.200), "external-slower", "confirmed"),  # one of them
    (
        case(base=BESIDE, external_wait=0.124, external_span=0.062),
        "external-slower",
        "confirmed",
    ),  # each of them longer
    (case(base=OUTSIDE, broker_wait=0.022), "waiting", "likely"),
    (case(base=replace(OUTSIDE, broker_wait=0.001), broker_wait=0.022), "backlog", "likely"),
]


@pytest.mark.parametrize(("seen", "code", "confidence"), TABLE, ids=[code for _, code, _ in TABLE])
def test_the_cause_named_first(seen: Case, code: str, confidence: str):
    first = explain(seen)[0]

    assert (first.code, first.confidence) == (code, confidence)
    assert first.sentence
    assert first.remedy


def test_every_code_is_tried_here_and_documented():
    page = (Path(__file__).parents[2] / "docs" / "diagnosis.md").read_text(encoding="utf-8")

    assert {code for _, code, _ in TABLE} == set(CODES)
    rows = {
        code: f"| `{code}` | {item.layer} | {item.meaning} | {item.remedy_in('')} |" for code, item in CODES.items()
    }
    assert [code for code, row in rows.items() if row not in page] == []


def test_a_cache_that_is_still_cold_is_not_a_lost_one():
    codes = [cause.code for cause in explain(case("application", cached=0.5))]

    assert codes == ["waiting"]


def test_queries_that_fill_a_cold_cache_are_no_n_plus_1():
    fills = tuple(Statement(fingerprint=f"select {n} from t", calls=0.7, rows=1, seconds=0.001) for n in range(12))
    cold = {"cache_hits": 0.2, "cache_lookups": 1.0, "queries": 12.0}
    base = replace(SOUND, cache_lookups=1.0)
    lazy = Statement(fingerprint="select name from shop where id = $1", calls=9, rows=9, seconds=0.001)

    assert explain(case("database", base=base, statements=fills, **cold))[0].code == "cache-lost"
    assert explain(case("database", base=base, statements=(), **{**cold, "queries": 6.0}))[0].code == "cache-lost"
    assert explain(case("database", base=base, statements=(lazy,), **cold))[0].code == "repeated-statement"
    assert explain(case("database", base=base, statements=(), **cold))[0].code == "repeated-statement"


def test_a_key_that_is_never_found_is_a_lost_cache_though_others_are():
    base = replace(SOUND, cached=None, cache_hits=0.995, cache_lookups=21)
    [first, *_] = explain(case("database", base=base, cache_hits=0.95, queries=4, statements=(COUNTED,)))
    added = explain(case("database", base=base, cache_hits=0.95, cache_lookups=42))

    assert (first.code, first.sentence) == ("cache-lost", "1.05 look-ups per request not in the cache instead of 0.105")
    assert "cache-lost" not in [cause.code for cause in added]  # look-ups that are new have never found anything


def moved_by(factor: float) -> tuple[PassFacts, PassFacts]:
    """A control endpoint."""
    before = replace(SOUND, alone=0.005)
    return before, replace(before, alone=0.005 * factor)


def test_a_slow_machine_is_not_blamed_on_the_code():
    [cause] = explain(case("application", cpu=None, control=moved_by(3)))

    assert (cause.code, cause.layer, cause.confidence) == ("environment", "runner", "environment")
    assert cause.sentence == "the control endpoint takes 3.00 times as long too, this one 3.00 times"


def test_a_machine_that_computes_more_slowly_is_not_blamed_on_the_code_either():
    [cause] = explain(case("application", cpu=0.012, reference=0.0045, reference_cpu=0.0042, control=moved_by(3)))

    assert cause.code == "environment"
    assert cause.sentence == "the reference workload takes 3.00 times as long beside the head"


def test_a_control_that_moved_does_not_excuse_a_hundred_queries():
    assert explain(case("database", queries=103, control=moved_by(3)))[0].code == "repeated-statement"


def test_a_noisy_control_does_not_excuse_twice_the_computing():
    control = (replace(SOUND, alone=0.005), replace(SOUND, alone=0.009))

    assert explain(case("application", cpu=0.024, control=control))[0].code == "cpu"


def test_a_control_that_moved_does_not_excuse_seven_times_the_computing_of_who_waits_for_a_busy_cpu():
    base = replace(SOUND, alone=0.0038, loaded=0.0046, cpu=0.0013, cpu_delay=0.0049)
    seen = {"alone": 0.0321, "loaded": 0.0816, "cpu": 0.0090, "cpu_delay": 0.0332}

    assert explain(case("application", base=base, control=moved_by(5), **seen))[0].code == "cpu"
    assert (
        explain(case("application", base=base, control=moved_by(5), **{**seen, "cpu": 0.0018}))[0].code == "environment"
    )


def test_a_quota_that_is_used_up_is_the_machine_s_though_a_small_request_computes_a_little_more():
    """What is stopped and begins again all the time computes more: so does the control."""
    own = replace(SOUND, alone=0.0006, loaded=0.0011, cpu=0.0006, canary_idle=0.0006, canary_loaded=0.0007)
    seen = {"alone": 0.0013, "loaded": 0.0086, "cpu": 0.0010, "canary_loaded": 0.0087, "unread_loaded": 0.008}

    [cause] = explain(case("queue", base=own, throttled=0.98, throttled_loaded=0.89, **seen))

    assert cause.code == "environment"


def test_a_busy_machine_does_not_excuse_a_lock_while_the_service_has_a_cpu():
    base = replace(SOUND, cpu_delay_loaded=0.0007, unread_loaded=0.0004, alone=0.0066, loaded=0.0073)
    seen = {"alone": 0.0069, "loaded": 0.0217, "reference": 0.0044, "cpu_delay_loaded": 0.0012, "unread_loaded": 0.0014}

    assert explain(case("queue", base=base, **seen))[0].code == "contention"
    assert explain(case("queue", base=base, **{**seen, "cpu_delay_loaded": 0.004}))[0].code == "environment"
    assert explain(case("queue", base=base, **{**seen, "unread_loaded": 0.008}))[0].code == "environment"


def test_a_service_that_waits_for_a_cpu_while_its_own_statement_computes_is_no_slow_machine():
    base = replace(SOUND, database=0.0004, database_wait=0.0004)
    works = {"query_seconds": 0.007, "database": 0.02, "cpu_delay": 0.012}

    assert explain(case("database", base=base, **works))[0].code == "slower-statement"
    assert explain(case("database", base=base, **works, reference=0.012))[0].code == "environment"
    assert explain(case("database", base=base, **{**works, "database": 0.0005}))[0].code == "environment"


def test_a_control_that_had_a_busy_moment_does_not_excuse_a_slow_service():
    """As seen on a busy machine: the control of 1 ms took 5 ms."""
    base = replace(SOUND, alone=0.0122, external_wait=0.009, cpu_delay=0.0113, reference=0.0061)
    control = (replace(SOUND, alone=0.001), replace(SOUND, alone=0.005))
    seen = {"alone": 0.056, "external_seconds": 0.048, "external_wait": 0.051, "cpu_delay": 0.0199}

    assert explain(case("external", base=base, control=control, reference=0.0073, **seen))[0].code == "external-slower"
    assert explain(case("external", base=base, control=control, reference=0.02, **seen))[0].code == "environment"


def test_what_computes_beside_all_requests_is_the_code_where_the_machine_computes_as_fast():
    """A thread of the service's own, or a debug mode: each request takes so many times as much CPU, small ones too."""
    before, after = (
        replace(SOUND, alone=alone, loaded=alone, cpu=cpu) for alone, cpu in ((0.003, 0.0025), (0.006, 0.006))
    )
    seen = {"by": 0.006, "cpu": 0.0092, "control": (before, after)}

    assert explain(case("application", **seen))[0].code == "cpu"
    assert explain(case("application", reference=0.003, reference_cpu=0.0028, **seen))[0].code == "environment"
    assert explain(case("application", reference=None, reference_cpu=None, **seen))[0].code == "environment"


def test_what_every_request_computes_is_the_code_though_the_control_computes_it_too():
    base = replace(SOUND, alone=0.0038, cpu=0.0017, cpu_delay=0.0074)
    control = (replace(SOUND, alone=0.0005, cpu=0.0004), replace(SOUND, alone=0.0095, cpu=0.0038))
    seen = {"alone": 0.0135, "cpu": 0.0050, "cpu_delay": 0.0192}

    assert explain(case("application", base=base, control=control, **seen))[0].code == "cpu"
    slowed = replace(control[1], cpu=0.0008)  # a machine that computes more slowly: less more of what is small
    assert explain(case("application", base=base, control=(control[0], slowed), **seen))[0].code == "environment"


def test_a_few_quick_statements_more_cost_the_way_there_and_back():
    """As a session that every request saves: the database itself takes next to nothing."""
    base = replace(SOUND, queries=1, query_seconds=0.0078, database=0.00005, statements=())
    quick = tuple(Statement(fingerprint=f"{verb} django_session", calls=1, rows=1, seconds=0.00004) for verb in "ab")
    seen = case("database", base=base, queries=3, query_seconds=0.0059, database=0.00014, statements=quick)

    [first, *_] = explain(seen)

    assert (first.code, first.confidence) == ("new-statement", "likely")
    assert first.sentence == "3 queries per request instead of 1, 9.9 ms for what is new"


def test_time_to_connect_is_no_slower_statement():
    seen = case("database", database_sessions=1.0, query_seconds=0.006)

    assert [cause.code for cause in explain(seen)] == ["reconnecting"]


@pytest.mark.parametrize(
    ("wait", "named"),
    [
        (0.200, [("slower-statement", "confirmed"), ("reconnecting", "confirmed")]),
        (0.040, [("reconnecting", "confirmed"), ("slower-statement", "likely")]),
        (0.020, [("reconnecting", "confirmed")]),
    ],
)
def test_slower_statements_behind_connections_that_only_sockets_show(wait: float, named: list[tuple[str, str]]):
    seen = case(base=KEPT, by=wait, database_opened=1.0, database_messages=9, database_wait=0.002 + wait)

    assert [(item.code, item.confidence) for item in explain(seen)] == named


def test_slower_commands_behind_connections_to_the_cache_that_only_sockets_show():
    opened = {"cache_opened": 1.0, "cache_messages": 6}

    slow = explain(case(base=KEPT, by=0.1, cache_wait=0.1, **opened))
    quick = explain(case(base=KEPT, by=0.02, cache_wait=0.02, **opened))

    assert [item.code for item in slow] == ["reconnecting", "cache-slower"]
    assert [item.code for item in quick] == ["reconnecting"]


def test_what_statements_take_longer_comes_before_opening_connections_that_takes_less():
    base = replace(KEPT, queries=3, query_seconds=0.001, database=0.002, database_sessions=0.0)
    slow = {"database_sessions": 1.0, "database": 0.062, "query_seconds": 0.021, "database_wait": 0.070}

    assert [item.code for item in explain(case(base=base, by=0.07, **slow))] == ["slower-statement", "reconnecting"]
    quick = {"database_sessions": 1.0, "database": 0.003, "database_wait": 0.070}
    assert [item.code for item in explain(case(base=base, by=0.07, **quick))] == ["reconnecting"]


def test_connections_are_told_with_how_many_and_how_long():
    base = replace(SOUND, database_sessions=None, database_connects=0.0, database_connect_seconds=0.0)

    [first, *_] = explain(case("database", base=base, database_connects=1.0, database_connect_seconds=0.018))

    assert (first.code, first.layer) == ("reconnecting", "database")
    assert first.sentence == "1 connection to the database opened per request instead of 0, 18 ms for opening"


def test_connections_that_others_open_at_their_own_pace_are_no_cause():
    """A slower machine takes twice as long for a request, in which twice as many are opened by others."""
    base = replace(SOUND, alone=0.300, loaded=0.320, database_sessions=0.6)
    slow = {"alone": 0.600, "loaded": 0.640, "database_sessions": 1.2, "reference": 0.003, "reference_cpu": 0.0028}
    control = (replace(SOUND, alone=0.010), replace(SOUND, alone=0.020, loaded=0.024))

    assert explain(case(base=base, by=0.3, control=control, **slow))[0].code == "environment"
    assert explain(case(base=base, by=0.3, **{**slow, "database_sessions": 3.0}))[0].code == "reconnecting"


@pytest.mark.parametrize(
    ("known", "shown"),
    [
        ({"database_wait": 0.001}, {"database_wait": 0.055}),
        ({"database_opened": 0.01}, {"database_opened": 0.7}),
        ({"database_messages": 3.0}, {"database_messages": 7.0}),
    ],
)
def test_connections_of_the_service_are_a_cause_though_others_open_some_too(
    known: dict[str, float], shown: dict[str, float]
):
    """Who opens a connection takes so much longer that the connections of others become more per request as well."""
    base = replace(SOUND, alone=0.004, loaded=0.005, database_sessions=0.06, **known)
    slow = {"alone": 0.060, "loaded": 0.066, "database_sessions": 1.06}

    assert explain(case(base=base, by=0.056, **slow, **shown))[0].code == "reconnecting"
    assert explain(case(base=base, by=0.056, **slow))[0].code != "reconnecting"


def test_more_queries_beside_connections_of_others_are_no_connections_of_the_service():
    base = replace(SOUND, alone=0.004, loaded=0.005, database_sessions=0.06, database_messages=6)
    slow = {"alone": 0.060, "loaded": 0.066, "database_sessions": 1.0, "database_messages": 106, "queries": 53}

    assert [item.code for item in explain(case("database", base=base, by=0.056, **slow))] == ["repeated-statement"]


def test_a_slower_statement_beside_connections_of_others_is_no_matter_of_connections():
    base = replace(SOUND, alone=0.004, loaded=0.005, database_sessions=0.06, database_wait=0.001)
    slow = {"alone": 0.060, "loaded": 0.066, "database_sessions": 1.0, "database_wait": 0.055, "query_seconds": 0.018}

    assert explain(case("database", base=base, by=0.056, **slow))[0].code == "slower-statement"


SLOWER = {"alone": 0.200, "loaded": 0.220, "cpu": 0.080, "reference": 0.003, "reference_cpu": 0.0029}


@pytest.mark.parametrize(
    ("name", "before", "slower", "plain", "code"),
    [("lock_wait_loaded", 0.030, 0.065, 0.200, "lock-wait"), ("queue_growth_loaded", 0.1, 0.5, 2.0, "backlog")],
)
def test_what_lasts_longer_on_a_slower_machine_is_no_cause(
    name: str, before: float, slower: float, plain: float, code: str
):
    base = replace(SOUND, alone=0.100, loaded=0.110, cpu=0.040, **{name: before})
    control = (replace(SOUND, alone=0.010), replace(SOUND, alone=0.020, loaded=0.024))

    assert explain(case(base=base, by=0.1, control=control, **{**SLOWER, name: slower}))[0].code == "environment"
    assert explain(case(base=base, by=0.1, control=control, **{**SLOWER, name: plain}))[0].code == code
    as_fast = {"alone": 0.200, "loaded": 0.220, name: slower}
    assert explain(case(base=base, by=0.1, **as_fast))[0].confidence == "confirmed"


@pytest.mark.parametrize(
    ("text", "writes"),
    [
        ("  WITH x AS (SELECT 1) UPDATE t SET a = x.a FROM x", True),
        ("with x as (select $1)\n  insert  into t select * from x", True),
        ("/* route: /orders * */ -- of the shop\n insert into t values ($1)", True),
        ("REPLACE INTO t VALUES (?)", True),
        ("call book($1)", True),
        ("copy t (a, b) from stdin", True),
        ("copy (select a from t) to stdout", False),
        ("with x as (select a from t for update) select a from x", False),
        ("with x as (select updated from t) select updated from x", False),
        ("select 1 /* update */", False),
        ("/*" + "**//*" * 40 + "select 1", False),
    ],
)
def test_statements_that_write(text: str, writes: bool):
    assert (statements.WRITES.match(text) is not None) == writes


def test_serialising_on_a_slower_machine_is_no_cause():
    base = replace(PROFILED, alone=0.100, loaded=0.110, cpu=0.080, cpu_loaded=0.080, serialising=0.075)
    slow = {"alone": 0.300, "loaded": 0.310, "cpu": 0.130, "cpu_loaded": 0.130, "serialising": 0.120}
    control = (replace(SOUND, alone=0.010), replace(SOUND, alone=0.016, loaded=0.0192))

    assert "serialisation" not in [item.code for item in explain(case(base=base, by=0.2, control=control, **slow))]
    assert explain(case(base=base, by=0.05, **{**slow, "alone": 0.150, "loaded": 0.160}))[0].code == "serialisation"


@pytest.mark.parametrize(
    "name", ["~(garbage collector)", "~(program)", "~threads beside the event loop (crypto, zlib, workers)"]
)
def test_what_is_no_function_has_no_remedy_of_a_function(name: str):
    found = FunctionGrowth(function=FunctionTime(name=name.lstrip("~"), key=name, seconds=0.02, share=0.9), change=0.02)

    assert functions.remedy_for(found) == ""


def test_a_remedy_without_a_base_speaks_of_one_flame_graph():
    rank = FunctionTime(name="shop.rank", key="shop.rank", seconds=0.02, share=0.9)
    first = explain(Case(base=None, head=replace(SOUND, alone=0.030, cpu=0.024, functions=(rank,))))[0]

    assert first.remedy.endswith("the flame graph shows where.")


def test_connections_to_caches_and_other_services_are_of_their_layer():
    cache = explain(case(base=KEPT, cache_opened=0.7, cache_messages=6))[0]
    external = explain(case(base=KEPT, external_opened=0.7, external_messages=3, external_wait=0.02))[0]

    assert (cache.layer, external.layer) == ("cache", "external")
    assert cache.sentence == "at least 0.7 connections to the cache opened per request instead of 0.005"


def test_a_slow_service_over_connections_of_its_own_is_no_matter_of_connections():
    """Before too a connection for each call: only that a longer one is seen more often."""
    base = replace(KEPT, external_opened=0.15, external_messages=0.2, external_wait=0.002)
    seen = case(base=base, external_opened=1.0, external_messages=1.0, external_wait=0.022)

    assert "reconnecting" not in [item.code for item in explain(seen)]


@pytest.mark.parametrize("calls", [None, 1.0])
def test_another_service_that_is_slower_than_opening_connections_takes_is_named_too(calls: float | None):
    seconds = None if calls is None else 0.004
    base = replace(KEPT, external_calls=calls, external_seconds=seconds, external_wait=0.004)
    opened = {"external_opened": 0.9, "external_messages": 3.0}

    slow = case(base=base, by=0.096, external_seconds=seconds and 0.1, external_wait=0.1, **opened)
    quick = case(base=base, external_seconds=seconds and 0.024, external_wait=0.024, **opened)
    far = replace(base, external_wait=0.1, alone=0.11)
    shaken = case(base=far, by=0.2, alone=0.31, external_seconds=seconds and 0.3, external_wait=0.3, **opened)

    assert [(item.code, item.confidence) for item in explain(slow)] == [
        ("external-slower", "confirmed"),
        ("reconnecting", "likely"),
    ]
    assert [(item.code, item.confidence) for item in explain(quick)] == [("reconnecting", "confirmed")]
    assert [(item.code, item.confidence) for item in explain(shaken)] == [("reconnecting", "confirmed")]


def test_a_connection_more_is_not_the_cause_where_it_takes_no_time():
    little = [
        LayerChange(layer="database", baseline=0.001, now=0.002, change=0.001),
        LayerChange(layer="network", baseline=0.0, now=0.001, change=0.001),
    ]
    seen = case("application", queries=76, connections=0.8)
    seen = replace(seen, layers=(*seen.layers, *little))

    assert [cause.code for cause in explain(seen)] == ["repeated-statement", "connections-closed"]


def test_what_is_not_known_of_the_base_is_not_compared():
    """Its probe broke: what the head waits for locks or keeps may be as it was."""
    base = replace(SOUND, lock_wait_loaded=None, memory=None)
    waits = {"alone": 0.010, "query_seconds_loaded": 0.02, "lock_wait_loaded": 0.02}

    [found] = explain(case("database", base=base, **waits))
    [other] = explain(case("application", by=0.0, base=base, memory=50_000))

    assert (found.code, found.confidence) == ("lock-wait", "likely")
    assert found.sentence == "statements wait 20 ms per request for locks under load"
    assert other.code == "healthy"


def test_a_page_far_behind_is_read_by_its_key():
    far = Statement(fingerprint="SELECT id FROM items ORDER BY id LIMIT $1 OFFSET $2", calls=1, rows=9, seconds=0.02)

    assert "page by key" in explain(case("database", query_seconds=0.02, statements=(far,)))[0].remedy
    assert "page by key" not in explain(case("database", query_seconds=0.02))[0].remedy


@pytest.mark.parametrize(("cpu", "code"), [(0.0071, "cpu"), (0.0030, "blocking-call")])
def test_computing_on_a_busy_machine_is_no_blocking_call(cpu: float, code: str):
    """It waits for a CPU longer than it computes."""
    base = replace(SOUND, alone=0.0051, loaded=0.0073, cpu=0.0017, cpu_delay=0.0040, canary_loaded=0.002)
    seen = {"alone": 0.0238, "loaded": 0.0464, "cpu": cpu, "cpu_delay": 0.0217, "canary_loaded": 0.0148}

    causes = explain(case("queue", base=base, database_sessions=1.0, **seen))  # a count, so that the code is looked at

    assert code in [item.code for item in causes]
    assert {"cpu", "blocking-call"} - {code} - {item.code for item in causes}


def test_computing_is_named_on_a_machine_where_everything_takes_three_times_as_long():
    """As seen on a busy machine, whose sender of requests waited for a CPU too."""
    quick = replace(SOUND, alone=0.0039, loaded=0.0075, cpu=0.0010, cpu_loaded=0.0010, cpu_delay=0.0001)
    base = replace(quick, reference=0.0067, reference_cpu=0.0021, serialisation=None, serialising=0.0001)
    seen = {"alone": 0.0161, "loaded": 0.0382, "cpu": 0.0035, "cpu_loaded": 0.0034, "cpu_delay": 0.0004}
    seen |= {"reference": 0.0059, "reference_cpu": 0.0019}

    assert explain(case(base=base, **seen))[0].code == "cpu"
    assert explain(case(base=base, **seen, serialising=0.0023))[0].code == "serialisation"
    assert explain(case(base=base, **{**seen, "cpu": 0.0020}))[0].code == "waiting"
    idle = replace(base, reference=0.0021)
    assert explain(case(base=idle, **{**seen, "reference": 0.0020}))[0].code == "waiting"


def test_a_small_pool_is_named_though_a_request_alone_is_a_little_slower_by_chance():
    base = replace(SOUND, alone=0.00975, loaded=0.0114)

    assert (
        explain(case("queue", base=base, alone=0.0128, loaded=0.0305, database_connections_loaded=1))[0].code
        == "small-pool"
    )
    assert (
        explain(case("queue", base=base, alone=0.0158, loaded=0.0305, database_connections_loaded=1))[0].code
        == "waiting"
    )


def test_a_busy_machine_does_not_excuse_another_service_that_is_slower():
    seen = {"external_wait": 0.022, "reference": 0.004, "reference_cpu": 0.0014}

    busy = case(base=OUTSIDE, control=moved_by(1), **seen)
    assert explain(busy)[0].code == "external-slower"
    assert explain(replace(busy, control=moved_by(3)))[0].code == "environment"
    kept = case(base=OUTSIDE, control=moved_by(1), cpu_delay=0.015, **seen)
    assert explain(kept)[0].code == "environment"


def test_a_busy_machine_does_not_excuse_twice_the_computing():
    assert explain(case("application", cpu=0.024, reference=0.004))[0].code == "cpu"


def test_a_control_that_is_slower_in_some_rounds_only_is_noise():
    before = replace(SOUND, alone=0.005, rounds={"alone": (0.005,) * 4})
    control = (before, replace(before, alone=0.009, rounds={"alone": (0.004, 0.009, 0.009, 0.004)}))

    assert [cause.code for cause in explain(case("application", control=control))] == ["waiting"]


def test_what_the_code_adds_to_every_request_is_no_slow_machine():
    control = (replace(SOUND, alone=0.002), replace(SOUND, alone=0.022))

    assert [cause.code for cause in explain(case("application", control=control))] == ["waiting"]


def test_a_difference_that_only_some_rounds_show_is_noise():
    before = replace(SOUND, rounds={"alone": (0.010, 0.010, 0.010, 0.010), "loaded": (0.012,) * 4})
    now = replace(
        before, alone=0.014, loaded=0.012, rounds={"alone": (0.016, 0.015, 0.009, 0.009), "loaded": (0.012,) * 4}
    )

    assert [cause.code for cause in explain(Case(base=before, head=now))] == ["healthy"]


def test_a_tail_that_only_some_requests_are_in_is_a_difference():
    before = replace(SOUND, alone_tail=0.012, loaded_tail=0.015)
    now = replace(before, alone_tail=0.080, loaded_tail=0.090, external_seconds=0.030)
    change = LayerChange(layer="external", baseline=0.002, now=0.070, change=0.068)

    causes = explain(Case(base=before, head=now, layers=(change,), difference=0.068))

    assert causes[0].code == "external-slower"


LITTLE = LayerChange(layer="database", baseline=0.002, now=0.004, change=0.002)
NONE_CACHED = LayerChange(layer="cache", baseline=0.001, now=0.001, change=0.0)


@pytest.mark.parametrize(
    ("counted", "beside"),
    [
        ({"queries": 9.0, "database_messages": 10.0}, "repeated-statement"),
        ({"rows": 60.0}, "more-rows"),
        ({"cache_calls": 8.0}, "cache-repeated"),
        ({"size": 30_000.0, "decoded": 30_000.0}, "payload"),
        ({"size": 9_000.0, "compressed": 0.0}, "compression-lost"),
    ],
)
def test_a_count_that_takes_no_time_hides_no_cause_that_takes_it(counted: dict[str, float], beside: str):
    """A pull request that also sends a query more: the count is true, and explains next to nothing."""
    base = replace(SOUND, download=0.0003, database_messages=4.0, database_wait=0.0025)
    little = {"base": base, "by": 0.1, "database_wait": 0.0035, **counted}

    for known, code in (({"cpu": 0.1}, "cpu"), ({}, "waiting")):
        seen = case("unattributed", **little, **known)
        causes = [item.code for item in explain(replace(seen, layers=(*seen.layers, LITTLE, NONE_CACHED)))]
        assert causes[0] == code
        assert beside in causes


def test_a_count_that_the_machine_leaves_nothing_to_explain_for_is_named_after_it():
    slow = {"reference": 0.003, "reference_cpu": 0.0028, "cpu": 0.008}
    control = (replace(SOUND, alone=0.003), replace(SOUND, alone=0.006, loaded=0.0073))

    def causes(by: float) -> list[tuple[str, str]]:
        seen = case("database", by=by, queries=9.0, control=control, **slow)
        return [(item.code, item.confidence) for item in explain(seen)]

    closed = case("network", by=0.010, connections=1.0, control=control, **slow)

    assert explain(closed)[0].code == "connections-closed"  # which nobody wants
    assert causes(0.010) == [("environment", "environment"), ("repeated-statement", "likely")]
    assert causes(0.025)[0] == ("repeated-statement", "confirmed")


@pytest.mark.parametrize(
    "counted", [{"queries": 9.0}, {"database_size": 20_000.0}, {"connections": 1.0}, {"decoded": 30_000.0}]
)
def test_what_takes_as_long_alone_is_not_why_others_wait_under_load(counted: dict[str, float]):
    waiting = case("queue", alone=0.0103, loaded=0.060, by=0.048, **counted)
    locked = case("database", alone=0.0103, loaded=0.060, by=0.048, lock_wait_loaded=0.045, **counted)

    assert explain(waiting)[0].code == "contention"
    assert explain(locked)[0].code == "lock-wait"
    assert len(explain(waiting)) == len(explain(locked)) == 2


def test_a_leak_is_named_beside_what_takes_time():
    def codes(**seen: float) -> list[str]:
        return [item.code for item in explain(case("queue", by=0.04, memory=200_000, **seen))]

    assert codes() == ["waiting", "memory-growth"]
    assert codes(stopped=0.4) == ["environment", "memory-growth"]
    assert codes(alone=0.010, loaded=0.035) == ["memory-growth"]  # which may be why


def test_headers_that_allowed_caching_take_no_time_of_the_service():
    seen = [item.code for item in explain(case("application", by=0.04, cached=None, base=UNCACHED, cacheable=0.0))]

    assert seen == ["waiting", "cache-lost"]


def test_rows_that_an_orm_makes_objects_of_are_the_code_on_a_noisy_machine_too():
    noisy = (replace(SOUND, alone=0.003), replace(SOUND, alone=0.006, loaded=0.0073))
    seen = case("unattributed", by=0.08, rows=2000.0, cpu=0.075, control=noisy, reference_cpu=0.002)

    assert [item.code for item in explain(replace(seen, layers=(*seen.layers, LITTLE)))] == ["more-rows"]


def test_queries_that_are_too_quick_to_be_timed_may_be_what_takes_the_time():
    """The way there and back: half a millisecond each, which sockets do not show."""
    base = replace(SOUND, database_messages=4.0, database_wait=0.0025)
    seen = case("unattributed", by=0.025, base=base, queries=53.0, database_messages=54.0, database_wait=0.004)

    seen = replace(seen, layers=(*seen.layers, LITTLE))
    noisy = (replace(SOUND, alone=0.003), replace(SOUND, alone=0.006, loaded=0.0073))

    assert [item.code for item in explain(seen)] == ["repeated-statement"]
    assert [item.code for item in explain(replace(seen, control=noisy))] == ["repeated-statement"]


def test_an_orm_that_loads_many_rows_more_is_no_matter_of_cpu():
    seen = case("unattributed", by=0.06, queries=53.0, cpu=0.060)

    assert [item.code for item in explain(replace(seen, layers=(*seen.layers, LITTLE)))] == ["repeated-statement"]


def test_a_slow_machine_is_named_beside_a_count_that_takes_no_time():
    control = (replace(SOUND, alone=0.003), replace(SOUND, alone=0.0061, loaded=0.0073))
    seen = case("unattributed", by=0.012, queries=6.0, control=control, reference=0.003, reference_cpu=0.0028)
    tiny = replace(LITTLE, change=0.0005)

    causes = explain(replace(seen, layers=(*seen.layers, tiny)))

    assert [(item.code, item.confidence) for item in causes] == [
        ("environment", "environment"),
        ("repeated-statement", "likely"),
    ]


def test_a_statement_that_took_the_time_comes_before_a_count_that_took_none():
    layers = (
        LayerChange(layer="external", baseline=0.002, now=0.202, change=0.2),
        LayerChange(layer="database", baseline=0.002, now=0.004, change=0.002),
    )
    head = replace(SOUND, alone=0.21, loaded=0.212, queries=8, external_seconds=0.202)

    causes = explain(Case(base=SOUND, head=head, layers=layers, difference=0.202))

    assert [cause.code for cause in causes] == ["external-slower", "repeated-statement"]


@pytest.mark.parametrize(
    ("movement", "code"),
    [
        (RunMovement(own=2.0, others=1.9, reference=1.8), "environment"),
        (RunMovement(own=2.0, others=1.1, reference=1.8), "environment"),
        (RunMovement(own=2.0, others=1.9), "environment"),
        (RunMovement(own=2.0, others=1.9, reference=1.0), "unexplained"),
        (RunMovement(own=2.0, others=1.0, reference=1.0), "unexplained"),
        (RunMovement(), "unexplained"),
    ],
)
def test_without_a_base_the_run_itself_says_whether_all_of_it_is_slower(movement: RunMovement, code: str):
    assert explain(Case(base=None, head=SOUND, movement=movement))[0].code == code


def test_the_sentence_says_from_how_many_to_how_many_and_the_evidence_which():
    repeated = Statement(fingerprint="select * from items where order_id = $1", calls=100, rows=1000, seconds=0.0005)

    cause = explain(case("database", queries=103, statements=(repeated,)))[0]

    assert cause.sentence == "103 queries per request instead of 3"
    assert cause.evidence == ("`select * from items where order_id = $1` 100 times per request",)


def test_a_missing_index_is_offered_as_a_statement():
    cause = explain(case("database", query_seconds=0.02, statements=(SCANNED,)))[0]

    assert cause.sentence == "sequential scan of items"
    assert cause.remedy == "CREATE INDEX ON shop.items (order_id);"


def test_an_index_that_the_filter_cannot_use_is_not_offered_again():
    seen = case("database", query_seconds=0.02, statements=(replace(SCANNED, indexed=("order_id",)),))

    first = explain(seen)[0]

    assert first.code == "sequential-scan"
    assert "CREATE INDEX ON" not in first.remedy
    assert "An index on order_id is there" in first.remedy


def test_an_endpoint_that_computes_more_because_it_queries_more_is_no_matter_of_cpu():
    codes = [cause.code for cause in explain(case("database", queries=103, cpu=0.02))]

    assert codes == ["repeated-statement"]


def test_without_a_base_only_what_is_plainly_too_much_is_said():
    many = Case(base=None, head=replace(SOUND, queries=103))
    few = Case(base=None, head=SOUND)

    assert [(one.code, one.confidence) for one in explain(many)] == [("repeated-statement", "likely")]
    assert [one.code for one in explain(few)] == ["unexplained"]


def test_a_queue_that_grows_because_each_request_takes_longer_is_a_symptom():
    busy = case("database", alone=0.030, loaded=0.092, queries=None, rows=None, query_seconds=0.02)
    queued = LayerChange(layer="queue", baseline=0.001, now=0.061, change=0.060, interval=(0.05, 0.07))
    followed = replace(busy, layers=(queued, *busy.layers), difference=0.080).with_symptoms_last()

    assert [layer.layer for layer in followed.layers] == ["database", "queue"]
    assert explain(followed)[0].layer == "database"
    assert followed.share("database") == pytest.approx(1.0)


def test_a_queue_is_the_cause_where_a_request_alone_is_as_fast_as_before():
    waiting = case("queue", alone=0.0101, loaded=0.092)
    little = LayerChange(layer="database", baseline=0.001, now=0.002, change=0.001, interval=(0.0, 0.002))
    seen = replace(waiting, layers=(*waiting.layers, little)).with_symptoms_last()

    assert [layer.layer for layer in seen.layers] == ["queue", "database"]
    assert explain(seen)[0].code == "contention"


def test_a_blocking_call_is_named_where_a_cold_cache_computes_a_little_more():
    seen = case("application", alone=0.026, loaded=0.070, cpu=0.0065, canary_loaded=0.02)

    assert [item.code for item in explain(seen)] == ["blocking-call"]


def test_a_profile_of_the_event_loop_confirms_what_blocks_it_and_where():
    blocker = LoopBlocker(name="shop.quote", call="socket.readinto", share=0.9)
    seen = case("queue", canary_loaded=0.1, alone=0.0101, blockers=(blocker,))

    found = explain(replace(seen, base=None, difference=None))[0]

    assert (found.code, found.confidence) == ("blocking-call", "confirmed")
    assert found.sentence.endswith("; `shop.quote` blocks the event loop 90% of the time, in `socket.readinto`")
    assert "`shop.quote`" in found.remedy
    assert "asyncio.to_thread" in found.remedy


def test_what_computes_most_of_the_time_is_no_blocking_call():
    seen = case("application", alone=0.030, cpu=0.028, canary_loaded=0.1)

    assert explain(replace(seen, base=None, difference=None))[0].code != "blocking-call"


def test_a_busy_machine_that_a_request_alone_does_not_show_hides_no_blocking_call():
    seen = case("queue", alone=0.0105, loaded=0.065, canary_loaded=0.07, reference=0.006)

    assert explain(seen)[0].code == "blocking-call"


def test_a_busy_machine_is_no_contention():
    seen = case("queue", alone=0.0105, loaded=0.030, reference=0.006)

    assert explain(seen)[0].code == "environment"


def test_time_without_a_cpu_under_load_is_no_contention():
    base = replace(SOUND, cpu_delay_loaded=0.002, cpu_loaded=0.004)
    seen = {"alone": 0.010, "loaded": 0.032, "by": 0.020}

    assert explain(case("queue", base=base, cpu_delay_loaded=0.014, **seen))[0].code == "environment"
    assert explain(case("queue", base=base, cpu_delay_loaded=0.006, **seen))[0].code == "contention"
    assert explain(case("queue", base=base, cpu_delay_loaded=0.014, cpu_loaded=0.007, **seen))[0].code == "contention"


def test_a_tail_that_waited_for_a_busy_cpu_is_no_disease():
    calm = replace(SOUND, alone_tail=0.0023, loaded_tail=0.005)

    assert explain(case(base=calm, by=0.0, alone_tail=0.0039, loaded_tail=0.0091))[0].code == "healthy"


def test_a_tail_that_the_control_has_too_is_no_disease():
    calm = replace(SOUND, alone_tail=0.012, loaded_tail=0.015)
    control = (replace(SOUND, alone_tail=0.002), replace(SOUND, alone_tail=0.006))
    seen = case(base=calm, by=0.0, alone_tail=0.040, control=control)

    assert explain(seen)[0].code == "healthy"
    assert explain(replace(seen, control=None))[0].code == "waiting"


def test_a_database_that_is_watched_and_not_used_says_nothing_of_another_one():
    unused = replace(SOUND, database=0.0)

    assert explain(case("database", base=unused, query_seconds=0.02))[0].code == "slower-statement"


def test_a_call_that_blocks_only_other_requests_is_named_though_its_own_are_as_fast():
    calm = replace(SOUND, unread_loaded=0.005)
    seen = case(base=calm, by=0.0, canary_loaded=0.057, unread_loaded=0.043)

    assert [(item.code, item.confidence) for item in explain(seen)] == [("blocking-call", "likely")]
    assert explain(replace(seen, head=replace(seen.head, unread_loaded=0.006)))[0].code == "healthy"


def test_what_a_request_waits_for_a_busy_cpu_anyway_is_no_contention():
    busy = replace(SOUND, cpu_delay=0.005, loaded=0.0055)

    assert explain(case(base=busy, by=0.0, alone=0.0105, loaded=0.0078, cpu_delay=0.004))[0].code == "healthy"
    assert explain(case("queue", base=busy, alone=0.0105, loaded=0.040, cpu_delay=0.004))[0].code == "contention"


def test_a_sleep_beside_a_cold_cache_that_computes_a_little_is_no_cpu():
    assert explain(case("application", alone=0.027, loaded=0.029, cpu=0.0055))[0].code == "waiting"


def test_a_heap_that_is_collected_late_is_no_leak():
    """A service that reads 490 kB per request had grown by 46 kB per request when the second pass ended."""
    seen = replace(case("database", database_size=300_000, memory=46_000), language="node")
    python, leaking = replace(seen, language="python"), replace(seen, head=replace(seen.head, memory=200_000))

    assert [cause.code for cause in explain(seen)] == ["wide-rows"]
    assert [cause.code for cause in explain(python)] == ["wide-rows", "memory-growth"]  # time is explained first
    assert [cause.code for cause in explain(leaking)] == ["wide-rows", "memory-growth"]


def test_a_statement_that_a_cache_in_memory_answered_before_is_a_new_one():
    base = replace(SOUND, queries=0.0, query_seconds=None, statements=(), database=0.0)
    seen = case("database", base=base, queries=1.0, query_seconds=0.02, database=0.02, statements=(COUNTED,))

    first = explain(seen)[0]

    assert first.sentence == "1 query per request instead of 0, 20 ms for what is new"
    assert "select count(*) from items" in first.evidence[0]


def test_one_more_query_that_takes_no_time_is_no_cause():
    quick = replace(COUNTED, seconds=0.0001)

    first = explain(case("application", cpu=0.024, queries=4, statements=(quick,)))[0]

    assert first.code == "cpu"


def test_a_body_that_comes_slowly_is_a_matter_of_the_download():
    first = explain(case("download", base=replace(SOUND, download=0.001), download=0.02))[0]

    assert (first.code, first.layer) == ("waiting", "download")
    assert "between the first byte and the last" in first.sentence


def test_the_time_of_a_server_is_compared_and_not_its_messages():
    peer = Peer(address="[::1]:5432", kind="database", messages=1.0, seconds=0.003)
    base = replace(SOUND, peers=(replace(peer, messages=4.0, seconds=0.001),))

    lines = peers_of(Case(base=base, head=replace(SOUND, peers=(peer,))), "database")

    assert lines == ["[::1]:5432: 3 ms instead of 1 ms, 1 message per request"]
