"""Failures in words: how many of each kind, and an example."""

from __future__ import annotations

from perfgate.model.metric import METRICS
from perfgate.model.run import Distribution, EndpointResult

_KINDS = {  # of failures: a bare "status" reads like an HTTP status
    "status": "unexpected status",
    "expectation": "unexpected content",
    "timeout": "timed out",
    "connection": "no connection",
    "protocol": "broken answer",
}
_TIMEOUTS = {  # by aspect: of what one is missing
    "completion": "jobs were not done in time",
    "first_message": "streams had no message",
    "message": "messages had no reply in time",
}


def attempts(result: EndpointResult) -> str:
    """What failed of it, where something did."""
    return "views" if result.kind == "page" else "requests"


def failure_kinds(result: EndpointResult) -> str:
    """The kinds in words, for example "3 timed out, 1 no connection; for example ..."."""
    kinds = ", ".join(f"{count:,} {_KINDS.get(kind, kind)}" for kind, count in result.failures_by_kind.items())
    return f"{kinds}; for example {result.failure_examples[0]}" if result.failure_examples else kinds


def timeout_words(result: EndpointResult, metric: str) -> str:
    """ " 2 of 40 streams had no message: each counts as a timeout." of an aspect with timeouts; else nothing."""
    aspect = METRICS[metric].aspect
    number = result.timeouts.get(aspect, 0)
    if not number or aspect not in _TIMEOUTS:
        return ""
    total = sum(result.phases.get(aspect, Distribution()).buckets.values())
    return f" {number:,} of {total:,} {_TIMEOUTS[aspect]}: each counts as a timeout."
