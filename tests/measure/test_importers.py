"""Recordings of other tools: what every format must give, what is wrong with a file, and whose requests they are."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from perfgate import budgets, measure, scenarios
from perfgate.measure import importers, importing
from perfgate.measure.importers.csv_samples import CsvSamples
from perfgate.measure.importers.k6_stream import K6Stream
from perfgate.measure.importers.samples import Importer, RecordingSource, RequestLabel
from perfgate.measure.matching import matcher
from perfgate.model.errors import RecordError, UsageError
from perfgate.model.plan import Plan
from perfgate.model.run import Run
from perfgate.recording import windows

HERE = Path(__file__).parent
K6 = HERE / "recorded" / "k6.json.gz"  # k6 1.1: two virtual users, a second or so
BUDGETS = """
version: 1
name: shop
target: http://127.0.0.1:1
load: {rate: 2/s, duration: 2s}
endpoints:
  show item: {request: "GET /items/{id}?x={x}", with: {id: {between: [1, 9]}, x: {choice: [1]}}, timeout: 400ms}
  search: {request: GET /search, expect: {status: [200, 404]}}
  orders: {request: POST /orders, expect: {header: {content-type: exists}}}
  failing: {request: GET /fail}
  slow: {request: GET /slow}
journeys:
  buy: {steps: [search, orders]}
