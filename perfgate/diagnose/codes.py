"""Every code that a diagnosis may give, what it means and what to do. docs/diagnosis.md has this table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from perfgate.model.diagnosis import Layer


class RuleCode(NamedTuple):
    layer: Layer
    meaning: str  # when it is given
    remedy: str


CODES: Mapping[str, RuleCode] = {
    "repeated-statement": RuleCode(
        "database",
        "many more queries per request than before (N+1)",
        "Load related rows at once. Django: select_related, prefetch_related. SQLAlchemy: joinedload, selectinload. "
        "Plain SQL: one query with a join or IN (...).",
    ),
    "slower-statement": RuleCode(
        "database",
        "as many queries per request, each slower",
        "Look at the plan (EXPLAIN): an index on the columns of its filter, fewer rows, fewer columns.",
    ),
    "sequential-scan": RuleCode(
        "database",
        "a statement reads a whole table that an index was used for before, or could be",
        "Create an index on the columns of the filter, or bring back the one that was dropped.",
    ),
    "more-rows": RuleCode(
        "database", "many more rows per request than before", "Add a LIMIT (pagination), or filter in the database."
    ),
    "cache-lost": RuleCode(
        "cache",
        "answers came from a cache before, and do not any more",
        "Bring the cache back: its key, its lifetime, Cache-Control and ETag.",
    ),
    "cache-repeated": RuleCode(
        "cache", "many more cache commands per request than before", "Ask once: MGET, or a pipeline."
    ),
    "cache-slower": RuleCode(
        "cache", "as many cache commands per request, each slower", "Look at value sizes and slow commands (SLOWLOG)."
    ),
    "external-repeated": RuleCode(
        "external", "more calls of other services per request", "Batch the calls, or send them side by side."
    ),
    "external-slower": RuleCode(
        "external",
        "calls of another service take longer",
        "Give them a timeout, cache the answers, or move them into a task queue.",
    ),
    "cpu": RuleCode(
        "application",
        "the service needs more CPU time per request",
        "Profile it (py-spy record --pid PID): the function whose time per request grew.",
    ),
    "blocking-call": RuleCode(
        "application",
        "a call blocks the event loop: under load every other request waits for it",
        "Use an async client, or move the call out of the loop: await asyncio.to_thread(...).",
    ),
    "contention": RuleCode(
        "queue",
        "as fast as before alone, slower under load: requests wait for a pool, a lock or a worker",
        "Look at the size of the connection pool, the number of workers, and locks.",
    ),
    "waiting": RuleCode(
        "application",
        "slower without more CPU, queries or bytes: it waits for something",
        "Look for sleeps, locks and calls that nothing measures: perfgate.middleware names database, cache and others.",
    ),
    "payload": RuleCode(
        "download", "answers are larger", "Send fewer fields and rows: pagination, sparse fields, smaller images."
    ),
    "compression-lost": RuleCode("download", "answers are no longer compressed", "Compress them again: gzip or br."),
    "connections-closed": RuleCode(
        "network", "connections are no longer kept open", "Keep them: HTTP keep-alive in the server and its proxy."
    ),
    "memory-growth": RuleCode(
        "application",
        "the service's memory grows with every request",
        "Look for caches without bounds and lists that only grow: tracemalloc, memray.",
    ),
    "environment": RuleCode(
        "runner",
        "the control endpoint moved by the same factor: the machine, not the code",
        "Measure again on an idle runner.",
    ),
    "healthy": RuleCode(
        "unattributed", "the second pass saw no difference", "Nothing: measure again if it fails again."
    ),
    "unexplained": RuleCode(
        "unattributed",
        "it is slower, and nothing that was seen explains it",
        "Add perfgate.middleware to the application, or `diagnose: {postgres: ...}`, so that more can be seen.",
    ),
}
