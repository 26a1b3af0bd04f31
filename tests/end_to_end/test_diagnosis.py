"""`perfgate run` finds out why: a real application beside its base, and what is said of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from projects import ENVIRONMENT, Project, free_port

# N+1 by a switch in a file, in a real FastAPI application with perfgate's middleware.
APP = """
import sqlite3, sys
from pathlib import Path
import sqlalchemy, uvicorn
from fastapi import FastAPI
from perfgate.middleware import ServerTimingASGI

QUERIES = int(Path("queries.txt").read_text())
engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.pool.StaticPool,
                                  connect_args={"check_same_thread": False})
app = FastAPI()
app.add_middleware(ServerTimingASGI)

@app.get("/ready")
async def ready(): return {}

@app.get("/orders")
async def orders(page: int):
    with engine.connect() as connection:
        for number in range(QUERIES):
            connection.execute(sqlalchemy.text("with recursive n(i) as (select 1 union all select i + 1 from n "
                                               "where i < 5000) select sum(i) from n")).all()
    return {"page": page}

@app.get("/home")
async def home(): return {}

uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""
BUDGETS = """
version: 1
target: http://127.0.0.1:{port}
service: {{command: "exec {python} app.py ${{PORT}}", port: {port}, ready: /ready}}
load: {{rate: 20/s, warmup: 500ms, duration: 5s}}
endpoints:
  orders: {{request: "GET /orders?page={{page}}", with: {{page: {{between: [1, 9]}}}}, budget: {{p50: {limit}}}}}
  home: {{request: GET /home, weight: 2, budget: {{p50: 2s}}}}
diagnose: {{for: 4s{more}}}
"""


class Repository(Project):
    def git(self, *arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=self.folder, env=ENVIRONMENT, check=True)

    def budgets(self, *, limit: str = "5ms", more: str = "") -> None:
        self.write(BUDGETS.format(python=sys.executable, port=free_port(), limit=limit, more=more))

    def diagnosis(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads((self.runs[-1] / "diagnosis.json").read_text(encoding="utf-8"))
        return data


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    project = Repository(tmp_path)
    project.git("init", "--quiet", "--initial-branch", "main")
    project.write(APP, "app.py")
    project.write("2", "queries.txt")
    project.write(".perfgate\n", ".gitignore")
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "quick")
    project.write("40", "queries.txt")
    project.budgets()
    return project


@pytest.mark.load
def test_a_failure_is_explained_by_itself_and_the_layers_add_up(repository: Repository):
    done = repository.perfgate("run", "--base-ref", "main", PERFGATE_DIAGNOSE="")

    assert done.returncode == 1, done.stderr
    diagnosis = repository.diagnosis()
    [found] = diagnosis["findings"]
    assert (found["endpoint"], found["metric"], diagnosis["control"]) == ("orders", "p50", "home")
    assert sum(layer["change"] for layer in found["layers"]) == pytest.approx(found["difference"], abs=1e-9)
    assert {layer["layer"]: layer["change"] for layer in found["layers"]}["database"] > 0
    cause = found["causes"][0]
    assert (cause["code"], cause["confidence"]) == ("repeated-statement", "confirmed")
    assert cause["sentence"] == "40 queries per request instead of 2"
    assert "40 queries per request instead of 2" in done.stdout
    assert "40 queries per request instead of 2" in (repository.runs[-1] / "report.md").read_text(encoding="utf-8")
    assert "selectinload" in (repository.runs[-1] / "report.html").read_text(encoding="utf-8")


def test_nothing_is_diagnosed_when_nothing_failed_or_nobody_wants_it(repository: Repository):
    repository.perfgate("run", "--no-diagnose")
    assert not (repository.runs[-1] / "diagnosis.json").exists()

    repository.budgets(limit="2s")
    done = repository.perfgate("run", PERFGATE_DIAGNOSE="")
    assert done.returncode == 0, done.stderr
    assert not (repository.runs[-1] / "diagnosis.json").exists()


@pytest.mark.slow
def test_a_failure_that_an_earlier_run_does_not_confirm_is_not_diagnosed(repository: Repository):
    repository.budgets(limit="2s")
    repository.perfgate("run", PERFGATE_DIAGNOSE="")
    earlier = repository.runs[-1]
    repository.budgets()

    done = repository.perfgate("run", "--confirm", str(earlier), PERFGATE_DIAGNOSE="")

    assert done.returncode == 0, done.stderr
    assert repository.runs[-1] != earlier
    assert not (repository.runs[-1] / "diagnosis.json").exists()


@pytest.mark.slow
def test_a_passing_run_is_looked_at_when_asked(repository: Repository):
    repository.budgets(limit="2s")

    done = repository.perfgate("run", "--diagnose")

    assert done.returncode == 0, done.stderr
    findings = {found["endpoint"]: found for found in repository.diagnosis()["findings"]}
    assert findings["orders"]["difference"] is None
    assert findings["orders"]["facts"]["queries"] == [None, 40.0]


def test_a_probe_that_cannot_look_costs_a_warning_and_no_verdict(repository: Repository):
    repository.budgets(
        limit="5s, size: 1B",  # broken on every machine
        more=f', postgres: "postgresql://ada:s3cret@127.0.0.1:{free_port()}/shop", redis: "${{NOWHERE}}"',
    )

    done = repository.perfgate("run", PERFGATE_DIAGNOSE="")

    assert done.returncode == 1, done.stderr
    warnings = " ".join(repository.diagnosis()["warnings"])
    assert "diagnose.postgres: cannot connect" in warnings
    assert "NOWHERE" in warnings
    assert "s3cret" not in warnings + done.stdout + done.stderr


@pytest.mark.slow
def test_one_endpoint_without_a_load_test(repository: Repository):
    done = repository.perfgate("diagnose", "orders", "--base-ref", "main", "--metric", "mean")

    assert done.returncode == 0, done.stderr
    assert "orders mean +" in done.stdout
    assert "40 queries per request instead of 2" in done.stdout
    [found] = repository.diagnosis()["findings"]
    assert sum(layer["change"] for layer in found["layers"]) == pytest.approx(found["difference"], abs=1e-9)
    assert sorted(path.name for path in (repository.runs[-1] / "diagnose").iterdir()) == [
        "replay.log",
        "scenario_0.py",
        "scenario_1.py",
        "service-base.log",
        "service-head.log",
    ]


@pytest.mark.parametrize("arguments", [("nowhere",), ("orders", "--metric", "errors")])
def test_what_cannot_be_diagnosed_is_said_at_once(repository: Repository, arguments: tuple[str, ...]):
    done = repository.perfgate("diagnose", *arguments)

    assert done.returncode == 2
    assert "Known: " in done.stderr
