"""Each exporter, read by the parser of the system that it is for."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

import pytest
from export.receivers import HOSTILE, families, http_receiver, udp_receiver
from google.protobuf import json_format
from line_protocol_parser import parse_line
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from processes import wait_for
from prometheus_client.parser import text_string_to_metric_families
from services.needs import program

from perfgate import export
from perfgate.export import exposition, otlp
from perfgate.export.families import Family, Point
from perfgate.export.prometheus import ScrapePage
from perfgate.loadtest.service.ports import free_ports
from perfgate.model.errors import UsageError
from perfgate.text import export_urls

LABELS = {"load_test": "shop", "branch": ""}


def test_prometheus_own_parser_reads_the_exposition():
    text = exposition.text(families())

    read = {family.name: family for family in text_string_to_metric_families(text)}
    assert {name: family.type for name, family in read.items()} == {
        "perfgate_requests": "counter",
        "perfgate_request_duration_seconds": "histogram",
        "perfgate_budget_change_ratio": "gauge",
    }
    [requests] = read["perfgate_requests"].samples
    assert (requests.name, requests.value) == ("perfgate_requests_total", 7.0)
    assert requests.labels == {"load_test": "shop", "endpoint": HOSTILE, "branch": ""}
    buckets = {
        sample.labels.get("le", sample.name): sample.value
        for sample in read["perfgate_request_duration_seconds"].samples
    }
    assert buckets == {
        "0.1": 3.0,
        "0.5": 5.0,
        "+Inf": 6.0,
        "perfgate_request_duration_seconds_sum": 1.75,
        "perfgate_request_duration_seconds_count": 6.0,
    }


def test_the_page_to_scrape_shows_what_is_newest():
    [port] = free_ports(1)
    exporter = export.connect(f"prometheus://127.0.0.1:{port}", LABELS, {})
    try:
        exporter.send(families(7.0), at=0.0)
        exporter.send(families(9.0)[:1], at=1.0)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            assert answer.headers["Content-Type"] == exposition.CONTENT_TYPE
            text = answer.read().decode()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/other", timeout=60)
    finally:
        exporter.close()

    assert text == exposition.text((families(9.0)[0], *families()[1:]))


def test_a_port_that_is_taken_is_no_crash():
    page = ScrapePage("127.0.0.1", 0)
    try:
        with pytest.raises(export.ExportError, match="nothing can listen there"):
            export.connect(f"prometheus://127.0.0.1:{page.port}", LABELS, {})
    finally:
        page.close()


def test_opentelemetrys_own_messages_read_otlp():
    with http_receiver() as received:
        environ = {"PERFGATE_OTLP_HEADERS": "api-key=s3cret-token-value,other=a%20b"}
        exporter = export.connect(f"otlp+{received.url}", LABELS, environ)
        exporter.send(families(7.0), at=1_700_000_000.25)
        exporter.send(families(9.0), at=1_700_000_005.0)
        exporter.close()
    (path, headers, _), (_, _, body) = received.posts

    assert (path, headers["content-type"]) == ("/v1/metrics", "application/json")
    assert (headers["api-key"], headers["other"]) == ("s3cret-token-value", "a b")
    message = json_format.Parse(body, ExportMetricsServiceRequest())  # strict: an unknown key is an error
    [resource] = message.resource_metrics
    assert {item.key: item.value.string_value for item in resource.resource.attributes}["service.name"] == "perfgate"
    requests, duration, change = resource.scope_metrics[0].metrics
    cumulative = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    [point] = requests.sum.data_points
    assert (requests.name, requests.unit, requests.sum.is_monotonic) == ("perfgate.requests", "{request}", True)
    assert (requests.sum.aggregation_temporality, point.as_double) == (cumulative, 9.0)
    assert (point.start_time_unix_nano, point.time_unix_nano) == (1_700_000_000_250_000_000, 1_700_000_005_000_000_000)
    assert {item.key: item.value.string_value for item in point.attributes}["endpoint"] == HOSTILE
    [buckets] = duration.histogram.data_points
    assert (list(buckets.bucket_counts), list(buckets.explicit_bounds)) == ([3, 2, 1], [0.1, 0.5])
    assert (buckets.count, buckets.sum, duration.unit) == (6, 1.75, "s")
    assert (change.gauge.data_points[0].as_double, change.unit) == (-0.25, "1")


@pytest.mark.parametrize(
    ("url", "to"),
    [
        ("http://h:4318", "http://h:4318/v1/metrics"),
        ("http://h:4318/", "http://h:4318/v1/metrics"),
        ("https://h/api/v1/otlp", "https://h/api/v1/otlp/v1/metrics"),
        ("https://h/opentelemetry/v1/metrics/", "https://h/opentelemetry/v1/metrics"),
        ("https://h/opentelemetry?extra_label=env=ci", "https://h/opentelemetry/v1/metrics?extra_label=env=ci"),
        ("https://h/v1/metrics?extra_label=env=ci", "https://h/v1/metrics?extra_label=env=ci"),
    ],
)
def test_the_path_of_otlp_stands_before_a_query(url: str, to: str):
    assert otlp.metrics_url(url) == to


def test_totals_of_otlp_count_from_the_beginning_and_not_from_what_is_sent_first():
    """Where start and time are the same, the first value is of an unknown time, and counts in no rate."""
    with http_receiver() as received:
        exporter = export.connect(f"otlp+{received.url}", LABELS, {}, 1_699_999_990.0)
        exporter.send(families(7.0), at=1_700_000_000.0)
        exporter.close()
    [(_, _, body)] = received.posts

    [requests, *_] = json_format.Parse(body, ExportMetricsServiceRequest()).resource_metrics[0].scope_metrics[0].metrics
    assert requests.sum.data_points[0].start_time_unix_nano == 1_699_999_990_000_000_000


def test_otlp_sends_what_came_since_the_last_time_where_that_is_preferred():
    """As Datadog's intake and Dynatrace ask; what could not be sent is a part of what comes next."""
    environ = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "Delta"}
    with http_receiver() as received:
        exporter = export.connect(f"otlp+{received.url}", LABELS, environ, 1_700_000_000.0)
        exporter.send(families(7.0), at=1_700_000_005.0)
        received.status = 400
        with pytest.raises(export.ExportError):
            exporter.send(families(8.0), at=1_700_000_010.0)
        received.status = 200
        exporter.send(families(9.0), at=1_700_000_015.0)
        exporter.close()

    sent = [
        json_format.Parse(body, ExportMetricsServiceRequest()) for _, _, body in (received.posts[0], received.posts[-1])
    ]
    first, last = (message.resource_metrics[0].scope_metrics[0].metrics for message in sent)
    delta = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
    assert {metric.sum.aggregation_temporality for metric in (first[0], last[0])} == {delta}
    assert [metric.sum.data_points[0].as_double for metric in (first[0], last[0])] == [7.0, 2.0]
    [point] = last[0].sum.data_points
    assert (point.start_time_unix_nano, point.time_unix_nano) == (1_700_000_005_000_000_000, 1_700_000_015_000_000_000)
    assert last[1].histogram.aggregation_temporality == delta
    [buckets] = last[1].histogram.data_points
    assert (list(buckets.bucket_counts), buckets.count, buckets.sum) == ([0, 0, 0], 0, 0.0)
    assert last[2].gauge.data_points[0].as_double == -0.25


