"""Windows -> Run: what counts, what does not, and percentiles as numpy has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from perfgate import measure
from perfgate.measure import Circumstances
from perfgate.model.budget_file import Endpoint, Journey, LoadProfile, Send, Stage
from perfgate.model.errors import RecordError
from perfgate.model.plan import Digests, Plan
from perfgate.model.revision import Revision
from perfgate.model.run import Arm, Generator, LoadTest, Run, Runner
from perfgate.recording import windows
from perfgate.recording.windows import Phases, Record, Window

MS = 1_000_000
DURATION = 10.0

CIRCUMSTANCES = Circumstances(
    run_id="run-1",
    target="http://shop.test:8765",
    revision=Revision(commit="c0ffee", branch="faster", pull_request=7, dirty=True),
    runner=Runner(os="Linux", cpu="Test CPU", cores=4, memory=2**34),
    clock="kernel receive timestamp",
    versions={"perfgate": "0.1.0"},
    processes=2,
    host="shop.test:8765",
)


def make_plan(endpoints: Iterable[str] = ("search",), journeys: Iterable[str] = ()) -> Plan:
    return Plan(
        name="shop",
        source=Path("budgets.yaml"),
        target="http://shop.test:8765",
        load=LoadProfile(model="open", stages=(Stage(level=10, duration=DURATION),), warmup=2.0),
        load_words="open 10/s for 10 s after 2 s warm-up",
        endpoints=tuple(Endpoint(name=name, request=None) for name in endpoints),
        journeys=tuple(Journey(name=name, steps=()) for name in journeys),
        scenarios=(),
        digests=Digests(load="l1", endpoints={name: {"request": "r1"} for name in endpoints}),
    )


def make_window(*latencies: int, size: int = 100, **failures: int) -> Window:
    """Successes with these latencies (ns), and so many failures of each kind; a timeout took 2 s."""
    window = Window()
    for latency in latencies:
        window.latency.add(latency)
    for _ in range(failures.get("timeout", 0)):
        window.latency.add(2000 * MS)
    window.successes, window.bytes, window.failures = len(latencies), size * len(latencies), dict(failures)
    return window


def make_phases(*latencies: int) -> Phases:
    """Of successes with these latencies: a tenth was waiting for a connection, half went by until the first byte."""
    phases = Phases()
    for latency in latencies:
        phases.service.add(latency - latency // 10)
        phases.first_byte.add(latency // 2)
    return phases


def make_record(found: dict, phases: dict | None = None) -> Record:
    """Keys of windows are (name, second), (kind, name, second) or whole; those of phases are names."""
    record = Record()
    for key, window in found.items():
        kind, name, *arm, second = key if len(key) > 2 else ("endpoint", *key)
        record.windows[kind, name, "".join(arm), second] = window
    record.phases = {("endpoint", name, ""): part for name, part in (phases or {}).items()}
    return record


def measured(tmp_path: Path, found: dict, *, phases: dict | None = None, plan: Plan | None = None, **others) -> Run:
    """The run of these windows and phases, see `make_record`."""
    path = tmp_path / "windows.jsonl.gz"
    windows.write(path, make_record(found, phases), duration=DURATION)
    load_test = LoadTest(
        **{
            "folder": tmp_path,
            "windows": path,
            "started": "2026-01-05T09:00:00.000+00:00",
            "duration": DURATION,
            "generator": Generator(due=100, cpu=0.5),
            **others,
        }
    )
    return measure.measure(load_test, plan or make_plan(), CIRCUMSTANCES)


def test_only_the_measured_time_counts(tmp_path):
    found = {
        ("search", -2): make_window(900 * MS, 900 * MS, status=1),
        ("search", -1): make_window(900 * MS),
        ("search", 0): make_window(10 * MS),
        ("search", 9): make_window(20 * MS, status=1),
        ("search", 10): make_window(900 * MS, 900 * MS),
        ("search", 11): make_window(timeout=1),
    }
    run = measured(tmp_path, found)
    (search,) = run.endpoints
    assert (run.warmup_requests, run.after_requests) == (4, 3)
    assert (search.requests, search.failures, search.samples) == (3, 1, 2)
    assert search.metrics["max"] == 0.02


def test_a_run_without_errors_shows_none_of_the_warm_up(tmp_path):
    found = {("search", -1): make_window(connection=1), ("search", 0): make_window(10 * MS)}
    (search,) = measured(tmp_path, found, failure_examples={"search": ("refused",)}).endpoints
    assert (search.failures, search.failure_examples) == (0, ())


def test_journeys_are_no_requests(tmp_path):
    found = {
        ("journey", "buy", -1): make_window(900 * MS),
        ("journey", "buy", 3): make_window(500 * MS, step=1),
        ("journey", "buy", 12): make_window(900 * MS),
        ("endpoint", "search", 3): make_window(10 * MS),
    }
    run = measured(tmp_path, found, plan=make_plan(journeys=["buy"]))
    search, buy = run.endpoints
    assert (run.warmup_requests, run.after_requests) == (0, 0)
    assert (search.kind, search.requests) == ("endpoint", 1)
    assert (buy.kind, buy.requests, buy.failures, buy.failures_by_kind) == ("journey", 2, 1, {"step": 1})
    assert buy.metrics["p95"] == 0.5
    assert buy.metrics.keys() == search.metrics.keys() - {"size", "decoded_size", "ttfb_p95"}


def test_everything_planned_is_there_in_order_and_the_rest_behind(tmp_path):
    found = {("zebra", 1): make_window(MS), ("ant", 1): make_window(MS), ("search", 1): make_window(MS)}
    run = measured(tmp_path, found, plan=make_plan(["log in", "search"], ["buy"]))
    assert [(one.name, one.requests) for one in run.endpoints] == [
        ("log in", 0),
        ("search", 1),
        ("buy", 0),
        ("ant", 1),
        ("zebra", 1),
    ]


def test_an_endpoint_without_requests_has_no_metrics(tmp_path):
    (search,) = measured(tmp_path, {}).endpoints
    assert (search.requests, search.failures, search.samples, search.metrics) == (0, 0, 0, {})


def test_an_endpoint_that_always_failed_has_an_error_rate_and_nothing_else(tmp_path):
    found = {("search", second): make_window(status=3, connection=1) for second in range(5)}
    (search,) = measured(tmp_path, found, failure_examples={"search": ("status: 500",)}).endpoints
    assert search.metrics == {"errors": 1.0, "rate": 0.0}
    assert search.failures_by_kind == {"connection": 5, "status": 15}
    assert (search.failure_examples, search.samples) == (("status: 500",), 0)


@pytest.mark.parametrize("scale", [2e-3, 0.05, 3.0])
def test_percentiles_are_numpys(tmp_path, scale):
    random = np.random.default_rng(5)
    latencies = (random.lognormal(np.log(scale), 0.6, 5000) * 1e9).astype(int)
    found = {("search", second): make_window(*latencies[second::10].tolist()) for second in range(10)}
    metrics = measured(tmp_path, found, phases={"search": make_phases(*latencies.tolist())}).endpoints[0].metrics
    for name, q in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
        true = np.quantile(latencies, q, method="inverted_cdf") / 1e9
        assert metrics[name] == pytest.approx(true, rel=0.002)
    assert metrics["max"] == latencies.max() / 1e9
    assert metrics["mean"] == pytest.approx(latencies.mean() / 1e9, rel=1e-12)
    assert metrics["rate"] == 500.0
    true = np.quantile(latencies // 2, 0.95, method="inverted_cdf") / 1e9
    assert metrics["ttfb_p95"] == pytest.approx(true, rel=0.002)


def test_fast_errors_do_not_improve_the_percentiles(tmp_path):
    slow = [second * 10 * MS + 100 * MS for second in range(10)]
    good = measured(tmp_path, {("search", second): make_window(*slow) for second in range(10)}).endpoints[0]
    bad = measured(tmp_path, {("search", second): make_window(*slow, status=90) for second in range(10)}).endpoints[0]
    assert {key: bad.metrics[key] for key in ("p50", "p95", "max", "mean")} == {
        key: good.metrics[key] for key in ("p50", "p95", "max", "mean")
    }
    assert (bad.metrics["errors"], bad.samples, bad.requests) == (0.9, 100, 1000)


def test_timeouts_count_at_their_timeout(tmp_path):
    """Leaving the slowest out would improve the percentiles."""
    found = {("search", second): make_window(*[10 * MS] * 9, timeout=1) for second in range(10)}
    (search,) = measured(tmp_path, found).endpoints
    assert search.metrics["p95"] == pytest.approx(2.0, rel=0.002)
    assert search.metrics["p50"] == pytest.approx(0.010, rel=0.002)
    assert (search.metrics["errors"], search.samples, search.metrics["rate"]) == (0.1, 100, 9.0)
    assert search.metrics["size"] == 100.0  # of successes


def test_only_timeouts_are_a_latency_but_no_size(tmp_path):
    (search,) = measured(tmp_path, {("search", 0): make_window(timeout=3)}).endpoints
    assert search.metrics.keys() == {"errors", "rate", "p50", "p90", "p95", "p99", "max", "mean"}


def test_sizes_are_means_over_successes(tmp_path):
    found = {("search", 0): make_window(MS, MS, size=100), ("search", 1): make_window(MS, size=400, status=7)}
    (search,) = measured(tmp_path, found).endpoints
    assert (search.metrics["size"], search.bytes) == (200.0, 600)


def test_latency_and_service_time_are_kept_apart(tmp_path):
    found = {("search", 0): make_window(10 * MS, 30 * MS)}
    (search,) = measured(tmp_path, found, phases={"search": make_phases(10 * MS, 30 * MS)}).endpoints
    assert (search.latency.total, search.phases["service"].total) == (40 * MS, 36 * MS)
    assert search.phases.keys() == {"service", "first_byte"}  # only those there is something of


def test_coarser_windows_are_measured_as_well(tmp_path):
    fine = make_record({("search", second): make_window((second + 20) * MS) for second in range(-2, 10)})
    coarse, path = Record(2), tmp_path / "windows.jsonl.gz"
    coarse.merge(fine)
    windows.write(path, coarse, duration=DURATION)
    load_test = LoadTest(folder=tmp_path, windows=path, started="", duration=DURATION, generator=Generator())
    run = measure.measure(load_test, make_plan(), CIRCUMSTANCES)
    assert (run.warmup_requests, run.endpoints[0].requests, run.after_requests) == (2, 10, 0)
    assert (run.endpoints[0].metrics["max"], run.endpoints[0].metrics["p50"]) == (
        0.029,
        pytest.approx(0.024, rel=0.002),
    )


def test_an_interrupted_run_is_measured_as_far_as_it_got(tmp_path):
    """What began before the interruption may lie in a second of which only a part was waited for."""
    found = {("search", -1): make_window(MS), ("search", 0): make_window(MS), ("search", 4): make_window(MS)}
    run = measured(tmp_path, found, duration=3.7, interrupted=True, unfinished=2)
    assert (run.interrupted, run.duration, run.unfinished) == (True, 3.7, 2)
    assert (run.endpoints[0].requests, run.warmup_requests, run.after_requests) == (2, 1, 0)
    assert run.endpoints[0].metrics["rate"] == pytest.approx(2 / 3.7)


def test_a_run_interrupted_in_the_warm_up_has_nothing(tmp_path):
    run = measured(tmp_path, {("search", -1): make_window(MS)}, duration=0.0, interrupted=True)
    assert (run.endpoints[0].metrics, run.warmup_requests) == ({}, 1)


def test_a_duration_may_be_broken(tmp_path):
    found = {("search", second): make_window(MS) for second in range(4)}
    run = measured(tmp_path, found, duration=2.5)
    assert (run.endpoints[0].requests, run.after_requests) == (3, 1)


def test_circumstances_and_conditions_are_on_record(tmp_path):
    run = measured(tmp_path, {}, warnings=("something was seen",))
    assert (run.id, run.name, run.target, run.started) == (
        "run-1",
        "shop",
        "http://shop.test:8765",
        "2026-01-05T09:00:00.000+00:00",
    )
    assert (run.commit, run.branch, run.pull_request, run.dirty) == ("c0ffee", "faster", 7, True)
    conditions = run.conditions
    assert (conditions.load_digest, conditions.load) == ("l1", "open 10/s for 10 s after 2 s warm-up")
    assert conditions.endpoint_digests == {"search": {"request": "r1"}}
    assert (conditions.runner.cpu, conditions.processes, conditions.versions) == ("Test CPU", 2, {"perfgate": "0.1.0"})
    assert (conditions.clock, run.generator.clock) == ("kernel receive timestamp",) * 2
    assert (run.generator.due, run.generator.cpu, run.warnings) == (100, 0.5, ("something was seen",))


def test_the_arms_of_an_a_b_test_have_results_of_their_own(tmp_path):
    path = tmp_path / "windows.jsonl.gz"
    found = {
        ("endpoint", "search", "base", -1): make_window(900 * MS),
        ("endpoint", "search", "base", 0): make_window(10 * MS, status=1),
        ("endpoint", "search", "head", 0): make_window(20 * MS, 20 * MS, timeout=1),
        ("journey", "buy", "base", 1): make_window(500 * MS),
        ("endpoint", "new", "head", 1): make_window(30 * MS),
    }
    windows.write(path, make_record(found), duration=DURATION)
    load_test = LoadTest(
        folder=tmp_path,
        windows=path,
        started="2026-01-05T09:00:00Z",
        duration=DURATION,
        generator=Generator(),
        failure_examples={"search": ("too late",)},
        base_examples={"search": ("status: 500",)},
        restarts=2,
    )
    both = (Arm(name="base", target="http://a", ref="main", commit="b45e"), Arm(name="head", target="http://b"))

    run = measure.measure(load_test, make_plan(journeys=["buy"]), replace(CIRCUMSTANCES, arms=both))

    base, head = run.arms
    assert (replace(base, endpoints=()), head, run.restarts) == (*both, 2)
    told = [(one.name, one.requests, one.failures, one.failure_examples) for one in base.endpoints]
    assert told == [("search", 2, 1, ("status: 500",)), ("buy", 1, 0, ())]
    told = [(one.name, one.requests, one.failures, one.failure_examples) for one in run.endpoints]
    assert told == [("search", 3, 1, ("too late",)), ("buy", 0, 0, ()), ("new", 1, 0, ())]
    assert run.warmup_requests == 1
    assert base.endpoints[0].metrics["rate"] == 1 / DURATION


def test_windows_that_cannot_be_read_are_no_run(tmp_path):
    path = tmp_path / "windows.jsonl.gz"
    load_test = LoadTest(folder=tmp_path, windows=path, started="", duration=1.0, generator=Generator())
    with pytest.raises(RecordError, match="Cannot read"):
        measure.measure(load_test, make_plan(), CIRCUMSTANCES)
    windows.write(path, make_record({("search", 0): make_window(MS)}), duration=1.0)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(RecordError, match="cut off or corrupt"):
        measure.measure(load_test, make_plan(), CIRCUMSTANCES)


def test_a_run_says_which_host_the_load_went_to_and_how_often_each_endpoint_was_due(tmp_path):
    plan = replace(make_plan(), rates={"search": 12.5})
    run = measured(tmp_path, {("endpoint", "search", "", 0): make_window(MS)}, plan=plan)
    assert (run.conditions.host, run.conditions.rates) == ("shop.test:8765", {"search": 12.5})


def test_what_the_base_answers_with_404_or_405_alone_is_absent_from_it(tmp_path):
    names = ("known", "new", "posted", "broken", "half")
    found = {("endpoint", name, "head", 0): make_window(MS) for name in names}
    found |= {("endpoint", name, "base", 0): make_window(status=2) for name in names[1:]}
    found |= {("endpoint", name, "base", 0): make_window(MS, status=1) for name in ("known", "half")}
    failures = {"new": (404,), "posted": (404, 405), "broken": (404, 500), "half": (404,), "known": (404,)}
    walk = Journey(name="walk", steps=(Send(endpoint="known"), Send(endpoint="new")))
    stay = Journey(name="stay", steps=(Send(endpoint="known"),))
    path = tmp_path / "windows.jsonl.gz"
    windows.write(path, make_record(found), duration=DURATION)
    load_test = LoadTest(
        folder=tmp_path,
        windows=path,
        started="2026-01-05T09:00:00Z",
        duration=DURATION,
        generator=Generator(),
        base_failures=failures,
    )
    both = (Arm(name="base", target="http://a"), Arm(name="head", target="http://b"))
    plan = replace(make_plan(names), journeys=(walk, stay))

    run = measure.measure(load_test, plan, replace(CIRCUMSTANCES, arms=both))

    assert run.arms[0].absent == ("new", "posted", "walk")
    assert run.arms[1].absent == ()
