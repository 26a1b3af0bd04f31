"""Recordings as they come: rows in any order, clocks that are wrong, other delimiters, files that are no text."""

from __future__ import annotations

import base64
import bz2
import json
import lzma
from datetime import UTC, datetime, timedelta
from gzip import compress
from pathlib import Path

import pandas as pd
import pytest
from measure.test_importers import BEGAN, ROWS, WRITERS, csv_text, imported, jmeter_csv_text, plan, unix, written

from perfgate.measure.importers import dates
from perfgate.measure.importers.refusals import unreadable
from perfgate.measure.importers.samples import Tolerance
from perfgate.model.errors import RecordError, UsageError
from perfgate.model.plan import Plan

__all__ = ["plan"]
MANY = [(at * 10.0, "search", 10.0, 200) for at in range(30)]
TIMED = sorted(set(WRITERS) - {"csv"})
ONE_BAD = Tolerance(number=1)


def turned(text: str) -> str:
    """The same rows under the same header, the newest first."""
    lines = text.splitlines(keepends=True)
    rows = [line for line in lines if any(name in line for name in ("search", "httpSample", "Point"))]
    at = lines.index(rows[0])
    return "".join([*lines[:at], *rows[::-1], *lines[at + len(rows) :]])


def plain(rows: list[tuple[float, str, float, int]], format: str) -> str:
    """As the format's writer has it, one line per request."""
    text = WRITERS[format](rows).replace('"a, ""b""\nc"', "OK")
    return text.replace('">\n<httpSample t="1"', '"><sample t="1"').replace("/>\n</httpSample>", "/></httpSample>")


@pytest.mark.parametrize("format", TIMED)
def test_rows_may_come_in_any_order(tmp_path: Path, plan: Plan, format: str):
    run = imported(plan, written(tmp_path, plain(MANY, format)))
    other = imported(plan, written(tmp_path, turned(plain(MANY, format))))

    assert (other.duration, other.started) == (run.duration, run.started)
    assert other.endpoints[1].metrics["rate"] == run.endpoints[1].metrics["rate"]
    skipped = imported(plan, written(tmp_path, turned(plain(MANY, format))), skip=95.0)
    assert skipped.endpoints[1].requests == 20


@pytest.mark.parametrize("years", [60, 300, -30])
@pytest.mark.parametrize("format", TIMED)
def test_a_row_of_another_time_is_a_bad_line(tmp_path: Path, plan: Plan, format: str, years: int):
    odd = plain([(years * 31_557_600.0, "search", 10.0, 200)], format).splitlines(keepends=True)
    lines = plain(MANY, format).splitlines(keepends=True)
    at = max(at for at, line in enumerate(lines) if "search" in line) + 1
    text = "".join([*lines[:at], *[line for line in odd if "search" in line][-1:], *lines[at:]])

    run = imported(plan, written(tmp_path, text), tolerance=ONE_BAD)

    assert (run.endpoints[1].requests, run.duration) == (30, pytest.approx(290.001, abs=0.01))
    assert any(f"line {at + 1}: " in warning and "began" in warning for warning in run.warnings)


def test_t_may_be_a_unix_time_in_any_unit(tmp_path: Path, plan: Plan):
    for factor in (1, 1000, 1_000_000, 1_000_000_000):
        rows = [(round(unix(t) * factor), name, ms, status) for t, name, ms, status in ROWS]
        run = imported(plan, written(tmp_path, csv_text(rows)))
        assert (run.started[:19], run.duration) == (BEGAN.isoformat()[:19], pytest.approx(1.901, abs=1.0))
    mixed = csv_text([*rows, (1.5, "search", 1.0, 200)])
    assert imported(plan, written(tmp_path, mixed), tolerance=ONE_BAD).endpoints[1].requests == 3


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_seen_in_the_header(tmp_path: Path, plan: Plan, delimiter: str):
    run = imported(plan, written(tmp_path, csv_text(ROWS).replace(",", delimiter)))
    assert [endpoint.requests for endpoint in run.endpoints[:2]] == [1, 3]