@pytest.mark.parametrize("status", [0, 500, 502])
def test_a_difference_that_may_have_been_taken_is_not_sent_again(status: int):
    environ = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"}
    with http_receiver() as received:
        exporter = export.connect(f"otlp+{received.url}", LABELS, environ, 1_700_000_000.0)
        received.status = status
        with pytest.raises(export.ExportError):
            exporter.send(families(7.0), at=1_700_000_005.0)
        received.status = 200
        exporter.send(families(9.0), at=1_700_000_010.0)
        exporter.close()

    messages = [json_format.Parse(body, ExportMetricsServiceRequest()) for _, _, body in received.posts]
    points = [
        message.resource_metrics[0].scope_metrics[0].metrics[0].sum.data_points[0].as_double for message in messages
    ]
    assert points == [7.0, 2.0]


def test_a_difference_that_was_refused_is_sent_again():
    environ = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"}
    with http_receiver() as received:
        exporter = export.connect(f"otlp+{received.url}", LABELS, environ, 1_700_000_000.0)
        received.status = 503
        with pytest.raises(export.ExportError):
            exporter.send(families(7.0), at=1_700_000_005.0)
        exporter.close()

    assert len(received.posts) == 3


def test_a_parser_of_the_line_protocol_reads_influxdbs_lines():
    with http_receiver() as received:
        url = f"influxdb+{received.url}/api/v2/write?org=o&bucket=b"
        exporter = export.connect(url, LABELS, {"INFLUX_TOKEN": "s3cret-token-value"})
        exporter.send([*families()[:1], *families()[1:]], at=1_700_000_000.0)
        exporter.close()
    [(path, headers, body)] = received.posts

    assert (path, headers["authorization"]) == ("/api/v2/write?org=o&bucket=b", "Token s3cret-token-value")
    requests, duration, change = [parse_line(line) for line in body.decode().splitlines()]
    assert requests["measurement"] == "perfgate.requests"
    assert requests["fields"] == {"value": 7.0}
    assert requests["time"] == 1_700_000_000_000_000_000
    assert requests["tags"]["load_test"] == "shop"
    assert requests["tags"]["endpoint"] == HOSTILE.replace("\n", " ")
    assert "branch" not in requests["tags"]
    assert duration["fields"] == {"0.1": 3, "0.5": 5, "+Inf": 6, "count": 6, "sum": 1.75}
    assert change["fields"] == {"value": -0.25}


