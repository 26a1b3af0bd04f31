"""What a load test comes to: tallies of several processes, what got lost between them, and progress."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from perfgate.model.budget_file import Stage
from perfgate.model.run import LATENCY_BOUNDS, Generator, Progress
from perfgate.recording import handover
from perfgate.recording.handover import LoadResult, ScenarioError, Settings, progress_of
from perfgate.recording.histogram import Histogram
from perfgate.recording.windows import Key, Record, Window
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.record.endpoint_totals import EndpointTotals
from perfgate.runtime.record.load import Load
from perfgate.runtime.record.progress import ProgressWriter
from perfgate.runtime.record.recorder import NS_PER_SECOND
from perfgate.runtime.record.result import Collection, LoadEnd, summary, tally
from perfgate.text.redaction import Redactor

MS = 1_000_000
SETTINGS = Settings(
    folder="/runs/1",
    model="open",
    stages=(Stage(level=10, duration=10), Stage(level=20, duration=5.5)),
    warmup=2.0,
    arrivals="poisson",
    max_users=10,
    seed=2**200,
    timeout=10.0,
    endpoints=("search", "søk"),
    secrets=("API_TOKEN",),
    processes=2,
)


def make_load(requests: int = 0, failures: int = 0, *, name: str = "search", delivery: int = MS, **others: int) -> Load:
    load = Load(None, SETTINGS, Redactor())
    for number in range(requests):
        response = Response(size=100, service=10 * MS, delivery=delivery)
        load.record(("endpoint", name), number * NS_PER_SECOND, response, None)
    for number in range(failures):
        load.record(
            ("endpoint", name), number * NS_PER_SECOND, Response(), Failure("status", f"status: {500 + number}")
        )
    for what, value in others.items():
        setattr(load, what, value)
    return load


def collected(**loads: Load) -> Collection:
    """As if every process had sent all its windows, and then its tally."""
    collection = Collection(1)
    for process, load in loads.items():
        collection.add(process, load.recorder.take())
        collection.tallies[process] = tally(load, cpu=0.5)
    return collection


def test_windows_of_all_processes_are_added_up():
    collection = collected(one=make_load(3, 1), two=make_load(2))
    window = collection.record.windows["endpoint", "search", "", 0]
    assert (window.successes, window.failures, window.latency.total) == (2, {"status": 1}, 20 * MS)
    assert collection.received == {"one": 4, "two": 2}
    assert collection.lost() == 0


def test_what_never_arrived_is_lost():
    one, two = make_load(10), make_load(7, 2)
    collection = Collection(1)
    collection.add("one", one.recorder.take())
    part, whole = Record(), two.recorder.take()
    part.windows = {key: window for key, window in whole.windows.items() if key[3] < 3}
    collection.add("two", part)
    collection.tallies = {"one": tally(one, 0.0), "two": tally(two, 0.0)}
    assert (collection.received, collection.lost()) == ({"one": 10, "two": 5}, 4)


def test_a_process_that_sent_nothing_lost_all():
    collection = Collection(1)
    collection.tallies["one"] = tally(make_load(5), 0.0)
    assert collection.lost() == 5


def test_windows_may_arrive_in_several_parts():
    load, collection = make_load(), Collection(1)
    for _ in range(3):
        load.record(("endpoint", "search"), 0, Response(service=MS), None)
        collection.add("one", load.recorder.take())
    collection.tallies["one"] = tally(load, 0.0)
    assert collection.lost() == 0
    assert collection.record.windows["endpoint", "search", "", 0].successes == 3


def test_a_long_test_has_wider_windows():
    load, collection = make_load(10, 7), Collection(4)
    collection.add("one", load.recorder.take())
    assert {key[3]: (one.successes, one.failures) for key, one in collection.record.windows.items()} == {
        0: (4, {"status": 4}),
        4: (4, {"status": 3}),
        8: (2, {}),
    }
    collection.tallies["one"] = tally(load, 0.0)
    assert collection.lost() == 0


def test_the_summary_adds_up_and_fits_the_models():
    one = make_load(
        10, 1, sent=100, late=3, dropped=1, waiting=2, abandoned=1, most_users=4, connections=5, clock_steps=1
    )
    two = make_load(20, 1, delivery=8 * MS, sent=50, late=0, in_flight=2, most_users=6, connections=7)
    one.lateness.add(2 * MS)
    two.lateness.add(40 * MS)
    end = LoadEnd(
        started="2026-01-05T09:00:00+00:00",
        duration=15.5,
        due=155,
        interrupted=False,
        workers=frozenset({"two", "gone"}),
    )
    result = summary(collected(one=one, two=two), end)
    assert (result.recorded, result.lost, result.unfinished, result.clock_steps) == (32, 0, 3, 1)
    assert (result.started, result.duration, result.interrupted) == ("2026-01-05T09:00:00+00:00", 15.5, False)
    health = result.generator
    assert (health.workers, health.workers_lost) == (2, 1)
    assert (health.due, health.sent, health.late, health.dropped) == (155, 150, 3, 3)
    assert (health.users, health.connections, health.cpu) == (10, 12, 0.5)
    assert health.delay_p50 == pytest.approx(0.008, rel=0.002)
    assert health.delay_p99 == pytest.approx(0.008, rel=0.002)
    assert (health.lateness_p50, health.lateness_p99) == (0.002, 0.04)


def test_the_busiest_process_counts():
    collection = collected(one=make_load(), two=make_load())
    collection.tallies["two"]["cpu"] = 0.97
    assert summary(collection, LoadEnd(started="", duration=1, interrupted=False)).generator.cpu == 0.97


def test_examples_of_all_processes_are_few_and_different():
    result = summary(
        collected(one=make_load(0, 4), two=make_load(0, 9), three=make_load(0, 1, name="log in")),
        LoadEnd(started="", duration=1, interrupted=True),
    )
    assert result.examples == {"search": tuple(f"status: {500 + n}" for n in range(5)), "log in": ("status: 500",)}


def test_nothing_at_all_is_a_summary_too():
    result = summary(Collection(1), LoadEnd(started="", duration=0.0, interrupted=True))
    assert (result.recorded, result.generator.delay_p99, result.generator.cpu) == (0, 0.0, 0.0)


def test_tallies_travel_as_plain_data():
    data = tally(make_load(3, 2), 0.25)
    assert (
        Histogram.unpack(json.loads(json.dumps(data))["delivery"]).freeze()
        == Histogram.unpack(data["delivery"]).freeze()
    )


RESULT = LoadResult(
    started="2026-01-05T09:00:00+00:00",
    began=12.5,
    duration=15.5,
    interrupted=False,
    aborted="half of all requests failed",
    seed=2**200,
    numbers=7,
    recorded=32,
    lost=1,
    unfinished=3,
    clock_steps=1,
    renewed=2,
    redirected=("home",),
    notes=("a note",),
    examples={"søk": ("status: 500", "timeout")},
    base_examples={"search": ("status: 404",)},
    base_failures={"search": (404, 405)},
    resends={"search": 4},
    remarks=(("search", "odd", 2),),
    exceptions=(ScenarioError(message="KeyError: 'x'", count=3),),
    generator=Generator(sent=150, unsent={"ports": 1}, addresses={"127.0.0.1": 12}),
)


def test_a_result_is_handed_over_whole(tmp_path):
    path = tmp_path / "load-test.json"
    handover.write_result(RESULT, path)
    assert handover.read_result(path) == RESULT
    assert [field.name for field in fields(RESULT) if getattr(RESULT, field.name) == field.default] == []
    assert list(tmp_path.iterdir()) == [path]


def test_a_result_is_written_whatever_is_in_a_message(tmp_path):
    path = tmp_path / "load-test.json"
    handover.write_result(replace(RESULT, exceptions=(ScenarioError(message="bad \ud800, good ü", count=1),)), path)
    assert handover.read_result(path).exceptions == (ScenarioError(message="bad ?, good ü", count=1),)


# ---- settings and progress


def test_settings_are_handed_over_whole(tmp_path):
    path = tmp_path / "load.json"
    handover.write(SETTINGS, path)
    assert handover.read({handover.VARIABLE: str(path)}) == SETTINGS
    assert SETTINGS.duration == 15.5


@pytest.mark.parametrize("environ", [{}, {handover.VARIABLE: ""}])
def test_a_scenario_that_perfgate_did_not_start_has_no_settings(environ):
    assert handover.read(environ) is None


def window(successes: int, latency: int = 10 * MS, **failures: int) -> Window:
    made = Window()
    made.successes, made.failures = successes, failures
    for _ in range(successes + failures.get("timeout", 0)):
        made.latency.add(latency)
    return made


def record(windows: dict[Key, Window]) -> Record:
    made = Record()
    made.windows = windows
    return made


def test_progress_is_that_of_the_last_seconds(tmp_path):
    path = tmp_path / "progress.jsonl"
    writer = ProgressWriter(path, warmup=2.0, duration=10.0)
    writer.write(0.0, draining=False, in_flight=0, users=0)
    writer.add(1.0, record({("endpoint", "a", -1): window(100, 500 * MS), ("journey", "j", -1): window(7)}))
    writer.write(1.0, draining=False, in_flight=1, users=2)
    writer.add(8.0, record({("endpoint", "a", 6): window(40, status=8, timeout=2)}))
    writer.write(8.0, draining=False, in_flight=3, users=4)
    writer.write(12.5, draining=True, in_flight=0, users=0)
    first, warm, measuring, draining = [Progress(**json.loads(line)) for line in path.read_text().splitlines()]
    assert (first.phase, first.requests, first.rate, first.p95) == ("warm-up", 0, 0.0, None)
    assert (warm.phase, warm.requests, warm.rate, warm.p95) == ("warm-up", 100, 100.0, 0.5)
    assert (measuring.phase, measuring.requests, measuring.failures) == ("measuring", 150, 10)
    assert (measuring.rate, measuring.p95, measuring.in_flight, measuring.users) == (10.0, 0.01, 3, 4)
    assert (draining.phase, draining.elapsed, draining.total) == ("draining", 12.5, 12.0)


def test_totals_of_endpoints_come_every_few_seconds_and_at_the_end(tmp_path):
    path = tmp_path / "progress.jsonl"
    writer = ProgressWriter(path, warmup=2.0, duration=10.0, totals=EndpointTotals())
    slow, own = window(100, 500 * MS), ("endpoint", "a")
    writer.add(1.0, record({(*own, "", -1): slow, ("journey", "j", "", -1): window(7)}))
    writer.write(1.0, draining=False, in_flight=1, users=2)
    writer.write(5.0, draining=False, in_flight=1, users=2)
    writer.add(6.0, record({(*own, "", 4): window(40, status=8, timeout=2)}))
    writer.write(9.0, draining=False, in_flight=1, users=2)
    writer.write(9.5, draining=True, in_flight=0, users=0)

    none, first, silent, last = [progress_of(line) for line in path.read_text().splitlines()]
    assert (none.endpoints, silent.endpoints) == ((), ())
    assert first.load == last.load != 0
    assert [(item.name, item.kind, item.requests) for item in first.endpoints] == [
        ("a", "endpoint", 100),
        ("j", "journey", 7),
    ]
    before, after = first.endpoints[0], last.endpoints[0]
    assert (before.seconds, before.recent["p95"]) == (50.0, 0.5)
    assert before.buckets[LATENCY_BOUNDS.index(0.5)] == 100
    assert (after.requests, after.failures) == (150, {"status": 8, "timeout": 2})
    assert after.buckets[LATENCY_BOUNDS.index(0.5)] == 100
    assert sum(after.buckets) == 142
    assert after.recent["p95"] == 0.01