def test_a_decimal_comma_is_read_where_no_comma_divides_columns(tmp_path: Path, plan: Plan):
    """As spreadsheets write numbers in most of Europe."""
    usual = imported(plan, written(tmp_path, csv_text(MANY + ROWS)))
    text = csv_text(MANY + ROWS).replace(",", ";").replace(".", ",")

    run = imported(plan, written(tmp_path, text))
    assert [item.metrics for item in run.endpoints] == [item.metrics for item in usual.endpoints]
    mixed = imported(plan, written(tmp_path, text + "1.5;search;3,5;200\n"), tolerance=ONE_BAD)
    assert any("t is '1.5'; a decimal comma as in the other rows expected" in warning for warning in mixed.warnings)
    with pytest.raises(UsageError, match=r"recording:3: t is '0,5'; .*, with a decimal point"):
        imported(plan, written(tmp_path, csv_text(ROWS).replace(",", ";").replace("0.5", "0,5")))


def test_a_comma_between_thousands_is_no_decimal_comma(tmp_path: Path, plan: Plan):
    text = "t;endpoint;ms;status\n0;search;950;200\n1;search;1,050;200\n2;search;2,300;200\n"
    with pytest.raises(UsageError, match=r"recording:3: ms is '1,050'"):
        imported(plan, written(tmp_path, text))


def test_a_named_column_may_have_any_letters(tmp_path: Path, plan: Plan):
    text = csv_text(ROWS).replace("t,endpoint", "Время,endpoint", 1).replace(",", ";")
    run = imported(plan, written(tmp_path, text), {"t": "Время"})
    assert [endpoint.requests for endpoint in run.endpoints[:2]] == [1, 3]


def test_columns_and_units_may_be_named(tmp_path: Path, plan: Plan):
    usual = imported(plan, written(tmp_path, csv_text(ROWS)))
    text = csv_text([(at, name, ms / 1000, status) for at, name, ms, status in ROWS])
    path = written(tmp_path, text.replace("t,endpoint,ms,status", "When,route,ms,code", 1))
    columns = {"t": "when", "endpoint": "route", "status": "code"}

    run = imported(plan, path, columns=columns, unit=1.0)
    assert [item.metrics for item in run.endpoints] == [item.metrics for item in usual.endpoints]
    with pytest.raises(UsageError, match="no column took; the header has: When, route, ms, code"):
        imported(plan, path, columns=columns | {"ms": "took"})
    with pytest.raises(UsageError, match="--unit says nothing of k6-csv, which says it itself"):
        imported(plan, written(tmp_path, WRITERS["k6-csv"](ROWS)), unit=1.0)


def test_a_transaction_of_jmeter_is_a_journey_and_never_an_endpoint(tmp_path: Path, plan: Plan):
    message = '"Number of samples in transaction : 2, number of failing samples : 0"'
    rows = [(0.0, "search", 10.0, 200), (0.1, "orders", 10.0, 200)]
    named = ("search", "buy", "GET /search?q=tea")
    together = jmeter_csv_text([(0.0, name, 25.0, 200) for name in named]).replace('"a, ""b""\nc"', message)

    run = imported(plan, written(tmp_path, jmeter_csv_text(rows) + together.partition("\n")[2]))

    assert {one.name: one.requests for one in run.endpoints if one.requests} == {"search": 1, "orders": 1, "buy": 1}
    assert any("search (transaction) (1 request)" in warning for warning in run.warnings)


@pytest.mark.parametrize("first", ["1e12", "1e999", "4102444800", "1767603600000"])
def test_a_bad_first_row_of_a_csv_is_the_only_bad_one(tmp_path: Path, plan: Plan, first: str):
    rows = csv_text([(at / 10, "search", 10.0, 200) for at in range(50)])
    head, _, rest = rows.partition("\n")
    run = imported(plan, written(tmp_path, f"{head}\n{first},search,5,200\n{rest}"), tolerance=ONE_BAD)
    assert run.endpoints[1].requests == 50


@pytest.mark.parametrize("first", ["1104537600000", "3313526400000", "7"])
def test_a_bad_first_row_of_jmeter_is_the_only_bad_one(tmp_path: Path, plan: Plan, first: str):
    rows = jmeter_csv_text([(at / 10, "search", 10.0, 200) for at in range(50)]).replace('"a, ""b""\nc"', "OK")
    head, row, *_ = rows.splitlines(keepends=True)
    bad = first + row[row.index(",") :]
    run = imported(plan, written(tmp_path, head + bad + rows.partition("\n")[2]), tolerance=ONE_BAD)
    assert run.endpoints[1].requests == 50