# https://docs.datadoghq.com/extend/dogstatsd/datagram_shell: <NAME>:<VALUE>|<TYPE>|#<KEY>:<VALUE>,...
TAG = r"[a-z._]+:[^,|#:\s]+"
DOGSTATSD = re.compile(rf"[a-z._]+:[-0-9.]+\|[cg]\|#{TAG}(,{TAG})*")
STATSD = re.compile(r"[A-Za-z0-9_.]+:[-0-9.]+\|[cg]")


@pytest.mark.parametrize(("scheme", "grammar"), [("statsd", STATSD), ("dogstatsd", DOGSTATSD)])
def test_statsd_gets_gauges_and_what_counters_grew_by(scheme: str, grammar: re.Pattern[str]):
    with udp_receiver() as (port, listener):
        exporter = export.connect(f"{scheme}://127.0.0.1:{port}", LABELS, {})
        exporter.send(families(7.0), at=0.0)
        exporter.send(families(9.0), at=5.0)
        exporter.send(families(9.0), at=10.0)
        exporter.close()
        packets = [listener.recv(65536).decode() for _ in range(3)]

    lines = [packet.splitlines() for packet in packets]
    assert all(grammar.fullmatch(line) for packet in lines for line in packet), lines
    values = [[line.partition(":")[2].split("|#")[0] for line in packet] for packet in lines]
    assert values == [["7|c", "0|g", "-0.25|g"], ["2|c", "0|g", "-0.25|g"], ["0|g", "-0.25|g"]]


@pytest.mark.parametrize("scheme", ["statsd", "dogstatsd"])
def test_names_that_are_the_same_for_statsd_are_counted_together(scheme: str):
    def counted(first: float, second: float) -> Family:
        named = zip((first, second), ("GET #a", "GET |a"), strict=True)
        points = tuple(Point(value=value, labels={"endpoint": name}) for value, name in named)
        return Family(name="perfgate.requests", unit="{request}", kind="counter", help="Requests.", points=points)

    with udp_receiver() as (port, listener):
        exporter = export.connect(f"{scheme}://127.0.0.1:{port}", LABELS, {})
        for first, second in ((100.0, 50.0), (110.0, 55.0)):
            exporter.send([counted(first, second)], at=0.0)
        exporter.close()
        lines = [listener.recv(65536).decode() for _ in range(2)]

    assert [line.partition(":")[2].partition("|")[0] for line in lines] == ["150", "15"]


