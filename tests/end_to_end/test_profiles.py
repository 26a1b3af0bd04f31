"""`diagnose: {profile: py-spy}`: the function that got slower is named, and each side has a flame graph."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_function_that_got_slower_is_named_and_has_a_flame_graph(tmp_path: Path):
    project = Project(tmp_path)

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, env=ENVIRONMENT, check=True)

    git("init", "--quiet", "--initial-branch", "main")
    project.write(APP, "app.py")
    project.write("", "shop/__init__.py")
    project.write(SEARCH.format(items=200), "shop/search.py")
    project.write(".perfgate\n__pycache__\n", ".gitignore")
    git("add", ".")
    git("commit", "--quiet", "--message", "quick")
    project.write(SEARCH.format(items=10_000), "shop/search.py")
    project.write(BUDGETS.format(python=sys.executable, port=free_port()))

    done = project.perfgate("diagnose", "search", "--base-ref", "main")

    assert done.returncode == 0, done.stdout + done.stderr
    [run] = project.runs
    diagnosis = json.loads((run / "diagnosis.json").read_text(encoding="utf-8"))
    assert diagnosis["warnings"] == []
    [found] = diagnosis["findings"]
    named = found["functions"][0]
    assert named.startswith("`shop.search.")
    assert "% of the CPU, +" in named
    assert found["profiles"] == {
        "base": "diagnose/profile-0-base.speedscope.json",
        "head": "diagnose/profile-0-head.speedscope.json",
    }
    graph = json.loads((run / found["profiles"]["head"]).read_text(encoding="utf-8"))
    assert "shop.search.score" in {frame["name"] for frame in graph["shared"]["frames"]}
