"""A service with background jobs of a known length: accepted at once, worked at by a fixed number of workers.

A request whose JSON names a URL under `notify` is called back there when its job ends. `calls` says what a job calls,
by its number: the usual is one call, with the job.
"""

from __future__ import annotations

import http.client
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

Job = dict[str, Any]
Calls = Callable[[int, str, Job], Sequence[tuple[str, Job]]]  # URL and body of each


def one_call(number: int, url: str, job: Job) -> Sequence[tuple[str, Job]]:
    return [(url, job)]


class Jobs:
    """Jobs by number; each says when it was accepted, begun and finished (seconds since 1970)."""

    def __init__(self, workers: int, work: float, failing: int = 0, calls: Calls = one_call) -> None:
        self.jobs: dict[int, Job] = {}
        self.polls = 0
        self.statuses: list[int] = []  # of the calls
        self._work, self._failing, self._calls = work, failing, calls
        self._workers = ThreadPoolExecutor(workers)
        self._numbers = itertools.count(1)  # requests come side by side: the next number is nobody else's
        self._over = Event()

    def start(self, notify: str = "") -> int:
        number = next(self._numbers)
        job = self.jobs[number] = {"state": "queued", "created": time.time()}
        self._workers.submit(self._run, number, job, notify)
        return number

    def _run(self, number: int, job: Job, notify: str) -> None:
        job["state"], job["started"] = "running", time.time()
        if self._over.wait(self._work):
            return
        job["finished"] = time.time()
        job["state"] = "failed" if self._failing and number % self._failing == 0 else "done"
        for url, body in self._calls(number, notify, dict(job)) if notify else ():
            self.statuses.append(call(url, body))

    def close(self) -> None:
        """Ends the jobs that are still worked at."""
        self._over.set()
        self._workers.shutdown()


def call(url: str, body: Job) -> int:
    """Posts the body and returns the status."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.request("POST", parts.path, json.dumps(body), {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def job_service(*, workers: int, work: float, failing: int = 0, calls: Calls = one_call) -> Iterator[tuple[str, Jobs]]:
    jobs = Jobs(workers, work, failing, calls)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(202, {}, f"/jobs/{jobs.start(json.loads(body)['notify'] if body else '')}")

        def do_GET(self) -> None:
            jobs.polls += 1
            job = jobs.jobs.get(int(self.path.rpartition("/")[2]))
            self._answer(200 if job else 404, job or {})

        def _answer(self, status: int, body: dict[str, Any], location: str = "") -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 100  # a busy machine accepts late, and what finds no place waits a second

    server = Server(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", jobs
    finally:
        server.shutdown()
        server.server_close()
        jobs.close()
