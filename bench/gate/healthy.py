"""`python -m bench.gate.healthy [--runs 10]`: what perfgate says of real, unchanged applications, each verdict listed.

Two applications, the demo shop and Datasette (from PyPI, in an environment of its own); 60 requests per second for
30 s; half of the runs while another program takes a core for 2 s of every 4 s.

- history: five runs make the baseline, every further one is judged beside the runs before it. PASS is right.
- ab: base and head are the same commit. PASS is right.
- slower: A/B with one endpoint of the head 30 % slower. FAIL is right, and only for that endpoint.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.gate.real import hogging

RESULTS = Path(__file__).parent.parent / "results" / "gate-healthy.json"
BASELINE_RUNS = 5
TIMEOUT = 300.0  # s, a run
DATASETTE = "datasette==0.65.1"
ROWS = 2_000
IDENTITY = {f"GIT_{who}_{what}": "bench" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
# A Datasette plug-in: the head answers one path a third more slowly, whatever the path takes.
PLUGIN = """
import asyncio, os, time
from datasette import hookimpl

SLOWER = float(os.environ.get("SLOWER", "0")) if os.environ.get("PERFGATE_ARM") == "head" else 0

@hookimpl
def asgi_wrapper(datasette):
    def wrap(app):
        async def wrapped(scope, receive, send):
            if not SLOWER or not scope.get("path", "").startswith("/shop/items"):
                return await app(scope, receive, send)
            began, waiting = time.perf_counter(), []
            async def late(message):
                waiting.append(message)
            await app(scope, receive, late)
            await asyncio.sleep(SLOWER * (time.perf_counter() - began))
            for message in waiting:
                await send(message)
        return wrapped
    return wrap
