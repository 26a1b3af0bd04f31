"""What every virtual user reports to: the recorder's sums, and what the load makes of a response."""

from __future__ import annotations

from time import monotonic_ns
from types import SimpleNamespace

import pytest

from perfgate.handover import Settings
from perfgate.model.budget_file import Stage
from perfgate.redaction import Redactor
from perfgate.runtime.load import Load
from perfgate.runtime.recorder import EXAMPLES, NAMES, OTHER, SECOND, Recorder
from perfgate.runtime.responses import Failure, Response, Timing

MS = 1_000_000
START = 100 * SECOND


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
    recorder = Recorder(endpoints)
    recorder.started = START
    return recorder


def make_load(environment=None, secrets: dict[str, str] | None = None, **settings) -> Load:
    load = Load(environment, make_settings(**settings), Redactor(secrets or {}))
    load.recorder.started = START
    return load


def totals(recorder: Recorder) -> dict:
    """Successes, failures and bytes by key."""
    return {key: (one.successes, one.failures, one.bytes) for key, one in recorder.windows.items()}


# ---- the recorder


def test_requests_are_counted_by_the_second_in_which_they_began():
    recorder = make_recorder()
    for began in (START - 1, START, START + SECOND - 1, START + SECOND, START - SECOND, START + 9 * SECOND):
        recorder.success("endpoint", "search", began, (5 * MS, 4 * MS, 3 * MS), 100)
    assert totals(recorder) == {
        ("endpoint", "search", -1): (2, {}, 200),
        ("endpoint", "search", 0): (2, {}, 200),
        ("endpoint", "search", 1): (1, {}, 100),
        ("endpoint", "search", 9): (1, {}, 100),
    }
    window = recorder.windows["endpoint", "search", 0]
    assert [part.total for part in (window.latency, window.service, window.first_byte)] == [10 * MS, 8 * MS, 6 * MS]


def test_an_endpoint_and_a_journey_of_one_name_are_two():
    recorder = make_recorder()
    recorder.success("endpoint", "buy", START, (1, 1, 1), 1)
    recorder.success("journey", "buy", START, (2, 2, 2), 0)
    assert list(recorder.windows) == [("endpoint", "buy", 0), ("journey", "buy", 0)]


def test_a_timeout_counts_as_a_latency_and_other_failures_do_not():
    recorder = make_recorder()
    recorder.failure("endpoint", "search", START, ("status", "status: 500"))
    recorder.failure("endpoint", "search", START, ("timeout", "no answer"), 2000 * MS)
    recorder.failure("endpoint", "search", START, ("status", "status: 500"))
    window = recorder.windows["endpoint", "search", 0]
    assert (window.successes, window.failures) == (0, {"status": 2, "timeout": 1})
    assert window.latency.freeze() == window.service.freeze()
    assert (window.latency.total, sum(window.latency.buckets.values())) == (2000 * MS, 1)
    assert window.first_byte.buckets == {}


def test_taking_leaves_the_totals():
    recorder = make_recorder()
    recorder.success("endpoint", "a", START, (1, 1, 1), 1)
    recorder.failure("endpoint", "a", START, ("status", "500"))
    assert list(recorder.take()) == [("endpoint", "a", 0)]
    assert recorder.take() == {}
    recorder.success("endpoint", "a", START, (1, 1, 1), 1)
    assert (recorder.recorded, recorder.examples) == (3, {"a": ["500"]})


def test_examples_are_few_and_different():
    recorder = make_recorder()
    for number in range(1000):
        recorder.failure("endpoint", "a", START, ("expectation", f"got {number // 2}"))
    assert recorder.examples == {"a": [f"got {number}" for number in range(EXAMPLES)]}


def test_names_made_of_ids_do_not_fill_the_memory():
    recorder = make_recorder()
    for number in range(3 * NAMES):
        recorder.success("endpoint", f"GET /products/{number}", START, (1, 1, 1), 1)
        recorder.failure("endpoint", f"GET /products/{number}", START, ("status", f"status: {number}"))
    assert len(recorder.windows) == NAMES + 1
    assert len(recorder.examples) == NAMES + 1
    assert recorder.windows["endpoint", OTHER, 0].successes == 2 * NAMES
    assert len(recorder.examples[OTHER]) == EXAMPLES
    assert recorder.recorded == 6 * NAMES


def test_the_endpoints_of_the_budget_file_keep_their_names_whatever_else_is_sent():
    recorder = make_recorder("search")
    for number in range(2 * NAMES):
        recorder.success("endpoint", f"GET /products/{number}", START, (1, 1, 1), 1)
    recorder.success("endpoint", "search", START, (1, 1, 1), 1)
    assert recorder.windows["endpoint", "search", 0].successes == 1


