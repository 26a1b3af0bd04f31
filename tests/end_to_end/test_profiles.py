"""Profiles of py-spy and of Node: the function that got slower is named, and each side has a flame graph."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from projects import ENVIRONMENT, Project, free_port

APP = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from shop import search

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = str(search.rank()).encode() if self.path == "/search" else b"ok"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words): pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
SEARCH = """
def rank():
    return max(score(number) for number in range({items}))

def score(number):
    return sum(range(number % 97))
"""
BUDGETS = """
version: 1
target: http://127.0.0.1:{port}
service: {{command: "exec {python} app.py ${{PORT}}", port: {port}, ready: /}}
load: {{rate: 25/s, warmup: 500ms, duration: 5s}}
endpoints:
  search: {{request: GET /search, budget: {{p50: 1ms}}}}
  home: {{request: GET /}}
diagnose: {{for: 6s, profile: py-spy}}
"""


def commit(project: Project) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=project.folder, env=ENVIRONMENT, check=True)

    project.write(".perfgate\n__pycache__\n", ".gitignore")
    git("init", "--quiet", "--initial-branch", "main")
    git("add", ".")
    git("commit", "--quiet", "--message", "quick")


def diagnosed(project: Project, endpoint: str) -> tuple[dict[str, Any], Path]:
    """What is said of the endpoint, without a warning, beside what is committed; the run's folder."""
    done = project.perfgate("diagnose", endpoint, "--base-ref", "main")

    assert done.returncode == 0, done.stdout + done.stderr
    [run] = project.runs
    diagnosis = json.loads((run / "diagnosis.json").read_text(encoding="utf-8"))
    assert diagnosis["warnings"] == []
    [found] = diagnosis["findings"]
    return found, run


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_function_that_got_slower_is_named_and_has_a_flame_graph(tmp_path: Path):
    project = Project(tmp_path)
    project.write(APP, "app.py")
    project.write("", "shop/__init__.py")
    project.write(SEARCH.format(items=200), "shop/search.py")
    commit(project)
    project.write(SEARCH.format(items=10_000), "shop/search.py")
    project.write(BUDGETS.format(python=sys.executable, port=free_port()))

    found, run = diagnosed(project, "search")

    named = found["functions"][0]
    assert named.startswith("`shop.search.")
    assert "% of the CPU, +" in named
    assert found["profiles"] == {
        "base": "diagnose/profile-0-base.speedscope.json",
        "head": "diagnose/profile-0-head.speedscope.json",
    }
    graph = json.loads((run / found["profiles"]["head"]).read_text(encoding="utf-8"))
    assert "shop.search.score" in {frame["name"] for frame in graph["shared"]["frames"]}


NODE_APP = """
const http = require("http");
const rows = JSON.stringify(Array.from({{ length: {rows} }}, (_, id) => ({{ id, name: "tea", tags: ["a", "b"] }})));
const kept = [];
function rank() {{
  let best = 0;
  for (let at = 0; at < {items}; at++) best = Math.max(best, Math.sqrt(at % 97));
  return best;
}}
const routes = {{
  "/search": () => rank(),
  "/report": () => JSON.stringify(JSON.parse(rows)).length,
  "/cart": () => kept.push(Array.from({{ length: {items_kept} }}, (_, at) => `row ${{at}}`)) && 1,
}};
http.createServer((request, response) => {{
  response.end(String((routes[request.url] ?? (() => "ok"))()));
}}).listen(Number(process.argv[2]), "127.0.0.1");
"""
NODE_BUDGETS = """
version: 1
target: http://127.0.0.1:{port}
service: {{command: "exec node app.js ${{PORT}}", port: {port}, ready: /}}
load: {{rate: 25/s, warmup: 500ms, duration: 5s}}
endpoints:
  search: {{request: GET /search, budget: {{p50: 1ms}}}}
  report: {{request: GET /report, budget: {{p50: 1ms}}}}
  cart: {{request: GET /cart, budget: {{p50: 1ms}}}}
  home: {{request: GET /}}
diagnose: {{for: 3s}}
"""


@pytest.mark.slow
@pytest.mark.needs("node")
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("endpoint", "changed", "code", "named", "frame"),
    [
        ("search", {"items": 4_000_000}, "cpu", "`rank (app.js:5)`", "rank (app.js:5)"),
        ("report", {"rows": 20_000}, "serialisation", "serialising, parsing and rendering takes", "JSON.parse"),
        ("cart", {"items_kept": 4000}, "memory-growth", "allocated in `", "/cart (app.js:13)"),
    ],
)
def test_a_service_in_node_is_explained(
    tmp_path: Path, endpoint: str, changed: dict[str, int], code: str, named: str, frame: str
):
    project, usual = Project(tmp_path), {"items": 1000, "rows": 20, "items_kept": 1}
    project.write(NODE_APP.format(**usual), "app.js")
    commit(project)
    project.write(NODE_APP.format(**{**usual, **changed}), "app.js")
    project.write(NODE_BUDGETS.format(port=free_port()))

    diagnosis, run = diagnosed(project, endpoint)

    assert {item["code"]: item["sentence"] for item in diagnosis["causes"]}[code].count(named) == 1
    graph = json.loads((run / diagnosis["profiles"]["head"]).read_text(encoding="utf-8"))
    assert frame in {item["name"] for item in graph["shared"]["frames"]}
