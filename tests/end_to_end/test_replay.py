"""Recorded traffic: each request of the log is sent once, as its endpoint, when it came, with the values it had."""

from __future__ import annotations

import gzip
import re
import socket
import time
from collections import Counter
from threading import Lock

import pytest
import servers
from projects import Project

FILE = """
version: 1
target: {target}
load: {{replay: access.log, speed: 2x, warmup: 1s, host: shop.example}}
gate: {{probe: false}}
endpoints:
  product: {{request: "GET /products/{{id}}", budget: {{errors: 1%}}}}
  search: {{request: "GET /search?q={{q}}&page=1", budget: {{p95: 5s}}}}
  order: {{request: POST /orders, json: {{product: 7}}}}
"""


def line(moment: float, request: str) -> str:
    return f'{{"host": "shop.example:443", "ts": {1_000_000_000 + moment}, "method": "{request.split()[0]}", "uri": "{request.split()[1]}", "status": 200}}'


class Recorder:
    """Answers everything, and keeps when each request came."""

    def __init__(self) -> None:
        self.requests: list[tuple[float, str]] = []
        self._lock = Lock()

    def __call__(self, behaviour: servers.Behaviour, connection: socket.socket) -> None:
        while data := behaviour.read(connection):
            with self._lock:
                self.requests.append((time.monotonic(), data.split(b" HTTP/")[0].decode()))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


@pytest.mark.load
@pytest.mark.parametrize("processes", ["1", "2"])
def test_the_recorded_requests_are_sent_when_they_came(project: Project, processes: str):
    moments = [0.0, 0.1, 0.1, 1.9, 2.0, 2.05, 4.0, 5.5, 5.9, 5.9]
    requests = ["GET /products/7", "GET /search?page=1&q=tea%20pot", "POST /orders", "GET /products/a%2Fb"] * 3
    log = [line(moment, request) for moment, request in zip(moments, requests, strict=False)]
    log.insert(5, line(2.0, "GET /elsewhere"))
    log.append(
        line(2.0, "GET /products/7").replace('"ts"', '"host": "blog.example", "ts"')
    )  # unsorted, and another host
    recorder = Recorder()
    with servers.serving(recorder) as (url, _):
        project.write(FILE.format(target=url))
        (project.folder / "access.log").write_bytes(gzip.compress("\n".join(log).encode()))
        done = project.perfgate("run", "--processes", processes)

    assert done.returncode == 0, done.stdout + done.stderr
    expected = ["GET /products/7", "GET /search?q=tea%20pot&page=1", "POST /orders", "GET /products/a%2Fb"] * 3
    sent = [(moment, request) for moment, request in recorder.requests if request != "GET /"]
    assert Counter(request for _, request in sent) == Counter(expected[: len(moments)])
    delays = [moment - due / 2 for (moment, _), due in zip(sent, moments, strict=True)]
    assert max(delays) - min(delays) < 2.5  # of a busy machine; at the speed of the recording 2.95 s

    run = project.run()
    assert run["warmup_requests"] == 4  # what came in the first second
    assert run["generator"]["due"] == run["generator"]["sent"] == 6
    assert run["conditions"]["load"] == (
        "replay of access.log at 2x: 10 requests, 2 others left out, 2 s after 1 s warm-up (open)"
    )
    assert {one["name"]: one["requests"] for one in run["endpoints"]} == {"product": 3, "search": 2, "order": 1}


MISTAKES = [
    ("load: {replay: gone.log}", r"`gone.log` does not exist"),
    ("load: {replay: access.log, speed: 2}", r"`speed` must be a speed"),
    ("load: {rate: 1/s, duration: 1s, speed: 2x}", r"`speed` is that of a `replay`"),
    ("load: {replay: access.log, rate: 1/s}", r"`load` takes either `rate` or `replay`"),
    ("load: {replay: access.log, duration: 1s..3s}", r"`duration` cannot be a range"),
    ("load: {replay: empty.log}", r"`empty.log` has no line of an access log"),
    ("load: {replay: years.log}", r"`years.log` spans 20,\d\d\d days: some line has a wrong time"),
    ("load: {replay: other.log}", r"`other.log` has no request of any endpoint"),
    ("load: {replay: access.log, host: other.example}", r"`access.log` has no request to other.example"),
    ("load: {rate: 1/s, duration: 1s, host: a.example}", r"`host` is that of a `replay`"),
    ("load: {replay: broken.gz}", r"`broken.gz` cannot be read: "),
    ("load: {replay: timeless.log}", r"`timeless.log` does not say when its requests came"),
]


@pytest.mark.parametrize(("load", "complaint"), MISTAKES)
def test_mistakes(project: Project, load: str, complaint: str):
    project.write(line(0, "GET /products/7") + "\n", "access.log")
    project.write("hello\n", "empty.log")
    project.write(line(0, "GET /elsewhere") + "\n", "other.log")
    project.write("\n".join(line(moment, "GET /products/7") for moment in (1 - 1e9, 767_603_600)), "years.log")
    (project.folder / "broken.gz").write_bytes(gzip.compress(b"hello\n")[:-9])
    project.write('INFO: 127.0.0.1:1 - "GET /products/7 HTTP/1.1" 200\n', "timeless.log")
    text = FILE.format(target="http://127.0.0.1:1")
    project.write(re.sub("load: .*", load, text))
    done = project.perfgate("check")
    assert done.returncode == 2
    assert re.search(complaint, done.stdout + done.stderr)


def test_a_recording_does_not_say_which_client_sent_a_request(project: Project):
    project.write(line(0, "GET /products/7") + "\n", "access.log")
    clients = "clients: {header: x-client, names: [web, ios]}}"
    project.write(FILE.format(target="http://127.0.0.1:1").replace("budget: {errors: 1%}}", clients))
    done = project.perfgate("check")
    assert done.returncode == 2
    assert "which client sent a request, and `product` has `clients`" in done.stdout + done.stderr
