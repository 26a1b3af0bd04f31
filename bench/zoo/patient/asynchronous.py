"""FastAPI (one event loop, psycopg without an ORM, redis.asyncio, httpx): `python -m ... PORT`"""

# No `from __future__ import annotations` here: FastAPI reads these annotations at run time.

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
import redis.asyncio
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.middleware.gzip import GZipMiddleware

from bench.zoo.patient import ailments
from bench.zoo.patient.ailments import PAGE, REGIONS, RELATED, is_on
from perfgate.middleware import ServerTimingASGI

COLUMNS = "p.id, p.cents, c.name"
JOINED = "from purchase p join customer c on c.id = p.customer_id where p.region = %s order by p.cents, p.id limit"


class Pool:
    """As many connections as it is made with."""

    def __init__(self, size: int) -> None:
        self._size, self._free = size, asyncio.Queue[psycopg.AsyncConnection[Any]]()

    async def open(self) -> None:
        for _ in range(self._size):
            self._free.put_nowait(await psycopg.AsyncConnection.connect(ailments.DATABASE, autocommit=True))

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        connection = await self._free.get()
        try:
            yield connection
        finally:
            self._free.put_nowait(connection)


pool = Pool(1 if is_on("pool of one") else 8)
cache = redis.asyncio.Redis.from_url(ailments.REDIS)
prices, blocking = httpx.AsyncClient(), httpx.Client()


@asynccontextmanager
async def life(_: FastAPI) -> AsyncIterator[None]:
    await pool.open()
    yield


app = FastAPI(lifespan=life)
if not is_on("compression off"):
    app.add_middleware(GZipMiddleware)
if ailments.MIDDLEWARE:
    app.add_middleware(ServerTimingASGI)


@app.middleware("http")
async def close(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    if is_on("connections closed"):
        response.headers["connection"] = "close"
    return response


def _json(body: dict[str, object]) -> Response:
    return Response(ailments.text(body), media_type="application/json")


async def _rows(region: int) -> list[dict[str, object]]:
    async with pool.connection() as connection:
        if is_on("n+1"):
            found = await connection.execute(
                "select id, cents, customer_id from purchase where region = %s order by cents, id limit 30", [region]
            )
            rows = []
            for number, cents, customer in await found.fetchall():
                one = await connection.execute("select name from customer where id = %s", [customer])
                [name] = await one.fetchone() or ("",)
                rows.append((number, cents, name))
        else:
            columns = "p.id, p.cents, c.name, p.*, c.*" if is_on("wide rows") else COLUMNS
            limit = 2000 if is_on("more rows") else PAGE
            found = await connection.execute(f"select {columns} {JOINED} {limit}", [region])
            rows = [row[:3] for row in await found.fetchall()][:PAGE]
    return [{"id": number, "cents": cents, "customer": name} for number, cents, name in rows]


@app.get("/orders")
async def orders(n: int = 1) -> Response:
    return _json({"rows": await _rows(1 + n % REGIONS)})


@app.get("/report")
async def report(n: int = 1) -> Response:
    ailments.burn()
    ailments.leak()
    return _json(ailments.answer(await _rows(1 + n % REGIONS)))


@app.get("/product")
async def product(n: int = 1) -> Response:
    number = n % 200
    key = f"{ailments.PREFIX}:product:{number}"
    related = [f"{ailments.PREFIX}:related:{(number + step) % 200}" for step in range(RELATED)]
    names: list[Any] = []
    if is_on("cache n+1"):
        names = [await cache.get(name) for name in related]
    elif not is_on("cache off"):
        names = await cache.mget(related)
    value = None if is_on("cache off") else await cache.get(key)
    if value is None:
        async with pool.connection() as connection:
            found = await connection.execute(
                "select sum(cents) from purchase where note like '%%' || %s || '%%'", [f"{number:x}"]
            )
            [total] = await found.fetchone() or (0,)
        value, names = str(total).encode(), [b"name"] * RELATED
        if not is_on("cache off"):
            await cache.mset({key: value, **dict.fromkeys(related, b"name")})
    return _json({"total": value.decode(), "related": [(name or b"").decode() for name in names]})


@app.get("/stock")
async def stock(n: int = 1) -> Response:
    number = 1 if is_on("lock wait") else 1 + (n * 7919 + time.monotonic_ns()) % 400
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("update stock set pieces = pieces + 1 where id = %s", [number])
        await asyncio.sleep(0.008)
    return _json({"done": True})


@app.get("/ledger")
async def ledger() -> Response:
    async with pool.connection() as connection:
        await connection.execute("select pg_sleep(0.006)")
        found = await connection.execute("select sum(pieces) from stock")
        [total] = await found.fetchone() or (0,)
    return _json({"total": total})


@app.get("/quote")
async def quote() -> Response:
    if is_on("blocking call"):
        price = blocking.get(f"{ailments.PRICES}/price?s=0.02").json()
    else:
        price = (await prices.get(f"{ailments.PRICES}/price?s={max(ailments.PRICE_S, 0.02)}")).json()
    return _json(price)


@app.get("/ping")
@app.get("/healthz")
async def ping() -> Response:
    return Response("pong " * 10)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
