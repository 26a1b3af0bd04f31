"""What every virtual user reports to: the recorder's sums, and what the load makes of a response."""

from __future__ import annotations

from pathlib import Path
from time import monotonic_ns
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.model.budget_file import Stage
from perfgate.recording.counting import add_many
from perfgate.recording.handover import Settings
from perfgate.recording.histogram import Histogram
from perfgate.recording.remarks import RATE_LIMITED, forbidden_by
from perfgate.recording.windows import PHASES, Phases, Record, Window
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.record.load import Load
from perfgate.runtime.record.progress import ProgressWriter
from perfgate.runtime.record.recorder import MAX_ENDPOINTS, MAX_FAILURE_EXAMPLES, NS_PER_SECOND, OTHER, ROW, Recorder
from perfgate.text.redaction import Redactor

MS = 1_000_000
START = 100 * NS_PER_SECOND


def make_settings(**others) -> Settings:
    return Settings(
        **{
            "folder": ".",
            "model": "open",
            "stages": (Stage(level=10, duration=10),),
            "warmup": 2.0,
            "arrivals": "even",
            "max_users": 10,
            "seed": 1,
            "timeout": 10.0,
            **others,
        }
    )


def make_recorder(*endpoints: str) -> Recorder:
    recorder = Recorder(endpoints, duration=10 * NS_PER_SECOND)
    recorder.started = START
    return recorder


def succeed(
    recorder: Recorder,
    name: str,
    began: int,
    *,
    kind: str = "endpoint",
    size: int = 1,
    status: int = 200,
    **times: int,
) -> None:
    """A success; its times (ns) are 1 each unless given."""
    named = {"latency": 1, "service": 1, "first_byte": 1, "delivery": 0} | times
    recorder.rows[kind, name].extend(ROW(began, *named.values(), size, size, status))


def make_load(environment=None, secrets: dict[str, str] | None = None, **settings) -> Load:
    load = Load(environment, make_settings(**settings), Redactor(secrets or {}))
    load.recorder.started = START
    return load


def totals(record: Record) -> dict:
    """Successes, failures and bytes by key."""
    return {key: (one.successes, one.failures, one.bytes) for key, one in record.windows.items()}


def recorded(load: Load, name: str = "search", second: int = 0, *, kind: str = "endpoint") -> Window:
    """The only window, of this key."""
    [(key, window)] = load.recorder.take().windows.items()
    assert key == (kind, name, "", second)
    return window


# ---- the recorder


def test_requests_are_counted_by_the_second_in_which_they_began():
    recorder = make_recorder()
    for began in (
        START - 1,
        START,
        START + NS_PER_SECOND - 1,
        START + NS_PER_SECOND,
        START - NS_PER_SECOND,
        START + 9 * NS_PER_SECOND,
    ):
        succeed(recorder, "search", began, latency=5 * MS, service=4 * MS, first_byte=3 * MS, size=100)
    record = recorder.take()
    assert totals(record) == {
        ("endpoint", "search", "", -1): (2, {}, 200),
        ("endpoint", "search", "", 0): (2, {}, 200),
        ("endpoint", "search", "", 1): (1, {}, 100),
        ("endpoint", "search", "", 9): (1, {}, 100),
    }
    assert record.windows["endpoint", "search", "", 0].latency.total == 10 * MS
    assert recorder.recorded == 6


