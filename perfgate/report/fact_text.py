"""What was seen of base and head, in words: a label and a unit for each fact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perfgate.model.diagnosis import Diagnosed
from perfgate.model.metric import Unit
from perfgate.report.escaping import plain
from perfgate.text.units import format_value

METRIC, LONGEST_NAME = "metric:", 120
SECONDS, BYTES, RATIO = Unit.SECONDS, Unit.BYTES, Unit.RATIO
# Name of a fact -> what people read, and its unit (None: a number). In this order.
FACTS: Mapping[str, tuple[str, Unit | None]] = {
    "alone": ("latency alone", SECONDS),
    "alone_tail": ("latency alone, p95", SECONDS),
    "loaded": ("latency under load", SECONDS),
    "loaded_tail": ("latency under load, p95", SECONDS),
    "download": ("time of the answer's body", SECONDS),
    "canary_idle": ("a trivial request, alone", SECONDS),
    "canary_loaded": ("a trivial request, beside the load", SECONDS),
    "size": ("size of the answer as sent", BYTES),
    "decoded": ("size of the answer", BYTES),
    "compressed": ("answers compressed", RATIO),
    "cached": ("answers from a cache", RATIO),
    "cacheable": ("answers that may be cached", RATIO),
    "connections": ("connections opened", None),
    "queries": ("queries", None),
    "query_seconds": ("time of a query", SECONDS),
    "query_seconds_loaded": ("time of a query, under load", SECONDS),
    "rows": ("rows", None),
    "lock_wait": ("waiting for locks", SECONDS),
    "lock_wait_loaded": ("waiting for locks, under load", SECONDS),
    "database": ("time by the database's own count", SECONDS),
    "database_loaded": ("time by the database's own count, under load", SECONDS),
    "database_messages": ("messages to the database", None),
    "database_wait": ("waiting for the database", SECONDS),
    "database_wait_loaded": ("waiting for the database, under load", SECONDS),
    "database_size": ("bytes from the database", BYTES),
    "database_sessions": ("connections to the database opened", None),
    "database_connections_loaded": ("connections to the database at once", None),
    "cache_calls": ("cache commands", None),
    "cache_call_seconds": ("time of a cache command", SECONDS),
    "cache_hits": ("cache hits", RATIO),
    "cache_messages": ("messages to the cache", None),
    "cache_size": ("bytes from the cache", BYTES),
    "cache_seconds": ("time by the cache's own count", SECONDS),
    "cache_wait": ("waiting for the cache", SECONDS),
    "cache_wait_loaded": ("waiting for the cache, under load", SECONDS),
    "external_calls": ("calls of other services", None),
    "external_seconds": ("time of calls of other services", SECONDS),
    "external_messages": ("messages to other services", None),
    "external_wait": ("waiting for other services", SECONDS),
    "external_wait_loaded": ("waiting for other services, under load", SECONDS),
    "broker_messages": ("messages to the broker", None),
    "broker_wait": ("waiting for the broker", SECONDS),
    "broker_wait_loaded": ("waiting for the broker, under load", SECONDS),
    "queue_calls": ("commands that queue jobs or results", None),
    "queued": ("jobs that wait, at the end", None),
    "queued_loaded": ("jobs that wait, at the end of the load", None),
    "queue_growth": ("jobs more that wait", None),
    "queue_growth_loaded": ("jobs more that wait, under load", None),
    "application": ("the application's own time", SECONDS),
    "application_loaded": ("the application's own time, under load", SECONDS),
    "serialisation": ("writing the answer", SECONDS),
    "serialising": ("CPU time of writing the answer", SECONDS),
    "computing": ("CPU time of the request", SECONDS),
    "cpu": ("CPU time of the service", SECONDS),
    "cpu_loaded": ("CPU time of the service, under load", SECONDS),
    "cpu_delay": ("ready, but without a CPU", SECONDS),
    "cpu_delay_loaded": ("ready, but without a CPU, under load", SECONDS),
    "stopped": ("time in which the service was stopped", RATIO),
    "stopped_loaded": ("time in which the service was stopped, under load", RATIO),
    "throttled": ("periods in which the CPU quota was used up", RATIO),
    "throttled_loaded": ("periods in which the CPU quota was used up, under load", RATIO),
    "unread_loaded": ("waiting to be read by the service, under load", SECONDS),
    "memory": ("memory that stays", BYTES),
    "reference": ("a fixed piece of work on this machine", SECONDS),
    "reference_cpu": ("CPU time of that work", SECONDS),
}
ALWAYS = ("alone", "loaded", "queries", "cpu", "size")
LEAST: Mapping[Unit | None, float] = {SECONDS: 0.0005, BYTES: 1000.0}  # less is not worth a line
CHANGED = 1.2  # times as much or as little: facts that moved less are left to diagnosis.json


def counts(matches: Diagnosed) -> Iterator[tuple[str, str, str]]:
    """What was seen per request and moved, or always matters: label, base, head."""
    known = [name for name in FACTS if name in matches.facts]
    for name in [*known, *(name for name in matches.facts if name not in FACTS and name != "samples")]:
        before, now = matches.facts[name]
        label, unit = FACTS.get(name, (name.replace("_", " "), None))
        if name in ALWAYS or _has_changed(before, now, LEAST.get(unit, 0.0)):
            if name.startswith(METRIC):  # a name that the application gave
                label = plain(name.removeprefix(METRIC), LONGEST_NAME)
            yield label, _value(unit, before), _value(unit, now)


def _has_changed(before: float | None, now: float | None, least: float) -> bool:
    if before is None or now is None:
        return True
    return max(before, now) >= least and max(before, now) > CHANGED * max(min(before, now), 0.0)


def _value(unit: Unit | None, value: float | None) -> str:
    if value is None:
        return "–"
    return format_value(unit, value) if unit else f"{value:.4g}"
