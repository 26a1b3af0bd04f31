"""Remote write: what a real Prometheus has afterwards, and what one gets that is not there."""

from __future__ import annotations

import sys
import time

import pytest
from cramjam import snappy
from export.receivers import HOSTILE, families, http_receiver
from services import monitoring

from perfgate import export
from perfgate.export.remote_write import write_request

LABELS = {"load_test": "shop", "branch": ""}


@pytest.mark.needs("prometheus")
def test_prometheus_has_what_was_written_to_it():
    with monitoring.prometheus("127.0.0.1:1", flags=["--web.enable-remote-write-receiver"]) as prometheus:
        exporter = export.connect(f"remote-write+{prometheus.url}/api/v1/write", LABELS, {})
        exporter.send(families(7.0), at=time.time() - 1)
        exporter.send(families(9.0), at=time.time())
        exporter.close()
        [requests] = prometheus.query("perfgate_requests_total")
        [both] = prometheus.query("count_over_time(perfgate_requests_total[5m])")
        [change] = prometheus.query("perfgate_budget_change_ratio")
        buckets = {item["le"]: item["value"] for item in prometheus.query("perfgate_request_duration_seconds_bucket")}
        [total] = prometheus.query("perfgate_request_duration_seconds_sum")
        [count] = prometheus.query("perfgate_request_duration_seconds_count")
        [median] = prometheus.query("histogram_quantile(0.25, perfgate_request_duration_seconds_bucket)")

    assert requests == {
        "__name__": "perfgate_requests_total",
        "job": "perfgate",
        "load_test": "shop",
        "endpoint": HOSTILE,
        "value": 9.0,
    }
    assert (both["value"], change["value"]) == (2.0, -0.25)
    assert buckets == {"0.1": 3.0, "0.5": 5.0, "+Inf": 6.0}
    assert (total["value"], count["value"], median["value"]) == (1.75, 6.0, pytest.approx(0.05))


def test_a_series_has_its_labels_in_order_and_the_moment_in_milliseconds():
    with http_receiver() as received:
        environ = {"PERFGATE_REMOTE_WRITE_AUTHORIZATION": "Bearer s3cret-token-value\n"}
        exporter = export.connect(f"remote-write+{received.url}/api/v1/push", LABELS, environ)
        exporter.send(families()[:1], at=1_700_000_000.25)
        exporter.close()
    [(path, headers, body)] = received.posts

    assert (path, headers["authorization"]) == ("/api/v1/push", "Bearer s3cret-token-value")
    assert (headers["content-encoding"], headers["content-type"]) == ("snappy", "application/x-protobuf")
    assert headers["x-prometheus-remote-write-version"] == "0.1.0"
    [series] = write_request().FromString(bytes(snappy.decompress_raw(body))).timeseries
    assert [label.name for label in series.labels] == ["__name__", "endpoint", "job", "load_test"]
    assert [(sample.value, sample.timestamp) for sample in series.samples] == [(7.0, 1_700_000_000_250)]


def test_without_the_extra_the_way_to_install_it_is_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "cramjam", None)

    with pytest.raises(export.ExportError, match=r"pip install 'perfgate\[remote-write\]'"):
        export.connect("remote-write+http://127.0.0.1:1/api/v1/write", LABELS, {})
