"""The middleware in real applications: FastAPI (threads and event loop), Flask and Django, with a real SQLite."""

from __future__ import annotations

import asyncio
import io
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from time import thread_time
from types import ModuleType
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest
import sqlalchemy
from fastapi import FastAPI
from flask import Flask
from services import redis_server

from perfgate.middleware import ServerTimingASGI, ServerTimingWSGI, hooks, meter
from perfgate.middleware.secret import HEADER, VARIABLE
from perfgate.text import server_timing

SECRET = "open sesame"
ASKED = {HEADER: SECRET}


def burn(seconds: float) -> None:
    until = thread_time() + seconds
    while thread_time() < until:
        pass


def entries(response: httpx.Response) -> dict[str, tuple[float, int | None]]:
    """Name -> (milliseconds, calls)."""
    found = re.findall(r'(\w+);dur=([\d.]+)(?:;desc="n=(\d+)")?', response.headers.get("server-timing", ""))
    return {name: (float(ms), int(calls) if calls else None) for name, ms, calls in found}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sqlalchemy.Engine]:
    made = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    yield made
    made.dispose()


def query(engine: sqlalchemy.Engine, times: int) -> None:
    with engine.connect() as connection:
        for number in range(times):
            connection.execute(sqlalchemy.text("select :n"), {"n": number})


def get(app: object, path: str, headers: dict[str, str]) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as client:  # type: ignore[arg-type]
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def fastapi_app(engine: sqlalchemy.Engine) -> FastAPI:
    app = FastAPI()
    app.add_middleware(ServerTimingASGI, secret=SECRET)

    @app.get("/thread/{times}")
    def in_thread(times: int) -> dict[str, int]:
        query(engine, times)
        burn(0.02)
        return {"times": times}

    @app.get("/loop/{times}")
    async def in_loop(times: int) -> dict[str, int]:
        query(engine, times)
        await asyncio.sleep(0.03)
        burn(0.01)
        return {"times": times}

    @app.get("/broken")
    def broken() -> None:
        with engine.connect() as connection:
            try:
                connection.execute(sqlalchemy.text("select * from nowhere"))
            except sqlalchemy.exc.OperationalError:
                query(engine, 2)

    return app


@pytest.mark.parametrize("place", ["thread", "loop"])
def test_fastapi_counts_queries_and_cpu(engine: sqlalchemy.Engine, place: str):
    seen = entries(get(fastapi_app(engine), f"/{place}/7", ASKED))

    assert seen["db"][1] == 7
    assert 0 < seen["db"][0] < seen["total"][0]
    assert seen["cpu"][0] >= (20 if place == "thread" else 10)
    assert seen["total"][0] >= (20 if place == "thread" else 40)


@pytest.mark.parametrize("headers", [{}, {HEADER: "guess"}, {HEADER: ""}])
def test_nobody_without_the_secret_sees_timings(engine: sqlalchemy.Engine, headers: dict[str, str]):
    response = get(fastapi_app(engine), "/thread/1", headers)

    assert response.status_code == 200
    assert "server-timing" not in response.headers


def test_without_any_secret_nobody_sees_timings(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    app = FastAPI()
    app.add_middleware(ServerTimingASGI)

    assert "server-timing" not in get(app, "/docs", {HEADER: ""}).headers


def test_the_secret_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    app = FastAPI()
    app.add_middleware(ServerTimingASGI)

    assert "total" in entries(get(app, "/docs", ASKED))


def test_a_failed_statement_counts_and_does_not_hide_later_ones(engine: sqlalchemy.Engine):
    assert entries(get(fastapi_app(engine), "/broken", ASKED))["db"][1] == 3


def test_requests_at_the_same_time_do_not_share_a_meter(engine: sqlalchemy.Engine):
    app = fastapi_app(engine)

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as client:
            return await asyncio.gather(*(client.get(f"/loop/{times}", headers=ASKED) for times in (1, 2, 3, 4)))

    counts = [entries(response)["db"][1] for response in asyncio.run(ask())]

    assert counts == [1, 2, 3, 4]


def test_flask(engine: sqlalchemy.Engine):
    app = Flask("shop")

    @app.get("/<int:times>")
    def view(times: int) -> str:
        query(engine, times)
        burn(0.01)
        return "done"

    app.wsgi_app = ServerTimingWSGI(app.wsgi_app, secret=SECRET)  # type: ignore[method-assign, assignment]
    client = app.test_client()
    answer = client.get("/5", headers=ASKED)
    seen = entries(httpx.Response(200, headers=dict(answer.headers)))

    assert seen["db"][1] == 5
    assert seen["cpu"][0] >= 10
    assert "Server-Timing" not in client.get("/5").headers
    assert meter.current() is None


def test_calls_of_other_services_count(engine: sqlalchemy.Engine):
    import urllib.request

    import requests
    import urllib3

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: object) -> None: ...

    def other(_: object, start) -> list[bytes]:  # type: ignore[no-untyped-def]
        start("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    with make_server("127.0.0.1", 0, other, handler_class=Quiet) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        app = Flask("shop")

        @app.get("/")
        def view() -> str:
            requests.get(url, timeout=60)
            httpx.get(url, trust_env=False)
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=60).close()
            urllib3.PoolManager().request("GET", url)
            return "done"

        app.wsgi_app = ServerTimingWSGI(app.wsgi_app, secret=SECRET)  # type: ignore[method-assign, assignment]
        answer = app.test_client().get("/", headers=ASKED)
        server.shutdown()

    assert entries(httpx.Response(200, headers=dict(answer.headers)))["external"][1] == 4


