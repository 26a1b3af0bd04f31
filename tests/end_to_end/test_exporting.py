"""`perfgate run --export`: what a real Prometheus has afterwards is what the run's own files say."""

from __future__ import annotations

import json
import urllib.request
from contextlib import suppress

import pytest
from processes import wait_for
from projects import Project, Shop, free_port
from services import monitoring

BUDGETS = """
version: 1
name: shop
load: {rate: 60/s, warmup: 1s, duration: DURATION}
endpoints:
  home: {request: GET /healthz, budget: {p95: 5s, errors: 1%}}
  missing: {request: GET /nowhere, budget: {errors: 1%}}
"""


def written(project: Project, shop: Shop, *exports: str, duration: str = "2s") -> None:
    listed = "".join(f"\n  - {url}" for url in exports)
    export = f"export:{listed}" if exports else ""
    project.write(f"{BUDGETS.replace('DURATION', duration)}target: {shop.url}\n{export}\n")


@pytest.mark.needs("prometheus", "pushgateway")
def test_prometheus_has_what_the_run_says(project: Project, shop: Shop):
    with monitoring.pushgateway() as url, monitoring.prometheus(url.removeprefix("http://")) as prometheus:
        written(project, shop, f"pushgateway+{url}", "${NOWHERE:-}")
        done = project.perfgate("run", PERFGATE_PUSHGATEWAY_AUTHORIZATION="Bearer not-asked-for")
        assert done.returncode == 1, done.stderr
        assert (project.folder / ".perfgate").exists(), done.stdout + done.stderr
        run, verdict = project.run(), project.verdict()

        prometheus.wait_for(f'perfgate_run_info{{run="{run["id"]}"}}')
        totals = {item["endpoint"]: item["value"] for item in prometheus.query("perfgate_requests_total")}
        counted = {
            item["endpoint"]: item["value"] for item in prometheus.query("perfgate_request_duration_seconds_count")
        }
        failures = prometheus.query("perfgate_request_failures_total")
        outcomes = prometheus.query("perfgate_budget_outcome == 1")
        measured = prometheus.query("perfgate_measured_time_seconds")
        in_flight = prometheus.query("perfgate_requests_in_flight")
        whole = prometheus.query("perfgate_verdict_outcome == 1")

    results = {item["name"]: item for item in run["endpoints"]}
    assert sum(totals.values()) == sum(item["requests"] for item in results.values()) + run["warmup_requests"]
    assert counted == {"home": totals["home"], "missing": 0}
    assert [(item["endpoint"], item["error_type"], item["value"]) for item in failures] == [
        ("missing", "status", totals["missing"])
    ]
    assert {(item["endpoint"], item["metric"]): item["outcome"] for item in outcomes} == {
        (item["endpoint"], item["metric"]): item["outcome"] for item in verdict["findings"]
    }
    assert {item["metric"]: item["value"] for item in measured if item["endpoint"] == "home"} == pytest.approx(
        {
            name: value
            for name, value in results["home"]["metrics"].items()
            if name not in ("errors", "rate", "size", "decoded_size", "compressed")
        }
    )
    assert [item["value"] for item in in_flight] == [0.0]
    assert [item["outcome"] for item in whole] == ["fail"]


def test_live_numbers_are_there_while_the_load_runs(project: Project, shop: Shop):
    port = free_port()
    written(project, shop, duration="60s")
    process = project.start("run", "--export", f"prometheus://127.0.0.1:{port}")

    def page() -> str:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            return str(answer.read().decode())
        return ""

    try:
        wait_for(lambda: 'perfgate_request_duration_seconds_bucket{load_test="shop"' in page(), "a number")
        assert 'perfgate_users{load_test="shop"' in page()
        assert "perfgate_verdict_outcome" not in page()
    finally:
        process.terminate()
        process.communicate(timeout=120)


def test_a_destination_that_is_down_costs_a_warning_and_never_the_verdict(project: Project, shop: Shop):
    written(project, shop)
    port = free_port()
    exports = ("--export", f"otlp+http://127.0.0.1:{port}", "--export", "statsd://nowhere.invalid:1")
    done = project.perfgate("run", "--only", "home", *exports)

    assert done.returncode == 0, done.stderr
    warnings = [line for line in done.stderr.splitlines() if "PG-P009" in line]
    assert [line.partition(": ")[2].partition(": ")[0] for line in warnings] == [
        "Not exported to statsd at nowhere.invalid:1",
        f"Not exported to otlp at 127.0.0.1:{port}",
    ]
    assert all("The verdict stands." in line for line in warnings)


def test_what_is_no_destination_is_told_before_any_load(project: Project, shop: Shop):
    written(project, shop, "otlp+http://user:hunter22@127.0.0.1:1")
    before = shop.stats()
    done = project.perfgate("run")

    assert done.returncode == 2
    assert "the address of otlp has a user or a password in it [PG-B049]" in done.stderr
    assert "hunter22" not in done.stderr
    assert json.dumps(shop.stats()) == json.dumps(before)
