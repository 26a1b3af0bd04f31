"""Applications that `opentelemetry-instrument` runs, as they come: their traces are joined, counted and split."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from projects import Project, free_port

pytestmark = [pytest.mark.needs("redis"), pytest.mark.needs("postgresql")]
APP = Path(__file__).with_name("instrumented_app.py")
BIN = Path(sys.executable).parent
BUDGETS = """
version: 1
target: http://127.0.0.1:{port}
service:
  command: "exec {bin}/opentelemetry-instrument {bin}/python app.py ${{PORT}} {database} {redis} {queries}"
  port: {port}
  ready: /ready
  env: {env}
load: {{rate: 40/s, duration: 5s}}
endpoints:
  orders: GET /orders
defaults: {{budget: {{p95: 1s}}}}
diagnose: {{for: 3s, traces: otlp}}
"""
STABLE = {"OTEL_SEMCONV_STABILITY_OPT_IN": "http,database"}
GRPC = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_TRACES_SAMPLER": "always_off", "OTEL_BSP_SCHEDULE_DELAY": "60000"}


def diagnosed(project: Project, postgresql: str, redis: int, env: dict[str, str], queries: int) -> dict[str, Any]:
    shutil.copy(APP, project.folder / "app.py")
    written = BUDGETS.format(
        bin=BIN, port=free_port(), database=postgresql, redis=redis, queries=queries, env=json.dumps(env)
    )
    project.write(written)
    done = project.perfgate("diagnose", "orders", "--metric", "p50", PERFGATE_DIAGNOSE="")
    assert done.returncode == 0, done.stderr
    text = (project.runs[-1] / "diagnosis.json").read_text(encoding="utf-8")
    assert "secret" not in text
    data: dict[str, Any] = json.loads(text)
    assert data["warnings"] == []
    return dict(data["findings"][0])


@pytest.mark.parametrize(
    "env",
    [pytest.param({}, marks=pytest.mark.slow), STABLE, GRPC],
    ids=["conventions before 2024", "stable conventions", "own choices"],
)
def test_each_call_is_counted_once_whatever_the_application_says_of_itself(
    tmp_path: Path, postgresql_server: str, redis_port: int, env: dict[str, str]
):
    found = diagnosed(Project(tmp_path), postgresql_server, redis_port, env, queries=25)

    traces = found["traces"]
    assert traces["requests"] == traces["traced"] > 5
    calls = {(item["layer"], item["what"]): item["calls"] for item in traces["operations"]}
    assert calls["external", "127.0.0.1"] == 1.0
    assert calls["cache", "GET"] == 1.0
    [(statement, number)] = [(what, calls) for (layer, what), calls in calls.items() if "pg_sleep" in what]
    assert number == 25.0
    assert statement.lower().startswith("select pg_sleep(?)")
    layers = {layer["layer"]: layer["now"] for layer in found["layers"]}  # on a busy machine the queue may be longer
    assert layers["database"] >= 25 * 0.002
    [cause] = [cause for cause in found["causes"] if cause["code"] == "repeated-statement"]
    assert 25.0 <= float(cause["sentence"].partition(" ")[0]) < 26  # SQLAlchemy asks each new connection who it is
