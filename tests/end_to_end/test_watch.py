"""`perfgate watch`: a deployment that breaks and is mended, with an alert and a recovery at a real webhook."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from processes import wait_for
from projects import Project, free_port

BUDGETS = """
version: 1
name: shop
target: http://127.0.0.1:PORT
load: {rate: 40/s, duration: 1s}
service: {command: "false", port: 1}
endpoints:
  home: {request: GET /, budget: {errors: 1%}}
"""


class Deployment:
    """An application and a webhook in one; the application fails while `is_broken`."""

    def __init__(self) -> None:
        self.is_broken = False
        self.alerts: list[dict[str, Any]] = []
        self.requests = 0
        deployment = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                deployment.requests += 1
                self.send_response(500 if deployment.is_broken else 200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def do_POST(self) -> None:
                deployment.alerts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                deployment.is_broken = False
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    made = Deployment()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_an_alert_when_it_breaks_and_another_when_it_is_well(project: Project, deployment: Deployment):
    project.write(BUDGETS.replace("PORT", str(deployment.port)))
    deployment.is_broken = True
    hook = f"http://127.0.0.1:{deployment.port}/hook"
    process = project.start(
        "watch", "--every", "1s", "--alert", "1/2", "--recover", "1", "--publish", "webhook", PERFGATE_WEBHOOK_URL=hook
    )
    try:
        wait_for(lambda: len(deployment.alerts) == 2, "the recovery", timeout_s=200)
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=80)

    firing, resolved = deployment.alerts
    assert (firing["alert"], firing["outcome"], firing["failed"]) == ("firing", "fail", 1)
    assert firing["headline"].startswith("ALERT: home errors fails since ")
    assert (resolved["alert"], resolved["recovered"], resolved["broken"]) == ("resolved", True, [])
    [began], [ended] = firing["incidents"], resolved["incidents"]
    assert (began["endpoint"], began["metric"], began["failed"], began["ended"]) == ("home", "errors", 1, "")
    assert (ended["began"], ended["opened"], ended["closed"]) == (began["began"], began["opened"], resolved["run"])
    assert ended["ended"] > began["began"]
    assert process.returncode == 130
    assert "perfgate: stopped after " in err
    lines = out.splitlines()
    assert sum("ALERT: " in line for line in lines) == 1
    assert sum("RECOVERED: home errors after " in line for line in lines) == 1
    assert "FAIL: 1 of 1 budget broken: home errors" in out


def test_the_history_is_all_the_state_there_is(project: Project):
    project.write(BUDGETS.replace("PORT", str(free_port())))
    folder = project.folder / ".perfgate" / "watch"
    first = project.perfgate("watch", "--once")
    for item in folder.iterdir():
        item.rename(project.folder / item.name)
    second, third = project.perfgate("watch", "--once"), project.perfgate("watch", "--once")

    assert [done.returncode for done in (first, second, third)] == [3, 1, 1], first.stderr
    assert ["ALERT: " in done.stdout for done in (first, second, third)] == [False, True, False]
    assert "cannot be measured since " in second.stdout
    assert "(incident open since " in third.stdout
    listed = project.perfgate("history", "list")
    assert listed.stdout.count("no-data") == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--alert", "4/3"), "--alert 4/3: give K/N"),
        (("--alert", "0/3"), "--alert 0/3: give K/N"),
        (("--every", "5"), "--every 5: `5` has no unit"),
        (("--rate", "0/s"), "--rate 0/s: it must be above 0"),
        (("--publish", "github"), "--publish github: it takes no alerts"),
        (("--duration", "2m", "--every", "1m"), "--every 60s is shorter than a round, which takes 120 s."),
    ],
)
def test_wishes_that_cannot_be_are_told_before_any_load(
    project: Project, deployment: Deployment, options: tuple[str, ...], words: str
):
    project.write(BUDGETS.replace("PORT", str(deployment.port)))
    done = project.perfgate("watch", *options)

    assert (done.returncode, deployment.requests) == (2, 0)
    assert words in done.stderr