@pytest.mark.parametrize("years", [-10, 50])
@pytest.mark.parametrize("format", ["gatling", "jmeter-xml", "k6", "k6-csv", "vegeta-json"])
def test_a_bad_first_line_of_a_stream_is_the_only_bad_one(tmp_path: Path, plan: Plan, format: str, years: int):
    lines = plain(MANY, format).splitlines(keepends=True)
    odd = plain([(years * 31_557_600.0, "search", 10.0, 200)], format).splitlines(keepends=True)
    at = next(at for at, line in enumerate(lines) if "search" in line)
    text = "".join([*lines[:at], *[line for line in odd if "search" in line][-1:], *lines[at:]])

    run = imported(plan, written(tmp_path, text), tolerance=ONE_BAD, format=format)

    assert (run.endpoints[1].requests, run.started[:19]) == (len(MANY), BEGAN.isoformat()[:19])
    assert any(f"line {at + 1}: " in warning for warning in run.warnings)


def parents(*names: str) -> str:
    """JMeter's rows with "Generate parent sample": transactions only."""
    message = '"Number of samples in transaction : 3, number of failing samples : 0"'
    rows = [(at, name, 25.0, 200) for at, name in enumerate(names)]
    return jmeter_csv_text([(float(at), *rest) for at, *rest in rows]).replace('"a, ""b""\nc"', message)


def test_transactions_without_rows_of_their_requests_count_as_requests(tmp_path: Path, plan: Plan):
    run = imported(plan, written(tmp_path, parents("search", "buy", "search")))
    assert {one.name: one.requests for one in run.endpoints if one.requests} == {"search": 2, "buy": 1}

    with pytest.raises(UsageError, match="it has checkout \\(transaction\\)") as caught:
        imported(plan, written(tmp_path, parents("checkout")))
    assert "make them journeys, or switch off Generate parent sample" in caught.value.hint


def test_a_transaction_of_jmeter_s_xml_too(tmp_path: Path, plan: Plan):
    inner = '<httpSample t="9" ts="1767603600000" s="true" lb="search" rc="200"/>'
    outer = '<sample t="25" ts="1767603600000" s="true" lb="{}" rc="200" rm="Number of samples in transaction : 1">'
    body = "".join(f"{outer.format(name)}{inner}</sample>" for name in ("search", "buy"))

    run = imported(plan, written(tmp_path, f"<testResults>{body}</testResults>"))

    assert {one.name: one.requests for one in run.endpoints if one.requests} == {"search": 2, "buy": 1}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (csv_text(ROWS).encode("utf-16-le"), "it is in UTF-16"),
        (csv_text(ROWS).replace("\n", "\r").encode(), "its lines end with a carriage return only"),
        (b"PK\x03\x04" + bytes(60), "it is a ZIP archive, or a spreadsheet"),
        (b"\x28\xb5\x2f\xfd" + bytes(60), "it is packed with zstd"),
        (compress(compress(b"t,endpoint,ms,status\n")), "it is packed twice"),
        (b"a.csv".ljust(257, b"\0") + b"ustar\0", "it is an archive"),
    ],
    ids=["empty", "blank", "utf-16-le", "old mac", "zip", "zstd", "gzip twice", "tar"],
)
@pytest.mark.parametrize("format", ["", "jmeter-csv"])
def test_bytes_that_no_format_has_are_named(tmp_path: Path, plan: Plan, content: bytes, why: str, format: str):
    with pytest.raises(UsageError, match=why) as caught:
        imported(plan, written(tmp_path, content), format=format)
    assert caught.value.hint


@pytest.mark.parametrize("pack", [compress, bz2.compress, lzma.compress, bytes])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("format", sorted(WRITERS))
def test_packed_or_in_utf_16_it_is_the_same_run(tmp_path: Path, plan: Plan, pack, encoding: str, format: str):
    """As Windows PowerShell writes what a program prints."""
    text = WRITERS[format](ROWS).replace("\n", "\r\n")
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    run = imported(plan, written(tmp_path, pack(f"{mark}{text}".encode(encoding))))
    assert run.endpoints == imported(plan, written(tmp_path, text)).endpoints


