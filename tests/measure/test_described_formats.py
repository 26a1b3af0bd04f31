"""Formats of load tools that no package registry here has, as their documentation and sources describe them."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from perfgate import budgets, measure, scenarios
from perfgate.measure import importers, importing
from perfgate.measure.importers.k6_summary import K6Summary
from perfgate.measure.importers.samples import BadLines, RecordingSource, Tolerance
from perfgate.measure.importers.tables import parquet
from perfgate.model.errors import UsageError
from perfgate.model.run import EndpointResult, Run

ONE = """
version: 1
name: shop
target: http://127.0.0.1:1
load: {rate: 20/s, duration: 5s}
endpoints:
  b: {request: GET /b}
"""
TWO = ONE + "  c: {request: POST /c}\n"
OHA_JSON = """{"summary": {"successRate": 1.0, "total": 2.5, "slowest": 0.0612, "fastest": 0.0201, "average": 0.0243,
"requestsPerSec": 80.0, "totalData": 400, "sizePerRequest": 2, "sizePerSec": 160},
"responseTimeHistogram": {"0.02": 1}, "latencyPercentiles": {"p10": 0.0203, "p25": 0.0205, "p50": 0.0207, "p75": 0.0209,
"p90": 0.0601, "p95": 0.0605, "p99": 0.0611, "p99.9": 0.0612, "p99.99": 0.0612},
"statusCodeDistribution": {"200": 190, "500": 8}, "errorDistribution": {"connection refused": 2, "aborted due to deadline": 5}}"""
OHA_TEXT = """Summary:
  Success rate:\t100.00%
  Total:\t2.5000 secs
  Slowest:\t0.0612 secs
  Fastest:\t0.0201 secs
  Average:\t0.0243 secs
  Requests/sec:\t80.0000

Response time histogram:
  0.020 [1]   |

Response time distribution:
  10.00% in 0.0203 secs
  50.00% in 0.0207 secs
  90.00% in 0.0601 secs
  95.00% in 0.0605 secs
  99.00% in 0.0611 secs

Status code distribution:
  [200] 190 responses
  [500] 8 responses

Error distribution:
  [2] connection refused
  [5] aborted due to deadline
"""
BOMBARDIER_TEXT = """Bombarding http://localhost:1/b for 2s using 2 connection(s)
Done!
Statistics        Avg      Stdev        Max
  Reqs/sec         80.0       9.56      92.01
  Latency       24.30ms   377.16us    61.20ms
  Latency Distribution (Total)
     50%    20.70ms
     75%    20.90ms
     90%    60.10ms
     95%    60.50ms
     99%    61.10ms
  Latency Distribution (2xx)
     50%     1.00ms
     95%     1.00ms
  HTTP codes:
    1xx - 0, 2xx - 190, 3xx - 0, 4xx - 0, 5xx - 8
    others - 2
  Throughput:    22.09KB/s
"""
BOMBARDIER_JSON = """{"spec":{"numberOfConnections":2,"testType":"timed","testDurationSeconds":2,"method":"GET",
"url":"http://localhost:1/b","timeoutSeconds":2,"client":"fasthttp"},"result":{"bytesRead":1,"bytesWritten":2,
"timeTakenSeconds":2.5,"req1xx":0,"req2xx":190,"req3xx":0,"req4xx":0,"req5xx":8,"others":2,
"latency":{"mean":24300,"stddev":377,"max":61200,"percentiles":{"50":20700,"75":20900,"90":60100,"95":60500,"99":61100}},
"rps":{"mean":80,"stddev":9,"max":92}}}"""
WRK2 = """Running 2s test @ http://localhost:1/b
  1 threads and 2 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    24.30ms    1.00ms  61.20ms   90.00%
    Req/Sec    80.00     5.00    92.00     70.00%
  Latency Distribution (HdrHistogram - Recorded Latency)
 50.000%   20.70ms
 75.000%   20.90ms
 90.000%   60.10ms
 99.000%   61.10ms
 99.900%   61.20ms
100.000%   61.20ms

  Detailed Percentile spectrum:
       Value   Percentile   TotalCount 1/(1-Percentile)

      20.100     0.000000            1         1.00
      20.700     0.500000          100         2.00
      60.100     0.900000          180        10.00
      60.500     0.950000          190        20.00
      61.100     0.990625          198       106.67
      61.200     1.000000          200          inf
