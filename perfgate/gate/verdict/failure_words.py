"""Failures in words: how many of each kind, and an example."""

from __future__ import annotations

from perfgate.model.run import EndpointResult

_KINDS = {  # of failures: a bare "status" reads like an HTTP status
    "status": "unexpected status",
    "expectation": "unexpected content",
    "timeout": "timed out",
    "connection": "no connection",
    "protocol": "broken answer",
}


def failure_kinds(result: EndpointResult) -> str:
    """The kinds in words, for example "3 timed out, 1 no connection; for example ..."."""
    kinds = ", ".join(f"{count:,} {_KINDS.get(kind, kind)}" for kind, count in result.failures_by_kind.items())
    return f"{kinds}; for example {result.failure_examples[0]}" if result.failure_examples else kinds