@pytest.mark.parametrize("pack", [compress, bz2.compress, lzma.compress])
def test_a_packed_file_that_is_damaged_anywhere_is_an_error(tmp_path: Path, plan: Plan, pack):
    packed = pack(csv_text([(at / 10, "search", at % 7, 200) for at in range(2000)]).encode())
    for at in range(12, len(packed), len(packed) // 40):
        damaged = bytearray(packed)
        damaged[at] ^= 0x10
        with pytest.raises(RecordError, match=r"is damaged|Cannot read"):
            imported(plan, written(tmp_path, bytes(damaged)), format="csv")


def test_binary_files_with_a_carriage_return_are_no_text_of_an_old_mac():
    assert unreadable(b"PAR1\x15\x04\x15\r\0\0abcPAR1") is None


def test_a_date_that_is_none_is_a_bad_line(tmp_path: Path, plan: Plan):
    head = "timeStamp,elapsed,label,responseCode,success\n"
    rows = "2026/01/05 09:00:00,10,search,200,true\n2026/13/05 09:00:00,10,search,200,true\n"
    run = imported(plan, written(tmp_path, head + rows), tolerance=ONE_BAD)
    assert run.endpoints[1].requests == 1


def test_a_file_that_is_bad_throughout_advises_no_limit(tmp_path: Path, plan: Plan):
    with pytest.raises(UsageError) as caught:
        imported(plan, written(tmp_path, csv_text(ROWS).replace("search", "")))
    assert "--max-bad" not in caught.value.hint


PRINTED = {
    "hey": "  Total:\t2.5 secs\n  Slowest:\t0.1 secs\n  Average:\t0.1 secs\nResponse time histogram:\nLatency distribution:\n"
    "  50% in 0.1 secs\nDNS+dialup\nStatus code distribution:\n  [200]\t9 responses\n",
    "ab": "Complete requests:      9\nServer Hostname:        h\nServer Port:            80\nDocument Path:          /slow\n"
    "Time taken for tests:   2.5 seconds\nPercentage of the requests served within a certain time (ms)\n  50%     21\n",
    "wrk": "Running 2s test @ http://h/slow\n  1 threads and 1 connections\n    Latency   6.00ms    1.00ms  12.00ms   93%\n"
    "     50%  6.00ms\n  9 requests in 2.50s, 1MB read\n",
    "bombardier": "Bombarding http://h/slow for 1m30s using 2 connection(s)\n  Latency    6.00ms    1.00ms    12.00ms\n"
    "  HTTP codes:\n    1xx - 0, 2xx - 9, 3xx - 0, 4xx - 0, 5xx - 0\n    others - 0\n",
}


@pytest.mark.parametrize("tool", PRINTED)
def test_two_printed_results_are_not_one(tmp_path: Path, plan: Plan, tool: str):
    endpoint = "slow" if tool == "hey" else ""
    run = imported(plan, written(tmp_path, PRINTED[tool]), endpoint=endpoint)
    assert run.endpoints[4].requests == 9
    assert run.duration == (90 if tool == "bombardier" else 2.5)
    with pytest.raises(UsageError, match="2 results are in it"):
        imported(plan, written(tmp_path, PRINTED[tool] * 2), endpoint=endpoint)


def test_tools_that_got_no_answer_at_all_report_failures(tmp_path: Path, plan: Plan):
    hey = (
        PRINTED["hey"]
        .replace("0.1 secs", "NaN secs")
        .replace("  50% in NaN secs\n", "")
        .replace("  [200]\t9 responses\n", "")
    )
    hey += "Error distribution:\n  [9]\tdial tcp: connection refused\n"
    artillery = '{"aggregate": {"counters": {"http.requests": 9, "errors.ECONNREFUSED": 9}, "summaries": {}}}'
    for text in (hey, artillery):
        (slow,) = [one for one in imported(plan, written(tmp_path, text), endpoint="slow").endpoints if one.requests]
        assert (slow.requests, slow.failures) == (9, 9)
        assert "p95" not in slow.metrics


@pytest.mark.parametrize("text", ["Requests      [total, rate, throughput]  9, 8, 7\n", "<!DOCTYPE html><html></html>"])
def test_reports_for_people_are_refused_with_what_to_import(tmp_path: Path, plan: Plan, text: str):
    with pytest.raises(UsageError, match=r"printed report|page of HTML") as caught:
        imported(plan, written(tmp_path, text))
    assert "json" in caught.value.hint


@pytest.mark.parametrize(
    ("written_as", "offset_h"),
    [
        ("%Y-%m-%dT%H:%M:%S.%fZ", 0),
        ("%Y-%m-%d %H:%M:%S.%f", 0),
        ("%Y-%m-%dT%H:%M:%S.%f+02:00", 2),
        ("%Y/%m/%d %H:%M:%S.%f UTC", 0),
    ],
)
def test_t_may_be_a_date_with_its_time(tmp_path: Path, plan: Plan, written_as: str, offset_h: int):
    text = "t,endpoint,ms,status\n"
    for t, name, ms, status in ROWS:
        at = datetime.fromtimestamp(unix(t), UTC) + timedelta(hours=offset_h)
        text += f"{at.strftime(written_as)},{name},{ms},{status}\n"

    run = imported(plan, written(tmp_path, text))

    usual = imported(plan, written(tmp_path, csv_text(ROWS)))
    assert (run.started[:19], run.duration) == (BEGAN.isoformat()[:19], usual.duration)
    assert [item.metrics for item in run.endpoints] == [item.metrics for item in usual.endpoints]
    for odd in ("2026-13-05T09:00:00Z", "1.5"):
        with pytest.raises(UsageError, match=rf"t is '{odd}'; a date and time as in the other rows expected"):
            imported(plan, written(tmp_path, f"{text}{odd},search,1,200\n"))


@pytest.mark.parametrize("fraction", ["", ".123", ",123"])
def test_a_decimal_comma_beside_dates(tmp_path: Path, plan: Plan, fraction: str):
    text = f"t;endpoint;ms;status\n2026-01-05T09:00:00{fraction}Z;search;12,7;200\n"
    run = imported(plan, written(tmp_path, text))
    assert run.endpoints[1].metrics["max"] == pytest.approx(0.0127)


WRITTEN_DATES = [
    "2026-01-05 09:00:00",
    "2026-01-05t09:00:00z",
    "2026/01/05 09:00:00,5 utc",
    "2026-01-05 09:00:00.123456789 +02:00",
    "2026-01-05T09:00:00-0930",
    "2026-01-05 24:00:00",
    "2026-01-05 09:00:60",
    "2026-02-30 09:00:00",
    "2026-01-05 09:00:00+02:75",
    "2026-01-05 09:00:00+25:00",
    "2026-01-05",
]


@pytest.mark.parametrize("text", WRITTEN_DATES)
def test_a_date_is_the_same_in_a_column_and_in_a_single_row(text: str):
    try:
        expected = float(dates.unix_times([text])[0])
    except ValueError:
        with pytest.raises(ValueError, match=r".+"):
            dates.unix_time(text)
    else:
        assert dates.unix_time(text) == pytest.approx(expected, abs=1e-6, rel=0)


@pytest.mark.parametrize("format", ["csv", "jmeter-csv"])
def test_dates_of_a_block_with_a_bad_line_are_still_read_as_a_column(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch, format: str
):
    """pandas takes 0.3 ms for a single date: minutes for a file of a million rows."""
    day = "2026-01-05 09:{:02}:{:02}"
    head = {"csv": "t,endpoint,ms,status\n", "jmeter-csv": "timeStamp,label,elapsed,responseCode,success\n"}[format]
    rest = {"csv": "search,1,200\n", "jmeter-csv": "search,1,200,true\n"}[format]
    rows = [f"{day.format(at // 60, at % 60)},{rest}" for at in range(300)]
    calls = []
    to_datetime = pd.to_datetime
    monkeypatch.setattr(pd, "to_datetime", lambda *args, **more: calls.append(1) or to_datetime(*args, **more))

    run = imported(plan, written(tmp_path, head + "".join(rows) + f"oops,{rest}"), tolerance=ONE_BAD)

    assert run.endpoints[1].requests == 300
    assert len(calls) < 10


def test_dates_of_jmeter_from_before_its_time_are_a_mistake_in_their_line(tmp_path: Path, plan: Plan):
    text = "timeStamp,elapsed,label,responseCode,success\n1971-01-05 09:00:00,1,search,200,true\n"
    with pytest.raises(UsageError, match="recording:2: timeStamp is '1971-01-05 09:00:00'"):
        imported(plan, written(tmp_path, text))


@pytest.mark.parametrize(("format", "old", "new"), [("csv", "10.0", "١٠"), ("jmeter-csv", ",10,", ",١٠,")])
def test_digits_of_other_scripts_are_a_mistake_in_their_line(
    tmp_path: Path, plan: Plan, format: str, old: str, new: str
):
    with pytest.raises(UsageError, match=rf"recording:\d: .* is '{new.strip(',')}'"):
        imported(plan, written(tmp_path, WRITERS[format](ROWS).replace(old, new)))


@pytest.mark.parametrize("format", ["csv", "jmeter-csv", "k6-csv"])
def test_two_tables_in_one_file_are_refused_however_many_rows_they_have(tmp_path: Path, plan: Plan, format: str):
    text = plain([(at * 0.01, "search", 10.0, 200) for at in range(1200)], format)
    assert imported(plan, written(tmp_path, text)).endpoints[1].requests == 1200
    with pytest.raises(UsageError, match=r"recording:\d+: a second header: another recording begins here"):
        imported(plan, written(tmp_path, text * 2), tolerance=Tolerance(number=9))


@pytest.mark.parametrize("format", ["k6", "gatling"])
def test_two_streams_in_one_file_are_refused(tmp_path: Path, plan: Plan, format: str):
    declared = {
        "k6": '{"metric":"http_req_duration","type":"Metric","data":{"name":"http_req_duration","type":"trend"}}\n'
    }
    text = declared.get(format, "") + plain([(at * 0.01, "search", 10.0, 200) for at in range(1200)], format)
    assert imported(plan, written(tmp_path, text)).endpoints[1].requests == 1200
    with pytest.raises(UsageError, match=r"recording:\d+: a second header: another recording begins here"):
        imported(plan, written(tmp_path, text * 2), tolerance=Tolerance(number=9))


def test_metadata_of_k6_is_no_tag(tmp_path: Path, plan: Plan):
    """k6 writes it behind the tags: a trace id of each request, or what a script sets."""
    lines = WRITERS["k6"](ROWS).splitlines()
    metadata = ',"metadata":{{"trace_id":"{}"}}}}}}\n'
    text = "".join(line[:-2] + metadata.format(at) if "Point" in line else line + "\n" for at, line in enumerate(lines))

    run = imported(plan, written(tmp_path, text))

    assert run.endpoints == imported(plan, written(tmp_path, WRITERS["k6"](ROWS))).endpoints


def test_messages_of_gatling_that_answer_none_are_no_requests(tmp_path: Path, plan: Plan):
    unanswered = f"REQUEST\t\tsearch\t{round(unix(0) * 1000)}\t{-(1 << 63)}\tOK\t \n"
    run = imported(plan, written(tmp_path, WRITERS["gatling"](ROWS) + unanswered * 9))
    assert run.endpoints[1].requests == 3


def test_two_tables_of_oha_in_one_file_are_refused(tmp_path: Path, plan: Plan):
    head = "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n"
    text = head + "".join(f"{at / 100},0,0,0.01,0.02,2,200\n" for at in range(1200))
    with pytest.raises(UsageError, match="recording:1202: a second header"):
        imported(plan, written(tmp_path, text * 2), endpoint="slow")


def test_a_table_of_a_summary_may_come_from_a_spreadsheet(tmp_path: Path, plan: Plan):
    """Saved where the comma stands before decimals."""
    text = "label,avg_rt,fail,succ,perc_50.0,perc_95.0\nsearch,0.0245,1,9,0.021,0.061\n"
    usual = imported(plan, written(tmp_path, text))

    for delimiter in ";\t":
        header, _, rest = text.replace(",", delimiter).partition("\n")
        run = imported(plan, written(tmp_path, f"\ufeff{header}\n{rest.replace('.', ',')}"))
        assert [item.metrics for item in run.endpoints] == [item.metrics for item in usual.endpoints]
    locust = "Type;Name;Request Count;Failure Count;Average Response Time;Requests/s;95%\nGET;search;10;1;24,5;5,0;61\n"
    assert imported(plan, written(tmp_path, locust)).endpoints[1].metrics["mean"] == pytest.approx(0.0245)


LOCUST_HEAD = "Type;Name;Request Count;Failure Count;Average Response Time;Requests/s;95%\n"


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("row", ["1,234;5.0;2,345", "1,234;5;2,345", "1,234.5;5.0;2,345"])
def test_a_comma_between_thousands_of_a_summary_is_no_decimal_comma(
    tmp_path: Path, plan: Plan, delimiter: str, row: str
):
    """As English spreadsheets save numbers that are shown with their thousands."""
    text = f"{LOCUST_HEAD}GET;search;500;1;{row}\n".replace(";", delimiter)
    with pytest.raises(UsageError, match=r"recording:2: not a row of Locust's statistics: .*'\d,\d{3}"):
        imported(plan, written(tmp_path, text))


def test_three_digits_after_the_decimal_comma_of_a_summary(tmp_path: Path, plan: Plan):
    run = imported(plan, written(tmp_path, f"{LOCUST_HEAD}GET;search;500;1;24,512;5,5;61\n"))
    assert run.endpoints[1].metrics["mean"] == pytest.approx(0.024512)


def test_single_requests_of_oha(tmp_path: Path, plan: Plan):
    text = "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n0.001,0,0.0001,0.01,0.02,2,200\n"
    run = imported(plan, written(tmp_path, text + "1e-05,0,0,0.01,0.04,2,500\n"), endpoint="slow")

    (slow,) = [item for item in run.endpoints if item.requests]
    assert (slow.requests, slow.failures) == (2, 1)
    assert slow.metrics["max"] == pytest.approx(0.02)


@pytest.mark.parametrize(("unit", "seconds"), [("10 sec", 10.0), ("min", 60.0), ("10 min", 600.0), ("hr", 3600.0)])
def test_oha_prints_slow_requests_in_units_of_its_own(tmp_path: Path, plan: Plan, unit: str, seconds: float):
    text = f"  Success rate:\t100.00%\n  Total:\t2.5 {unit}\n  Slowest:\t0.2 {unit}\n  95.00% in 0.1 {unit}\n"
    run = imported(plan, written(tmp_path, f"{text}Status code distribution:\n  [200] 9 responses\n"), endpoint="slow")

    (slow,) = [item for item in run.endpoints if item.requests]
    assert (slow.metrics["p95"], slow.metrics["max"]) == pytest.approx((0.1 * seconds, 0.2 * seconds))
    assert run.duration == pytest.approx(2.5 * seconds)


def test_percentiles_of_oha_are_those_of_all_requests(tmp_path: Path, plan: Plan):
    """`--stats-success-breakdown` prints them for good and for failed ones too, below."""
    text = "  Success rate:\t90.00%\n  Total:\t2.5 sec\n  Slowest:\t0.2 sec\n"
    for kind, seconds in (("", 0.1), (" (2xx only)", 0.2), (" (4xx + 5xx only)", 0.01)):
        text += f"\nResponse time histogram{kind}:\n  {seconds} sec [9] |\n"
        text += f"\nResponse time distribution{kind}:\n  95.00% in {seconds} sec\n  99.00% in NaN sec\n"
    text += "Status code distribution:\n  [200] 9 responses\n"

    run = imported(plan, written(tmp_path, text), endpoint="slow")

    assert [item.metrics["p95"] for item in run.endpoints if item.requests] == [pytest.approx(0.1)]


LOCUST_COMMA = "Type,Name,Request Count,Failure Count,Average Response Time,Requests/s,50%,95%,99%,Max Response Time\n"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("9,1,24,5,20,61,5,70", "p95 of search is 61 ms, and p99 is 5 ms"),
        ("9,1,24,5,20,61,99,70", "p99 of search is 99 ms, and max is 70 ms"),
        ("9,1,24,5,99e7,99e7,99e7,99e7", "p50 of search is 990000"),
        ("9,1,24,1e-9,20,61,70,70", "its duration is 9e+09 s"),
        ("9,1,24,1e99,20,61,70,70", "its duration is 9e-99 s"),
    ],
)
def test_figures_of_a_summary_that_cannot_be_are_refused(tmp_path: Path, plan: Plan, row: str, why: str):
    """Of a file that was cut, edited or joined of two."""
    with pytest.raises(UsageError) as caught:
        imported(plan, written(tmp_path, f"{LOCUST_COMMA}GET,search,{row}\n"))
    assert why in caught.value.message