#[Mean    =       24.300, StdDeviation   =        1.000]
----------------------------------------------------------
  200 requests in 2.50s, 7.81KB read
  Non-2xx or 3xx responses: 10
Requests/sec:     80.00
"""
HGRM = WRK2.partition("spectrum:\n")[2].partition("-----")[0]
VEGETA_REPORT = """{"latencies":{"total":4860000000,"mean":24300000,"50th":20700000,"90th":60100000,"95th":60500000,
"99th":61100000,"max":61200000,"min":20100000},"bytes_in":{"total":400,"mean":2},"bytes_out":{"total":0,"mean":0},
"earliest":"2026-01-05T09:00:00.123456789Z","latest":"2026-01-05T09:00:02.5Z","end":"2026-01-05T09:00:02.6Z",
"duration":2500000000,"wait":20000000,"requests":200,"rate":80.0,"throughput":76.0,"success":0.95,
"status_codes":{"200":190,"500":10},"errors":["500 Failed"]}"""
GATLING_STATS = """{"type": "GROUP", "name": "All Requests", "path": "", "stats": {"name": "All Requests"},
"contents": {"req_b-1": {"type": "REQUEST", "name": "b", "path": "b", "stats": {"name": "b",
"numberOfRequests": {"total": 200, "ok": 190, "ko": 10}, "minResponseTime": {"total": 20, "ok": 20, "ko": 20},
"maxResponseTime": {"total": 61.2, "ok": 61, "ko": 20}, "meanResponseTime": {"total": 24.3, "ok": 25, "ko": 20},
"percentiles1": {"total": 20.7, "ok": 21, "ko": 20}, "percentiles2": {"total": 20.9, "ok": 21, "ko": 20},
"percentiles3": {"total": 60.5, "ok": 61, "ko": 20}, "percentiles4": {"total": 61.1, "ok": 61, "ko": 20}}}}}"""
K6_MACHINE_READABLE = """{"config": {"duration": 2.5, "execution": "local", "script": "s.js"}, "version": "1.0.0",
"metadata": {"generatedAt": "2026-01-05T09:00:02.5Z", "k6Version": "1.5.0"},
"results": {"checks": {"metrics": [{"name": "checks_failed", "type": "rate", "contains": "default",
"values": {"matches": 1, "rate": 0.25, "total": 4}}]}, "metrics": [
{"name": "http_reqs", "type": "counter", "contains": "default", "values": {"count": 200}},
{"name": "http_req_failed", "type": "rate", "contains": "default", "values": {"rate": 0.05, "matches": 10, "total": 200}},
{"name": "http_req_duration", "type": "trend", "contains": "time", "values":
{"avg": 24.3, "min": 20.1, "med": 20.7, "max": 61.2, "p(90)": 60.1, "p(95)": 60.5, "p(99)": 61.1}}]}}"""
JMETER_STATISTICS = """{
  "b" : {"transaction" : "b", "sampleCount" : 200, "errorCount" : 10, "errorPct" : 5.0, "meanResTime" : 24.3,
    "medianResTime" : 20.7, "minResTime" : 20.0, "maxResTime" : 61.2, "pct1ResTime" : 60.1, "pct2ResTime" : 60.5,
    "pct3ResTime" : 61.1, "throughput" : 80.0, "receivedKBytesPerSec" : 15.6, "sentKBytesPerSec" : 9.1},
  "Total" : {"transaction" : "Total", "sampleCount" : 200, "errorCount" : 10, "errorPct" : 5.0, "meanResTime" : 24.3,
    "medianResTime" : 20.7, "minResTime" : 20.0, "maxResTime" : 61.2, "pct1ResTime" : 60.1, "pct2ResTime" : 60.5,
    "pct3ResTime" : 61.1, "throughput" : 80.0, "receivedKBytesPerSec" : 15.6, "sentKBytesPerSec" : 9.1}
}"""
JMETER_TABLE = """Label,# Samples,Average,Median,90% Line,95% Line,99% Line,Min,Max,Error %,Throughput,Received KB/sec,Sent KB/sec
b,200,24.3,20.7,60.1,60.5,61.1,20,61.2,5.000%,80.00000,15.60,9.10
TOTAL,200,24.3,20.7,60.1,60.5,61.1,20,61.2,5.000%,80.00000,15.60,9.10
"""
JMETER_KEYS = """sampler_label,aggregate_report_count,average,aggregate_report_median,aggregate_report_90%_line,\
aggregate_report_95%_line,aggregate_report_99%_line,aggregate_report_min,aggregate_report_max,aggregate_report_error%,\
aggregate_report_rate,aggregate_report_bandwidth,aggregate_report_stddev
b,200,24.3,20.7,60.1,60.5,61.1,20,61.2,0.05,80.0,15.6,3.1
TOTAL,200,24.3,20.7,60.1,60.5,61.1,20,61.2,0.05,80.0,15.6,3.1
""".replace("\\\n", "")
JMETER_SUMMARY = """Label,# Samples,Average,Min,Max,Std. Dev.,Error %,Throughput,Received KB/sec,Sent KB/sec,Avg. Bytes
b,200,24.3,20,61.2,3.1,5.000%,80.00000,15.60,9.10,200.0
TOTAL,200,24.3,20,61.2,3.1,5.000%,80.00000,15.60,9.10,200.0
"""
SAID = {"p50": 0.0207, "p90": 0.0601, "p95": 0.0605, "p99": 0.0611, "max": 0.0612, "mean": 0.0243}
SUMMARIES = {
    "oha.json": (OHA_JSON, "oha", ()),
    "oha.txt": (OHA_TEXT, "oha", ()),
    "bombardier.txt": (BOMBARDIER_TEXT, "bombardier", ()),
    "bombardier.json": (BOMBARDIER_JSON, "bombardier", ()),
    "wrk2.txt": (WRK2, "wrk", ()),
    "percentiles.hgrm": (HGRM, "hdr-percentiles", ("errors",)),
    "vegeta.json": (VEGETA_REPORT, "vegeta-report", ()),
    "stats.json": (GATLING_STATS, "gatling-stats", ("p90",)),
    "k6.json": (K6_MACHINE_READABLE, "k6-summary", ()),
    "statistics.json": (JMETER_STATISTICS, "jmeter-statistics", ()),
    "aggregate.csv": (JMETER_TABLE, "jmeter-aggregate", ()),
    "local.csv": (
        JMETER_TABLE.replace("5.000%", '"5,000%"').replace("80.00000", '"80,00000"'),
        "jmeter-aggregate",
        (),
    ),
    "aggregate_keys.csv": (JMETER_KEYS, "jmeter-aggregate", ()),
    "summary.csv": (JMETER_SUMMARY, "jmeter-aggregate", ("p50", "p90", "p95", "p99")),
}


def imported(folder: Path, name: str, text: str | bytes, budget: str = ONE, **options: object) -> Run:
    (folder / "budgets.yaml").write_text(budget, encoding="utf-8")
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    plan = scenarios.plan(budgets.read(folder / "budgets.yaml", None))
    how = importing.Reading(**{"otherwise": importing.datetime.now(importing.UTC), **options})
    recording = importing.read(RecordingSource(path=path, name=name), plan, how)
    return importing.to_run(recording, plan, folder, measure.Circumstances(run_id=recording.id, target="", versions={}))


def only(run: Run) -> EndpointResult:
    (found,) = [one for one in run.endpoints if one.requests]
    return found


@pytest.mark.parametrize("name", SUMMARIES)
def test_figures_of_a_summary_are_taken_as_they_are(tmp_path: Path, name: str):
    text, format, absent = SUMMARIES[name]

    run = imported(tmp_path, name, text)

    found = only(run)
    assert importers.format_of(RecordingSource(path=tmp_path / name, name=name)) == format
    assert (found.name, found.requests) == ("b", 200)
    for metric, value in SAID.items():
        if metric not in absent:
            assert found.metrics[metric] == pytest.approx(value), metric
    assert not set(absent) & found.metrics.keys()
    if "errors" in found.metrics:
        assert found.metrics["errors"] == pytest.approx(0.05)
    assert "a summary" in run.warnings[0]
    assert run.conditions.latency == importers.importer(format).latency


def test_the_machine_readable_summary_of_k6_has_no_rates_but_its_time(tmp_path: Path):
    """The schema 1.0.0 of k6 1.5 (internal/lib/summary/machinereadable): counters have counts alone."""
    run = imported(tmp_path, "k6.json", K6_MACHINE_READABLE)

    assert (run.started, run.duration) == ("2026-01-05T09:00:00.000+00:00", 2.5)
    assert only(run).metrics["rate"] == pytest.approx(190 / 2.5)
    assert any("1 of 4 checks of k6 failed" in warning for warning in run.warnings)


def test_who_does_not_count_failures_tells_no_rate_of_successes(tmp_path: Path):
    """A rate of all requests would keep a budget on those that succeed, whatever failed."""
    text = K6_MACHINE_READABLE.replace('"http_req_failed"', '"other"')

    found = only(imported(tmp_path, "k6.json", text))

    assert found.requests == 200
    assert not {"rate", "errors"} & found.metrics.keys()


@pytest.mark.parametrize("name", ["statistics.json", "aggregate.csv", "local.csv", "aggregate_keys.csv"])
def test_a_summary_of_jmeter_has_the_time_of_its_rate(tmp_path: Path, name: str):
    run = imported(tmp_path, name, SUMMARIES[name][0])

    assert run.duration == pytest.approx(2.5)
    assert only(run).metrics["rate"] == pytest.approx(190 / 2.5)


def test_a_dashboard_of_jmeter_says_that_its_percentiles_are_of_the_last_requests(tmp_path: Path):
    text = JMETER_STATISTICS.replace('"sampleCount" : 200', '"sampleCount" : 20001')

    run = imported(tmp_path, "statistics.json", text)

    assert any("from the last 20,000 requests" in warning for warning in run.warnings)
    assert not any("20,000" in text for text in imported(tmp_path, "s.json", JMETER_STATISTICS).warnings)


def test_a_dashboard_of_jmeter_whose_last_percentile_is_above_its_maximum_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="its percentiles do not rise"):
        imported(tmp_path, "statistics.json", JMETER_STATISTICS.replace('"pct3ResTime" : 61.1', '"pct3ResTime" : 500'))


def test_other_percentiles_of_a_dashboard_of_jmeter_are_refused_where_they_show(tmp_path: Path):
    with pytest.raises(UsageError, match="aggregate_rpt_pct1, 2 and 3 have to be 90, 95 and 99"):
        imported(tmp_path, "statistics.json", JMETER_STATISTICS.replace('"pct1ResTime" : 60.1', '"pct1ResTime" : 61.0'))


def test_errors_of_jmeter_s_report_are_a_share(tmp_path: Path):
    with pytest.raises(UsageError, match="error % is '147%'"):
        imported(tmp_path, "aggregate.csv", JMETER_TABLE.replace("5.000%", "147%"))


def test_the_unnamed_requests_of_a_tool_need_an_endpoint_when_there_are_several(tmp_path: Path):
    with pytest.raises(UsageError, match="does not say which endpoint") as caught:
        imported(tmp_path, "oha.json", OHA_JSON, TWO)

    assert "--endpoint NAME; one of: b, c" in caught.value.hint
    assert only(imported(tmp_path, "oha.json", OHA_JSON, TWO, endpoint="c")).name == "c"
    with pytest.raises(UsageError, match=r"--endpoint d: not in budgets\.yaml"):
        imported(tmp_path, "oha.json", OHA_JSON, TWO, endpoint="d")


def test_nothing_of_a_summary_can_be_skipped(tmp_path: Path):
    with pytest.raises(UsageError, match="--skip"):
        imported(tmp_path, "oha.json", OHA_JSON, skip=1.0)


def test_percentiles_of_several_names_are_not_joined(tmp_path: Path):
    head = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Max Response Time,Requests/s,50%,95%\n"
    budget = (
        TWO.replace("GET /b", "GET /b/{id}")
        .replace("/b/{id}}", '"/b/{id}", with: {id: {between: [1, 9]}}}')
        .replace('GET "/b', '"GET /b')
    )
    run = imported(
        tmp_path, "locust_stats.csv", f"{head}GET,/b/1,10,1,5,6,9,10,5,8\nGET,/b/2,30,1,5,10,12,30,5,9\n", budget
    )

    found = only(run)
    assert (found.requests, found.failures) == (40, 2)
    assert found.metrics == pytest.approx({"mean": 0.009, "max": 0.012, "errors": 0.05, "rate": 38.0})
    assert any("whose percentiles cannot be joined" in warning for warning in run.warnings)


@pytest.mark.parametrize(
    ("text", "why", "instead"),
    [
        (
            b"?\xff\x81\x03\x01\x01\x06Result\x01\xff\x82\x00\x01\x0c\x01\x06Attack\x01\x0c",
            "gob",
            "vegeta encode --to csv",
        ),
        (b"     http_req_duration..............: avg=130.19ms", "printed summary", "--summary-export"),
        (b'[{"metric":"vus","type":"Point","data":{}},', "not as k6 writes it", "jq -c"),  # grafana/k6 issue 737
        (b'{\n    "type": "Metric",\n    "data": {', "not as k6 writes it", "jq -c"),  # grafana/k6 issue 2988
        (b"Method,Name,Error,Occurrences\n", "failures only", "_stats.csv"),
        (b'"Type","Name","Timestamp","# requests","# failures"\n', "before 1.0", "_stats.csv"),
        (b"1795828214201,95,a,200,OK,tg 1-1,,true,40,3,3,http://h/a,95,69\n", "without their header", "print_field"),
        (b"1795828214201|95|a|200|tg 1-1|true|1090|10|10|28|1|0|null\n", "without their header", "print_field"),
        ("│ Stat │\n│ Latency │ 20 ms".encode(), "too few figures", "--json"),
        (b"starttime\tseconds\tctime\tdtime\tttime\twait\n", "no statuses", "ab.txt"),
        (b'<?xml version="1.0"?>\n<FinalStatus>\n', "CSV, not as XML", "dump-csv"),
        (b'{"aggregate": {"scenariosCreated": 6, "rps": {"mean": 1}}}', "Artillery 1", "Artillery 2"),
        ("timeStamp,elapsed,label,responseCode\n".encode("utf-16-le"), "UTF-16", "iconv"),
        (b'{"a": 1, "b": 2}', "not a format", "Known (--format): k6,"),
        (b"PK\x03\x04\0a,b", "ZIP archive", "unzip"),
        (b"hello\n", "not a format", "Known (--format): k6,"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_export_instead(
    tmp_path: Path, text: bytes, why: str, instead: str
):
    with pytest.raises(UsageError) as caught:
        imported(tmp_path, "result", text)

    assert why in caught.value.message
    assert instead in caught.value.hint


TEXTS = ["2026-01-05T09:00:00.5Z", "2026-01-05 09:00:00.5"]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series([1, 2]), [1.0, 2.0]),
        (pd.Series(["1.5", "2"]), [1.5, 2.0]),
        (pd.Series(TEXTS), [1767603600.5, 1767603600.5]),
        (pd.Series(pd.to_datetime(TEXTS[:1], utc=True)), [1767603600.5]),
        (pd.Series(pd.to_datetime(TEXTS[1:])), [1767603600.5]),
    ],
)
def test_times_of_parquet_are_numbers_or_dates(column: pd.Series, expected: list[float]):
    assert list(parquet.seconds_of(column)) == expected


@pytest.mark.parametrize("text", ["oops", "2026-13-05T09:00:00Z"])
def test_what_is_no_time_in_parquet_is_refused(text: str):
    with pytest.raises(ValueError, match=r".+"):
        parquet.seconds_of(pd.Series([TEXTS[0], text]))


def test_parquet_needs_a_library_or_is_read(tmp_path: Path):
    if find_spec("pyarrow"):
        pytest.skip("pyarrow is installed")
    with pytest.raises(UsageError, match="needs pyarrow") as caught:
        imported(tmp_path, "a.parquet", b"PAR1....PAR1")
    assert "perfgate[parquet]" in caught.value.hint


def hdr(values: dict[int, int]) -> str:
    """A histogram of HdrHistogram (2 digits, from 1), index -> count, packed as its Java version does."""
    payload, at = b"", 0
    for index, count in sorted(values.items()):
        if index > at:
            payload += _zigzag(-(index - at))
        payload += _zigzag(count)
        at = index + 1
    plain = struct.pack(">iiiiqqd", 0x1C849303 | 0x10, len(payload), 0, 2, 1, 1 << 40, 1.0) + payload
    packed = zlib.compress(plain)
    return base64.b64encode(struct.pack(">ii", 0x1C849304 | 0x10, len(packed)) + packed).decode()


def _zigzag(number: int) -> bytes:
    number, found = (number << 1) ^ (number >> 63), b""
    while number >= 0x80:
        found, number = found + bytes([number & 0x7F | 0x80]), number >> 7
    return found + bytes([number])


def test_a_log_of_hdr_histograms_is_read_request_by_request(tmp_path: Path):
    """With two digits there are 256 values in the first bucket, then 128 in each, twice as wide every time."""
    slot = 256 + 128 * 16 - 100  # in the bucket of width 2**16
    low = ((slot & 127) + 128) << (slot // 128 - 1)
    head = '#[Histogram log format version 1.3]\n#[StartTime: 1767603600.000 (seconds since epoch)]\n"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
    lines = f"Tag=b,0.000,1.000,9.9,{hdr({slot: 30})}\nTag=b,1.000,1.000,9.9,{hdr({slot: 9, slot + 1: 1})}\n"

    run = imported(tmp_path, "load.hlog", head + lines)

    found = only(run)
    assert (found.requests, found.failures) == (40, 0)
    assert found.metrics["p50"] == pytest.approx(low / 1e9, rel=0.01)
    assert run.started.startswith("2026-01-05T09:00:00")
    assert 1.8 < run.duration < 2
    with pytest.raises(UsageError, match=r":4: not an interval of HdrHistogram"):
        imported(tmp_path, "bad.hlog", head + "Tag=b,0.000,1.000,9.9,AAAA\n")
    (tmp_path / "us.hlog").write_text(head + lines, encoding="utf-8")
    plan = scenarios.plan(budgets.read(tmp_path / "budgets.yaml", None))
    how = importing.Reading(otherwise=importing.datetime.now(importing.UTC))
    in_us = importing.read(RecordingSource(path=tmp_path / "us.hlog", name="us", unit=1e-6), plan, how)
    slowest = max(window.latency.maximum for window in in_us.record.windows.values())
    assert slowest == pytest.approx(low * 1000, rel=0.02)
    late = "".join(f"Tag=b,{60 + at}.000,1.000,9.9,{hdr({slot: 1})}\n" for at in range(5))
    assert imported(tmp_path, "late.hlog", head + late).started.startswith("2026-01-05T09:01:00")
    odd = f"Tag=b,1467603660.000,1.000,9.9,{hdr({slot: 1})}\n"
    once = imported(tmp_path, "odd.hlog", head + odd + late.replace("b,", "b,17676036"), tolerance=Tolerance(number=1))
    assert (only(once).requests, once.started[:19]) == (5, "2026-01-05T09:01:00")


def rows(number: int, bad: int) -> str:
    good = "".join(f"{at / 100},b,10,200\n" for at in range(number - bad))
    return "t,endpoint,ms,status\n" + good + "1,b,oops,200\n" * bad


def test_few_bad_lines_are_left_out_and_told(tmp_path: Path):
    run = imported(tmp_path, "a.csv", rows(5000, 3))

    assert only(run).requests == 4997
    (told,) = [warning for warning in run.warnings if warning.startswith("Left out")]
    assert told.startswith("Left out: 3 of 5,001 lines, which are bad. line 4999: ms is 'oops'; milliseconds expected")


def test_too_many_bad_lines_are_an_error(tmp_path: Path):
    with pytest.raises(UsageError, match=r"a.csv:4991: ms is 'oops'") as caught:
        imported(tmp_path, "a.csv", rows(5000, 11))
    assert "--max-bad 11" in caught.value.hint
    assert only(imported(tmp_path, "a.csv", rows(5000, 11), tolerance=Tolerance(share=0.0, number=11))).requests == 4989
    with pytest.raises(UsageError):
        imported(tmp_path, "a.csv", rows(5000, 1), tolerance=Tolerance(share=0.0))


def test_two_recordings_of_jmeter_in_one_file_are_named_as_that(tmp_path: Path):
    """JMeter goes on in the file of an earlier run."""
    text = "timeStamp,elapsed,label,responseCode,success\n1767603600000,10,b,200,true\n"
    with pytest.raises(UsageError, match=r"results.jtl:3: a second header: another recording begins here"):
        imported(tmp_path, "results.jtl", text * 2)


def test_an_assertion_of_jmeter_that_failed_is_a_failure_whatever_the_status(tmp_path: Path):
    head = "timeStamp;elapsed;label;responseCode;success;failureMessage\n"
    lines = '1767603600000;10;b;200;true;\n1767603600500;10;b;200;false;"expected\nmore; than this"\n1767603601000;10;b;404;false;\n'
    budget = ONE.replace("GET /b}", "GET /b, expect: {status: [200, 404]}}")

    found = only(imported(tmp_path, "results.jtl", head + lines, budget))

    assert (found.requests, found.failures_by_kind) == (3, {"expectation": 1})
    assert found.failure_examples == ("a check of the load tool failed",)


@pytest.mark.parametrize("day", ["2026/01/05", "2026-01-05"])
def test_jmeter_may_write_dates(tmp_path: Path, day: str):
    """microsoft/azure-load-testing issue 67 and flood-io/ruby-jmeter issue 39: timestamp_format is a date's."""
    rows = [f"{day} 09:00:{second:02d}.250,{10 + second},b,200,true\n" for second in range(20)]
    run = imported(tmp_path, "a.jtl", "timeStamp,elapsed,label,responseCode,success\n" + "".join(rows))

    assert (run.started, only(run).requests) == ("2026-01-05T09:00:00.250+00:00", 20)
    assert only(run).metrics["p50"] == pytest.approx(0.0195, rel=0.03)


