"""The exact samples of a run, and what `perfgate import` makes of them."""

from __future__ import annotations

import csv
import gzip
import json
import socket

import pytest
import servers
from projects import Project

BUDGETS = """
version: 1
target: {target}
load: {{users: 4, warmup: 1s, duration: 2s}}
endpoints:
  home: {{request: GET /, budget: {{p95: 5s}}}}
  gone: {{request: GET /gone, expect: {{status: 200}}, budget: {{errors: 100%}}}}
"""


def shop(behaviour: servers.Behaviour, connection: socket.socket) -> None:
    while request := behaviour.read(connection):
        status = 404 if b" /gone " in request else 200
        behaviour.over.wait(0.01)
        connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_samples_of_all_processes_are_the_run_request_by_request(project: Project, processes: str):
    with servers.serving(shop) as (url, _):
        project.write(BUDGETS.format(target=url))
        done = project.perfgate("run", "--processes", processes)
    assert done.returncode == 0, done.stdout + done.stderr
    run, path = project.run(), project.runs[-1] / "samples.csv.gz"
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    home, gone = sorted(run["endpoints"], key=lambda one: one["name"] != "home")
    assert len(rows) == home["requests"] + gone["requests"] + run["warmup_requests"]
    assert {(row["endpoint"], row["status"]) for row in rows} == {("home", "200"), ("gone", "404")}
    assert [float(row["t"]) for row in rows] == sorted(float(row["t"]) for row in rows)
    assert all(float(row["ms"]) >= 10 for row in rows)

    done = project.perfgate("import", str(path), "--skip", "1s", "--out", "again")
    assert done.returncode == 0, done.stdout + done.stderr
    again = json.loads((project.folder / "again" / "run.json").read_text(encoding="utf-8"))
    for one, other in zip((home, gone), sorted(again["endpoints"], key=lambda one: one["name"] != "home"), strict=True):
        assert (one["requests"], one["failures"]) == (other["requests"], other["failures"])
        assert one["metrics"].get("p95", 0.0) == pytest.approx(other["metrics"].get("p95", 0.0), rel=0.005)
