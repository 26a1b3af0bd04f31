"""Every code that a diagnosis may give, what it means and what to do. docs/diagnosis.md has this table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from perfgate.model.diagnosis import Layer


class RuleCode(NamedTuple):
    layer: Layer
    meaning: str  # when it is given
    remedy: str
    example: str  # a sentence of a diagnosis


CODES: Mapping[str, RuleCode] = {
    "repeated-statement": RuleCode(
        "database",
        "many more queries per request than before (N+1)",
        "Load related rows at once. Django: select_related, prefetch_related. SQLAlchemy: joinedload, selectinload. "
        "Plain SQL: one query with a join or IN (...).",
        "103 queries per request instead of 3",
    ),
    "new-statement": RuleCode(
        "database",
        "a few more queries per request than before, whose time explains it",
        "See what sends it: a cache in memory that is gone, a count of pages, a check. Cache its answer, or leave it "
        "out.",
        "2 queries per request instead of 1, 18 ms for what is new",
    ),
    "slower-statement": RuleCode(
        "database",
        "as many queries per request, each slower",
        "Look at the plan (EXPLAIN): an index on the columns of its filter, fewer rows, fewer columns.",
        "18.2 ms per query instead of 0.9 ms, 3 queries per request as before",
    ),
    "sequential-scan": RuleCode(
        "database",
        "a statement reads a whole table that an index was used for before, or could be",
        "Create an index on the columns of the filter (CREATE INDEX ON table (column);), or bring back the one that "
        "was dropped.",
        "sequential scan of items",
    ),
    "more-rows": RuleCode(
        "database",
        "many more rows per request than before",
        "Add a LIMIT (pagination. Django: Paginator, queryset[:50]. SQLAlchemy: limit()), or filter in the database.",
        "2000 rows per request instead of 20",
    ),
    "wide-rows": RuleCode(
        "database",
        "as many rows, with many more bytes in them",
        "Read fewer columns. Django: only(), defer(), values(). SQLAlchemy: load_only(), defer(). Plain SQL: name the "
        "columns instead of SELECT *.",
        "1.2 MB from the database per request instead of 9 kB, 50 rows as before",
    ),
    "lock-wait": RuleCode(
        "database",
        "statements wait for locks that other requests have",
        "Hold locks for a shorter time: commit before slow work, lock fewer rows (FOR UPDATE SKIP LOCKED, NOWAIT), "
        "update hot rows last.",
        "statements wait 34 ms per request for locks under load",
    ),
    "reconnecting": RuleCode(
        "database",
        "requests open connections to the database, instead of using those that are there",
        "Keep connections: a pool (SQLAlchemy: no NullPool; psycopg_pool, asyncpg.create_pool; Django: CONN_MAX_AGE or "
        "OPTIONS pool), opened once when the application starts.",
        "1 connection to the database opened per request instead of 0",
    ),
    "cache-lost": RuleCode(
        "cache",
        "answers came from a cache before, and do not any more",
        "Bring the cache back: its key, its lifetime, Cache-Control and ETag.",
        "0% cache hits instead of 93%",
    ),
    "cache-repeated": RuleCode(
        "cache",
        "many more cache commands per request than before",
        "Ask once: MGET, or a pipeline. Django: cache.get_many(). redis-py: mget(), pipeline().",
        "51 cache commands per request instead of 1",
    ),
    "cache-slower": RuleCode(
        "cache",
        "as many cache commands per request, each slower or with a much larger value",
        "Look at value sizes and slow commands (SLOWLOG).",
        "4.1 ms per cache command instead of 0.3 ms",
    ),
    "external-repeated": RuleCode(
        "external",
        "more calls of other services per request",
        "Batch the calls, or send them side by side (asyncio.gather).",
        "5 calls of other services per request instead of 1",
    ),
    "external-slower": RuleCode(
        "external",
        "calls of another service take longer",
        "Give them a timeout, cache the answers, or move them into a task queue (Celery, RQ).",
        "calls of other services take 62 ms instead of 4 ms",
    ),
    "backlog": RuleCode(
        "queue",
        "jobs pile up in a queue, or an answer waits for one of them",
        "More workers, shorter jobs, or fewer of them: batch what is queued. Do not wait for a job in a request.",
        "2.1 jobs more wait in the queue after each request instead of 0, 310 in all",
    ),
    "serialisation": RuleCode(
        "serialisation",
        "serialising and parsing data (JSON and the like) takes longer",
        "Convert less: fewer fields, less nesting, each object once. Cache the text, or use a faster library.",
        "serialising and parsing data takes 28 ms instead of 2 ms",
    ),
    "cpu": RuleCode(
        "application",
        "the service needs more CPU time per request",
        "Profile it (py-spy record --pid PID): the function whose time per request grew.",
        "24 ms CPU per request instead of 4 ms",
    ),
    "blocking-call": RuleCode(
        "application",
        "a call blocks the event loop (or the only worker): under load every other request waits for it",
        "In an event loop: an async client, or await asyncio.to_thread(...). In threads or processes: more of them "
        "(gunicorn --threads, --workers).",
        "every request waits: a trivial one takes 366 ms beside this one, 2 ms alone",
    ),
    "small-pool": RuleCode(
        "queue",
        "requests wait for one of few connections to the database",
        "A larger connection pool (SQLAlchemy: pool_size, max_overflow; psycopg_pool: max_size; Django: OPTIONS pool), "
        "or shorter transactions.",
        "at most 1 connection to the database at once instead of 4",
    ),
    "contention": RuleCode(
        "queue",
        "as fast as before alone, slower under load: requests wait for a pool, a lock or a worker",
        "Look at the size of the connection pool, the number of workers, and locks.",
        "5 ms alone as before, under load 61 ms instead of 8 ms",
    ),
    "waiting": RuleCode(
        "application",
        "slower without more CPU, queries or bytes: it waits for something",
        "Look for sleeps, locks, files that are synced, and calls that nothing measures: perfgate.middleware names "
        "database, cache and others.",
        "it waits: 36 ms alone instead of 6 ms, without more CPU",
    ),
    "payload": RuleCode(
        "download",
        "answers are larger",
        "Send fewer fields and rows: pagination, sparse fields, smaller images.",
        "1.2 MB per answer instead of 12 kB",
    ),
    "compression-lost": RuleCode(
        "download",
        "answers are no longer compressed",
        "Compress them again: gzip or br (Django: GZipMiddleware, Starlette: GZipMiddleware, or the proxy).",
        "240 kB per answer instead of 21 kB, not compressed",
    ),
    "connections-closed": RuleCode(
        "network",
        "connections are no longer kept open",
        "Keep them: HTTP keep-alive in the server and its proxy.",
        "100% of requests open a connection instead of 1%",
    ),
    "memory-growth": RuleCode(
        "application",
        "the service's memory grows with every request",
        "Look for caches without bounds and lists that only grow: tracemalloc, memray.",
        "180 kB per request stay in memory instead of 0 kB",
    ),
    "environment": RuleCode(
        "runner",
        "the machine was slower, not the code: the control endpoint, a fixed piece of work, or the time without a CPU "
        "says so",
        "Measure again on an idle runner.",
        "the control endpoint takes 1.90 times as long too, this one 2.02 times",
    ),
    "healthy": RuleCode(
        "unattributed",
        "the second pass saw no difference",
        "Nothing: measure again if it fails again.",
        "the second pass saw no difference beyond noise",
    ),
    "unexplained": RuleCode(
        "unattributed",
        "it is slower, and nothing that was seen explains it",
        "Add perfgate.middleware to the application, or `diagnose: {postgres: ...}`, so that more can be seen.",
        "nothing that was seen explains it",
    ),
}
