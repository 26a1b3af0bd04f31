"""What a background job's completion consists of, in words: time in the queue against time at work."""

from __future__ import annotations

from perfgate.model.metric import METRICS, Unit
from perfgate.model.run import EndpointResult
from perfgate.text.units import format_value

PARTS = {"queued": "in the queue", "work": "at work"}


def job_times(result: EndpointResult, metric: str) -> str:
    """ " p95 of its parts: 1.2 s in the queue, 200 ms at work." of a completion whose parts are known; else nothing."""
    if METRICS[metric].aspect != "completion":
        return ""
    quantile = metric.removeprefix("completion_")
    known = {words: result.metrics.get(f"{part}_{quantile}") for part, words in PARTS.items()}
    shown = [f"{format_value(Unit.SECONDS, value)} {words}" for words, value in known.items() if value is not None]
    return f" {quantile} of its parts: {', '.join(shown)}." if shown else ""
