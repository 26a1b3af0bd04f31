"""`perfgate calibrate` on the demo shop."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from projects import Project, Shop, free_port

from perfgate import budgets

BUDGETS = """
version: 1
name: shop
target: {target}
{service}
load: {{rate: 200/s, warmup: 500ms, duration: 30s}}
endpoints:
  list products: {{request: GET /products, budget: {{p95: 2s}}}}
  "a: {{strange}} name": {{request: GET /healthz, budget: {{p95: 2s}}}}
"""


def folder_of(project: Project) -> Path:
    [folder] = (project.folder / ".perfgate" / "calibrations").iterdir()
    return folder


def test_a_service_is_measured_alone_and_beside_itself(project: Project):
    port = free_port()
    service = f'service: {{command: "perfgate demo --port ${{PORT}}", port: {port}, ready: /healthz}}'
    written = BUDGETS.format(target=f"http://127.0.0.1:{port}", service=service).replace("{strange}", "strange")
    project.write(written)

    done = project.perfgate("calibrate", "--runs", "3", "--duration", "1s")

    assert done.returncode == 0, done.stderr
    folder = folder_of(project)
    found = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
    assert (found["runs"], found["pairs"], found["duration"]) == (3, 1, 1.0)
    assert {(one["endpoint"], one["metric"]) for one in found["noise"]} == {
        (name, metric) for name in ("list products", "a: strange name") for metric in ("p50", "p95")
    }
    assert all(one["between"] > 0 and one["reaches"][0]["history"] > 0 for one in found["noise"])
    assert any(one["reaches"][0]["base"] for one in found["noise"])
    assert [one["mode"] for one in found["alarms"]] == ["history", "base"]
    assert (folder / "charts" / "calibrate-light.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "charts" / "calibrate-dark.png").exists()
    assert "Run: 3 of 4" in done.stderr or "A/B run: 4 of 4" in done.stderr
    assert " left" in done.stderr
    assert "The smallest rise that is found" in done.stdout
    pasted = written.replace("load: {rate: 200/s, warmup: 500ms, duration: 30s}\n", "").split("endpoints:")[0]
    snippet = done.stdout[done.stdout.index("\nload:\n") + 1 :].replace("load:", "load:\n  rate: 200/s", 1)
    if "endpoints:" not in snippet:
        snippet += "endpoints:\n  list products: GET /products\n"
    for name in ("list products", "a: strange name"):
        snippet = snippet.replace(f"  {json.dumps(name)}:\n", f"  {json.dumps(name)}:\n    request: GET /products\n")
    file = budgets.read(project.write(pasted + snippet, "pasted.yaml"), {})
    assert {budget.metric for budget in file.budgets} == {"p50", "p95"}


def test_what_runs_already_is_measured_alone(project: Project, shop: Shop):
    project.write(BUDGETS.format(target=shop.url, service=""))

    done = project.perfgate("calibrate", "--runs", "3", "--duration", "1s", "--only", "list products")

    assert done.returncode == 0, done.stderr
    found = json.loads((folder_of(project) / "calibration.json").read_text(encoding="utf-8"))
    assert found["pairs"] == 0
    assert found["proposal"]["mode"] == "history"
    assert not (project.folder / ".perfgate" / "history.db").exists()


def test_a_service_that_runs_already_cannot_be_started_twice(project: Project, shop: Shop):
    project.write(BUDGETS.format(target=shop.url, service=""))

    done = project.perfgate("calibrate", "--runs", "3", "--ab-runs", "1")

    assert done.returncode == 2
    assert "A/B runs need a service that perfgate can start twice." in done.stderr


@pytest.mark.parametrize(("option", "said"), [("100ms", "1 s at least"), ("soon", "--duration soon")])
def test_a_duration_that_is_none(project: Project, shop: Shop, option: str, said: str):
    project.write(BUDGETS.format(target=shop.url, service=""))

    done = project.perfgate("calibrate", "--duration", option)

    assert done.returncode == 2
    assert said in done.stderr


def test_interrupted_before_there_is_anything_to_say(project: Project, shop: Shop):
    project.write(BUDGETS.format(target=shop.url, service=""))
    process = project.start("calibrate", "--runs", "3")
    for line in process.stderr:
        if line.startswith("Run: 1 of 3"):
            break

    process.send_signal(signal.SIGINT)

    assert process.wait(120) == 130
    assert "perfgate: interrupted" in process.stderr.read()
    assert not (folder_of(project) / "calibration.json").exists()
