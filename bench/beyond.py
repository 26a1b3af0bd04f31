"""What a run takes beyond its load: ten endpoints, a service that perfgate starts. `python bench/beyond.py [PYTHON]...`

Each PYTHON is an interpreter with a perfgate of its own, to compare two of them; without, this one. Runs of two
durations alternate, so that what the load itself costs cancels out: wall time beyond the load is what is left of it,
CPU time beyond the load is the line through both drawn to a load of 0 s. CPU time is that of all processes, the
service's start included.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

ROUNDS = 5
DURATIONS = (2, 6)  # s of load
SERVICE = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
BUDGETS = """
version: 1
target: http://127.0.0.1:{port}
service: {{command: "exec {python} service.py ${{PORT}}", port: {port}}}
load: {{rate: 50/s, duration: {duration}s}}
defaults: {{budget: {{p95: 2s +50%, errors: 5%}}}}
endpoints:
{endpoints}
"""


def measured(python: str, folder: Path, duration: int) -> tuple[float, float]:
    """Wall and CPU seconds of one run."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoints = "\n".join(f"  endpoint {number}: GET /{number}" for number in range(10))
    (folder / "budgets.yaml").write_text(
        BUDGETS.format(python=sys.executable, port=port, duration=duration, endpoints=endpoints)
    )
    (folder / "service.py").write_text(SERVICE)
    began = time.perf_counter()
    process = subprocess.Popen(
        [python, "-m", "perfgate", "run"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    assert os.waitstatus_to_exitcode(status) == 0, said.decode()
    return wall, usage.ru_utime + usage.ru_stime


def main(pythons: list[str]) -> None:
    print(f"{'python':44}{'load':>6}{'wall s':>9}{'CPU s':>9}")
    found: dict[str, dict[int, list[tuple[float, float]]]] = {one: {d: [] for d in DURATIONS} for one in pythons}
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(ROUNDS):
            for duration in DURATIONS:
                for number, python in enumerate(pythons):
                    folder = Path(scratch) / str(number)
                    folder.mkdir(exist_ok=True)
                    one = measured(python, folder, duration)
                    found[python][duration].append(one)
                    print(f"{python[-43:]:44}{duration:>4} s{one[0]:>9.2f}{one[1]:>9.2f}", flush=True)
    short, long = DURATIONS
    print(f"\nmedian of {ROUNDS}, beyond the load:")
    for python, by_duration in found.items():
        walls = [wall - duration for duration, values in by_duration.items() for wall, _ in values]
        brief, whole = (statistics.median(cpu for _, cpu in by_duration[duration]) for duration in DURATIONS)
        cpu = brief - short * (whole - brief) / (long - short)
        print(f"{python[-43:]:44}{statistics.median(walls):>7.2f} s wall{cpu:>7.2f} s CPU")


if __name__ == "__main__":
    main(sys.argv[1:] or [sys.executable])