"""
BEGAN = datetime(2026, 1, 5, 9, tzinfo=UTC)
ROWS = [(0.0, "search", 10.0, 200), (0.5, "search", 20.0, 404), (1.2, "search", 900.0, 500), (1.9, "show item", 5, 200)]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    path = tmp_path / "budgets.yaml"
    path.write_text(BUDGETS, encoding="utf-8")
    return scenarios.plan(budgets.read(path, None))


def csv_text(rows: list[tuple[float, str, float, int]]) -> str:
    return "t,endpoint,ms,status\n" + "".join(f"{t},{name},{ms},{status}\n" for t, name, ms, status in rows)


def k6_text(rows: list[tuple[float, str, float, int]]) -> str:
    """The same requests as k6 would have written them, in the order in which they ended."""
    lines = ['{"type":"Metric","data":{"name":"http_req_duration","type":"trend"},"metric":"http_req_duration"}\n']
    for t, name, ms, status in sorted(rows, key=lambda row: row[0] + row[2] / 1000):
        ended = datetime.fromtimestamp(BEGAN.timestamp() + t + ms / 1000, UTC).isoformat().replace("+00:00", "Z")
        tags = {"name": name, "method": "GET", "url": "http://h/x", "status": str(status)}
        if status == 0:
            tags["error_code"] = "1212"
        data = {"time": ended, "value": ms, "tags": tags}
        line = {"metric": "http_req_duration", "type": "Point", "data": data}
        lines.append(json.dumps(line, separators=(",", ":")) + "\n")
    return "".join(lines)


def unix(t: float) -> float:
    return BEGAN.timestamp() + t


def k6_csv_text(rows: list[tuple[float, str, float, int]]) -> str:
    lines = ["metric_name,timestamp,metric_value,check,error,error_code,name,status,method,url,extra_tags"]
    for t, name, ms, status in sorted(rows, key=lambda row: row[0] + row[2] / 1000):
        for metric in ("http_reqs", "http_req_duration"):
            ended = round((unix(t) + ms / 1000) * 1e6)
            lines.append(f"{metric},{ended},{ms if metric != 'http_reqs' else 1},,,,{name},{status},GET,http://h/x,")
    return "\n".join(lines) + "\n"


def jmeter_csv_text(rows: list[tuple[float, str, float, int]]) -> str:
    lines = ["timeStamp,elapsed,label,responseCode,responseMessage,threadName,success,bytes,Latency,Connect"]
    for t, name, ms, status in rows:
        code = status or "Non HTTP response code: java.net.ConnectException"
        good = str(200 <= status < 400).lower()
        lines.append(f'{round(unix(t) * 1000)},{round(ms)},{name},{code},"a, ""b""\nc",t 1-1,{good},9,{round(ms)},0')
    return "\n".join(lines) + "\n"


def jmeter_xml_text(rows: list[tuple[float, str, float, int]]) -> str:
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<testResults version="1.2">\n'
    for t, name, ms, status in rows:
        code = status or "Non HTTP response code: java.net.ConnectException"
        good = str(200 <= status < 400).lower()
        inner = f'<httpSample t="1" ts="{round(unix(t) * 1000)}" s="true" lb="{name}" rc="200"/>'
        text += f'<httpSample t="{ms}" lt="{ms}" ts="{round(unix(t) * 1000)}" s="{good}" lb="{name}" rc="{code}">\n'
        text += f"{inner}</httpSample>\n"
    return text + "</testResults>\n"


def vegeta_csv_text(rows: list[tuple[float, str, float, int]]) -> str:
    return "".join(
        f"{round(unix(t) * 1000)}000000,{status},{round(ms * 1e6)},0,2,{'refused' if not status else ''},b2s=,{name},{at},GET,http://h/x,\n"
        for at, (t, name, ms, status) in enumerate(rows)
    )


def vegeta_json_text(rows: list[tuple[float, str, float, int]]) -> str:
    lines = []
    for t, name, ms, status in rows:
        began = datetime.fromtimestamp(unix(t), UTC).isoformat(timespec="microseconds").replace("+00:00", "001Z")
        line = {"attack": name, "seq": 0, "code": status, "timestamp": began, "latency": round(ms * 1e6), "error": ""}
        lines.append(json.dumps(line | {"method": "GET", "url": "http://h/x", "body": None}) + "\n")
    return "".join(lines)


def gatling_text(rows: list[tuple[float, str, float, int]]) -> str:
    lines = ["RUN\tshop.Sim\tsim\t1767603600000\t \t3.9.5", "USER\tbuyers\tSTART\t1767603600000"]
    for t, name, ms, status in rows:
        start, good = round(unix(t) * 1000), 200 <= status < 400
        why = f"status.find.in(200,201), but actually found {status}" if status else "j.n.ConnectException: refused"
        verdict = "OK\t " if good else f"KO\t{why}"
        lines.append(f"REQUEST\t\t{name}\t{start}\t{start + round(ms)}\t{verdict}")
    return "\n".join(lines) + "\n"


WRITERS: dict[str, Callable[[list[tuple[float, str, float, int]]], str]] = {
    "csv": csv_text,
    "k6": k6_text,
    "k6-csv": k6_csv_text,
    "jmeter-csv": jmeter_csv_text,
    "jmeter-xml": jmeter_xml_text,
    "vegeta-csv": vegeta_csv_text,
    "vegeta-json": vegeta_json_text,
    "gatling": gatling_text,
}


def imported(
    plan: Plan, path: Path, columns: dict[str, str] | None = None, unit: float | None = None, **options: object
) -> Run:
    source = RecordingSource(path=path, name=path.name, columns=columns or {}, unit=unit)
    recording = importing.read(source, plan, importing.Reading(**{"otherwise": BEGAN, **options}))
    facts = measure.Circumstances(run_id=recording.id, target="", versions={})
    return importing.to_run(recording, plan, path.parent, facts)


def written(tmp_path: Path, text: str | bytes, name: str = "recording") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def replace_importers(monkeypatch: pytest.MonkeyPatch, own: dict[str, Callable[[], Importer]]) -> None:
    usual = importers.importer
    monkeypatch.setattr(importers, "importer", lambda name: own[name]() if name in own else usual(name))


@pytest.mark.parametrize("format", WRITERS)
def test_the_same_requests_give_the_same_run_in_every_format(tmp_path: Path, plan: Plan, format: str):
    run = imported(plan, written(tmp_path, WRITERS[format](ROWS)))

    search = next(one for one in run.endpoints if one.name == "search")
    assert (search.requests, search.failures, search.failures_by_kind) == (3, 1, {"status": 1})
    assert search.samples == 2
    assert search.metrics["max"] == pytest.approx(0.020)
    assert search.metrics["errors"] == pytest.approx(1 / 3)
    assert search.failure_examples == ("status: 500",)
    assert "size" not in search.metrics  # nobody recorded it: it is not 0
    assert [one.requests for one in run.endpoints if one.name == "slow"] == [0]
    assert run.duration == pytest.approx(1.9, abs=0.002)
    assert run.started == "2026-01-05T09:00:00.000+00:00"
    assert run.generator.due == 0


@pytest.mark.parametrize("format", WRITERS)
def test_an_imported_run_says_that_it_is_one(tmp_path: Path, plan: Plan, format: str):
    run = imported(plan, written(tmp_path, WRITERS[format](ROWS), f"a.{format}"))

    assert run.conditions.load_digest == f"imported-{plan.digests.load}"
    assert run.conditions.endpoint_digests == plan.digests.endpoints
    assert run.conditions.latency == importers.importer(format).latency != "connection wait + send to last byte"
    assert f"Imported from a.{format}, which has no runner probe, no health of the load generator" in run.warnings[0]
    assert "orders expect more" in run.warnings[1]


def test_formats_have_definitions_of_latency_that_differ():
    assert len({importers.importer(name).latency for name in importers.FORMATS}) == len(importers.FORMATS)


@pytest.mark.parametrize("format", WRITERS)
def test_compressed_or_not_whatever_the_name(tmp_path: Path, plan: Plan, format: str):
    text = WRITERS[format](ROWS)
    plain, packed = (
        imported(plan, written(tmp_path, text, "a.gz")),
        imported(plan, written(tmp_path, gzip.compress(text.encode()), "b.txt")),
    )

    assert plain.endpoints == packed.endpoints
    assert plain.id == packed.id  # the same recording: no history counts it twice


@pytest.mark.parametrize("format", WRITERS)
def test_a_file_that_is_cut_off_is_an_error(tmp_path: Path, plan: Plan, format: str):
    packed = gzip.compress(WRITERS[format](ROWS * 100).encode())

    with pytest.raises(RecordError, match=r"recording is damaged"):
        imported(plan, written(tmp_path, packed[: len(packed) // 2]))


@pytest.mark.parametrize("format", WRITERS)
def test_the_beginning_may_be_skipped(tmp_path: Path, plan: Plan, format: str):
    run = imported(plan, written(tmp_path, WRITERS[format](ROWS)), skip=1.0)

    assert run.warmup_requests == 2
    assert sum(one.requests for one in run.endpoints) == 2
    assert run.started == "2026-01-05T09:00:01.000+00:00"
    with pytest.raises(UsageError, match="--skip"):
        imported(plan, written(tmp_path, WRITERS[format](ROWS)), skip=5.0)


@pytest.mark.parametrize("format", WRITERS)
def test_requests_of_no_endpoint_are_told_and_left_out(tmp_path: Path, plan: Plan, format: str):
    rows = [*ROWS, (0.1, "health", 1.0, 200), (0.2, "health", 1.0, 200)]
    run = imported(plan, written(tmp_path, WRITERS[format](rows)))

    assert "health" not in [one.name for one in run.endpoints]
    assert any("health (2 requests)" in warning for warning in run.warnings)
    with pytest.raises(UsageError, match=r"health \(1 request\)") as caught:
        imported(plan, written(tmp_path, WRITERS[format]([(0.1, "health", 1.0, 200)])))
    assert "show item, search" in caught.value.hint


@pytest.mark.parametrize("format", WRITERS)
def test_no_answer_is_a_failure_and_after_the_timeout_it_counts_as_a_latency_too(
    tmp_path: Path, plan: Plan, format: str
):
    rows = [(0.0, "show item", 1.0, 200), (0.1, "show item", 3.0, 0), (0.2, "show item", 450.0, 0)]
    run = imported(plan, written(tmp_path, WRITERS[format](rows)))

    (item, *_) = run.endpoints
    assert item.failures_by_kind == {"connection": 1, "timeout": 1}
    assert (item.samples, item.metrics["max"]) == (2, pytest.approx(0.450))


def test_a_status_that_is_none_of_http_changes_no_other_endpoint(tmp_path: Path, plan: Plan):
    rows = [(0.0, "show item", 10.0, 1200), (0.5, "search", 20.0, 200), (1.9, "search", 20.0, 200)]

    run = imported(plan, written(tmp_path, k6_text(rows)))

    found = {result.name: (result.requests, result.failures) for result in run.endpoints if result.requests}
    assert found == {"show item": (1, 1), "search": (2, 0)}


def test_names_columns_and_line_ends_as_spreadsheets_write_them(tmp_path: Path, plan: Plan):
    text = '\ufeffnote,Status, ms ,"t",endpoint\r\n"a,b",200.0,10,0,"search"\r\n\r\n,,5,1.5, search \r\n'
    run = imported(plan, written(tmp_path, text))

    search = run.endpoints[1]
    assert (search.requests, search.failures_by_kind) == (2, {"connection": 1})


def test_a_journey_may_be_recorded_too(tmp_path: Path, plan: Plan):
    run = imported(plan, written(tmp_path, csv_text([(0.0, "buy", 500.0, 200), (0.5, "search", 1.0, 200)])))

    assert [(one.kind, one.requests) for one in run.endpoints if one.name == "buy"] == [("journey", 1)]


def test_arms_make_an_ab_run(tmp_path: Path, plan: Plan):
    text = (
        "t,endpoint,ms,status,arm\n0,search,10,200,A\n0.1,search,20,200,B\n0.2,search,30,500,b\n0.3,search,9,200,base\n"
    )
    run = imported(plan, written(tmp_path, text))

    base, head = run.arms
    assert (base.name, head.name) == ("base", "head")
    assert [(one.requests, one.failures) for one in base.endpoints if one.name == "search"] == [(2, 0)]
    assert [(one.requests, one.failures) for one in run.endpoints if one.name == "search"] == [(2, 1)]
    assert "size" not in base.endpoints[1].metrics
    assert "slow machine" not in run.warnings[0]  # the base was on the same one


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("t endpoint ms status\n", ":1: no column t, endpoint, ms, status; the header has: t endpoint ms status"),
        ("t,endpoint,ms,status,ms\n", ":1: the column ms is there twice"),
        ("t,endpoint,ms,status\n0,a,1,200\nx,a,1,200\n", ":3: t is 'x'; seconds since the start expected"),
        ("t,endpoint,ms,status\n0,a,1,200\n\n1,a,-1,200\n", ":4: ms is '-1'; milliseconds expected"),
        ("t,endpoint,ms,status\n0,a,nan,200\n", ":2: ms is 'nan'"),
        ("t,endpoint,ms,status\n0,a,1e99,200\n", ":2: ms is '1e99'"),
        ("t,endpoint,ms,status\n0,a,1,200\n1767600000,a,1,200\n", ":3: t is '1767600000'"),
        ("t,endpoint,ms,status\n0,,1,200\n", ":2: endpoint is empty"),
        ("t,endpoint,ms,status\n0,a,1,OK\n", ":2: status is 'OK'; an HTTP status expected"),
        ("t,endpoint,ms,status\n0,a,1,99\n", ":2: status is '99'"),
        ("t,endpoint,ms,status\n0,a\n", ":2: 2 fields; 4 expected"),
        ("t,endpoint,ms,status\n0,search,1,\n1,search,1\n", ":3: 3 fields; 4 expected"),
        ("t,endpoint,ms,status,note\n0,search,1,200\n1,search,1\n", ":3: 3 fields; 4 expected"),
        ("t,endpoint,ms,status,arm\n0,a,1,200,C\n", ":2: arm is 'C'; base or head expected"),
        ("t,endpoint,ms,status\n0,\udcff,1,200\n", ":2: not UTF-8"),
    ],
)
def test_a_mistake_in_a_csv_file_is_told_with_its_line(tmp_path: Path, plan: Plan, text: str, said: str):
    path = written(tmp_path, text.encode(errors="surrogateescape"))

    with pytest.raises(UsageError) as caught:
        imported(plan, path, format="csv")

    assert f"recording{said}" in caught.value.message
    assert "t in seconds since the start" in caught.value.hint
    assert not (tmp_path / "windows.jsonl.gz").exists()


def test_several_mistakes_are_told_at_once_but_not_thousands(tmp_path: Path, plan: Plan):
    rows = "".join(f"{number},a,oops,200\n" for number in range(5000))

    with pytest.raises(UsageError) as caught:
        imported(plan, written(tmp_path, f"t,endpoint,ms,status\n{rows}"))

    lines = caught.value.message.splitlines()
    assert [line.split(":")[1] for line in lines[:-1]] == [str(number) for number in range(2, 12)]
    assert lines[-1] == "..."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"metrics": {"http_req_duration": {}}}\n', ": no values of http_req_duration in this summary"),
        ("{\n", ": not a format that is known by its content"),
        (k6_text(ROWS) + '{"metric":"http_req_duration","type":"Poi', ":6: not a line of k6"),
        (k6_text(ROWS).replace('"value":10.0', '"value":-10.0'), ":2: not a line of k6: http_req_duration is -10.0 ms"),
        (k6_text(ROWS).replace('"status":"200"', '"status":200'), ":2: not a line of k6: tags are texts"),
        (k6_text(ROWS).replace("2026-01-05T", "yesterday "), ":2: not a line of k6"),
        (k6_text(ROWS).replace(',"status":"404"', ""), ":3: not a line of k6: a request without the tag status"),
        (
            k6_text(ROWS).replace('"name":"search",', "").replace('"url":"http://h/x",', ""),
            ":2: not a line of k6: a requ",
        ),
        (k6_text(ROWS).replace('"value":10.0,', ""), ":2: not a line of k6: the field 'value' is missing"),
        (k6_text([]), ": there are no requests in it"),
    ],
)
def test_a_mistake_in_a_stream_of_k6_is_told_with_its_line(tmp_path: Path, plan: Plan, text: str, said: str):
    with pytest.raises(UsageError) as caught:
        imported(plan, written(tmp_path, text))

    assert f"recording{said}" in caught.value.message
    assert not (tmp_path / "windows.jsonl.gz").exists()


def test_half_an_ab_test_is_none(tmp_path: Path, plan: Plan):
    with pytest.raises(UsageError, match="all requests are of base"):
        imported(plan, written(tmp_path, "t,endpoint,ms,status,arm\n0,search,1,200,A\n"))


def test_what_k6_really_writes(tmp_path: Path, plan: Plan):
    run = imported(plan, written(tmp_path, K6.read_bytes()))

    found = {one.name: one for one in run.endpoints if one.requests}
    assert set(found) == {"show item", "search", "orders", "failing", "slow"}  # by name, and by method and path
    assert found["failing"].failures_by_kind == {"status": found["failing"].requests}
    assert found["slow"].failures_by_kind == {"timeout": found["slow"].requests}
    assert found["slow"].metrics["max"] == pytest.approx(0.5, rel=0.05)
    assert 0 < found["search"].metrics["ttfb_p95"] <= found["search"].metrics["max"]
    assert found["search"].phases["first_byte"].total > 0
    assert any("http://127.0.0.1:1/none" in warning for warning in run.warnings)
    assert run.started.startswith("2026-")


def test_k6_points_that_are_no_load_or_say_more(tmp_path: Path, plan: Plan):
    text = k6_text([(0.0, "search", 10.0, 200), (0.1, "failing", 20.0, 200), (0.2, "search", 5.0, 200)])
    text = text.replace('"name":"failing"', '"expected_response":"false","name":"failing"')
    setup = text.splitlines()[-1].replace('"tags":{', '"tags":{"group":"::setup",')
    run = imported(plan, written(tmp_path, f"{text}{setup}\n"))

    found = {one.name: one for one in run.endpoints}
    assert found["search"].requests == 2
    assert found["failing"].failures == 1  # k6's script expected another answer, and the budget file says nothing of it


OWN_OUTCOMES = [("checks", 1, "good", "a"), ("checks", 0, "is 201", "a"), ("iterations", 1, "", "b")] * 3 + [
    ("dropped_iterations", 1, "", "b"),
    ("iterations", 1, "", "a"),
]


@pytest.mark.parametrize("format", ["k6", "k6-csv", "k6-summary"])
def test_what_k6_says_of_its_own_run_is_told_and_what_it_did_not_send_is_a_doubt(
    tmp_path: Path, plan: Plan, format: str
):
    """Checks belong to no request, and iterations that were not started had no latency."""
    if format == "k6":
        text = k6_text(ROWS)
        for metric, value, check, scenario in OWN_OUTCOMES:
            data = {"time": BEGAN.isoformat(), "value": value, "tags": {"check": check, "scenario": scenario}}
            text += json.dumps({"metric": metric, "type": "Point", "data": data}, separators=(",", ":")) + "\n"
    elif format == "k6-csv":
        text = k6_csv_text(ROWS).replace("\n", ",\n").replace("tags,\n", "tags,scenario\n", 1)
        text += "".join(
            f"{metric},1767603600,{value}.000000,{check},,,,,,,,{scenario}\n"
            for metric, value, check, scenario in OWN_OUTCOMES
        )
    else:
        times = {"med": 10, "count": 3, "thresholds": {"p(95)<5": True, "med<99": False}}
        metrics = {"http_reqs": {"count": 4}, "http_req_duration{name:search}": times, "http_req_duration": times}
        counts = {"iterations": {"count": 3}, "dropped_iterations": {"count": 1}, "checks": {"passes": 3, "fails": 3}}
        text = json.dumps({"metrics": metrics | counts})

    run = imported(plan, written(tmp_path, text))

    said = " ".join(run.warnings)
    assert (run.generator.due, run.generator.sent, run.generator.dropped) == (4, 4, 1)
    assert "k6 did not start 1 of 4 iterations" in said
    assert ("3 of 6 checks of k6 failed. " if format == "k6-summary" else "failed: is 201 (3). ") in said
    if format == "k6-summary":
        assert "http_req_duration{name:search} p(95)<5" in said
        assert "med<99" not in said
        assert "1 of 4 requests, which no sub-metric" in said
        assert "How many requests failed is not in k6's summary, of: search." in said


def test_parts_of_a_recording_add_up(tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch):
    random = np.random.default_rng(3)
    rows = [
        (float(t), str(random.choice(["search", "show item"])), float(ms), int(status))
        for t, ms, status in zip(
            random.uniform(0, 1000, 3000), random.lognormal(2, 1, 3000), random.choice([200, 500, 0], 3000), strict=True
        )
    ]
    whole = imported(plan, written(tmp_path, csv_text(rows)))
    replace_importers(monkeypatch, {"csv": lambda: CsvSamples(size=2000), "k6": lambda: K6Stream(points=70)})
    in_parts = imported(plan, written(tmp_path, csv_text(rows)))

    record = windows.read(tmp_path / "windows.jsonl.gz")
    assert whole.endpoints == in_parts.endpoints
    assert record.width > 1  # a long recording has wider windows
    assert record.requests == 3000
    successes = [ms / 1000 for _, name, ms, status in rows if name == "search" and status in (200, 404)]
    search = whole.endpoints[1]
    assert search.metrics["p50"] == pytest.approx(np.quantile(successes, 0.5, method="inverted_cdf"), rel=0.004)
    assert search.metrics["mean"] == pytest.approx(np.mean(successes), rel=1e-6)
    assert imported(plan, written(tmp_path, k6_text(rows))).endpoints[1].requests == search.requests


@pytest.mark.parametrize(
    ("label", "name"),
    [
        (RequestLabel("search"), "search"),
        (RequestLabel("buy"), "buy"),
        (RequestLabel("http://h/items/7?x=1", "GET", "http://h/items/7?x=1"), "show item"),
        (RequestLabel("http://h/items/7", "GET", "http://h/items/7"), None),  # the template has a query
        (RequestLabel("x", "GET", "http://h/items/7/reviews?x=1"), None),
        (RequestLabel("x", "get", "http://h/search?q=tea"), "search"),
        (RequestLabel("x", "POST", "http://h/search"), None),
        (RequestLabel("POST /orders"), "orders"),
        (RequestLabel("/search"), "search"),  # as JMeter's recorder and Taurus name requests
        (RequestLabel("https://h/search?q=tea"), "search"),
        (RequestLabel("GET http://h/items/7?x=1"), "show item"),
        (RequestLabel("POST /search"), None),
        (RequestLabel("x", "GET", "http://h/"), None),
        (RequestLabel(""), None),
    ],
)
def test_which_endpoint_a_recorded_request_belongs_to(plan: Plan, label: RequestLabel, name: str | None):
    place = matcher(plan)(label)

    assert (place.name if place else None) == name


def k6_points(requests: list[tuple[float, str, str, float, int]]) -> str:
    """Points as k6 writes them: (began, method, URL, ms, status), in the order in which they ended."""
    lines = []
    for t, method, url, ms, status in sorted(requests, key=lambda one: one[0] + one[3] / 1000):
        ended = datetime.fromtimestamp(BEGAN.timestamp() + t + ms / 1000, UTC).isoformat().replace("+00:00", "Z")
        tags = {"name": url, "method": method, "url": url, "status": str(status), "expected_response": "true"}
        data = {"time": ended, "value": ms, "tags": tags}
        line = {"metric": "http_req_duration", "type": "Point", "data": data}
        lines.append(json.dumps(line, separators=(",", ":")) + "\n")
    return "".join(lines)


LOGIN = """\
version: 1
target: http://shop.example
load: {rate: 10/s, duration: 2s}
endpoints:
  log in: {request: POST /login, follow_redirects: true, expect: {status: 200}, budget: {p95: 1s}}
  home: {request: GET /home}
  show item: {request: "GET /items/{id}", with: {id: {between: [1, 9]}}}
  moved: {request: GET /old, expect: {status: 302}}