def test_connections_that_a_request_opens_are_counted_and_are_no_queries(engine: sqlalchemy.Engine):
    app = Flask("shop")

    @app.get("/")
    def view() -> str:
        query(engine, 2)
        return "done"

    app.wsgi_app = ServerTimingWSGI(app.wsgi_app, secret=SECRET)  # type: ignore[method-assign, assignment]
    headers = [app.test_client().get("/", headers=ASKED).headers["Server-Timing"] for _ in range(2)]
    seen = [server_timing.read(header).calls for header in headers]

    assert [(item["database"], item["database_connect"]) for item in seen] == [(2, 1), (2, 0)]


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    with redis_server.serving(tmp_path) as url:
        yield url


@pytest.mark.needs("redis")
def test_a_redis_client_for_each_request_opens_a_connection_each(redis_url: str):
    import redis

    app = Flask("shop")
    kept = redis.Redis.from_url(redis_url)
    kept.ping()

    @app.get("/<kind>")
    def view(kind: str) -> str:
        client = kept if kind == "kept" else redis.Redis.from_url(redis_url)
        client.get("key")
        return "done"

    app.wsgi_app = ServerTimingWSGI(app.wsgi_app, secret=SECRET)  # type: ignore[method-assign, assignment]
    headers = [app.test_client().get(f"/{kind}", headers=ASKED).headers["Server-Timing"] for kind in ("kept", "new")]
    seen = [server_timing.read(header).calls for header in headers]

    assert [(item["cache"], item["cache_connect"]) for item in seen] == [(1, 0), (1, 1)]


@pytest.mark.needs("postgresql")
def test_an_orm_and_its_driver_open_one_connection(postgresql_server: str):
    app = Flask("shop")
    url = sqlalchemy.make_url(postgresql_server).set(drivername="postgresql+psycopg")
    database = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)

    @app.get("/")
    def view() -> str:
        query(database, 3)
        return "done"

    app.wsgi_app = ServerTimingWSGI(app.wsgi_app, secret=SECRET)  # type: ignore[method-assign, assignment]
    app.test_client().get("/", headers=ASKED)  # the dialect asks the server for its version
    seen = server_timing.read(app.test_client().get("/", headers=ASKED).headers["Server-Timing"])

    assert (seen.calls["database"], seen.calls["database_connect"]) == (3, 1)
    assert 0 < seen.seconds["database_connect"] < seen.seconds["database"]


def test_sqlite3_without_an_orm(tmp_path: Path):
    app = Flask("shop")

    @app.get("/")
    def view() -> str:
        with sqlite3.connect(tmp_path / "plain.db") as connection:
            connection.execute("create table if not exists item (id int)")
            cursor = connection.cursor()
            cursor.executemany("insert into item values (?)", [(1,), (2,)])
            return str(cursor.execute("select count(*) from item").fetchone()[0])

    app.wsgi_app = ServerTimingWSGI(app.wsgi_app, secret=SECRET)  # type: ignore[method-assign, assignment]
    answer = app.test_client().get("/", headers=ASKED)

    assert entries(httpx.Response(200, headers=dict(answer.headers)))["db"][1] == 3
    assert answer.text == "2"


@pytest.mark.needs("postgresql")
def test_asyncpg_with_its_pool_and_calls_by_aiohttp(postgresql_server: str):
    import aiohttp
    import asyncpg

    app = FastAPI()

    @app.get("/")
    async def view() -> int:
        async with (
            asyncpg.create_pool(postgresql_server, min_size=1, max_size=2) as pool,
            aiohttp.ClientSession() as client,
        ):
            with suppress(aiohttp.ClientError):
                await client.get("http://127.0.0.1:1/")
            async with pool.acquire() as connection:
                prepared = await connection.prepare("select $1::int")
                return sum([await prepared.fetchval(1), await pool.fetchval("select 2")])

    async def ask() -> dict[str, tuple[float, int | None]]:
        transport = httpx.ASGITransport(app=ServerTimingASGI(app, secret=SECRET))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return entries(await client.get("/", headers=ASKED))

    seen = asyncio.run(ask())

    assert seen["external"][1] == 1
    assert seen["db"][1] == 2


