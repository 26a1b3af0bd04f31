"""A target that cannot keep up, and a recorded one that did an N+1: which endpoint did it."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
from projects import Project

RECORDED = Path(__file__).parents[1] / "gate" / "recorded"
SLOW = 0.1  # s; every fifth request: 25 a second take 0.5 s of each second, and four times as long 2 s
LOAD = """
version: 1
name: shop
target: {target}
load: {{rate: 25/s, warmup: 1s, duration: 6s, arrivals: even, seed: 7}}
defaults: {{timeout: 60s, budget: {{p95: 300ms}}}}
endpoints:
  list: {{request: GET /list, weight: 4}}
  report: {{request: GET /report, weight: 1}}
"""
WAGTAIL = """
version: 1
name: wagtail
target: http://127.0.0.1:1
load: {rate: 12/s, warmup: 3s, duration: 27s}
defaults: {budget: {p95: +20%}}
endpoints:
  home page: {request: GET /}
  search: {request: GET /search/}
  login page: {request: GET /admin/login/}
  log in: {request: POST /admin/login/}
  dashboard: {request: GET /admin/}
  find page: {request: GET /admin/pages/}
"""


def test_an_n_plus_1_is_seen_by_its_tail_alone(project: Project, tmp_path: Path):
    """93 and 81 requests of the home page, from 77 to 528 ms; nothing else changed."""
    project.write(WAGTAIL)
    done = project.perfgate(
        "import", str(RECORDED / "django-nplus1-ab.csv.gz"), "--skip", "3s", "--out", str(tmp_path / "run")
    )
    assert done.returncode == 0, done.stderr

    done = project.perfgate("gate", str(tmp_path / "run"))

    findings = json.loads((tmp_path / "run" / "verdict.json").read_text())["findings"]
    outcomes = {one["endpoint"]: one["outcome"] for one in findings}
    assert done.returncode == 1, done.stdout
    assert outcomes.pop("home page") == "fail"
    assert "fail" not in outcomes.values()


class Shop(BaseHTTPRequestHandler):
    """Answers one request at a time; `report` takes `SLOW * slowness`."""

    slowness = 1.0

    def do_GET(self) -> None:
        if self.path == "/report":
            sleep(SLOW * self.slowness)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.mark.load
def test_a_target_that_cannot_keep_up(project: Project):
    server = HTTPServer(("127.0.0.1", 0), type("SlowShop", (Shop,), {"slowness": 4.0}))
    server.request_queue_size = 512
    server.socket.listen(512)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        project.write(LOAD.format(target=f"http://127.0.0.1:{server.server_port}"))
        done = project.perfgate("run")
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)

    assert done.returncode == 1, done.stderr
    in_flight = project.run()["in_flight"]
    assert len(in_flight) == 6
    assert in_flight[-1] > 3 * in_flight[0]
    verdict = project.verdict()
    assert verdict["notes"][0].startswith("The target could not keep up: requests in flight rose from ")
    assert verdict["overload"]["cause"] == "report"
    waited = {one["endpoint"]: "waited behind `report`" in one["sentence"] for one in verdict["findings"]}
    assert waited == {"list": True, "report": False}


@pytest.mark.load
def test_a_target_that_keeps_up(project: Project):
    server = HTTPServer(("127.0.0.1", 0), Shop)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        project.write(LOAD.format(target=f"http://127.0.0.1:{server.server_port}"))
        project.perfgate("run")
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)

    assert len(project.run()["in_flight"]) == 6
    assert project.verdict()["overload"] is None
