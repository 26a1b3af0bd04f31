"""The main job, on the demo shop."""

from __future__ import annotations

import json

import pytest
from projects import Project, Shop, free_port

BUDGETS = """
version: 1
name: shop
target: {target}
load: {{{load}, warmup: 500ms, duration: 2s}}
endpoints:
  list products:
    request: GET /products?page={{page}}
    with: {{page: {{between: [1, 60]}}}}
    weight: 2
    budget: {{p95: 9s, errors: 1%}}
  log in:
    request: POST /login
    json: {{user: user1, password: demo}}
    capture: {{token: $.token}}
  place order:
    request: POST /orders
    headers: {{Authorization: "Bearer {{token}}"}}
    json: {{product: 7}}
    expect: {{status: 201}}
journeys:
  buy: {{steps: [log in, list products, {{think: 200ms}}, place order]}}
"""


def counted(run: dict[str, object]) -> int:
    endpoints = [one for one in run["endpoints"] if one["kind"] == "endpoint"]
    return (
        sum(one["requests"] for one in endpoints) + run["warmup_requests"] + run["after_requests"] + run["unfinished"]
    )


@pytest.mark.parametrize(
    ("load", "processes"),
    [
        pytest.param("rate: 60/s", "1", marks=pytest.mark.slow),
        ("rate: 60/s", "2"),
        ("users: 8", "1"),
        pytest.param("users: 8", "2", marks=pytest.mark.slow),
    ],
)
def test_every_request_that_the_server_saw_is_recorded(project: Project, shop: Shop, load: str, processes: str):
    project.write(BUDGETS.format(target=shop.url, load=load))
    shop.reset()

    done = project.perfgate("run", "--processes", processes)

    assert done.returncode == 0, done.stderr
    assert counted(project.run()) == shop.stats()["total"] > 0


@pytest.mark.load
def test_a_slow_endpoint_fails_the_build_and_is_named_with_measurement_limit_and_baseline(project: Project):
    port = free_port()
    project.write(f"""
version: 1
name: shop
target: http://127.0.0.1:{port}
service: {{command: "perfgate demo --port ${{PORT}}", port: {port}, ready: /healthz}}
load: {{rate: 160/s, warmup: 500ms, duration: 3s}}
endpoints:
  search: {{request: "GET /search?q=lamp", budget: {{p95: 2s +150%}}}}
  home: {{request: GET /, budget: {{errors: 1%}}}}
gate: {{baseline: {{min_runs: 1}}, floor: {{time: 1ms}}}}
""")

    first = project.perfgate("run")
    second = project.perfgate("run", PERFGATE_DEMO_FAULTS="search:slow=16")

    assert first.returncode == 0, first.stderr
    assert second.returncode == 1, second.stdout + second.stderr
    finding = next(one for one in project.verdict()["findings"] if one["endpoint"] == "search")
    assert finding["outcome"] == "fail"
    assert finding["measured"] > 2.5 * finding["baseline"]
    sentence = " ".join(second.stdout.split())
    assert finding["sentence"].startswith("search p95 ")
    assert "(95 % interval +" in sentence
    assert "over the limit of +150%" in sentence
    assert "within the limit of 2 s" in sentence


def test_a_run_leaves_a_complete_folder_and_every_report_can_be_told_again(project: Project, shop: Shop):
    project.write(BUDGETS.format(target=shop.url, load="rate: 40/s"))
    assert project.perfgate("run").returncode == 0
    folder = project.runs[-1]

    present = {path.name for path in folder.iterdir()}

    assert present >= {
        "run.json",
        "verdict.json",
        "windows.jsonl.gz",
        "report.md",
        "junit.xml",
        "scenario.py",
    }
    assert not any(name.endswith(".tmp") for name in present)
    assert (project.folder / ".perfgate" / ".gitignore").read_text() == "*\n"
    for form in ("console", "markdown", "json", "junit"):
        told = project.perfgate("report", "latest", "--format", form)
        assert told.returncode == 0, told.stderr
        assert "list products" in told.stdout or form == "json"
    assert json.loads(project.perfgate("report", folder.name, "--format", "json").stdout)["run"] == folder.name
    assert project.perfgate("gate", str(folder)).returncode == 0
    assert project.perfgate("trend", "list products", "--output", "trend.png").returncode == 0
    assert (project.folder / "trend.png").read_bytes().startswith(b"\x89PNG")


def test_only_sends_what_is_named_and_what_that_needs(project: Project, shop: Shop):
    project.write(BUDGETS.format(target=shop.url, load="rate: 40/s"))
    shop.reset()

    done = project.perfgate("run", "--only", "list products")

    assert done.returncode == 0, done.stderr
    assert set(shop.stats()["routes"]) == {"GET /products"}


def test_stages_of_users_and_of_rates(project: Project, shop: Shop):
    text = BUDGETS.format(target=shop.url, load="rate: 1/s")
    line = next(line for line in text.splitlines() if line.startswith("load:"))
    for stages in ("{rate: 20/s, for: 1s}, {rate: 60/s, for: 1s}", "{users: 2, for: 1s}, {users: 6, for: 1s}"):
        project.write(text.replace(line, f"load: {{stages: [{stages}], warmup: 500ms}}"))
        shop.reset()

        done = project.perfgate("run")

        assert done.returncode == 0, done.stderr
        assert counted(project.run()) == shop.stats()["total"]
        if "rate" in stages:
            assert project.run()["generator"]["due"] == 80


def test_a_login_happens_once_per_user(project: Project, shop: Shop):
    project.write(f"""
version: 1
target: {shop.url}
load: {{users: 3, duration: 1s}}
endpoints:
  log in: {{request: POST /login, json: {{user: user1, password: demo}}, capture: {{token: $.token}}}}
  order:
    request: POST /orders
    login: log in
    headers: {{Authorization: "Bearer {{token}}"}}
    json: {{product: 7}}
    expect: {{status: 201}}
    budget: {{errors: 40%}}
""")
    shop.reset()

    done = project.perfgate("run")

    routes = shop.stats()["routes"]
    assert done.returncode == 0, done.stdout
    assert routes["POST /login"] == 3
    assert routes["POST /orders"] > 0
