"""What perfgate's middleware costs a request: three applications in turn, in random order, in one process.

    python bench/middleware.py [--requests N] [--rounds N]

bare: without it; unasked: with it, requests without the secret (what every visitor sends); asked: with the secret.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import Awaitable, Callable, MutableMapping
from statistics import median
from time import perf_counter
from typing import Any

import sqlalchemy
from fastapi import FastAPI

from perfgate.middleware import ServerTimingASGI
from perfgate.middleware.secret import HEADER

SECRET = "0123456789abcdef"
Message = MutableMapping[str, Any]


def shop() -> FastAPI:
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.pool.StaticPool)
    app = FastAPI()

    @app.get("/orders")
    async def orders() -> dict[str, int]:
        with engine.connect() as connection:
            for number in range(5):
                connection.execute(sqlalchemy.text("select :n"), {"n": number})
        return {"orders": 5}

    return app


async def send(app: Callable[..., Awaitable[None]], headers: list[tuple[bytes, bytes]]) -> float:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/orders",
        "raw_path": b"/orders",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "server": ("shop", 80),
        "client": ("127.0.0.1", 1),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def answer(_: Message) -> None: ...

    started = perf_counter()
    await app(scope, receive, answer)
    return perf_counter() - started


async def measure(requests: int, rounds: int) -> None:
    usual = [(b"host", b"shop"), (b"accept", b"*/*"), (b"user-agent", b"bench")]
    asked = [*usual, (HEADER.lower().encode(), SECRET.encode())]
    bare, timed = shop(), ServerTimingASGI(shop(), secret=SECRET)
    arms = {"bare": (bare, usual), "unasked": (timed, usual), "asked": (timed, asked)}
    for app, headers in arms.values():  # everything is built at the first request
        for _ in range(200):
            await send(app, headers)
    medians: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(rounds):
        for name in random.sample(list(arms), len(arms)):
            app, headers = arms[name]
            medians[name].append(median([await send(app, headers) for _ in range(requests)]))
    base = median(medians["bare"])
    print(f"median of {rounds} rounds of {requests} requests with 5 queries each, ASGI without a network")
    for name, values in medians.items():
        middle = median(values)
        print(
            f"{name:8} {middle * 1e6:8.1f} us per request, {(middle - base) * 1e6:+6.1f} us, {middle / base - 1:+.1%}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.requests, arguments.rounds))
