from __future__ import annotations

import json

from builders import make_endpoint, make_run, make_verdict, spread

from perfgate.report.facts import Facts
from perfgate.report.formats import FORMATS


def rendered(*endpoints: object) -> dict[str, dict[str, float]]:
    facts = Facts(verdict=make_verdict(), run=make_run(1, endpoints=endpoints))
    metrics: dict[str, dict[str, float]] = json.loads(FORMATS["gitlab"](facts))["metrics"]
    return metrics


def test_what_the_widget_of_gitlab_reads():
    waiting = {"first_byte": spread(0.050)}
    metrics = rendered(
        make_endpoint("a", requests=1000, failures=100, phases=waiting),
        make_endpoint("b", requests=500, phases=waiting),
        make_endpoint("buy", requests=7, kind="journey"),
    )

    assert metrics["http_reqs"] == {"count": 1500, "rate": 1500 / 30.0}
    assert metrics["checks"] == {"passes": 1400, "fails": 100}
    assert abs(metrics["http_req_waiting"]["p(95)"] - 50) < 0.5
    assert metrics["http_req_waiting"]["p(90)"] < metrics["http_req_waiting"]["p(95)"]


def test_where_nobody_knows_the_first_byte_there_are_no_percentiles():
    assert "http_req_waiting" not in rendered(make_endpoint("a"))