def test_a_tool_may_round_its_percentiles_above_the_maximum(tmp_path: Path, plan: Plan):
    """Locust keeps two digits of them."""
    run = imported(plan, written(tmp_path, f"{LOCUST_COMMA}GET,search,9,1,700,5,20,1100,1100,1051\n"))
    assert (run.endpoints[1].metrics["p99"], run.endpoints[1].metrics["max"]) == (1.1, 1.051)


@pytest.mark.parametrize("format", sorted(WRITERS))
def test_a_name_like_a_broken_url_belongs_to_no_endpoint(tmp_path: Path, plan: Plan, format: str):
    text = plain([*MANY, (0.1, "http://[x/", 1.0, 200)], format).replace('"http://h/x"', '"http://[x/"')
    text = text.replace("GET,http://h/x", "GET,http://[x/")
    assert imported(plan, written(tmp_path, text)).endpoints[1].requests == 30


def test_xml_in_an_encoding_that_nobody_knows_is_refused(tmp_path: Path, plan: Plan):
    text = '<?xml version="1.0" encoding="UTF-1"?>\n<testResults version="1.2">\n</testResults>\n'
    with pytest.raises(UsageError, match="not XML from here on: unknown encoding"):
        imported(plan, written(tmp_path, text))


def test_bodies_that_autocannon_did_not_expect_are_failures(tmp_path: Path, plan: Plan):
    recorded = json.loads((Path(__file__).parent / "recorded" / "autocannon.json").read_text())
    for mismatches, failures in ((0, 0), (5, 5), (231, 231)):
        text = json.dumps(recorded | {"mismatches": mismatches, "non2xx": int(mismatches == 231)})
        (slow,) = [one for one in imported(plan, written(tmp_path, text), endpoint="slow").endpoints if one.requests]
        assert (slow.requests, slow.failures) == (231, failures)


