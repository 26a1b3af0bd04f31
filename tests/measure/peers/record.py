"""Makes the recordings in tests/measure/recorded anew, with the load tools themselves, against delaying_server.py:

    python tests/measure/peers/record.py FOLDER [TOOL ...]

Tools are looked for in PATH and beside this Python; those that are missing are left out and named.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
K6 = """
import http from 'k6/http';
const some = ['max>=0'];
export const options = {
  vus: 3, iterations: 150, summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)'],
  thresholds: {'http_req_duration{name:a}': some, 'http_req_duration{name:b}': some,
    'http_reqs{name:a}': ['count>=0'], 'http_reqs{name:b}': ['count>=0'],
    'http_req_failed{name:a}': ['rate>=0'], 'http_req_failed{name:b}': ['rate>=0']},
};
export default function () {
  http.get(`${__ENV.URL}/a`, {tags: {name: 'a'}});
  http.get(`${__ENV.URL}/b`, {tags: {name: 'b'}});
  if (__ITER % 10 == 0) http.get(`${__ENV.URL}/fail`, {tags: {name: 'fail'}});
}
"""
K6_ONE = """
import http from 'k6/http';
export const options = {vus: 2, iterations: 100,
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)']};
export default function () { http.get(`${__ENV.URL}/b`); }
"""
HANDLE = "export function handleSummary(data) { return {'k6_handle_summary.json': JSON.stringify(data, null, 1)}; }\n"
LOCUST = """
from locust import HttpUser, constant, task

class Shopper(HttpUser):
    wait_time = constant(0)

    @task
    def visit(self):
        for name in ("a", "b", "fail"):
            self.client.get(f"/{name}", name=name)
"""
ARTILLERY = """
config:
  target: URL
  phases: [{duration: 3, arrivalRate: 20}]
  plugins: {metrics-by-endpoint: {}}
scenarios: [{flow: [{get: {url: /a}}, {get: {url: /b}}, {get: {url: /fail}}]}]
"""
TAURUS = """
execution: [{executor: apiritif, concurrency: 2, hold-for: 3s, scenario: all}]
scenarios: {all: {requests: [{url: URL/a, label: a}, {url: URL/b, label: b}]}}
reporting: [{module: final-stats, dump-csv: taurus.csv}]
settings: {check-updates: false, artifacts-dir: taurus-artifacts}
"""


def program(name: str) -> str | None:
    """Where a tool is."""
    where = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    return shutil.which(name, path=where)


def run(folder: Path, *command: str, into: str = "", **environ: str) -> None:
    """Runs a tool in the folder; what it prints goes into a file."""
    path = program(command[0])
    assert path, f"{command[0]} is missing"
    with (folder / (into or "printed.txt")).open("wb") as out:
        subprocess.run(
            [path, *command[1:]],
            cwd=folder,
            stdout=out,
            stderr=subprocess.DEVNULL,
            env=os.environ | environ,
            timeout=120,
        )


def k6(folder: Path, url: str) -> None:
    """The same run as stream, as CSV and as summary; another one for --summary-export, and one of a single endpoint for
    the web dashboard's recording."""
    (folder / "k6.js").write_text(K6 + HANDLE)
    outputs = ("--out", "json=k6.json", "--out", "csv=k6.csv")
    run(folder, "k6", "run", "-q", *outputs, "k6.js", URL=url, K6_CSV_TIME_FORMAT="unix_milli")
    (folder / "k6.js").write_text(K6)
    run(folder, "k6", "run", "-q", "--summary-export", "k6_summary_export.json", "k6.js", URL=url)
    (folder / "k6.js").write_text(K6_ONE)
    dashboard = {"K6_WEB_DASHBOARD": "true", "K6_WEB_DASHBOARD_PORT": "-1", "K6_WEB_DASHBOARD_PERIOD": "1s"}
    dashboard["K6_WEB_DASHBOARD_RECORD"] = "k6_dashboard.ndjson"
    run(folder, "k6", "run", "-q", "--summary-export", "k6_dashboard_summary.json", "k6.js", URL=url, **dashboard)
    (folder / "k6.js").unlink()


def locust(folder: Path, url: str) -> None:
    (folder / "visit.py").write_text(LOCUST)
    options = ("--headless", "-u", "2", "-r", "2", "-t", "4s", "--host", url, "--csv-full-history", "--json")
    run(folder, "locust", "-f", "visit.py", "--csv", "locust", *options, into="locust.json")
    (folder / "visit.py").unlink()


def hey(folder: Path, url: str) -> None:
    run(folder, "hey", "-n", "200", "-c", "2", f"{url}/b", into="hey.txt")
    run(folder, "hey", "-n", "200", "-c", "2", "-o", "csv", f"{url}/b", into="hey.csv")


def wrk(folder: Path, url: str) -> None:
    run(folder, "wrk", "-t1", "-c2", "-d3s", "--latency", f"{url}/b", into="wrk.txt")


def ab(folder: Path, url: str) -> None:
    run(folder, "ab", "-n", "200", "-c", "2", f"{url}/b", into="ab.txt")


def autocannon(folder: Path, url: str) -> None:
    run(folder, "autocannon", "-c", "2", "-d", "3", "--json", f"{url}/b", into="autocannon.json")


def artillery(folder: Path, url: str) -> None:
    (folder / "artillery.yml").write_text(ARTILLERY.replace("URL", url))
    run(folder, "artillery", "run", "-q", "-o", "artillery.json", "artillery.yml", ARTILLERY_DISABLE_TELEMETRY="true")
    (folder / "artillery.yml").unlink()


def taurus(folder: Path, url: str) -> None:
    (folder / "taurus.yml").write_text(TAURUS.replace("URL", url))
    run(folder, "bzt", "-o", "settings.check-updates=false", "taurus.yml")
    (folder / "taurus.yml").unlink()


TOOLS: dict[str, tuple[str, Callable[[Path, str], None]]] = {  # name -> the program, and what records it
    "k6": ("k6", k6),
    "locust": ("locust", locust),
    "hey": ("hey", hey),
    "wrk": ("wrk", wrk),
    "ab": ("ab", ab),
    "autocannon": ("autocannon", autocannon),
    "artillery": ("artillery", artillery),
    "taurus": ("bzt", taurus),
}


@contextmanager
def server() -> Iterator[str]:
    """The address of the server with known delays."""
    with subprocess.Popen(
        [sys.executable, str(HERE / "delaying_server.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def main() -> None:
    folder, names = Path(sys.argv[1]), sys.argv[2:] or list(TOOLS)
    folder.mkdir(parents=True, exist_ok=True)
    with server() as url:
        for name in names:
            command, record = TOOLS[name]
            if program(command):
                record(folder, url)
            else:
                print(f"{command} is missing: not recorded")
    (folder / "printed.txt").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