"""


def login_plan(folder: Path) -> Plan:
    path = folder / "budgets.yaml"
    path.write_text(LOGIN, encoding="utf-8")
    return scenarios.plan(budgets.read(path, None))


@pytest.mark.parametrize("points", [1, 3, 200_000])
def test_the_hops_that_k6_followed_are_one_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, points: int):
    shop = "http://shop.example"
    text = k6_points(
        [
            (0.000, "POST", f"{shop}/login", 20.0, 302),
            (0.0201, "GET", f"{shop}/welcome", 30.0, 302),  # one more
            (0.0502, "GET", f"{shop}/home", 40.0, 200),
            (0.010, "GET", f"{shop}/home", 60.0, 200),  # of another virtual user
            (0.500, "GET", f"{shop}/old", 10.0, 302),  # what k6 followed is none of this endpoint's business
            (0.5101, "GET", f"{shop}/home", 10.0, 200),
            (0.900, "POST", f"{shop}/login", 10.0, 302),  # not followed: `redirects: 0`
        ]
    )
    replace_importers(monkeypatch, {"k6": lambda: K6Stream(points=points)})

    run = imported(login_plan(tmp_path), written(tmp_path, text))

    found = {one.name: one for one in run.endpoints}
    assert (found["log in"].requests, found["log in"].failures_by_kind) == (2, {"status": 1})
    assert found["log in"].metrics["max"] == pytest.approx(0.0902, abs=1e-4)
    assert (found["home"].requests, found["home"].failures) == (2, 0)
    assert (found["moved"].requests, found["moved"].failures) == (1, 0)
    assert not any("welcome" in warning for warning in run.warnings)


def test_a_name_and_a_method_that_stay_tell_hops_apart(tmp_path: Path):
    text = k6_points(
        [
            (0.0, "POST", "log in", 20.0, 307),
            (0.0201, "GET", "log in", 5.0, 200),  # not by POST
            (0.0202, "POST", "other", 5.0, 200),  # not by that name
            (0.0203, "POST", "log in", 30.0, 200),
        ]
    )

    run = imported(login_plan(tmp_path), written(tmp_path, text))

    login = run.endpoints[0]
    assert (login.requests, login.failures) == (2, 0)
    assert login.metrics["max"] == pytest.approx(0.0503, abs=1e-4)


@pytest.mark.parametrize("host", ["shop.example", "staging.example:8080"])
def test_requests_to_other_hosts_are_left_out_and_told(tmp_path: Path, host: str):
    """The application is the target, or where the recording's requests went that its endpoints could be."""
    requests = [(0.1 * at, "GET", f"http://{host}/items/{at}", 5.0, 200) for at in range(1, 5)]
    requests += [(0.1 * at, "GET", f"https://cdn.other.example/items/{at}", 5.0, 200) for at in range(1, 4)]

    run = imported(login_plan(tmp_path), written(tmp_path, k6_points(requests)))

    assert {one.name: one.requests for one in run.endpoints if one.requests} == {"show item": 4}
    assert any("https://cdn.other.example/items/1 (1 request" in warning for warning in run.warnings)


