"""`diagnose: {traces: otlp}`: a real instrumented application, whose traces say where its time goes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from projects import ENVIRONMENT, Project, free_port

pytestmark = pytest.mark.needs("redis")
APP = Path(__file__).with_name("traced_app.py")
BUDGETS = """
version: 1
target: http://127.0.0.1:{port}
service: {{command: "exec {python} app.py ${{PORT}} {redis} $(cat queries.txt)", port: {port}, ready: /ready}}
load: {{rate: 40/s, duration: 5s}}
endpoints:
  mixed: GET /mixed
  orders: GET /orders
defaults: {{budget: {{p95: 1s}}}}
diagnose: {{for: {seconds}s, traces: {traces}}}
"""


class TracedProject(Project):
    redis: int

    def budgets(self, traces: str = "otlp", seconds: int = 3) -> None:
        written = BUDGETS.format(
            python=sys.executable, port=free_port(), redis=self.redis, traces=traces, seconds=seconds
        )
        self.write(written)

    def git(self, *arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=self.folder, env=ENVIRONMENT, check=True)

    def diagnosed(self, *arguments: str) -> dict[str, Any]:
        done = self.perfgate("diagnose", *arguments, PERFGATE_DIAGNOSE="")
        assert done.returncode == 0, done.stderr
        self.said = done.stdout + done.stderr
        data: dict[str, Any] = json.loads((self.runs[-1] / "diagnosis.json").read_text(encoding="utf-8"))
        assert data["warnings"] == []
        [found] = data["findings"]
        return dict(found)


@pytest.fixture
def project(tmp_path: Path, redis_port: int) -> TracedProject:
    project = TracedProject(tmp_path)
    project.redis = redis_port
    shutil.copy(APP, project.folder / "app.py")
    project.write("2", "queries.txt")
    project.budgets()
    return project


def test_layers_are_those_of_the_application(project: TracedProject):
    project.budgets(traces="{link: 'https://jaeger.example/trace/{trace_id}'}")

    found = project.diagnosed("mixed", "--metric", "p50")

    layers = {layer["layer"]: layer["now"] for layer in found["layers"]}
    least = {"database": 0.04, "cache": 0.02, "external": 0.03, "application": 0.01}  # s; a busy machine adds to each
    assert {name: layers[name] for name in least if layers[name] <= 0.95 * least[name]} == {}
    assert layers.get("unattributed", 0.0) == 0.0
    traces = found["traces"]
    assert traces["requests"] == traces["traced"] > 10
    assert {(item["layer"], item["what"], item["calls"]) for item in traces["operations"]} == {
        ("database", "SELECT pause(?) AS hidden_literal", 1.0),
        ("cache", "BLPOP", 1.0),
        ("external", "127.0.0.1", 1.0),
    }
    slowest = traces["slowest"][0]
    assert slowest["link"] == f"https://jaeger.example/trace/{slowest['trace']}"
    assert sum(slowest["layers"].values()) == pytest.approx(slowest["seconds"], abs=1e-9)
    assert f"traces for {traces['traced']} of {traces['requests']} requests" in project.said
    assert slowest["link"] in project.said
    assert "secret" not in (project.runs[-1] / "diagnosis.json").read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_is_repeated_is_named_beside_its_base(project: TracedProject):
    project.write(".perfgate\n", ".gitignore")
    project.git("init", "--quiet", "--initial-branch", "main")
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "quick")
    project.write("20", "queries.txt")

    found = project.diagnosed("orders", "--base-ref", "main", "--metric", "p50")

    assert sum(item["change"] for item in found["layers"]) == pytest.approx(found["difference"], abs=1e-9)
    assert {item["layer"] for item in found["layers"][:2]} == {"database", "cache"}
    assert {(cause["code"], cause["confidence"], cause["sentence"]) for cause in found["causes"][:2]} == {
        ("repeated-statement", "confirmed", "20 queries per request instead of 2"),
        ("cache-repeated", "confirmed", "20 cache commands per request instead of 2"),
    }
    operations = {(item["what"], item["calls_before"], item["calls"]) for item in found["traces"]["operations"]}
    assert operations == {("SELECT pause(?) WHERE ? >= ?", 2.0, 20.0), ("BLPOP", 2.0, 20.0)}
