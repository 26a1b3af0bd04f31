"""Results of other load tools: what is imported is what the tool itself reports, to its own rounding."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import os
import subprocess
import sys
from math import ceil
from pathlib import Path
from types import ModuleType

import pytest
from services.needs import program

from perfgate import budgets, measure, scenarios
from perfgate.measure import importers, importing
from perfgate.measure.importers.samples import RecordingSource
from perfgate.model.run import Run

HERE = Path(__file__).parent
RECORDED, PEERS = HERE / "recorded", HERE / "peers"
BUDGETS = """
version: 1
name: shop
target: http://127.0.0.1:1
load: {rate: 20/s, duration: 5s}
endpoints:
  a: {request: GET /a}
  b: {request: GET /b}
  fail: {request: GET /fail}
"""
UNNAMED = ("hey.txt", "hey.csv", "hey.csv.gz", "k6_dashboard.ndjson", "k6_dashboard_summary.json")
HISTOGRAM = 0.005  # its resolution


def peers(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PEERS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reported = peers("reported")


def imported(folder: Path, path: Path, **options: object) -> Run:
    (folder / "budgets.yaml").write_text(BUDGETS, encoding="utf-8")
    plan = scenarios.plan(budgets.read(folder / "budgets.yaml", None))
    endpoint = "b" if path.name in UNNAMED else ""
    how = importing.Reading(**{"otherwise": importing.datetime.now(importing.UTC), "endpoint": endpoint, **options})
    recording = importing.read(RecordingSource(path=path, name=path.name), plan, how)
    return importing.to_run(recording, plan, folder, measure.Circumstances(run_id=recording.id, target="", versions={}))


def check_summary(folder: Path, path: Path) -> None:
    """Every percentile and number of requests that the tool reports, and none that it does not."""
    found = {one.name: one for one in imported(folder, path).endpoints if one.requests}
    for name, values in reported.SUMMARIES[path.name](path).items():
        assert found[name].requests == values["requests"], name
        for metric in ("p50", "p90", "p95", "p99"):
            theirs = values.get(metric)
            ours = found[name].metrics.get(metric)
            assert ours == (None if theirs is None else pytest.approx(theirs / 1000)), (name, metric)
        assert not found[name].intervals
        assert not found[name].latency.buckets
        assert found[name].metrics["errors"] == (1.0 if name == "fail" else 0.0)


def check_percentiles(run: Run, times: dict[str, list[float]]) -> None:
    """Every percentile is an order statistic beside the exact one, to the histogram's resolution."""
    found = {one.name: one for one in run.endpoints}
    for name in ("a", "b"):
        if name in times:
            ordered = sorted(times[name])
            assert found[name].requests == len(ordered)
            for metric, q in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
                at = ceil(q * len(ordered)) - 1
                low, high = ordered[max(0, at - 1)], ordered[min(at + 1, len(ordered) - 1)]
                ours = found[name].metrics[metric] * 1000
                assert low * (1 - HISTOGRAM) <= ours <= high * (1 + HISTOGRAM), (name, metric)


def check_k6_beside_itself(folder: Path, stream: Path, table: Path, summary: Path) -> None:
    """Stream and CSV of a run give what its summary says: between the two order statistics that k6 interpolates."""
    times = reported.k6_times(stream)
    said = reported.SUMMARIES["k6_handle_summary.json"](summary)
    for path in (stream, table):
        run = imported(folder, path)
        check_percentiles(run, times)
        for one in run.endpoints:
            if one.name in said:
                ordered = sorted(times[one.name])
                for metric, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
                    at = int(q * (len(ordered) - 1))
                    slack = ordered[min(at + 1, len(ordered) - 1)] - ordered[at]
                    theirs = said[one.name][metric]
                    assert one.metrics[metric] * 1000 == pytest.approx(theirs, rel=HISTOGRAM, abs=slack), (
                        one.name,
                        metric,
                    )
        (fail,) = [one for one in run.endpoints if one.name == "fail"]
        assert fail.failures == fail.requests == len(times["fail"])


@pytest.mark.parametrize("name", sorted(reported.SUMMARIES))
def test_summaries_are_what_the_tool_reports(tmp_path: Path, name: str):
    check_summary(tmp_path, RECORDED / name)


def test_single_requests_of_k6_give_its_own_percentiles(tmp_path: Path):
    names = ("k6_named.json.gz", "k6_named.csv.gz", "k6_handle_summary.json")
    check_k6_beside_itself(tmp_path, *(RECORDED / name for name in names))


def test_the_web_dashboard_of_k6_has_the_figures_of_its_summary(tmp_path: Path):
    check_dashboard(tmp_path, RECORDED)


def check_dashboard(tmp_path: Path, recorded: Path) -> None:
    """To the five digits that the dashboard keeps."""
    run, other = (imported(tmp_path, recorded / f"k6_dashboard{kind}") for kind in (".ndjson", "_summary.json"))
    (ours,), (theirs,) = ([one for one in run.endpoints if one.requests] for run in (run, other))
    said = json.loads((recorded / "k6_dashboard_summary.json").read_text())["metrics"]["http_req_duration"]
    assert (ours.name, ours.requests, ours.metrics["errors"]) == ("b", 100, 0.0)
    for metric, name in reported.K6.items():
        assert ours.metrics[metric] * 1000 == pytest.approx(said[name], rel=1e-4)
        assert theirs.metrics[metric] * 1000 == pytest.approx(said[name])
    assert run.started > "2026-11"
    assert run.duration > 1