@pytest.mark.parametrize("written", ["1767603600.125", "2026-01-05 09:00:00"])
def test_times_of_jmeter_in_another_unit_than_the_first_are_mistakes(tmp_path: Path, written: str):
    text = f"timeStamp,elapsed,label,responseCode,success\n1767603600000,10,b,200,true\n{written},10,b,200,true\n"
    with pytest.raises(UsageError, match=r"a.jtl:3: timeStamp is .*; milliseconds since 1970 expected"):
        imported(tmp_path, "a.jtl", text)


def test_a_name_with_colons_is_whole_in_a_summary_of_k6(tmp_path: Path):
    tags = ("name:Users::index", "name:Orders::index")
    values = {"http_req_duration": {"avg": 5, "med": 4}, "http_reqs": {"count": 10, "rate": 1}}
    metrics = values | {f"{name}{{{tag}}}": numbers for tag in tags for name, numbers in values.items()}
    path = tmp_path / "k6.json"
    path.write_text(json.dumps({"metrics": metrics}))
    source = RecordingSource(path=path, name=path.name)
    [read] = K6Summary().read(source, BadLines(source=source))
    rows = read.rows
    assert [row.label.name for row in rows] == ["Users::index", "Orders::index"]


def test_requests_within_a_transaction_of_jmeter_are_requests(tmp_path: Path):
    """Blazemeter/taurus pull request 2013, apache/jmeter issue 5780: "Generate parent sample" puts them in one sample;
    redirects and embedded resources are parts of theirs."""
    inner = '<httpSample t="20" ts="1767603600000" s="true" lb="b" rc="200" rm="OK"><httpSample t="9" ts="1767603600000" s="true" lb="b" rc="302" rm=""/></httpSample>'
    outer = '<sample t="45" ts="1767603600000" s="true" lb="buy" rc="200" rm="Number of samples in transaction : 2, number of failing samples : 0">'
    run = imported(
        tmp_path,
        "a.xml",
        f'<?xml version="1.0"?>\n<testResults version="1.2">\n{(outer + inner * 2 + "</sample>") * 3}\n</testResults>\n',
    )

    assert only(run).requests == 6
    assert any("buy (transaction) (3 requests)" in warning for warning in run.warnings)