def test_the_target_is_the_application_whatever_was_recorded_more(tmp_path: Path):
    requests = [(0.1, "GET", "http://shop.example/items/1", 5.0, 200)]
    requests += [(0.1 * at, "GET", f"https://cdn.other.example/items/{at}", 5.0, 200) for at in range(1, 4)]

    run = imported(login_plan(tmp_path), written(tmp_path, k6_points(requests)))

    assert {one.name: one.requests for one in run.endpoints if one.requests} == {"show item": 1}


SAMPLE = '<httpSample t="{t}" lt="{lt}" ts="{ts}" s="true" lb="search" rc="200"/>'


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "odd", [{"ts": "inf"}, {"ts": "nan"}, {"ts": "1e17"}, {"t": "nan"}, {"lt": "inf"}, {"lt": "-1"}], ids=str
)
def test_a_sample_of_jmeter_without_bounds_is_a_bad_line(tmp_path: Path, odd: dict[str, str]):
    usual = {"t": "5", "lt": "3", "ts": "1767603600000"}
    path = tmp_path / "results.jtl"
    samples = [SAMPLE.format(**usual), SAMPLE.format(**(usual | odd))]
    path.write_text('<?xml version="1.0"?><testResults version="1.2">' + "\n".join(samples) + "</testResults>")
    source = RecordingSource(path=path, name=path.name)
    bad = importing.BadLines(source=source, tolerance=importing.Tolerance())

    batches = list(importers.importer("jmeter-xml").read(source, bad))

    assert sum(len(batch.took) for batch in batches if not batch.phase) == 1
    assert bad.number == 1


def test_percentiles_that_are_cut_off_are_named(plan: Plan, tmp_path: Path):
    path = tmp_path / "latency.hgrm"
    path.write_text("Value Percentile TotalCount 1/(1-Percentile)\n 5.0 0.5 10 2.0\n")

    with pytest.raises(UsageError, match="it ends before p90"):
        list(importers.importer("hdr-percentiles").read(RecordingSource(path=path, name=path.name), None))
