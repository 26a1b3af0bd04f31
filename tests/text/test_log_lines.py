"""Lines of access logs as servers write them: when, what, and to which host."""

from __future__ import annotations

import json

import pytest

from perfgate.text.log_lines import LogLine, lines

AT = 1_700_000_000.0  # 14 Nov 2023, 22:13:20 UTC
COMMON = '- - [14/Nov/2023:22:13:20 +0000] "GET /a?q=1 HTTP/1.1" 200 5 "-" "curl"'


def only(text: str) -> LogLine:
    [line] = lines(text)
    assert line is not None, text
    return line


@pytest.mark.parametrize(
    ("text", "host"),
    [
        (f"10.0.0.7 {COMMON}", ""),
        (f"2001:db8::1 {COMMON}", ""),
        (f"client.example {COMMON}", ""),
        (f"shop.example:443 10.0.0.7 {COMMON}", "shop.example"),
        (f"Shop.example 2001:db8::1 {COMMON}", "shop.example"),
        (f"10.0.0.7 {COMMON}".replace("/a?", "http://shop.example:80/a?"), "shop.example"),
        (json.dumps({"ts": AT, "request": {"method": "GET", "host": "shop.example", "uri": "/a?q=1"}}), "shop.example"),
        (
            json.dumps(
                {
                    "RequestMethod": "GET",
                    "RequestPath": "/a?q=1",
                    "RequestHost": "shop.example",
                    "time": "2023-11-14T22:13:20Z",
                }
            ),
            "shop.example",
        ),
    ],
)
def test_the_host_of_a_request(text: str, host: str):
    assert (only(text).host, only(text).uri, only(text).time) == (host, "/a?q=1", AT)


@pytest.mark.parametrize(
    "time",
    [
        AT,
        AT * 1e3,
        AT * 1e6,
        AT * 1e9,
        "1700000000.000",
        "2023-11-14T22:13:20Z",
        "2023-11-14T22:13:20.000000001",
        "2023-11-14T23:13:20+01:00",
        "14/Nov/2023:22:13:20",
        "14/Nov/2023:14:13:20 -0800",
    ],
)
@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/New_York"])
def test_a_time_is_the_same_in_any_form_and_on_any_machine(monkeypatch: pytest.MonkeyPatch, time: object, zone: str):
    monkeypatch.setenv("TZ", zone)
    assert only(json.dumps({"time": time, "method": "GET", "path": "/"})).time == pytest.approx(AT, abs=1e-3)


@pytest.mark.parametrize("time", [10**400, float("inf"), float("nan"), "1" * 400])
def test_what_is_no_time(time: object):
    assert only(json.dumps({"method": "GET", "path": "/a", "ts": time})).time is None


@pytest.mark.parametrize("status", ["\u00b2", "2000", None])
def test_what_is_no_status(status: object):
    assert only(json.dumps({"method": "GET", "path": "/a", "status": status})).status == 0


@pytest.mark.parametrize(
    ("fields", "uri"),
    [
        ({"query": "SELECT 1 FROM t WHERE a=1"}, "/a"),
        ({"query": "tea"}, "/a"),
        ({"query": "q=tea&page=1"}, "/a?q=tea&page=1"),
        ({"args": "tea"}, "/a?tea"),
    ],
)
def test_the_query_of_a_request_and_no_other(fields: dict[str, str], uri: str):
    assert only(json.dumps({"method": "GET", "path": "/a", **fields})).uri == uri


def test_a_line_of_json_within_one_of_docker():
    inner = json.dumps({"method": "GET", "path": "/a", "status": 200})

    assert only(json.dumps({"log": f"{inner}\n", "stream": "stdout"})).uri == "/a"


def test_hours_that_come_twice_here_are_none_of_the_log_s(monkeypatch: pytest.MonkeyPatch):
    """Half an hour apart is half an hour, also in the night in which this machine's clock goes back."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    moments = [
        only(f'1.2.3.4 - - [29/Oct/2023:{clock}] "GET / HTTP/1.1" 200 5').time for clock in ("02:45:00", "03:15:00")
    ]
    assert moments[1] - moments[0] == 1800


def test_escapes_of_nginx_become_those_of_a_url():
    assert (
        only('1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] "GET /s?q=\\x22\\xC3\\xA9 HTTP/1.1" 200 5').uri
        == "/s?q=%22%C3%A9"
    )


def test_a_client_beside_those_it_was_forwarded_for_is_no_virtual_host():
    """`$remote_addr $http_x_forwarded_for` begins many logs behind proxies."""
    rest = '- - [05/Jan/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 5'
    assert [
        line and line.host
        for line in lines(f"10.0.0.1 203.0.113.9 {rest}\n::1 fe80::1 {rest}\ncafe.de 10.0.0.1 {rest}")
    ] == [
        "",
        "",
        "cafe.de",
    ]


LINE = '10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "GET /a HTTP/1.1" 200 2'


@pytest.mark.parametrize(
    ("line", "uri"),
    [
        (LINE.replace("/a", r"/a?q=\"x\""), "/a?q=%22x%22"),  # as Apache writes a quote
        ('{"request_method": "GET", "uri": "/index.php", "request_uri": "/a?x=1", "status": 200}', "/a?x=1"),
        ('{"method": "GET", "uri": "/a", "args": "x=1", "status": "200"}', "/a?x=1"),
        ('{"method": "GET", "path": "/a", "query_string": "?x=1", "status": 200}', "/a?x=1"),
        (
            '{"httpRequest": {"requestMethod": "GET", "requestUrl": "https://shop.test/a?x=1", "status": 200}}',
            "/a?x=1",
        ),
        (json.dumps({"log": f"{LINE}\n", "stream": "stdout"}), "/a"),  # Docker's
        (json.dumps({"log": json.dumps({"method": "GET", "path": "/a", "status": 200}) + "\n"}), "/a"),
        ('{"method": "GET", "path": "/a", "query": "x=1", "status": 200}', "/a?x=1"),
        ('{"method": "GET", "path": "/a", "query": "SELECT 1 FROM t WHERE x=1", "status": 200}', "/a"),
        ('{"method": "GET", "path": "/a", "query": "{a(id:1){b}}", "status": 200}', "/a"),
        (json.dumps({"common_log": LINE, "duration": 0.1}), "/a"),  # Caddy 2.0's
    ],
)
def test_the_address_is_that_which_was_sent(line: str, uri: str):
    [read] = lines(line)

    assert read is not None
    assert (read.method, read.uri, read.status) == ("GET", uri, 200)


@pytest.mark.parametrize(
    ("field", "value"),
    [("status", "²"), ("status", "9" * 5000), ("ts", int("9" * 400)), ("ts", "9" * 400), ("ts", 1e300)],
)
def test_a_field_that_makes_no_sense_is_not_known(field: str, value: object):
    line = only(json.dumps({"method": "GET", "path": "/a", field: value}))

    assert (line.uri, line.status, line.time) == ("/a", 0, None)
