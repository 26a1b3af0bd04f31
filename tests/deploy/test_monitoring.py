"""The shipped dashboard and alert rules, read by those that they are for."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import make_criterion, make_endpoint, make_finding, make_run, make_verdict
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from services import monitoring
from services.needs import program

from perfgate.export import LiveTotals, exposition, judged
from perfgate.model.budget_file import Kind
from perfgate.model.run import LATENCY_BOUNDS, EndpointProgress, Progress
from perfgate.model.verdict import Incident

FOLDER = Path(__file__).parents[2] / "deploy" / "monitoring"
DASHBOARD, RULES = FOLDER / "grafana-dashboard.json", FOLDER / "perfgate.rules.yml"
NAME = re.compile(r"\bperfgate_[a-z_]+")
PLUGIN_KEYS = (
    "expr",
    "titleFormat",
    "textFormat",
    "step",
    "useValueForTime",
)  # of annotations: Prometheus' source has them


def dashboard() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return data


def expressions() -> Iterator[str]:
    for annotation in dashboard()["annotations"]["list"]:
        yield annotation["expr"]
    for panel in dashboard()["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def exported_text() -> str:
    """All families, as Prometheus scrapes them."""
    search = EndpointProgress(
        name="search",
        kind="endpoint",
        requests=1,
        failures={"status": 1},
        buckets=(0,) * (len(LATENCY_BOUNDS) + 1),
        seconds=0.0,
        recent={"p95": 0.1},
    )
    common: dict[str, Any] = {
        "elapsed": 1.0,
        "total": 1.0,
        "phase": "measuring",
        "requests": 1,
        "failures": 1,
        "rate": 1.0,
    }
    progress = Progress(**common, p95=None, in_flight=0, users=0, endpoints=(search,))
    criteria = [make_criterion(kind=Kind.ABSOLUTE), make_criterion(kind=Kind.RELATIVE)]
    verdict = make_verdict(make_finding(measured=0.2, baseline=0.1, criteria=criteria))
    incident = Incident(endpoint="search", metric="p95", began="", opened="r1", failed=2)
    run = make_run(endpoints=[make_endpoint("search", metrics={"size": 100.0, "queries": 3.0})])
    families = (
        *LiveTotals({}).families(progress),
        *judged.of_verdict(run, verdict, {}, {}),
        *judged.of_round([incident], [], {}, is_measured=True),
    )
    return exposition.text(families)


def exported() -> set[str]:
    """Names of all series, as Prometheus has them."""
    return set(NAME.findall(exported_text()))


@pytest.mark.parametrize("text", [*expressions(), RULES.read_text(encoding="utf-8")])
def test_what_is_asked_for_is_exported(text: str):
    names = {name for name in NAME.findall(text) if name != "perfgate_"}

    assert names
    assert names - exported() == set()


def test_the_dashboard_is_what_its_program_writes():
    text = runpy.run_path(str(FOLDER / "dashboard.py"))["text"]()

    assert text == DASHBOARD.read_text(encoding="utf-8"), "run deploy/monitoring/dashboard.py"


def test_grafanas_library_reads_the_dashboard_and_loses_nothing():
    register_default_plugins()
    data = dashboard()
    again = json.loads(JSONEncoder().encode(Dashboard.from_json(data)))

    for annotation in data["annotations"]["list"]:
        for key in PLUGIN_KEYS[1:]:
            annotation.pop(key, None)
    assert list(lost(data, again)) == []


def lost(part: Any, whole: Any, place: str = "") -> Iterator[str]:
    """Places of what is not in `whole`, which may have more: the library writes out what is usual."""
    if isinstance(part, dict) and isinstance(whole, dict):
        for key, value in part.items():
            yield from lost(value, whole.get(key), f"{place}.{key}")
    elif isinstance(part, list) and isinstance(whole, list) and len(part) == len(whole):
        for number, (value, other) in enumerate(zip(part, whole, strict=True)):
            yield from lost(value, other, f"{place}.{number}")
    elif part != whole:
        yield place


@pytest.mark.needs("prometheus")
def test_prometheus_understands_every_query_of_the_dashboard():
    with monitoring.prometheus("127.0.0.1:1") as prometheus:
        for expression in expressions():
            assert prometheus.query(expression.replace("$__rate_interval", "1m")) == []


@pytest.mark.needs("promtool")
def test_the_alert_rules_alert_when_they_should(tmp_path: Path):
    promtool = program("promtool")
    assert promtool
    cases = (Path(__file__).parent / "perfgate.rules.test.yml").read_text(encoding="utf-8")
    (tmp_path / "cases.yml").write_text(cases.replace("RULES", str(RULES)), encoding="utf-8")

    for command in (["check", "rules", str(RULES)], ["test", "rules", "cases.yml"]):
        done = subprocess.run([promtool, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs("promtool")
def test_promtool_has_nothing_against_names_and_types():
    promtool = program("promtool")
    assert promtool
    command = [promtool, "check", "metrics"]
    done = subprocess.run(command, input=exported_text(), capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


TYPES = """
import type { Dashboard } from "@grafana/schema";
type Plain<T> = T extends string ? `${T}` : T extends number ? number : T extends (infer U)[] ? Plain<U>[]
  : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
export const dashboard: Plain<Dashboard> = DASHBOARD;
"""


@pytest.mark.slow
@pytest.mark.needs("npm")
@pytest.mark.parametrize("is_right", [True, False])
def test_the_dashboard_is_of_the_types_of_a_current_grafana(tmp_path: Path, is_right: bool):
    """Those that Grafana itself is compiled with: an unknown key or a wrong value is an error."""
    npm = program("npm")
    assert npm
    install = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "@grafana/schema@13", "typescript@5"]
    subprocess.run([*install, "--prefix", str(tmp_path)], check=True, capture_output=True)
    data = dashboard()
    for annotation in data["annotations"]["list"]:
        for key in PLUGIN_KEYS:
            annotation.pop(key, None)
    if not is_right:
        data["panels"][0]["gridPos"]["h"] = "tall"
    (tmp_path / "check.ts").write_text(TYPES.replace("DASHBOARD", json.dumps(data, indent=1)), encoding="utf-8")

    compiler = [str(tmp_path / "node_modules/.bin/tsc"), "--noEmit", "--strict", "--skipLibCheck"]
    done = subprocess.run(
        [*compiler, "--moduleResolution", "bundler", "--module", "esnext", "check.ts"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is is_right, done.stdout
