"""The parts of the shop that need no server: its cache and its counter."""

from __future__ import annotations

import asyncio

import pytest

from perfgate.demo.cache import Cache
from perfgate.demo.counter import Counted


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_cache_loads_once_until_the_entry_expires():
    clock = Clock()
    cache: Cache[str, float] = Cache(60, clock)
    assert [cache.get("tea", clock) for clock.now in (0.0, 59.9, 60.0, 60.1)] == [0.0, 0.0, 60.0, 60.0]


def test_a_bypassed_cache_always_loads():
    clock = Clock()
    cache: Cache[str, float] = Cache(60, clock)
    assert [cache.get("tea", clock, bypass=True) for clock.now in (0.0, 1.0)] == [0.0, 1.0]


def ask(counted: Counted, path: str = "/products") -> None:
    async def nothing(*_: object) -> dict[str, object]:
        return {"type": "http.disconnect"}

    asyncio.run(counted({"type": "http", "method": "GET", "path": path}, nothing, nothing))


async def breaks_before_it_answers(scope, receive, send) -> None:
    raise RuntimeError


async def breaks_half_way(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    raise RuntimeError


async def breaks_afterwards(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})
    raise RuntimeError


@pytest.mark.parametrize(
    ("app", "failed", "status"),
    [(breaks_before_it_answers, 1, "no response"), (breaks_half_way, 1, "200"), (breaks_afterwards, 0, "200")],
)
def test_a_request_that_fails_is_counted_once(app, failed, status):
    counted = Counted(app)
    with pytest.raises(RuntimeError):
        ask(counted)
    assert counted.stats() == {
        "started": 1,
        "total": 1,
        "failed": failed,
        "routes": {"GET (other)": 1},
        "statuses": {status: 1},
    }


@pytest.mark.parametrize("path", ["/healthz", "/stats", "/stats/reset"])
def test_what_watches_the_server_is_not_counted(path):
    counted = Counted(breaks_before_it_answers)
    with pytest.raises(RuntimeError):
        ask(counted, path)
    assert counted.stats()["started"] == 0


def test_reset_keeps_the_requests_that_are_under_way():
    seen = []

    async def resets(scope, receive, send) -> None:
        counted.reset()
        seen.append(counted.stats()["started"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    counted = Counted(resets)
    ask(counted)
    ask(counted)
    assert seen == [1, 1]
    assert (counted.stats()["started"], counted.stats()["total"]) == (1, 1)