def test_writing_the_answer_counts_without_what_is_loaded_meanwhile(engine: sqlalchemy.Engine):
    app = Flask("shop")

    def load(_: object) -> str:
        query(engine, 3)
        return "loaded"

    @app.get("/")
    def view() -> str:
        return json.dumps({"order": object()}, default=load)

    app.wsgi_app = ServerTimingWSGI(app.wsgi_app, secret=SECRET)  # type: ignore[method-assign, assignment]
    answer = app.test_client().get("/", headers=ASKED)
    seen = entries(httpx.Response(200, headers=dict(answer.headers)))

    assert (seen["serialisation"][1], seen["db"][1]) == (1, 3)
    assert seen["serialisation"][0] + seen["db"][0] <= seen["total"][0]


def test_parsing_counts_as_serialising_does_and_reading_a_file_counts_as_none_of_it():
    app = Flask("shop")
    calls: list[str] = []

    class Slow(io.StringIO):
        def read(self, size: int | None = -1) -> str:
            calls.append("read")
            burn(0.02)
            return super().read(size)

    def nest(value: dict[str, int]) -> object:
        return json.loads("[1]")  # inside another parse: counts once

    @app.get("/")
    def view() -> str:
        json.loads(json.dumps({"a": {"b": 1}}), object_hook=nest)
        json.load(Slow("[1]"))
        json.dump([1], io.StringIO())
        return "done"

    app.wsgi_app = ServerTimingWSGI(app.wsgi_app, secret=SECRET)  # type: ignore[method-assign, assignment]
    answer = app.test_client().get("/", headers=ASKED)
    seen = entries(httpx.Response(200, headers=dict(answer.headers)))

    assert calls == ["read"]
    assert seen["serialisation"][1] == 4
    assert seen["serialisation"][0] <= seen["total"][0] - 20


DJANGO = f"""
import django, sys
from django.conf import settings
settings.configure(
    SECRET_KEY="x", ROOT_URLCONF="__main__", ALLOWED_HOSTS=["*"], PERFGATE_TIMING_SECRET={SECRET!r},
    MIDDLEWARE=["perfgate.middleware.django.ServerTimingMiddleware"],
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}}}},
)
django.setup()
from django.db import connection
from django.db.backends.signals import connection_created
from django.http import HttpResponse
from django.test import Client
from django.urls import path

def set_up(connection, **_):
    connection.cursor().execute("pragma cache_size = 100")

connection_created.connect(set_up)  # time, and no query

def view(request, times):
    with connection.cursor() as cursor:
        for number in range(times):
            cursor.execute("select %s", [number])
    return HttpResponse("done", headers={{"Server-Timing": "mine;dur=1"}})

urlpatterns = [path("<int:times>", view)]
print(Client().get("/6", headers={ASKED!r}).headers["Server-Timing"])
print(Client().get("/6").headers["Server-Timing"])
"""


def test_django(tmp_path: Path):
    sqlite3.connect(tmp_path / "shop.db").close()
    done = subprocess.run(
        [sys.executable, "-c", DJANGO, str(tmp_path / "shop.db")], capture_output=True, text=True, check=True
    )
    asked, unasked = done.stdout.splitlines()

    seen = entries(httpx.Response(200, headers={"server-timing": asked}))
    assert seen["db"][1] == 6
    assert server_timing.read(asked).calls["database_connect"] == 1
    assert asked.startswith("mine;dur=1, total;")
    assert unasked == "mine;dur=1"


def test_it_needs_nothing_else_of_perfgate_and_no_library():
    code = (
        "import sys, perfgate.middleware; "
        "print(sorted(n for n in sys.modules if n.startswith('perfgate.') and not n.startswith('perfgate.middleware')), "
        "[n for n in ('pydantic', 'sqlalchemy', 'httpx', 'numpy', 'redis') if n in sys.modules])"
    )

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[] []\n"


ALONE = """
import sys
{imports}
from wsgiref.util import setup_testing_defaults
from perfgate.middleware import ServerTimingWSGI

def application(environ, start_response):
    start_response("200 OK", [])
    return [b"ok"]

environ = {{"HTTP_X_PERFGATE_TIMING": "open sesame"}}
setup_testing_defaults(environ)
list(ServerTimingWSGI(application, secret="open sesame")(environ, lambda status, headers: print(dict(headers))))
"""


@pytest.mark.parametrize(("imports", "tells"), [("import sqlite3", False), ("import psycopg", True)])
def test_no_query_is_told_only_where_queries_would_be_seen(imports: str, tells: bool):
    done = subprocess.run(
        [sys.executable, "-c", ALONE.format(imports=imports)], capture_output=True, text=True, check=True
    )

    assert "total;dur=" in done.stdout
    assert ('db;dur=0.000;desc="n=0"' in done.stdout) is tells


def test_a_library_of_a_version_that_nobody_has_seen_works_as_before(monkeypatch: pytest.MonkeyPatch):
    def hook(module: ModuleType) -> None:
        raise AttributeError(f"{module.__name__} has no cursors any more")

    monkeypatch.setitem(sys.modules, "psycopg_of_next_year", ModuleType("psycopg_of_next_year"))
    monkeypatch.setitem(hooks._waiting, "psycopg_of_next_year", hook)

    hooks.install()

    assert "psycopg_of_next_year" not in hooks._waiting
