"""Budgets on what is counted instead of timed: judged to the digit, in one run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from projects import ENVIRONMENT, Project, free_port

TELLING = """
import sqlite3, sys
from pathlib import Path
import sqlalchemy, uvicorn
from fastapi import FastAPI, Response
from starlette.middleware.gzip import GZipMiddleware
from perfgate.middleware import ServerTimingASGI

QUERIES = int(Path("queries.txt").read_text())
engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.pool.StaticPool,
                                  connect_args={"check_same_thread": False})
app = FastAPI()
app.add_middleware(GZipMiddleware)
app.add_middleware(ServerTimingASGI)
asked = 0

@app.get("/orders")
async def orders(response: Response):
    global asked
    with engine.connect() as connection:
        for number in range(QUERIES):
            connection.execute(sqlalchemy.text("select 1")).all()
    asked += 1
    response.headers["X-Cache"] = "MISS" if asked % 4 == 0 else "HIT"
    return ["gold"] * 1000

@app.get("/plain")
async def plain(): return {}

uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""
SILENT = """
import os, sys, threading
import psycopg
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

print("started with", os.environ.get("SHOP_TOKEN"), flush=True)
database, transactions = psycopg.connect(os.environ["DATABASE_URL"]), threading.Lock()

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/orders":
            with transactions, database.transaction():
                for order in (1, 2, 3, 4):
                    database.execute("select n from generate_series(1, 5) n where n > %s - %s", [order, order]).fetchall()
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *words): pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
BUDGETS = """
version: 1
target: http://127.0.0.1:{port}
service: {{command: "exec {python} app.py ${{PORT}}", port: {port}, ready: /plain}}
load: {{rate: 40/s, warmup: 500ms, duration: 4s}}
endpoints:
  orders: {{request: GET /orders, budget: {budget}}}
  plain: {{request: GET /plain}}
{more}
"""


class Repository(Project):
    def git(self, *arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=self.folder, env=ENVIRONMENT, check=True)

    def budgets(self, budget: str, more: str = "") -> None:
        self.write(BUDGETS.format(python=sys.executable, port=free_port(), budget=budget, more=more))

    def findings(self) -> dict[str, dict[str, Any]]:
        verdict = json.loads((self.runs[-1] / "verdict.json").read_text(encoding="utf-8"))
        return {finding["metric"]: finding for finding in verdict["findings"]}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    project = Repository(tmp_path)
    project.git("init", "--quiet", "--initial-branch", "main")
    project.write(TELLING, "app.py")
    project.write("3", "queries.txt")
    project.write(".perfgate\n", ".gitignore")
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "three queries")
    return project


def test_a_query_more_fails_in_one_run_and_what_answers_tell_is_judged(repository: Repository):
    repository.budgets("{queries: 3 +0, cpu: 80ms, compressed: 100%, cache_hits: 60%, memory_growth: 200MB, size: 1kB}")

    done = repository.perfgate("run")

    assert done.returncode == 0, done.stdout + done.stderr
    findings = repository.findings()
    assert findings["queries"]["measured"] == 3
    assert findings["compressed"]["measured"] == 1
    assert findings["cache_hits"]["measured"] == pytest.approx(0.75, abs=0.02)
    assert 0 < findings["cpu"]["measured"] < 0.08
    assert findings["memory_growth"]["outcome"] == "pass"
    assert "Counting alone" not in done.stderr

    repository.write("4", "queries.txt")
    done = repository.perfgate("run")

    assert done.returncode == 1, done.stderr
    finding = repository.findings()["queries"]
    assert (finding["measured"], finding["baseline"], finding["outcome"]) == (4, 3, "fail")
    assert finding["sentence"] == "orders queries 3 to 4, +1, over the limit of +0; over the limit of 3."
    assert "3 to 4" in (repository.runs[-1] / "report.md").read_text(encoding="utf-8")


def test_a_query_more_than_the_base_fails_beside_it(repository: Repository):
    repository.write("4", "queries.txt")
    repository.budgets("{queries: +0}")

    done = repository.perfgate("run", "--base-ref", "main")

    assert done.returncode == 1, done.stderr
    assert repository.findings()["queries"]["sentence"] == "orders queries 3 to 4, +1, over the limit of +0."


@pytest.mark.slow
def test_what_nothing_counts_has_no_data_and_says_what_to_install(repository: Repository):
    repository.write(SILENT.replace("psycopg", "sqlite3").replace('os.environ["DATABASE_URL"]', '":memory:"'), "app.py")
    repository.write((repository.folder / "app.py").read_text().replace('self.path == "/orders"', "False"), "app.py")
    repository.budgets("{queries: 3, cpu: 50ms}")

    repository.perfgate("run")

    findings = repository.findings()
    assert findings["queries"]["outcome"] == "no-data"
    assert "add perfgate.middleware to the application" in findings["queries"]["sentence"]
    assert "`diagnose.postgres`" in findings["queries"]["sentence"]
    assert 0 < findings["cpu"]["measured"] < 0.05  # of the processes, alone


@pytest.mark.needs("postgresql")
def test_the_database_counts_alone_what_the_application_does_not_tell(repository: Repository, postgresql_server: str):
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("create extension if not exists pg_stat_statements")
    repository.write(SILENT, "app.py")
    repository.budgets(
        "{queries: 4, rows: 19}",
        "diagnose: {postgres: '${DATABASE_URL}'}\ndefaults: {headers: {X-Token: '${SHOP_TOKEN}'}}",
    )

    done = repository.perfgate("run", DATABASE_URL=postgresql_server, SHOP_TOKEN="t0ken-of-the-shop")

    assert done.returncode == 1, done.stdout + done.stderr
    findings = repository.findings()
    assert (findings["queries"]["measured"], findings["queries"]["outcome"]) == (4, "pass")
    assert findings["rows"]["sentence"] == "orders rows 20: over the limit of 19."
    logs = list(repository.runs[-1].rglob("service*.log"))
    assert len(logs) == 2  # of the load, and of the pass alone
    assert ["t0ken" in log.read_text(encoding="utf-8") for log in logs] == [False, False]


@pytest.mark.needs("postgresql", "redis")
def test_a_database_or_cache_that_the_application_does_not_use_has_no_data(
    repository: Repository, postgresql_server: str, redis_port: int
):
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("drop database if exists unused")
        connection.execute("create database unused")
    unused = postgresql_server.rpartition("/")[0] + "/unused"
    with psycopg.connect(unused, autocommit=True) as connection:
        connection.execute("create extension pg_stat_statements")
    repository.write(SILENT, "app.py")
    repository.budgets(
        "{queries: 4, rows: 20, cache_hits: 10%}", "diagnose: {postgres: '${UNUSED}', redis: '${REDIS_URL}'}"
    )
    text = (repository.folder / "budgets.yaml").read_text(encoding="utf-8")
    repository.write(text.replace("duration: 4s", "duration: 1s"))

    done = repository.perfgate(
        "run", DATABASE_URL=postgresql_server, UNUSED=unused, REDIS_URL=f"redis://127.0.0.1:{redis_port}/0"
    )

    assert done.returncode == 3, done.stdout + done.stderr
    assert {name: item["outcome"] for name, item in repository.findings().items()} == {
        "queries": "no-data",
        "rows": "no-data",
        "cache_hits": "no-data",
    }
    warnings = json.loads((repository.runs[-1] / "run.json").read_text(encoding="utf-8"))["warnings"]
    for key in ("postgres", "redis"):
        [said] = [text for text in warnings if text.startswith(f"diagnose.{key} counted no ")]
        assert said.endswith("that the application uses? [PG-X006]")
