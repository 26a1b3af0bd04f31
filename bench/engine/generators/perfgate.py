"""perfgate itself: `perfgate run` on a generated budget file, as a user would."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.engine.job import Job, Said
from bench.engine.machine import BOTH, GENERATOR, run

END_TIMEOUT_S = 60.0  # s beyond the load itself
BURNING = '''"""Burns Python after every answer, to see what a busy generator still tells of the server."""
from time import perf_counter

from locust import task

from perfgate.runtime import Endpoint, Visitor, status

answer = Endpoint("answer", "GET", "/json", expect=[status(200)])


class Busy(Visitor):
    @task
    def ask(self):
        self.send(answer)
        until = perf_counter() + {burn}
        while perf_counter() < until:
            pass
'''


def budget(job: Job) -> dict[str, Any]:
    """A budget file (JSON is YAML) for the job."""
    load: dict[str, Any] = {"warmup": f"{job.warmup:g}s", "duration": f"{job.duration:g}s"}
    load |= {"users": job.users} if job.users else {"rate": f"{job.rate:g}/s", "max_users": 2000}
    load |= {"arrivals": "even"} if job.even else {}
    content: dict[str, Any] = {"version": 1, "name": "bench", "target": job.target, "load": load}
    if job.burn:
        return content | {"scenarios": ["busy.py"]}
    endpoint: dict[str, Any] = {"request": "GET /json", "expect": {"status": 200}}
    if job.capture:
        endpoint["request"] = "GET /items/{number}"
        endpoint |= {"with": {"number": {"between": [1, 1000]}}, "capture": {"id": "$.id"}}
    return content | {"endpoints": {"answer": endpoint}}


class Perfgate:
    name = "perfgate"

    def absent(self) -> str:
        return ""

    def run(self, job: Job, folder: Path) -> Said:
        if job.burn:
            (folder / "busy.py").write_text(BURNING.format(burn=job.burn), encoding="utf-8")
        return measure(budget(job), job, folder)


def measure(content: dict[str, Any], job: Job, folder: Path) -> Said:
    """Runs a budget file. CPU time is that of the Locust processes; perfgate's own parent process makes no load."""
    (folder / "budgets.yaml").write_text(json.dumps(content), encoding="utf-8")
    command = [sys.executable, "-m", "perfgate", "run", "--budget", "budgets.yaml", "--no-save", "--out", "out"]
    if job.processes > 1:
        command += ["--processes", str(job.processes)]
    finished = run(
        command,
        cores=GENERATOR if job.processes == 1 else BOTH,
        folder=folder,
        environ={"SSL_CERT_FILE": str(job.trusted)} if job.trusted else None,
        timeout=job.seconds + END_TIMEOUT_S,
        counts=lambda line: "perfgate.runtime" in line,
    )
    record = folder / "out" / "run.json"
    if not record.exists():
        raise RuntimeError(f"perfgate made no record (exit code {finished.code}): {finished.output[-600:]}")
    return said(json.loads(record.read_text(encoding="utf-8")), finished.cpu)


def said(record: dict[str, Any], cpu: float) -> Said:
    endpoints = [one for one in record["endpoints"] if one["kind"] == "endpoint" and one["requests"]]
    if not endpoints:
        raise RuntimeError("perfgate recorded no request at all")
    requests = sum(one["requests"] for one in endpoints)
    started = round(datetime.fromisoformat(record["started"]).timestamp() * 1e9)
    metrics = endpoints[0]["metrics"]  # of the only one, where percentiles are looked at
    notes = {name: value for name, value in record["generator"].items() if isinstance(value, (int, float))}
    notes["unfinished"] = record["unfinished"]
    return Said(
        requests=requests,
        sent=requests + record["warmup_requests"] + record.get("after_requests", 0),
        seconds=record["duration"],
        cpu=cpu,
        failures=sum(one["failures"] for one in endpoints),
        percentiles={name: metrics[name] for name in ("p50", "p95", "p99") if name in metrics},
        window=(started, started + round(record["duration"] * 1e9)),
        notes=notes,
    )