def test_phases_are_those_of_the_measured_time():
    recorder = make_recorder()
    for began in (START - 1, START, START + 10 * NS_PER_SECOND - 1, START + 10 * NS_PER_SECOND):
        succeed(recorder, "search", began, latency=5 * MS, service=4 * MS, first_byte=3 * MS)
        recorder.record_dial(("endpoint", "search"), began, (1 * MS, 2 * MS, 7 * MS))
    phases = recorder.take().phases["endpoint", "search", ""]
    totals = {phase: (sum(phases.of(phase).buckets.values()), phases.of(phase).total // MS) for phase in PHASES}
    assert totals == {
        "service": (2, 8),
        "first_byte": (2, 6),
        "download": (2, 2),
        "dns": (2, 2),
        "connect": (2, 4),
        "tls": (2, 14),
    }


def test_an_endpoint_and_a_journey_of_one_name_are_two():
    recorder = make_recorder()
    succeed(recorder, "buy", START)
    succeed(recorder, "buy", START, kind="journey", latency=2, size=0)
    assert list(recorder.take().windows) == [("endpoint", "buy", "", 0), ("journey", "buy", "", 0)]


def test_a_timeout_counts_as_a_latency_and_other_failures_do_not():
    recorder = make_recorder()
    recorder.failure(("endpoint", "search"), START, ("status", "status: 500"))
    recorder.failure(("endpoint", "search"), START, ("timeout", "no answer"), 2000 * MS)
    recorder.failure(("endpoint", "search"), START, ("status", "status: 500"))
    record = recorder.take()
    window = record.windows["endpoint", "search", "", 0]
    assert (window.successes, window.failures) == (0, {"status": 2, "timeout": 1})
    assert (window.latency.total, sum(window.latency.buckets.values())) == (2000 * MS, 1)
    assert record.phases == {}  # where the time of successes went


def test_taking_leaves_the_totals():
    recorder = make_recorder()
    succeed(recorder, "a", START)
    recorder.failure(("endpoint", "a"), START, ("status", "500"))
    assert totals(recorder.take()) == {("endpoint", "a", "", 0): (1, {"status": 1}, 1)}
    again = recorder.take()
    assert (again.windows, again.phases) == ({}, {})
    succeed(recorder, "a", START)
    assert totals(recorder.take()) == {("endpoint", "a", "", 0): (1, {}, 1)}
    assert (recorder.recorded, recorder.examples) == (3, {"a": ["500"]})


times = st.integers(0, 2**52)
rows = st.tuples(
    st.integers(START - 3 * NS_PER_SECOND, START + 13 * NS_PER_SECOND),
    times,
    times,
    times,
    times,
    st.integers(0, 2**40),
)


@given(st.lists(times | st.sampled_from([2**n + d for n in range(1, 52) for d in (-1, 0, 1)]), max_size=50), st.data())
def test_many_are_added_to_a_histogram_as_one_by_one(values, data):
    one_by_one, in_bulk = Histogram(), Histogram()
    for value in values:
        one_by_one.add(value)
    cut = data.draw(st.integers(0, len(values)))
    for part in (values[:cut], values[cut:]):
        add_many(in_bulk, np.array(part, dtype=np.int64))
    assert in_bulk.pack() == one_by_one.pack()
    assert {type(key) for key in in_bulk.buckets} <= {int}  # for JSON and for Locust's messages


@given(st.lists(rows, max_size=30), st.integers(1, 4))
def test_counting_in_bulk_is_counting_one_by_one(requests, takes):
    recorder, expected = make_recorder(), Record()
    delivery = Histogram()
    counted = Record()
    for number, (began, latency, service, first_byte, delay, size) in enumerate(requests):
        first_byte = min(first_byte, service)
        succeed(
            recorder, "a", began, latency=latency, service=service, first_byte=first_byte, delivery=delay, size=size
        )
        window = Window()
        window.successes, window.bytes = 1, size
        window.latency.add(latency)
        expected.add(("endpoint", "a", "", (began - START) // NS_PER_SECOND), window)
        if START <= began < START + 10 * NS_PER_SECOND:
            phases = Phases()
            phases.service.add(service)
            phases.first_byte.add(first_byte)
            phases.download.add(service - first_byte)
            expected.add_phases(("endpoint", "a", ""), phases)
            if delay:
                delivery.add(delay)
        if number % takes == 0:
            counted.merge(recorder.take())
    counted.merge(recorder.take())
    assert plain(counted) == plain(expected)
    assert recorder.delivery.pack() == delivery.pack()
    assert recorder.recorded == len(requests)


def plain(record: Record) -> list:
    """All that is in a record, in any order of its keys."""
    return [
        {key: window.pack() for key, window in record.windows.items()},
        {series: phases.pack() for series, phases in record.phases.items()},
    ]


def test_errors_of_the_warm_up_are_no_examples():
    recorder = make_recorder("a")
    recorder.failure(("endpoint", "a", ""), START - NS_PER_SECOND, ("connection", "refused"))
    recorder.failure(("endpoint", "a", ""), START, ("status", "500"))
    assert recorder.examples == {"a": ["500"]}
    assert recorder.recorded == 2


def test_messages_that_did_not_come_are_no_examples_of_failed_requests():
    recorder = make_recorder()
    for kind in ("first_message", "message"):
        recorder.failure((kind, "prices"), START, ("timeout", "no message came"), 5)
    assert recorder.examples == {}
    recorder.failure(("completion", "prices"), START, ("job", "its job failed"), 5)
    assert recorder.examples == {"prices": ["its job failed"]}


def test_examples_are_few_and_different():
    recorder = make_recorder()
    for number in range(1000):
        recorder.failure(("endpoint", "a"), START, ("expectation", f"got {number // 2}"))
    assert recorder.examples == {"a": [f"got {number}" for number in range(MAX_FAILURE_EXAMPLES)]}


def test_names_made_of_ids_do_not_fill_the_memory():
    recorder = make_recorder()
    for number in range(3 * MAX_ENDPOINTS):
        succeed(recorder, f"GET /products/{number}", START)
        recorder.failure(("endpoint", f"GET /products/{number}"), START, ("status", f"status: {number}"))
    record = recorder.take()
    assert len(record.windows) == MAX_ENDPOINTS + 1
    assert len(record.phases) == MAX_ENDPOINTS + 1
    assert len(recorder.examples) == MAX_ENDPOINTS + 1
    assert record.windows["endpoint", OTHER, "", 0].successes == 2 * MAX_ENDPOINTS
    assert len(recorder.examples[OTHER]) == MAX_FAILURE_EXAMPLES
    assert recorder.recorded == 6 * MAX_ENDPOINTS


def test_the_endpoints_of_the_budget_file_keep_their_names_whatever_else_is_sent():
    recorder = make_recorder("search")
    for number in range(2 * MAX_ENDPOINTS):
        succeed(recorder, f"GET /products/{number}", START)
    succeed(recorder, "search", START)
    windows = recorder.take().windows
    assert windows["endpoint", "search", "", 0].successes == 1
    assert windows["endpoint", OTHER, "", 0].successes == MAX_ENDPOINTS + 1  # "search" is one of the names told apart


def test_what_cannot_be_written_in_utf_8_does_not_get_in():
    recorder = make_recorder()
    recorder.failure(("endpoint", "bad \ud800"), START, ("expectation", "got \udfff"))
    succeed(recorder, "bad \ud800", START)
    assert totals(recorder.take()) == {("endpoint", "bad ?", "", 0): (1, {"expectation": 1}, 1)}
    assert recorder.examples == {"bad ?": ["got ?"]}


# ---- the load


def test_latency_is_all_the_waiting():
    load = make_load()
    response = Response(size=7, queue=1 * MS, wait=20 * MS, service=300 * MS, first_byte=100 * MS)
    load.record(("endpoint", "search"), START, response, None)
    record = load.recorder.take()
    window, phases = record.windows["endpoint", "search", "", 0], record.phases["endpoint", "search", ""]
    assert (window.latency.total, phases.service.total) == (321 * MS, 300 * MS)
    assert (phases.first_byte.total, phases.download.total) == (100 * MS, 200 * MS)
    assert (window.successes, window.bytes) == (1, 7)


def test_phases_of_a_new_connection():
    load = make_load()
    new = Response(wait=9 * MS, dns=1 * MS, connect=2 * MS, tls=5 * MS, service=MS, connections=1)
    load.record(("endpoint", "a"), START, new, None)
    load.record(("endpoint", "a"), START, Response(service=MS), None)
    phases = load.recorder.take().phases["endpoint", "a", ""]
    assert [(part.total, sum(part.buckets.values())) for part in (phases.dns, phases.connect, phases.tls)] == [
        (1 * MS, 1),
        (2 * MS, 1),
        (5 * MS, 1),
    ]
    assert sum(phases.service.buckets.values()) == 2
    assert load.connections == 1


def test_a_timeout_is_recorded_with_all_its_waiting():
    load = make_load()
    response = Response(queue=500 * MS, service=1000 * MS)
    load.record(("endpoint", "search"), START, response, Failure("timeout", "no answer within 1 s"))
    assert recorded(load).latency.total == 1500 * MS


@pytest.mark.parametrize("kind", ["status", "expectation", "connection", "protocol", "step"])
def test_a_fast_failure_is_no_latency(kind):
    load = make_load()
    load.record(("endpoint", "search"), START, Response(service=MS), Failure(kind, "why"))
    window = recorded(load)
    assert (window.latency.buckets, window.failures) == ({}, {kind: 1})


def test_secrets_do_not_get_into_examples():
    load = make_load(secrets={"API_TOKEN": "s3cr3t"})
    load.record(("endpoint", "a"), START, Response(), Failure("expectation", "expected 'x', got 's3cr3t'"))
    assert load.recorder.examples == {"a": ["expected 'x', got '[API_TOKEN]'"]}


def test_clock_steps_are_counted_and_not_timed():
    load = make_load()
    for stepped in (True, False, True):
        load.record(("endpoint", "a"), START, Response(size=5, service=1, clock_stepped=stepped), None)
    assert load.clock_steps == 2
    window = recorded(load, "a")
    assert (window.successes, window.bytes, sum(window.latency.buckets.values())) == (3, 15, 1)
    assert load.recorder.recorded == 3


def test_the_generators_own_delay_is_that_of_measured_requests_whose_delay_is_known():
    """Journeys, failures and requests of hand-written scenarios have none: zeros would flatter the generator."""
    load = make_load()
    load.record(("endpoint", "a"), START - 1, Response(service=1, delivery=9 * MS), None)  # warm-up
    load.record(("endpoint", "a"), START, Response(service=1, delivery=3 * MS), None)
    load.record(("journey", "b"), START, Response(service=1), None)
    load.record(("endpoint", "a"), START, Response(service=1), Failure("timeout", "no answer"))
    load.recorder.take()
    delivery = load.recorder.delivery
    assert (sum(delivery.buckets.values()), delivery.total) == (1, 3 * MS)


def test_arrivals_count_in_the_measured_time_and_late_ones_twice():
    load = make_load()
    now = monotonic_ns()
    load.recorder.started = now - 60 * NS_PER_SECOND
    load.count_arrival(now - 61 * NS_PER_SECOND)  # warm-up
    load.count_arrival(now + 5 * NS_PER_SECOND)  # early is not late
    load.count_arrival(now - 5 * NS_PER_SECOND)
    assert (load.sent, load.late) == (2, 1)
    assert load.lateness.minimum == 0
    assert load.lateness.maximum >= 5 * NS_PER_SECOND


def test_the_most_users_at_once():
    load = make_load()
    for change in (1, 1, 1, -1, -1, 1):
        if change > 0:
            load.add_user()
        else:
            load.users -= 1
    assert (load.users, load.most_users) == (2, 3)


def test_under_plain_locust_its_own_events_are_fired():
    fired = []
    request = SimpleNamespace(fire=lambda **event: fired.append(event))
    load = Load(SimpleNamespace(events=SimpleNamespace(request=request)), None, Redactor({"TOKEN": "s3cr3t"}))
    times = {"queue": MS, "wait": 2 * MS, "service": 3 * MS}
    load.record(("endpoint", "search"), START, Response(method="GET", size=7, **times), None)
    load.record(("journey", "buy"), START, Response(**times), Failure("step", "s3cr3t failed"))
    assert [(one["request_type"], one["name"], one["response_time"], one["response_length"]) for one in fired] == [
        ("GET", "search", 6.0, 7),
        ("journey", "buy", 6.0, 0),
    ]
    assert [str(one["exception"]) for one in fired] == ["None", "step: [TOKEN] failed"]
    assert load.recorder.take().windows == {}


def test_a_full_disk_costs_the_progress_and_not_the_load():
    """Linux has a device that is always full. Nothing is raised."""
    ProgressWriter(Path("/dev/full"), warmup=0.0, duration=1.0).write(0.5, draining=False, in_flight=1, users=1)


def test_an_answer_429_is_noted_with_its_cause():
    load = make_load()
    limited, broken = (Failure("status", f"status: {status}") for status in (429, 500))
    load.record(("endpoint", "search"), START, Response(status=429), limited)
    load.record(("endpoint", "home"), START, Response(status=500), broken)
    assert load.observations.remarks == {("search", RATE_LIMITED): 1}


def test_an_answer_403_by_way_of_a_firewall_is_noted():
    load = make_load()
    forbidden = Failure("status", "status: 403")
    head = b"HTTP/1.1 403 Forbidden\r\nServer: cloudflare\r\nCF-RAY: 7d-FRA\r\n\r\n"
    load.record(("endpoint", "search"), START, Response(status=403, head=head), forbidden)
    load.record(("endpoint", "home"), START, Response(status=403, head=b"HTTP/1.1 403 Forbidden\r\n\r\n"), forbidden)
    assert load.observations.remarks == {("search", forbidden_by("Cloudflare")): 1}
