"""What GitLab shows as load performance: the summary of k6 that its widget reads, with perfgate's own numbers.

The widget reads the rate of requests, the share of passed checks, and two percentiles of the time to the first byte, in
milliseconds. Of recordings that do not know that time, there are no percentiles: the whole time would be another thing.
"""

from __future__ import annotations

import json

from perfgate.recording import histogram
from perfgate.report.facts import Facts

FIRST_BYTE = "first_byte"
PERCENTILES = {"p(90)": 0.90, "p(95)": 0.95}


def render(facts: Facts) -> str:
    run = facts.run
    endpoints = [result for result in run.endpoints if result.kind == "endpoint"]
    requests, failures = (
        sum(endpoint.requests for endpoint in endpoints),
        sum(endpoint.failures for endpoint in endpoints),
    )
    rate = requests / run.duration if run.duration > 0 else 0.0
    metrics: dict[str, dict[str, float]] = {
        "http_reqs": {"count": requests, "rate": rate},
        "checks": {"passes": requests - failures, "fails": failures},
    }
    waiting = histogram.merge(endpoint.phases[FIRST_BYTE] for endpoint in endpoints if FIRST_BYTE in endpoint.phases)
    known = {name: histogram.quantile(waiting, quantile) for name, quantile in PERCENTILES.items()}
    seconds = {name: value for name, value in known.items() if value is not None}
    if seconds:
        metrics["http_req_waiting"] = {name: value * 1000 for name, value in seconds.items()}
    return f"{json.dumps({'metrics': metrics}, indent=1)}\n"