XML_SAMPLE = '<httpSample t="20" ts="1767603600000" s="true" lb="b" rc="200" rm="{}"/>\n'


@pytest.mark.parametrize("character", ["&#0;", "&#x0;", "&#X1F;", "&#11;", "\x00", "\x1b"])
def test_characters_that_xml_cannot_have_do_no_harm(tmp_path: Path, character: str):
    """jmeter-maven-plugin issue 172: an answer's bytes in a message end the reading of the whole file."""
    samples = XML_SAMPLE.format("a &amp; &#65; b") * 3 + XML_SAMPLE.format(f"OK {character}") * 3
    run = imported(tmp_path, "a.xml", f'<?xml version="1.0"?>\n<testResults version="1.2">\n{samples}</testResults>\n')

    assert only(run).requests == 6


def test_what_is_no_xml_in_the_middle_is_an_error_and_no_half_recording(tmp_path: Path):
    samples = XML_SAMPLE.format("OK") * 2000 + XML_SAMPLE.format("<") + XML_SAMPLE.format("OK") * 2000
    with pytest.raises(UsageError, match=r"a.xml:2003: not XML from here on"):
        imported(tmp_path, "a.xml", f'<?xml version="1.0"?>\n<testResults version="1.2">\n{samples}</testResults>\n')