"""


@dataclass(frozen=True)
class Application:
    name: str
    requests: dict[str, Any]
    slower: str  # the endpoint that `slower` slows down
    prepare: Callable[[Path], None]
    command: Callable[[Path, str], str]  # (cache folder, kind) -> service.command
    ready: str


def _shop(_: Path, kind: str) -> str:
    start = f"exec {shlex.quote(sys.executable)} -m perfgate.demo --port ${{PORT}}"
    fault = 'if [ "$PERFGATE_ARM" = head ]; then export PERFGATE_DEMO_FAULTS=search:slow=1.3; fi; '
    return f"sh -c {shlex.quote((fault if kind == 'slower' else '') + start)}"


def _install_datasette(cache: Path) -> None:
    python = cache / "datasette" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(cache / "datasette")], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", DATASETTE], check=True)
    (cache / "plugins").mkdir(exist_ok=True)
    (cache / "plugins" / "slower.py").write_text(PLUGIN, encoding="utf-8")
    statements = (
        "create table items (id integer primary key, name text, price real, kind text);"
        f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {ROWS}) "
        "insert into items select i, 'item ' || i, i % 997 / 10.0, 'kind ' || i % 17 from n;"
    )
    database = cache / "shop.db"
    database.unlink(missing_ok=True)
    script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])"
    subprocess.run([sys.executable, "-c", script, str(database), statements], check=True)


def _datasette(cache: Path, kind: str) -> str:
    start = shlex.join([str(cache / "datasette" / "bin" / "datasette"), "serve", str(cache / "shop.db")])
    options = f"--plugins-dir {shlex.quote(str(cache / 'plugins'))} --host 127.0.0.1 --port ${{PORT}}"
    slower = "SLOWER=0.3 " if kind == "slower" else ""
    return f"sh -c {shlex.quote(f'{slower}exec {start} {options}')}"


def _noop(_: Path) -> None:
    return None


APPLICATIONS = (
    Application(
        "demo shop",
        {
            "home": {"request": "GET /"},
            "products": {"request": "GET /products?page={n}", "with": {"n": {"between": [1, 60]}}},
            "product": {"request": "GET /products/{n}", "with": {"n": {"between": [1, 60]}}},
            "search": {"request": "GET /search?q={q}", "with": {"q": {"choice": ["lamp", "chair", "oak", "blue"]}}},
        },
        "search",
        _noop,
        _shop,
        "/healthz",
    ),
    Application(
        "datasette",
        {
            "home": {"request": "GET /"},
            "database": {"request": "GET /shop"},
            "items": {"request": "GET /shop/items.json?_size=50"},
            "row": {"request": "GET /shop/items/{n}.json", "with": {"n": {"between": [1, ROWS]}}},
            "query": {"request": "GET /shop.json?sql=select+kind,count(*)+from+items+group+by+kind"},
        },
        "items",
        _install_datasette,
        _datasette,
        "/-/versions.json",
    ),
)


def budgets(application: Application, cache: Path, kind: str, arguments: argparse.Namespace) -> str:
    """A budget file (JSON is YAML) with the limits that the docs advise."""
    return json.dumps(
        {
            "version": 1,
            "name": application.name.replace(" ", "-"),
            "target": "http://127.0.0.1:8765",
            "service": {"command": application.command(cache, kind), "port": 8765, "ready": application.ready},
            "load": {"rate": f"{arguments.rate:g}/s", "warmup": "3s", "duration": f"{arguments.duration:g}s"},
            "defaults": {"budget": {"p50": "500ms +20%", "p95": "500ms +20%", "errors": "1% +0.5pp"}},
            "endpoints": application.requests,
        },
        indent=1,
    )


@contextmanager
def repository(content: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="perfgate-healthy-") as scratch:
        folder = Path(scratch)
        (folder / "budgets.yaml").write_text(content, encoding="utf-8")
        for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "application"]):
            subprocess.run(["git", *command], cwd=folder, env={**os.environ, **IDENTITY}, check=True)
        yield folder


def run(folder: Path, options: list[str], prefix: list[str], *, hog: bool) -> dict[str, Any]:
    """Outcome of every budget of one run. Raises RuntimeError without a verdict."""
    commit = ["git", "commit", "-q", "--allow-empty", "-m", "next"]
    subprocess.run(commit, cwd=folder, env={**os.environ, **IDENTITY}, check=True)
    command = [
        *prefix,
        sys.executable,
        "-m",
        "perfgate",
        "run",
        "--out",
        "out",
        "--no-diagnose",
        *options,
    ]
    began = time.monotonic()
    with hogging(hog):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=None if prefix else TIMEOUT)
    verdict_file = folder / "out" / "verdict.json"
    if not verdict_file.exists():
        raise RuntimeError(f"no verdict (exit code {done.returncode}): {done.stderr[-800:]}")
    verdict = json.loads(verdict_file.read_text(encoding="utf-8"))
    headline = (folder / "out" / "report.md").read_text(encoding="utf-8").strip().splitlines()[0]
    verdict_file.unlink()
    return {
        "hog": hog,
        "exit": done.returncode,
        "outcome": verdict["outcome"],
        "headline": headline,
        "seconds": round(time.monotonic() - began, 1),
        "findings": {f"{one['endpoint']} {one['metric']}": one["outcome"] for one in verdict["findings"]},
        "changes": {f"{one['endpoint']} {one['metric']}": one["change"] for one in verdict["findings"]},
    }


def measure(
    application: Application, kind: str, cache: Path, arguments: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    alone, beside = shlex.split(arguments.alone), shlex.split(arguments.beside)
    with repository(budgets(application, cache, kind, arguments)) as folder:
        if kind == "history":
            for _ in range(BASELINE_RUNS):
                run(folder, ["--save"], alone, hog=False)
        for number in range(arguments.runs):
            options = ["--save"] if kind == "history" else ["--base-ref", "main", "--no-save"]
            hog = number % 2 == 1
            yield run(folder, options, beside if hog else alone, hog=hog)


def summary(application: Application, kind: str, runs: list[dict[str, Any]]) -> str:
    outcomes = [one["outcome"] for one in runs]
    findings = [outcome for one in runs for outcome in one["findings"].values()]
    parts = [f"{outcomes.count(outcome)} {outcome}" for outcome in dict.fromkeys(outcomes)]
    text = f"{application.name}, {kind}: {', '.join(parts)} of {len(runs)} runs"
    return f"{text}; {findings.count('inconclusive')} of {len(findings)} findings undecided"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gate.healthy", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10, help="judged runs of each kind")
    parser.add_argument("--rate", type=float, default=60.0)
    parser.add_argument("--duration", type=float, default=30.0)
    parser.add_argument("--only", help="application,kind: one of the six series")
    parser.add_argument(
        "--alone", default="", help="a command before the runs that need a machine of their own (a lock)"
    )
    parser.add_argument("--beside", default="", help="a command before the runs beside a busy program")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "perfgate-bench-healthy")
    arguments = parser.parse_args()
    arguments.cache.mkdir(exist_ok=True)
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for application in APPLICATIONS:
        for kind in ("history", "ab", "slower"):
            series = f"{application.name},{kind}"
            if arguments.only not in (None, series):
                continue
            application.prepare(arguments.cache)
            runs: list[dict[str, Any]] = []
            for one in measure(application, kind, arguments.cache, arguments):
                runs.append(one)
                undecided = [f"{name} {outcome}" for name, outcome in one["findings"].items() if outcome != "pass"]
                print(f"{series} {len(runs)}{' hog' * one['hog']}: {one['headline']} {undecided}", flush=True)
                results[series] = {"rate": arguments.rate, "duration": arguments.duration, "runs": runs}
                RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            print(summary(application, kind, runs), flush=True)


if __name__ == "__main__":
    main()