def test_what_cannot_be_written_in_utf_8_does_not_get_in():
    recorder = make_recorder()
    recorder.failure("endpoint", "bad \ud800", START, ("expectation", "got \udfff"))
    assert list(recorder.windows) == [("endpoint", "bad ?", 0)]
    assert recorder.examples == {"bad ?": ["got ?"]}


# ---- the load


def test_latency_is_all_the_waiting_and_first_byte_counts_from_asking():
    load = make_load()
    timing = Timing(queue=1 * MS, wait=20 * MS, service=300 * MS, first_byte=100 * MS)
    load.record("endpoint", "search", START, Response(size=7, timing=timing), None)
    window = load.recorder.windows["endpoint", "search", 0]
    assert (window.latency.total, window.service.total, window.first_byte.total) == (321 * MS, 300 * MS, 120 * MS)
    assert (window.successes, window.bytes) == (1, 7)


def test_a_timeout_is_recorded_with_all_its_waiting():
    load = make_load()
    timing = Timing(queue=500 * MS, service=1000 * MS)
    load.record("endpoint", "search", START, Response(timing=timing), Failure("timeout", "no answer within 1 s"))
    assert load.recorder.windows["endpoint", "search", 0].latency.total == 1500 * MS


@pytest.mark.parametrize("kind", ["status", "expectation", "connection", "protocol", "step"])
def test_a_fast_failure_is_no_latency(kind):
    load = make_load()
    load.record("endpoint", "search", START, Response(timing=Timing(service=MS)), Failure(kind, "why"))
    window = load.recorder.windows["endpoint", "search", 0]
    assert (window.latency.buckets, window.failures) == ({}, {kind: 1})


def test_secrets_do_not_get_into_examples():
    load = make_load(secrets={"API_TOKEN": "s3cr3t"})
    load.record("endpoint", "a", START, Response(), Failure("expectation", "expected 'x', got 's3cr3t'"))
    assert load.recorder.examples == {"a": ["expected 'x', got '[API_TOKEN]'"]}


def test_clock_steps_are_counted():
    load = make_load()
    for stepped in (True, False, True):
        load.record("endpoint", "a", START, Response(timing=Timing(service=1, clock_stepped=stepped)), None)
    assert load.clock_steps == 2


def test_the_generators_own_delay_is_that_of_measured_requests_whose_delay_is_known():
    """Journeys, failures and requests of hand-written scenarios have none: zeros would flatter the generator."""
    load = make_load()
    load.record("endpoint", "a", START - 1, Response(timing=Timing(service=1, delivery=9 * MS)), None)  # warm-up
    load.record("endpoint", "a", START, Response(timing=Timing(service=1, delivery=3 * MS)), None)
    load.record("journey", "b", START, Response(timing=Timing(service=1)), None)
    load.record("endpoint", "a", START, Response(timing=Timing(service=1)), Failure("timeout", "no answer"))
    assert (sum(load.delivery.buckets.values()), load.delivery.total) == (1, 3 * MS)


def test_arrivals_count_in_the_measured_time_and_late_ones_twice():
    load = make_load()
    now = monotonic_ns()
    load.recorder.started = now - 60 * SECOND
    load.arrived(now - 61 * SECOND)  # warm-up
    load.arrived(now + 5 * SECOND)  # early is not late
    load.arrived(now - 5 * SECOND)
    assert (load.due, load.late) == (2, 1)
    assert load.lateness.minimum == 0
    assert load.lateness.maximum >= 5 * SECOND


def test_the_most_users_at_once():
    load = make_load()
    for change in (1, 1, 1, -1, -1, 1):
        if change > 0:
            load.joined()
        else:
            load.users -= 1
    assert (load.users, load.most_users) == (2, 3)


def test_under_plain_locust_its_own_events_are_fired():
    fired = []
    request = SimpleNamespace(fire=lambda **event: fired.append(event))
    load = Load(SimpleNamespace(events=SimpleNamespace(request=request)), None, Redactor({"TOKEN": "s3cr3t"}))
    timing = Timing(queue=MS, wait=2 * MS, service=3 * MS)
    load.record("endpoint", "search", START, Response(method="GET", size=7, timing=timing), None)
    load.record("journey", "buy", START, Response(timing=timing), Failure("step", "s3cr3t failed"))
    assert [(one["request_type"], one["name"], one["response_time"], one["response_length"]) for one in fired] == [
        ("GET", "search", 6.0, 7),
        ("journey", "buy", 6.0, 0),
    ]
    assert [str(one["exception"]) for one in fired] == ["None", "step: [TOKEN] failed"]
    assert load.recorder.windows == {}