def test_the_end_that_a_killed_jmeter_leaves_out_is_told(tmp_path: Path):
    samples = XML_SAMPLE.format("OK") * 2000
    run = imported(tmp_path, "a.xml", f'<?xml version="1.0"?>\n<testResults version="1.2">\n{samples}')

    assert only(run).requests == 2000
    assert any("it is cut off" in warning for warning in run.warnings)


def test_a_message_that_breaks_its_row_is_a_mistake_in_its_line(tmp_path: Path):
    """bancolombia/distributed-performance-analyzer issue 62: a comma in a message moves the columns after it."""
    head = "timeStamp,elapsed,label,responseCode,responseMessage,success,bytes\n"
    good, moved = "1767603600000,10,b,200,OK,true,5\n", "1767603600500,10,b,502,bad, gateway,false,5\n"
    with pytest.raises(UsageError, match=r"results.jtl:3: "):
        imported(tmp_path, "results.jtl", head + good + moved)


def test_a_message_of_several_lines_stays_one_row(tmp_path: Path):
    """apache/jmeter issue 5770: extractors put a line break into the failure message."""
    head = "timeStamp,elapsed,label,responseCode,success,failureMessage\n"
    rows = '1767603600000,10,b,502,false,"no match\n\nSee log file"\n1767603600500,10,b,200,true,\n'
    assert only(imported(tmp_path, "results.jtl", head + rows)).requests == 2


