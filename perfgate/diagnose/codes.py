"""Every code that a diagnosis may give, what it means and what to do. docs/diagnosis.md has this table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from perfgate.model.diagnosis import Layer

Language = Literal["", "python", "node", "other"]  # of the service; empty: not known


class RuleCode(NamedTuple):
    layer: Layer
    meaning: str  # when it is given
    remedy: str  # in any language
    example: str  # a sentence of a diagnosis
    python: str = ""  # what the remedy is called there
    node: str = ""

    def remedy_in(self, language: Language) -> str:
        """What to do, in the words of that language; in those of each where none is known."""
        words = {"python": (self.python,), "node": (self.node,), "other": ()}.get(language, (self.python, self.node))
        return " ".join(filter(None, (self.remedy, *words)))


_PROGRAMS = re.compile(
    r"(?P<python>(python|pypy|uwsgi|gunicorn|uvicorn)[\d.\-a-z]*)|(?P<node>node(js)?[\d.]*|bun|deno)"
)


def language_of(programs: Sequence[str]) -> Language:
    """The language of a service, by the file names of its programs."""
    for match in filter(None, map(_PROGRAMS.fullmatch, programs)):
        return "python" if match["python"] else "node"
    return "other" if any(programs) else ""


CODES: Mapping[str, RuleCode] = {
    "repeated-statement": RuleCode(
        "database",
        "many more queries per request than before (N+1)",
        "Load related rows at once: one query with a join or IN (...).",
        "103 queries per request instead of 3",
        python="Django: select_related, prefetch_related. SQLAlchemy: joinedload, selectinload.",
        node="Prisma, Sequelize: include. TypeORM: relations. pg: WHERE id = ANY($1). GraphQL: DataLoader.",
    ),
    "new-statement": RuleCode(
        "database",
        "a few more queries per request than before, whose time explains it",
        "See what sends it (a cache in memory that is gone, a page count, a check). Cache its answer, or leave it out.",
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
        "Create an index on the filter's columns (CREATE INDEX ON table (column);), or bring back the dropped one.",
        "sequential scan of items",
    ),
    "more-rows": RuleCode(
        "database",
        "many more rows per request than before",
        "Add a LIMIT (pagination), or filter in the database.",
        "2000 rows per request instead of 20",
        python="Django: Paginator, queryset[:50]. SQLAlchemy: limit().",
        node="Prisma: take. Sequelize, Knex: limit. TypeORM: take.",
    ),
    "wide-rows": RuleCode(
        "database",
        "as many rows, with many more bytes in them",
        "Read fewer columns: name them instead of SELECT *.",
        "1.2 MB from the database per request instead of 9 kB, 50 rows as before",
        python="Django: only(), defer(), values(). SQLAlchemy: load_only(), defer().",
        node="Prisma, TypeORM: select. Sequelize: attributes. Knex: select().",
    ),
    "lock-wait": RuleCode(
        "database",
        "statements wait for locks that other requests have",
        "Lock for a shorter time: commit before slow work, lock fewer rows (SKIP LOCKED), update hot rows last.",
        "statements wait 34 ms per request for locks under load",
    ),
    "commit-wait": RuleCode(
        "database",
        "commits wait longer for the disk, or for a standby",
        "Commit once per request, not after each statement; write less; synchronous_commit = off for what may be lost.",
        "commits wait 9 ms per request for the disk instead of 0 ms",
        python="Django: transaction.atomic(), bulk_create, no SESSION_SAVE_EVERY_REQUEST. SQLAlchemy: one commit().",
        node="Prisma: $transaction, createMany. pg: BEGIN ... COMMIT around the loop.",
    ),
    "reconnecting": RuleCode(
        "database",
        "requests open connections (to a database, a cache or another service) instead of using those that are there",
        "Keep connections: a pool or a client, made once when the application starts.",
        "1 connection to the database opened per request instead of 0, 5.1 ms for opening",
        python="SQLAlchemy: no NullPool; psycopg_pool, asyncpg pools; Django: CONN_MAX_AGE; requests.Session.",
        node="pg: one Pool, no new Client in a request. Prisma: one PrismaClient. An Agent with keepAlive.",
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
        "Ask once: MGET, or a pipeline.",
        "51 cache commands per request instead of 1",
        python="Django: cache.get_many(). redis-py: mget(), pipeline().",
        node="ioredis: mget(), pipeline(). node-redis: mGet(), multi().",
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
        "Batch the calls, or send them side by side.",
        "5 calls of other services per request instead of 1",
        python="asyncio.gather(...).",
        node="await Promise.all([...]).",
    ),
    "external-slower": RuleCode(
        "external",
        "calls of another service take longer",
        "Give them a timeout, send them side by side, cache the answers, or move them into a task queue.",
        "calls of other services take 62 ms instead of 4 ms",
        python="asyncio.gather(...), Celery, RQ.",
        node="Promise.all([...]), AbortSignal.timeout(ms), BullMQ.",
    ),
    "one-after-another": RuleCode(
        "external",
        "as many calls of a database, a cache or other services as before, which are no longer made side by side",
        "Begin them all, then wait for all.",
        "3 messages to other services one after the other, which were side by side: a request waits 61 ms for them "
        "instead of 22 ms",
        python="asyncio.gather(...), a TaskGroup, a ThreadPoolExecutor.",
        node="await Promise.all([...]) instead of await in a loop.",
    ),
    "backlog": RuleCode(
        "queue",
        "jobs pile up in a queue, or an answer waits for one of them",
        "More workers, shorter jobs, or fewer of them: batch what is queued. Do not wait for a job in a request.",
        "2.1 jobs more wait in the queue after each request instead of 0, 310 in all",
    ),
    "serialisation": RuleCode(
        "serialisation",
        "serialising and parsing data (JSON and the like) or rendering templates takes longer",
        "Convert less: fewer fields, each object once, no copies through JSON. Cache the text. Use a faster library.",
        "serialising, parsing and rendering takes 28 ms instead of 2 ms",
        python="orjson.",
        node="Fastify: a response schema; fast-json-stringify. Large documents: a worker thread.",
    ),
    "cpu": RuleCode(
        "application",
        "the service needs more CPU time per request",
        "Profile it: the function whose time per request grew.",
        "24 ms CPU per request instead of 4 ms",
        python="py-spy record --pid PID.",
        node="node --cpu-prof; what must be long: worker_threads (piscina).",
    ),
    "blocking-call": RuleCode(
        "application",
        "a call blocks the event loop (or the only worker): under load every other request waits for it",
        "In an event loop: an asynchronous client, or move the call out of it. In threads or processes: more of them.",
        "every request waits: a trivial one takes 366 ms beside this one, 2 ms alone",
        python="await asyncio.to_thread(...); gunicorn --threads, --workers.",
        node="No ...Sync functions: fs.promises, crypto.pbkdf2 with a callback. What must be long: worker_threads.",
    ),
    "small-pool": RuleCode(
        "queue",
        "requests wait for one of few connections to the database",
        "A larger connection pool, or shorter transactions.",
        "at most 1 connection to the database at once instead of 4",
        python="SQLAlchemy: pool_size, max_overflow; psycopg_pool: max_size; Django: OPTIONS pool.",
        node="pg: new Pool({ max }), client.release() in finally. Prisma: connection_limit. Sequelize, Knex: pool.max.",
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
        "Look for sleeps, locks, files that are synced, and calls that nothing measures.",
        "it waits: 36 ms alone instead of 6 ms, without more CPU",
        python="perfgate.middleware names database, cache and others.",
        node="OpenTelemetry (`diagnose: {traces: otlp}`) names database, cache and others.",
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
        "Compress them again: gzip or br, in the application or its proxy.",
        "240 kB per answer instead of 21 kB, not compressed",
        python="Django, Starlette: GZipMiddleware.",
        node="Express: compression. Fastify: @fastify/compress.",
    ),
    "connections-closed": RuleCode(
        "network",
        "connections are no longer kept open",
        "Keep them: HTTP keep-alive in the server and its proxy.",
        "100% of requests open a connection instead of 1%",
        node="No Connection: close; server.keepAliveTimeout above the proxy's (5 s by default).",
    ),
    "memory-growth": RuleCode(
        "application",
        "the service's memory grows with every request",
        "Look for caches without bounds and lists that only grow.",
        "180 kB per request stay in memory instead of 0 kB",
        python="tracemalloc, memray.",
        node="Two heap snapshots compared (node --heapsnapshot-signal=SIGUSR2); lru-cache has a bound.",
    ),
    "environment": RuleCode(
        "runner",
        "the machine was slower, not the code: the control endpoint, the reference workload or time without CPU tells",
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
        "Let more be seen: `diagnose: {postgres: ...}`, `redis`, `traces`.",
        "nothing that was seen explains it",
        python="perfgate.middleware in the application.",
    ),
}
