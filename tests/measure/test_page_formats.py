"""Results of page tools: the median of their views, under the budgets of the page that was viewed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from perfgate import budgets, measure, scenarios
from perfgate.measure import importers, importing
from perfgate.measure.importers.samples import RecordingSource
from perfgate.model.errors import UsageError
from perfgate.model.run import EndpointResult, Run

RECORDED = Path(__file__).parent / "recorded"
BUDGETS = """
version: 1
name: shop
target: http://127.0.0.1:1
pages:
  home: {path: /, budget: {lcp: 2.5s, requests: 10}}
  basket: {path: "/basket?full=1", budget: {lcp: 2.5s}}
"""


def read(folder: Path, path: Path, endpoint: str = "") -> tuple[importing.Recording, Run]:
    (folder / "budgets.yaml").write_text(BUDGETS, encoding="utf-8")
    plan = scenarios.plan(budgets.read(folder / "budgets.yaml", None))
    how = importing.Reading(otherwise=datetime.now(UTC), endpoint=endpoint)
    recording = importing.read(RecordingSource(path=path, name=path.name), plan, how)
    circumstances = measure.Circumstances(run_id=recording.id, target="", versions={})
    return recording, importing.to_run(recording, plan, folder, circumstances)


def results(run: Run) -> dict[str, EndpointResult]:
    assert {result.kind for result in run.endpoints} == {"page"}
    return {result.name: result for result in run.endpoints}


def report(url: str, lcp: float, **others: Any) -> dict[str, Any]:
    audits = {
        "largest-contentful-paint": {"numericValue": lcp},
        "cumulative-layout-shift": {"numericValue": 0.25},
        "network-requests": {
            "details": {
                "items": [
                    {"url": url, "statusCode": 200, "transferSize": 1000, "resourceType": "Document"},
                    {"url": "http://cdn.test/a.js", "statusCode": 200, "transferSize": 300, "resourceType": "Script"},
                    {"url": "data:image/png;base64,AA", "statusCode": 200, "transferSize": 9, "resourceType": "Image"},
                    {"url": f"{url}gone.css", "statusCode": -1, "transferSize": 0, "resourceType": "Stylesheet"},
                ]
            }
        },
    }
    how = {"formFactor": "desktop", "throttlingMethod": "provided"}
    common = {"lighthouseVersion": "12.0.0", "requestedUrl": url, "fetchTime": "2026-01-02T03:04:05.678Z"}
    return {**common, "configSettings": how, "audits": audits, **others}


def written(folder: Path, *values: Any) -> Path:
    path = folder / "result.json"
    path.write_text("\n".join(json.dumps(value) for value in values), encoding="utf-8")
    return path


def test_median_and_interval_of_several_lighthouse_reports_of_two_pages(tmp_path: Path) -> None:
    reports = [report("http://shop.test/", lcp) for lcp in (900, 1000, 1300)]
    path = written(tmp_path, *reports, [report("http://shop.test/basket?full=1", 400)])
    recording, run = read(tmp_path, path)
    home = results(run)["home"]
    assert (home.requests, home.failures) == (3, 0)
    assert home.metrics["lcp"] == pytest.approx(1.0)
    assert home.metrics["cls"] == 0.25
    assert (home.metrics["requests"], home.metrics["transfer"]) == (2, 1300)
    assert (home.metrics["js_size"], home.metrics["third_party"], home.metrics["css_size"]) == (300, 300, 0)
    low, high = home.intervals["lcp"]
    assert low < 1.0 < high
    assert "inp" not in home.metrics
    assert "lcp" not in results(run)["basket"].intervals
    assert run.conditions.latency == "Lighthouse, desktop, throttling: provided"
    assert recording.started == datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


@pytest.mark.parametrize(("cdn", "third_party"), [("cdn.shop.test", 0), ("cdn.test", 300)])
def test_hosts_below_the_sites_are_its_own_as_in_views_of_perfgate(
    tmp_path: Path, cdn: str, third_party: float
) -> None:
    whole = report("http://www.shop.test/", 900)
    whole["audits"]["network-requests"]["details"]["items"][1]["url"] = f"http://{cdn}/a.js"
    _, run = read(tmp_path, written(tmp_path, whole))
    assert results(run)["home"].metrics["third_party"] == third_party


def test_a_view_that_failed_is_a_failure_and_no_metric(tmp_path: Path) -> None:
    broken = report("http://shop.test/", 1, runtimeError={"code": "NO_FCP", "message": "nothing was painted"})
    _, run = read(tmp_path, written(tmp_path, report("http://shop.test/", 900), broken))
    home = results(run)["home"]
    assert (home.requests, home.failures, home.metrics["errors"]) == (2, 1, 0.5)
    assert home.metrics["lcp"] == pytest.approx(0.9)
    assert home.failure_examples == ("NO_FCP: nothing was painted",)


def test_the_answer_of_pagespeed_insights_holds_a_report(tmp_path: Path) -> None:
    _, run = read(tmp_path, written(tmp_path, {"id": "x", "lighthouseResult": report("http://shop.test/", 800)}))
    assert results(run)["home"].metrics["lcp"] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("how", "way"),
    [
        ({"emulatedFormFactor": "mobile", "formFactor": "mobile", "channel": "lr"}, "mobile, throttling: not said"),
        ({"emulatedFormFactor": "desktop", "locale": "en-US"}, "desktop, throttling: not said"),
        ({"emulatedFormFactor": "mobile", "throttlingMethod": "simulate"}, "mobile, throttling: simulate"),
    ],
)
def test_settings_that_pagespeed_insights_and_lighthouse_6_leave_out(
    tmp_path: Path, how: dict[str, str], way: str
) -> None:
    """As in answers from 2020 on and in reports of Lighthouse 6 that people keep in public repositories."""
    answer = {"lighthouseResult": report("http://shop.test/", 800, configSettings=how)}
    _, run = read(tmp_path, written(tmp_path, answer))
    assert results(run)["home"].metrics["lcp"] == pytest.approx(0.8)
    assert run.conditions.latency == f"Lighthouse, {way}"


def test_a_user_flow_of_lighthouse_holds_a_report_for_each_step(tmp_path: Path) -> None:
    steps = [{"name": url, "lhr": report(url, 800)} for url in ("http://shop.test/", "http://shop.test/basket?full=1")]
    _, run = read(tmp_path, written(tmp_path, {"name": "flow", "steps": steps}))
    assert [results(run)[name].requests for name in ("home", "basket")] == [1, 1]


def step(url: str, mode: str, audits: dict[str, float] | None = None, way: str = "simulate") -> dict[str, Any]:
    """One of a user flow. Lighthouse names the page where a timespan or snapshot ended, and simulates no timespan."""
    values = {name: {"numericValue": value} for name, value in (audits or {}).items()}
    how = {"formFactor": "desktop", "throttlingMethod": way}
    whole = report(url, 800, gatherMode=mode, finalDisplayedUrl=url, configSettings=how)
    if mode != "navigation":
        del whole["requestedUrl"]
        whole["audits"] = {}
    whole["audits"] |= values
    return {"name": f"{mode} of {url}", "lhr": whole}


HEAVY = {"cumulative-layout-shift": 0.3, "total-blocking-time": 400.0}
LIGHT = {"cumulative-layout-shift": 0.0, "total-blocking-time": 0.0}


def test_of_a_user_flow_only_navigations_are_views_and_timespans_give_their_inp(tmp_path: Path) -> None:
    steps = [
        step("http://shop.test/", "navigation", HEAVY),
        step("http://shop.test/#menu", "timespan", LIGHT | {"interaction-to-next-paint": 120.0}, "devtools"),
        step("http://shop.test/", "timespan", LIGHT | {"interaction-to-next-paint": 90.0}, "devtools"),
        step("http://shop.test/other", "timespan", LIGHT | {"interaction-to-next-paint": 900.0}, "devtools"),
        step("http://shop.test/", "snapshot"),
        step("http://shop.test/basket?full=1", "navigation", HEAVY),
    ]
    _, run = read(tmp_path, written(tmp_path, {"name": "flow", "steps": steps}))
    home, basket = (results(run)[name] for name in ("home", "basket"))
    assert (home.requests, basket.requests) == (1, 1)
    assert (home.metrics["cls"], home.metrics["tbt"], home.metrics["transfer"]) == (0.3, pytest.approx(0.4), 1300)
    assert home.metrics["inp"] == pytest.approx(0.12)
    assert "inp" not in basket.metrics
    assert run.conditions.latency == "Lighthouse, desktop, throttling: simulate"


@pytest.mark.parametrize("mode", ["timespan", "snapshot"])
def test_a_user_flow_without_a_navigation_is_refused(tmp_path: Path, mode: str) -> None:
    flow = {"name": "flow", "steps": [step("http://shop.test/", mode, LIGHT)]}
    with pytest.raises(UsageError, match="no page is loaded in it") as caught:
        read(tmp_path, written(tmp_path, flow, report("http://shop.test/", 800)))
    assert "flow.navigate" in caught.value.hint


def test_a_report_of_lighthouse_9_has_other_names(tmp_path: Path) -> None:
    old = report("", 800, lighthouseVersion="9.6.8", finalUrl="http://shop.test/")
    old["audits"]["experimental-interaction-to-next-paint"] = {"numericValue": 120}
    assert results(read(tmp_path, written(tmp_path, old))[1])["home"].metrics["inp"] == pytest.approx(0.12)


def test_views_of_different_kinds_are_not_mixed(tmp_path: Path) -> None:
    how = {"formFactor": "mobile", "throttlingMethod": "simulate"}
    other = report("http://shop.test/", 900, configSettings=how)
    with pytest.raises(UsageError, match="views of several kinds"):
        read(tmp_path, written(tmp_path, report("http://shop.test/", 900), other))


def test_a_page_of_another_path_belongs_to_the_page_that_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, report("http://shop.test/elsewhere", 700))
    with pytest.raises(UsageError, match=r"no request belongs .*elsewhere"):
        read(tmp_path, path)
    with pytest.raises(UsageError, match="not a page"):
        read(tmp_path, path, endpoint="nothing")
    assert results(read(tmp_path, path, endpoint="home")[1])["home"].metrics["lcp"] == pytest.approx(0.7)


@pytest.mark.parametrize(
    "text", ['{"lighthouseVersion": "12", ', '{"lighthouseVersion": "12"}', '["lighthouseVersion"]']
)
def test_what_is_no_whole_report_is_refused_with_what_is_expected(tmp_path: Path, text: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read(tmp_path, path)
    assert caught.value.hint


def test_views_of_browsertime(tmp_path: Path) -> None:
    page = {
        "info": {"browsertime": {"version": "22"}, "url": "http://shop.test/", "browser": {"name": "chrome"}},
        "timestamp": "2026-01-02T03:04:05Z",
        "browserScripts": [],
        "googleWebVitals": [
            {"ttfb": 20, "largestContentfulPaint": 700, "firstContentfulPaint": 300, "cumulativeLayoutShift": 0.01},
            {"ttfb": 30, "largestContentfulPaint": 900, "firstContentfulPaint": 400, "cumulativeLayoutShift": 0.03},
            {},
        ],
        "errors": [[], [], ["the browser is gone"]],
    }
    _, run = read(tmp_path, written(tmp_path, [page]))
    home = results(run)["home"]
    assert (home.requests, home.failures) == (3, 1)
    expected = {"lcp": 0.8, "fcp": 0.35, "cls": 0.02, "ttfb": 0.025, "errors": 1 / 3}
    assert home.metrics == pytest.approx(expected)
    assert run.conditions.latency == "Browsertime, chrome, connectivity: native"


def summary_of_sitespeed(path: str, lcp: float, **others: Any) -> dict[str, Any]:
    """As sitespeed.io writes it: after what scripts returned, and all times without a zone but that of `info`."""
    info = {"browsertime": {"version": "25.1.0"}, "url": f"http://shop.test{path}", "browser": {"name": "chrome"}}
    return {
        "info": {**info, "timestamp": "2026-01-02T04:04:05+01:00", "connectivity": {"profile": "cable"}},
        "timestamps": ["2026-01-02T03:04:06Z"],
        "browserScripts": [{"coach": {"advice": "x" * (1 << 18)}}],
        "googleWebVitals": [{"largestContentfulPaint": lcp, "cumulativeLayoutShift": 0}],
        "errors": [[]],
        "timestamp": "2026-01-02 03:04:06",
        **others,
    }


def test_summaries_of_sitespeed_s_pages_are_known_by_their_content(tmp_path: Path) -> None:
    old = summary_of_sitespeed("/basket?full=1", 500, timestamps=None)
    path = written(tmp_path, summary_of_sitespeed("/", 700), old)

    assert importers.format_of(RecordingSource(path=path, name=path.name)) == "sitespeed"
    recording, run = read(tmp_path, path)
    assert {name: result.metrics["lcp"] for name, result in results(run).items()} == pytest.approx(
        {"home": 0.7, "basket": 0.5}
    )
    assert run.conditions.latency == "Browsertime, chrome, connectivity: cable"
    assert recording.started == min(
        datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 6).astimezone(UTC)
    )


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_view_of_browsertime_without_vitals_takes_none_of_another(tmp_path: Path, missing: int) -> None:
    vitals = [{"largestContentfulPaint": lcp} for lcp in (700, 900)]
    errors: list[list[str]] = [[], []]
    errors.insert(missing, ["no such host"])
    page = summary_of_sitespeed("/", 0, googleWebVitals=vitals, errors=errors)
    home = results(read(tmp_path, written(tmp_path, page))[1])["home"]

    assert (home.requests, home.failures, home.metrics["lcp"]) == (3, 1, pytest.approx(0.8))
    assert home.failure_examples == ("no such host",)


def test_a_report_that_lighthouse_wrote(tmp_path: Path) -> None:
    path = RECORDED / "lighthouse.json"
    assert importers.format_of(RecordingSource(path=path, name=path.name)) == "lighthouse"
    audits = json.loads(path.read_text(encoding="utf-8"))["audits"]
    home = results(read(tmp_path, path)[1])["home"]
    assert home.metrics["lcp"] == audits["largest-contentful-paint"]["numericValue"] / 1000
    assert home.metrics["cls"] == audits["cumulative-layout-shift"]["numericValue"]
    assert home.metrics["transfer"] == audits["total-byte-weight"]["numericValue"]
    assert home.metrics["requests"] == 1