def test_a_path_without_its_method_is_an_endpoint_s_if_only_one_has_it(tmp_path: Path):
    budget = ONE + "  post b: {request: POST /b}\n"
    text = WRK2.replace("localhost:1", "shop.example")

    with pytest.raises(UsageError, match="no request belongs to an endpoint"):
        imported(tmp_path, "wrk2.txt", text, budget)
    assert only(imported(tmp_path, "wrk2.txt", text)).name == "b"


ARTILLERY = {  # of Artillery 2.0 with its plug-ins metrics-by-endpoint and expect, shortened
    "aggregate": {
        "firstMetricAt": 1767603600000,
        "lastMetricAt": 1767603604000,
        "counters": {
            "vusers.created": 30,
            "vusers.skipped": 10,
            "http.requests": 40,
            "http.codes.200": 36,
            "errors.Failed capture or match": 6,
            "errors.ECONNREFUSED": 4,
            "plugins.expect.failed": 2,
            "plugins.metrics-by-endpoint./b (search).codes.200": 36,
            "plugins.metrics-by-endpoint.127.0.0.1:1/down.errors.ECONNREFUSED": 4,
        },
        "summaries": {
            "http.response_time": {"count": 36, "p95": 20.7},
            "plugins.metrics-by-endpoint.response_time./b (search)": {"count": 36, "p95": 20.7},
        },
    }
}