def test_pushed_metrics_are_of_a_group_of_their_own():
    with http_receiver() as received:
        environ = {"PERFGATE_PUSHGATEWAY_AUTHORIZATION": "Bearer s3cret-token-value\n"}
        exporter = export.connect(f"pushgateway+{received.url}/", {"load_test": "a/b", "branch": ""}, environ)
        exporter.send(families(), at=0.0)
        exporter.close()
    [(path, headers, body)] = received.posts

    assert path == "/metrics/job/perfgate/load_test@base64/YS9i/branch@base64/="
    assert headers["authorization"] == "Bearer s3cret-token-value"
    assert body.decode() == exposition.text(families())


def test_what_a_receiver_refuses_is_told_without_its_secrets():
    with http_receiver() as received:
        received.status = 401
        exporter = export.connect(f"influxdb+{received.url}/write?db=x", LABELS, {"INFLUX_TOKEN": "s3cret-token-value"})
        with pytest.raises(export.ExportError) as refused:
            exporter.send(families(), at=0.0)
        exporter.close()

    assert refused.value.message == "it answered 401: bad token [hidden]"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("carbon://host:1", "`carbon` is no place to export to."),
        ("otlp://host:1", "`otlp` is no place to export to."),
        ("prometheus+http://host:1", "`prometheus` is no place to export to."),
        ("statsd:host", "`statsd:host` is no place to export to."),
        ("remote-write://host:9090/api/v1/write", "`remote-write` is no place to export to."),
        ("pushgateway+http://[::1", "The address of pushgateway has a wrong host."),
        ("pushgateway+http://", "The address of pushgateway has no host, or a wrong one."),
        ("statsd://host:99999", "The port of statsd is no number from 1 to 65535."),
        ("otlp+http://host:0", "The port of otlp is no number from 1 to 65535."),
        ("prometheus://127.0.0.1", "The address of prometheus has no port."),
        ("pushgateway+https://user:secret@host", "The address of pushgateway has a user or a password in it."),
        ("otlp+https://token@host", "The address of otlp has a user or a password in it."),
    ],
)
def test_what_is_no_destination_is_refused(url: str, message: str):
    with pytest.raises(UsageError) as refused:
        export.check(url)

    assert refused.value.message == message


def test_every_exporter_has_urls_and_every_url_an_exporter():
    assert set(export.EXPORTERS) == {*export_urls.OVER_HTTP, *export_urls.BY_HOST}


@pytest.mark.slow
@pytest.mark.needs("npm")
def test_etsys_own_statsd_counts_and_keeps_what_it_is_sent(tmp_path: Path):
    npm, node = program("npm"), shutil.which("node")
    assert npm
    assert node
    install = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional", "statsd@0.9.0"]
    subprocess.run([*install, "--prefix", str(tmp_path)], check=True, capture_output=True)
    port, management = free_ports(2)
    settings = {
        "port": port,
        "mgmt_port": management,
        "address": "127.0.0.1",
        "mgmt_address": "127.0.0.1",
        "backends": [],
    }
    (tmp_path / "config.js").write_text(json.dumps(settings), encoding="utf-8")
    server = subprocess.Popen(
        [node, "node_modules/statsd/stats.js", "config.js"], cwd=tmp_path, stdout=subprocess.DEVNULL
    )

    def asked(command: str) -> str:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", management), timeout=60)) as connection:
            connection.sendall(f"{command}\n".encode())
            answer = b""
            while not answer.rstrip().endswith(b"END") and (more := connection.recv(65536)):
                answer += more
            return answer.decode()
        return ""

    try:
        wait_for(lambda: asked("gauges"), "statsd")
        exporter = export.connect(f"statsd://127.0.0.1:{port}", LABELS, {})
        exporter.send(families(7.0), at=0.0)
        exporter.send(families(9.0), at=5.0)
        exporter.close()
        name = "perfgate.budget.change.shop"
        wait_for(lambda: name in asked("gauges"), "the gauge")
        gauges, counters = asked("gauges"), asked("counters")
    finally:
        server.terminate()
        server.wait(60)

    assert re.search(rf"'{name}[^']*': -0.25", gauges), gauges
    assert re.search(r"'perfgate.requests.shop[^']*': 9", counters), counters
    assert "'statsd.bad_lines_seen': 0" in counters
