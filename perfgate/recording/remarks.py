"""Remarks on answers that the load generator makes and reports tell by a code of their own."""

from __future__ import annotations

RATE_LIMITED = (
    "answered 429, Too Many Requests: a rate limiter takes the load generator for one visitor; "
    "except it from the limit, or lower the load"
)