def test_a_request_that_artillery_names_is_known_by_its_name_and_what_never_answered_is_told(tmp_path: Path):
    """`useOnlyRequestNames` is off unless the script sets it: then it writes `/path (name)`."""
    budget = TWO.replace("  b: {request: GET /b}", "  search: {request: GET /b}")
    assert budget != TWO
    run = imported(tmp_path, "artillery.json", json.dumps(ARTILLERY), budget)

    assert (only(run).name, only(run).requests, only(run).failures) == ("search", 36, 0)
    said = " ".join(run.warnings)
    assert "127.0.0.1:1/down (4 requests)" in said
    assert "no budget counts: Failed capture or match (6)." in said
    assert "2 expectations of Artillery failed" in said
    assert "Artillery skipped 10 of 40 arrivals" in said
    assert (run.generator.due, run.generator.dropped) == (40, 10)


def test_a_capture_of_artillery_that_failed_is_no_further_request(tmp_path: Path):
    whole = json.loads(json.dumps(ARTILLERY))["aggregate"]
    for part in ("counters", "summaries"):
        whole[part] = {name: value for name, value in whole[part].items() if "by-endpoint" not in name}

    found = only(imported(tmp_path, "artillery.json", json.dumps({"aggregate": whole})))

    assert (found.requests, found.failures) == (40, 10)


def test_entities_of_xml_are_not_expanded(tmp_path: Path):
    text = '<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "aaaa">]>\n<testResults><sample t="1"/></testResults>'
    with pytest.raises(UsageError, match="it declares entities"):
        imported(tmp_path, "a.xml", text)