REPORT = """<!doctype html>
<html><head><title>k6 report</title><script type="module">"</scr" + "ipt>"</script></head><body>
<script id="data" type="application/json; charset=utf-8; gzip; base64">{}</script><div id="root"></div></body></html>
"""


def test_the_html_report_of_k6_has_the_figures_of_its_dashboard(tmp_path: Path, plan: Plan):
    recorded = (Path(__file__).parent / "recorded" / "k6_dashboard.ndjson").read_bytes()
    lines = recorded.splitlines(keepends=True)
    cumulative = [line for line in lines if b'"cumulative"' in line]
    events = b"".join([*(line for line in lines if line not in cumulative), cumulative[-1]])  # as k6 writes it there
    report = REPORT.format(base64.b64encode(compress(events)).decode())

    run = imported(plan, written(tmp_path, report, "report.html"), endpoint="slow")

    assert run.endpoints == imported(plan, written(tmp_path, recorded), endpoint="slow").endpoints
    assert run.duration == pytest.approx(1.273)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (base64.b64encode(compress(b"{}" * 99)[:-9]).decode(), "cut off"),
        (base64.b64encode(b"no gzip").decode(), "not a recording of k6's dashboard"),
        ("H4sI%", "not a recording of k6's dashboard"),
        ('"</script><script>', "not a recording of k6's dashboard"),
        ("", "not a recording of k6's dashboard"),
    ],
    ids=["cut off", "no gzip", "no base64", "markup", "empty"],
)
def test_an_html_report_of_k6_that_is_damaged_is_refused(tmp_path: Path, plan: Plan, data: str, why: str):
    with pytest.raises(UsageError, match=why):
        imported(plan, written(tmp_path, REPORT.format(data)), endpoint="slow")
    with pytest.raises(UsageError, match="there are no data in this report"):
        imported(plan, written(tmp_path, "<html><title>k6 report</title></html>"), endpoint="slow")