def test_single_requests_of_hey(tmp_path: Path):
    path = RECORDED / "hey.csv.gz"
    rows = csv.DictReader(gzip.decompress(path.read_bytes()).decode().splitlines())
    check_percentiles(imported(tmp_path, path), {"b": [float(row["response-time"]) * 1000 for row in rows]})


def test_single_requests_of_jmeter(tmp_path: Path):
    times: dict[str, list[float]] = {}
    for row in csv.DictReader((RECORDED / "jmeter.csv").open()):
        times.setdefault(row["label"], []).append(float(row["elapsed"]))

    run = imported(tmp_path, RECORDED / "jmeter.csv")

    check_percentiles(run, times)
    a, b = run.endpoints[:2]
    assert round((a.metrics["mean"] + b.metrics["mean"]) * 500) == 17  # JMeter printed: Avg: 17 Min: 5 Max: 100
    assert max(a.metrics["max"], b.metrics["max"]) == pytest.approx(0.1)
    assert a.phases["first_byte"].total > 0
    xml = imported(tmp_path, RECORDED / "jmeter.xml.gz")
    assert [one.requests for one in xml.endpoints] == [150, 150, 0]
    assert xml.endpoints[1].metrics["p50"] == pytest.approx(0.022, abs=0.003)


def test_totals_over_time_of_locust(tmp_path: Path):
    run = imported(tmp_path, RECORDED / "locust_stats_history.csv")

    rows = list(csv.DictReader((RECORDED / "locust_stats_history.csv").open()))
    last = {row["Name"]: row for row in rows}
    for one in run.endpoints:
        assert one.requests == int(last[one.name]["Total Request Count"])
        assert one.metrics["p50"] * 1000 == pytest.approx(float(last[one.name]["Total Median Response Time"]))
        assert "p95" not in one.metrics  # of ten seconds only
    assert run.duration == int(rows[-1]["Timestamp"]) - int(rows[0]["Timestamp"])


def test_every_recording_is_recognized_by_its_content():
    of = {
        path.name: importers.format_of(RecordingSource(path=path, name=path.name))
        for path in RECORDED.iterdir()
        if path.suffix != ".md"
    }

    assert of == {
        "ab.txt": "ab",
        "artillery.json": "artillery",
        "autocannon.json": "autocannon",
        "hey.csv.gz": "hey-csv",
        "hey.txt": "hey",
        "jmeter.csv": "jmeter-csv",
        "jmeter.xml.gz": "jmeter-xml",
        "k6.json.gz": "k6",
        "k6_dashboard.ndjson": "k6-dashboard",
        "k6_dashboard_summary.json": "k6-summary",
        "k6_handle_summary.json": "k6-summary",
        "k6_named.csv.gz": "k6-csv",
        "k6_named.json.gz": "k6",
        "k6_summary_export.json": "k6-summary",
        "lighthouse.json": "lighthouse",
        "locust.json": "locust-json",
        "locust_stats.csv": "locust-stats",
        "locust_stats_history.csv": "locust-history",
        "taurus.csv": "taurus",
        "wrk.txt": "wrk",
    }


@pytest.mark.parametrize("name", importers.FORMATS)
def test_every_format_says_what_it_is_and_takes_nothing_for_its_own(name: str):
    importer = importers.importer(name)

    assert importer.hint
    assert isinstance(importer.latency, str)
    assert isinstance(importer.has_hops, bool)
    assert not any(importer.recognizes(beginning) for beginning in (b"\x00" * 64, b"no recording\n", b"{}", b"[]"))


@pytest.mark.slow
@pytest.mark.needs("k6", "ab", "hey", "wrk", "npm")
def test_the_tools_recorded_anew_give_what_they_report(tmp_path: Path):
    npm = program("npm")
    assert npm
    subprocess.run(
        [
            npm,
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
            str(tmp_path / "npm"),
            "artillery@2",
            "autocannon@8",
        ],
        check=True,
        capture_output=True,
    )
    where = [
        str(tmp_path / "npm/node_modules/.bin"),
        *(str(Path(found).parent) for need in ("k6", "ab", "hey") if (found := program(need))),
    ]
    tools = ["k6", "locust", "hey", "wrk", "ab", "autocannon", "artillery"]
    subprocess.run(
        [sys.executable, str(PEERS / "record.py"), str(tmp_path / "anew"), *tools],
        env=os.environ | {"PATH": os.pathsep.join([*where, os.environ["PATH"]])},
        check=True,
    )

    anew = tmp_path / "anew"
    for name in sorted(reported.SUMMARIES.keys() - {"taurus.csv"}):
        check_summary(tmp_path, anew / name)
    check_k6_beside_itself(tmp_path, anew / "k6.json", anew / "k6.csv", anew / "k6_handle_summary.json")
    check_dashboard(tmp_path, anew)
    rows = csv.DictReader((anew / "hey.csv").open())
    check_percentiles(imported(tmp_path, anew / "hey.csv"), {"b": [float(row["response-time"]) * 1000 for row in rows]})
