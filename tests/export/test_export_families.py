"""Progress, runs and verdicts as families of points."""

from __future__ import annotations

from typing import Any

from builders import make_endpoint, make_finding, make_run, make_verdict

from perfgate.export import Family, LiveTotals, exposition, judged, otlp
from perfgate.export.families import MAX_LABEL_CHARS, Buckets, label
from perfgate.model.outcome import Outcome
from perfgate.model.run import LATENCY_BOUNDS, EndpointProgress, Progress
from perfgate.model.verdict import NOT_MEASURED, Incident

LABELS = {"load_test": "shop", "branch": "main"}
NONE = (0,) * (len(LATENCY_BOUNDS) + 1)


def told(load: int, requests: int, failures: dict[str, int] | None = None) -> Progress:
    search = EndpointProgress(
        name="search",
        kind="endpoint",
        requests=requests,
        failures=failures or {},
        buckets=(requests, *NONE[1:]),
        seconds=requests / 1000,
        recent={"p95": 0.002},
    )
    common: dict[str, Any] = {
        "elapsed": 1.0,
        "total": 9.0,
        "phase": "measuring",
        "failures": 0,
        "rate": 1.0,
        "p95": None,
    }
    return Progress(**common, requests=requests, in_flight=3, users=4, load=load, endpoints=(search,))


def values(families: tuple[Family, ...], name: str) -> dict[tuple[str, ...], Any]:
    """By the labels besides those that are on all points."""
    [family] = [item for item in families if item.name == name]
    return {tuple(v for k, v in point.labels.items() if k not in LABELS): point.value for point in family.points}


def test_long_names_that_begin_alike_stay_two():
    """Prometheus refuses everything where a series is there twice."""
    first, second = (label(f"GET /{'a' * 200}/{number}") for number in range(2))
    assert first != second
    assert {len(first), len(second)} == {MAX_LABEL_CHARS}
    assert label("a" * MAX_LABEL_CHARS) == "a" * MAX_LABEL_CHARS


def test_names_that_look_alike_stay_two():
    """What cannot be printed is left out of labels."""
    names = ["GET /a b", "GET /a  b", "GET /a\nb", "GET /a\x1bb", "GET /a\ud800b"]
    labels = [label(name) for name in names]

    assert labels[0] == names[0]
    assert len(set(labels)) == len(names)
    assert all(text.startswith("GET /a b~") and text.isprintable() for text in labels[1:])
    assert label(" main ") == label("main") == "main"


def test_totals_go_on_over_the_parts_of_a_run_and_the_rounds_of_a_watch():
    totals = LiveTotals(LABELS)
    counted = [
        values(totals.families(progress), "perfgate.requests")["search", "endpoint"]
        for progress in (told(1, 10), told(1, 30), told(2, 5), told(2, 50), told(3, 1))
    ]
    last = totals.families(told(3, 2, {"timeout": 1}))

    assert counted == [10.0, 30.0, 35.0, 80.0, 81.0]
    assert values(last, "perfgate.request.failures") == {("search", "endpoint", "timeout"): 1.0}
    assert values(last, "perfgate.request.duration") == {
        ("search", "endpoint"): Buckets(bounds=LATENCY_BOUNDS, counts=(82, *NONE[1:]), total=0.082)
    }
    assert values(last, "perfgate.requests.in_flight") == {(): 3.0}
    assert values(totals.idle(), "perfgate.requests.in_flight") == {(): 0.0}


def test_between_two_loads_there_are_no_last_seconds():
    """What a scraper would take for the present is gone, and what it counts goes on."""
    totals = LiveTotals(LABELS)
    recent = values(totals.families(told(1, 10)), "perfgate.request.duration.recent")

    assert recent == {("search", "endpoint", "p95"): 0.002}
    assert values(totals.idle(), "perfgate.request.duration.recent") == {}
    assert "recent" not in exposition.text(totals.idle())
    moments = otlp.Moments(now=2, since=1, temporality=otlp.CUMULATIVE)
    [sent] = otlp.request(totals.idle(), moments)["resourceMetrics"][0]["scopeMetrics"]
    assert [metric["name"] for metric in sent["metrics"]] == ["perfgate.requests.in_flight", "perfgate.users"]


def test_progress_without_endpoints_exports_nothing():
    state = told(1, 10)
    assert LiveTotals(LABELS).families(Progress(**{**vars(state), "endpoints": ()})) == ()


def test_a_verdict_has_a_series_for_each_outcome_and_values_in_base_units():
    run = make_run(endpoints=[make_endpoint("search", p95=0.2)])
    verdict = make_verdict(
        make_finding("search", "p95", Outcome.FAIL, measured=0.2, baseline=0.1),
        make_finding("search", "errors", measured=0.0),
    )
    families = judged.of_verdict(run, verdict, LABELS, {"version": "9.9"})

    assert values(families, "perfgate.verdict.outcome")[("fail",)] == 1.0
    assert sum(values(families, "perfgate.verdict.outcome").values()) == 1.0
    outcomes = values(families, "perfgate.budget.outcome")
    assert {key for key, value in outcomes.items() if value} == {
        ("search", "p95", "fail"),
        ("search", "errors", "pass"),
    }
    assert len(outcomes) == 2 * len(Outcome)
    assert values(families, "perfgate.budget.change") == {("search", "p95"): 1.0}
    assert values(families, "perfgate.budget.baseline.time") == {("search", "p95"): 0.1}
    assert values(families, "perfgate.measured.time")["search", "endpoint", "p95"] == 0.2
    assert values(families, "perfgate.measured.share")["search", "endpoint", "errors"] == 0.0
    [info] = values(families, "perfgate.run.info")
    assert info == ("9.9", run.id, run.commit[:12])


def test_what_is_no_number_is_left_out():
    run = make_run(endpoints=[make_endpoint("search", metrics={"p99": float("nan"), "max": float("inf")})])
    families = judged.of_verdict(run, make_verdict(make_finding(measured=None)), LABELS, {})

    measured = {key[2] for key in values(families, "perfgate.measured.time")}
    assert "p95" in measured
    assert not measured & {"p99", "max"}


def test_an_incident_that_is_over_shows_zero():
    times = {"began": "2026-01-05T10:00:00Z", "opened": "r1", "failed": 2}
    incidents = [
        Incident(endpoint="search", metric="p95", **times),
        Incident(endpoint=NOT_MEASURED[0], metric=NOT_MEASURED[1], **times, ended="2026-01-05T11:00:00Z", closed="r9"),
    ]
    families = judged.of_round(incidents, [("search", "p95"), ("search", "errors")], LABELS, is_measured=True)

    assert values(families, "perfgate.watch.incident") == {
        ("search", "p95"): 1.0,
        ("search", "errors"): 0.0,
        NOT_MEASURED: 0.0,
    }
    assert values(families, "perfgate.watch.measured") == {(): 1.0}
