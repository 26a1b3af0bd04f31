"""Flask (threads, psycopg without an ORM, requests) with a real Celery worker: `python -m ... PORT`"""

from __future__ import annotations

import queue
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flask
import psycopg
import requests

from bench.zoo.patient import ailments, jobs
from bench.zoo.patient.ailments import PAGE, REGIONS, is_on
from bench.zoo.patient.threads import serve
from perfgate.middleware import ServerTimingWSGI

app = flask.Flask(__name__)
prices = requests.Session()
free: queue.LifoQueue[psycopg.Connection[Any] | None] = queue.LifoQueue()
for _ in range(8):
    free.put(None)


@contextmanager
def connection() -> Iterator[psycopg.Connection[Any]]:
    """One of a pool; in the disease a new one each time."""
    if is_on("connection per request"):
        with psycopg.connect(ailments.DATABASE, autocommit=True) as own:
            yield own
        return
    taken = free.get() or psycopg.connect(ailments.DATABASE, autocommit=True)
    try:
        yield taken
    finally:
        free.put(taken)


def _answer(body: dict[str, object]) -> flask.Response:
    return flask.Response(ailments.text(body), mimetype="application/json")


def _rows(region: int) -> list[dict[str, object]]:
    with connection() as database:
        if is_on("n+1"):
            found = database.execute(
                "select id, cents, customer_id from purchase where region = %s order by cents, id limit 30", [region]
            ).fetchall()
            rows = [
                (
                    number,
                    cents,
                    (database.execute("select name from customer where id = %s", [of]).fetchone() or ("",))[0],
                )
                for number, cents, of in found
            ]
        else:
            is_cast = is_on("index lost by a cast")
            rows = database.execute(
                "select p.id, p.cents, c.name from purchase p join customer c on c.id = p.customer_id "
                f"where p.region{'::text' if is_cast else ''} = %s order by p.cents, p.id limit {PAGE}",
                [str(region) if is_cast else region],
            ).fetchall()
    return [{"id": number, "cents": cents, "customer": name} for number, cents, name in rows]


@app.get("/orders")
def orders() -> flask.Response:
    return _answer({"rows": _rows(1 + int(flask.request.args.get("n", 1)) % REGIONS)})


@app.get("/report")
def report() -> flask.Response:
    ailments.burn()
    if is_on("sleep"):
        time.sleep(0.020)
    return _answer(ailments.answer(_rows(1 + int(flask.request.args.get("n", 1)) % REGIONS)))


@app.get("/quote")
def quote() -> flask.Response:
    return _answer(prices.get(f"{ailments.PRICES}/price?s={ailments.PRICE_S}", timeout=5).json())


@app.get("/export")
def export() -> flask.Response:
    """Queues a job. The pause keeps the rate below what a sound worker does."""
    time.sleep(0.050)
    jobs.export.delay()
    return flask.Response(status=202)


@app.get("/render")
def render() -> flask.Response:
    """Waits for a job."""
    return flask.Response(jobs.render.delay().get(timeout=10, interval=0.001))


@app.get("/ping")
@app.get("/healthz")
def ping() -> flask.Response:
    return flask.Response("pong " * 10)


if __name__ == "__main__":
    with subprocess.Popen([sys.executable, "-m", "celery", *jobs.WORKER]) as worker:
        try:
            jobs.render.delay().get(timeout=60)  # the worker is there
            serve(
                ServerTimingWSGI(app) if ailments.MIDDLEWARE else app,
                int(sys.argv[1]),
                is_kept_open=not is_on("connections closed"),
            )
        finally:
            worker.terminate()
