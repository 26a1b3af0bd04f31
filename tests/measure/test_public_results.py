"""Results as people keep them in public repositories, in their shape, with other names and figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from measure.test_described_formats import BOMBARDIER_JSON, GATLING_STATS, ONE, SAID, imported, only

from perfgate.measure import importers
from perfgate.measure.importers.samples import RecordingSource
from perfgate.model.errors import UsageError

BY_PATH = ONE.replace("{request: GET /b}", '{request: "GET /b/{id}", with: {id: {between: [1, 99]}}}')
JMETER_HEAD = (
    "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,"
    "grpThreads,allThreads,URL,Latency,IdleTime,Connect\n"
)
TRANSACTION = '"Number of samples in transaction : 1, number of failing samples : 0"'


def jmeter(rows: list[tuple[int, int, str, str]], message: str = "OK") -> str:
    """Rows of (start in ms, elapsed, label, thread) as JMeter 5 saves them."""
    return "".join(
        f"{1767603600000 + at},{elapsed},{label},200,{message},{thread},text,true,,383,151,2,2,http://h/,9,0,0\n"
        for at, elapsed, label, thread in rows
    )


def redirected(first: str, second: str) -> str:
    """Two requests at the same time, each redirected once: JMeter writes the hops behind their request."""
    return JMETER_HEAD + jmeter(
        [
            (0, 300, first, "tg 1-1"),
            (5, 295, second, "tg 1-2"),
            (0, 155, f"{first}-0", "tg 1-1"),
            (5, 100, f"{second}-0", "tg 1-2"),
            (160, 140, f"{first}-1", "tg 1-1"),
            (105, 195, f"{second}-1", "tg 1-2"),
        ]
    )


def test_redirects_of_jmeter_are_parts_of_their_request(tmp_path: Path) -> None:
    """JMeter since 5.0 with its defaults: rows of `/b/42-0` and `/b/42-1` after that of `/b/42`."""
    run = imported(tmp_path, "results.jtl", redirected("/b/42", "/b/43"), BY_PATH)

    assert (only(run).requests, only(run).metrics["mean"]) == (2, pytest.approx(0.2975, rel=0.01))
    assert any("/b/42-0 (1 request)" in warning for warning in run.warnings)


def test_a_request_that_is_named_like_a_part_is_a_request_of_its_own(tmp_path: Path) -> None:
    later = jmeter([(300, 50, "/b/42-7", "tg 1-1"), (310, 50, "/b/43", "tg 1-2"), (370, 20, "/b/43-2", "tg 1-2")])
    run = imported(tmp_path, "results.jtl", redirected("/b/42", "/b/43") + later, BY_PATH)
    assert only(run).requests == 5

    named = ONE.replace("  b:", "  search-1:")
    assert only(imported(tmp_path, "results.jtl", redirected("search", "open"), named)).requests == 1


def test_parts_and_transactions_of_jmeter_are_no_requests_of_the_endpoint_that_is_named(tmp_path: Path) -> None:
    text = redirected("HTTP Request", "Home") + jmeter([(0, 310, "visit", "tg 1-1")], TRANSACTION)
    assert only(imported(tmp_path, "results.jtl", text, endpoint="b")).requests == 2

    alone = JMETER_HEAD + jmeter([(at, 310, "visit", "tg 1-1") for at in (0, 400)], TRANSACTION)
    assert only(imported(tmp_path, "results.jtl", alone, endpoint="b")).requests == 2


def test_bombardier_prints_its_json_behind_its_progress(tmp_path: Path) -> None:
    """`bombardier --latencies --format json URL > FILE`, without `--print result`."""
    begins = "Bombarding http://localhost:1/b for 2s using 2 connection(s)\n[=====================] 2s\nDone!\n"
    run = imported(tmp_path, "b.json", begins + BOMBARDIER_JSON)

    assert importers.format_of(RecordingSource(path=tmp_path / "b.json", name="b.json")) == "bombardier"
    assert only(run).requests == 200
    assert {name: only(run).metrics[name] for name in SAID} == pytest.approx(SAID)
    with pytest.raises(UsageError, match="2 results are in it"):
        imported(tmp_path, "b.json", f"{begins}{BOMBARDIER_JSON}\n" * 2)


HDRPLOT = """Value(ms)  Percentile  TotalCount  1/(1-Percentile)
20.100000  0.000000    0           1.000000
20.700000  0.500000    100         2.000000
60.100000  0.900000    180         10.000000
60.500000  0.950000    190         20.000000
61.100000  0.990625    198         106.666667
61.200000  1.000000    200         10000000.000000
"""


def test_percentiles_that_vegeta_writes_for_a_plot(tmp_path: Path) -> None:
    run = imported(tmp_path, "plot.txt", HDRPLOT)

    assert importers.format_of(RecordingSource(path=tmp_path / "plot.txt", name="plot.txt")) == "hdr-percentiles"
    assert only(run).requests == 200
    expected = {name: value for name, value in SAID.items() if name != "mean"}
    assert only(run).metrics == pytest.approx(expected)


def test_the_report_of_gatling_tells_how_long_the_run_was(tmp_path: Path) -> None:
    counts = {"total": 200, "ok": 190, "ko": 10}
    stats = {"name": "All Requests", "numberOfRequests": counts, "meanNumberOfRequestsPerSecond": {"total": 80.0}}
    run = imported(tmp_path, "stats.json", GATLING_STATS.replace('{"name": "All Requests"}', json.dumps(stats)))

    assert run.duration == pytest.approx(2.5)
    assert only(run).metrics["rate"] == pytest.approx(76.0)


def k6_export(times: dict[str, float], failed: int) -> str:
    """`--summary-export` of 200 requests, half of them of `b`, with thresholds on times and counts of `b`."""
    counts: dict[str, Any] = {
        "http_reqs": {"count": 200, "rate": 80.0},
        "http_reqs{name:b}": {"count": 100, "rate": 40.0},
    }
    failures = {"passes": failed, "fails": 200 - failed, "value": failed / 200}
    named = {"http_req_duration": times, "http_req_duration{name:b}": times, "http_req_failed": failures}
    return json.dumps({"metrics": counts | named})


NO_TIMES = dict.fromkeys(("avg", "min", "med", "max", "p(90)", "p(95)"), 0)


def test_requests_of_k6_that_nothing_answered_have_no_times(tmp_path: Path) -> None:
    """k6 takes 0 ms for each request to a port where nothing listens."""
    found = only(imported(tmp_path, "k6.json", k6_export(NO_TIMES, failed=200)))

    assert (found.requests, found.failures) == (100, 100)
    assert found.metrics == {"errors": 1.0, "rate": 0.0}
    unsaid = only(imported(tmp_path, "k6.json", k6_export(NO_TIMES, failed=150)))
    assert not unsaid.metrics


def test_where_no_request_of_k6_failed_none_of_an_endpoint_s_did(tmp_path: Path) -> None:
    times = NO_TIMES | {"avg": 24.3, "max": 61.2, "p(95)": 60.5}

    found = only(imported(tmp_path, "k6.json", k6_export(times, failed=0)))

    assert found.metrics["errors"] == 0.0
    assert found.metrics["p95"] == pytest.approx(0.0605)
    some = imported(tmp_path, "k6.json", k6_export(times, failed=1))
    assert "errors" not in only(some).metrics
    assert any("How many requests failed is not in k6's summary, of: b" in warning for warning in some.warnings)
