"""A service with background jobs of a known length: accepted at once, worked at by a fixed number of workers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Jobs:
    """Jobs by number; each says when it was accepted, begun and finished (seconds since 1970)."""

    def __init__(self, workers: int, work: float, failing: int = 0) -> None:
        self.jobs: dict[int, dict[str, Any]] = {}
        self.polls = 0
        self._work, self._failing = work, failing
        self._workers = ThreadPoolExecutor(workers)

    def start(self) -> int:
        number = len(self.jobs) + 1
        job = self.jobs[number] = {"state": "queued", "created": time.time()}
        self._workers.submit(self._run, number, job)
        return number

    def _run(self, number: int, job: dict[str, Any]) -> None:
        job["state"], job["started"] = "running", time.time()
        time.sleep(self._work)
        job["finished"] = time.time()
        job["state"] = "failed" if self._failing and number % self._failing == 0 else "done"

    def close(self) -> None:
        self._workers.shutdown()


@contextmanager
def job_service(*, workers: int, work: float, failing: int = 0) -> Iterator[tuple[str, Jobs]]:
    jobs = Jobs(workers, work, failing)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(202, {}, f"/jobs/{jobs.start()}")

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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", jobs
    finally:
        server.shutdown()
        server.server_close()
        jobs.close()
