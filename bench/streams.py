"""Server-sent events, WebSockets, GraphQL and gRPC of known delays: what perfgate measured against what the server did.

    python -m bench.streams [--only WebSocket] [--streams 100] [--seconds 15] [--rounds 3]

A thousand messages a second: a hundred streams with ten each, or as many GraphQL requests or calls; each with a delay
of its own between 10 and 50 ms. The server knows every delay by the kernel's clock (stream_server.py); compared are
those messages that came in perfgate's measured time, and those requests that began in it, as perfgate counts them.
`missed` is how many fewer (or more, -) perfgate measured: a few are on the other side of an edge. `lag` is what answers
of requests waited for perfgate's code (p99), which must not show.

At the end the worst difference of each service over all rounds; the exit code is 1 where one is over 1 %, or where
perfgate missed over 2 % of the messages or saw errors.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from bench.rows import print_head, print_row
from perfgate.loadtest.service.ports import free_ports

SERVER = Path(__file__).with_name("stream_server.py")
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
GOAL = 0.01  # how far off a percentile may be
MAX_MISSED = 0.02  # share of the messages that may begin or end on the other side of an edge
START_TIMEOUT_S = 15.0
RUN_TIMEOUT_S = 60.0  # besides warm-up and duration: start-up, report, and streams that end


class Service(NamedTuple):
    load: str
    endpoint: str
    prefix: str  # of its metrics


SERVICES = {
    "server-sent events": Service(
        "users: {streams}", "request: GET /events, events: {{for: 60s, sent: {{ms: $.t}}}}", "message_"
    ),
    "WebSocket": Service(
        "users: {streams}",
        "request: GET /socket, websocket: {{send: {{t: 1}}, every: 100ms, reply: next, for: 60s}}",
        "message_",
    ),
    "GraphQL": Service(
        "rate: {rate}/s",
        'request: POST /graphql, graphql: "query ($id: Int!) {{ item(id: $id) {{ id name }} }}", '
        "variables: {{id: 7}}, expect: {{json: {{$.data.item.id: 7}}}}",
        "",
    ),
    "gRPC": Service("rate: {rate}/s", "request: POST /bench.Clock/Call, grpc: {{proto: clock.proto}}", ""),
    "gRPC stream": Service(
        "users: {streams}",
        "request: POST /bench.Clock/Watch, grpc: {{proto: clock.proto, for: 60s, sent: {{ms: $.sent_ms}}}}",
        "message_",
    ),
}
PROTO = """syntax = "proto3";
package bench;
service Clock {
  rpc Call(Nothing) returns (Tick);
  rpc Watch(Nothing) returns (stream Tick);
}
message Nothing {}
message Tick { double sent_ms = 1; }
"""


class Compared(NamedTuple):
    """Times in s; `rate` is messages a second, `missed` the share of them that was not measured."""

    rate: float
    missed: float
    failures: int
    lag: float
    cpu: float  # of the load generator, in cores
    true: dict[str, float]
    measured: dict[str, float]

    def off(self, name: str) -> float:
        return self.measured[name] / self.true[name] - 1

    @property
    def is_true(self) -> bool:
        return (
            all(abs(self.off(name)) <= GOAL for name in SHARES)
            and abs(self.missed) <= MAX_MISSED
            and self.failures == 0
        )


def budget(service: Service, target: str, options: argparse.Namespace) -> str:
    metrics = ", ".join(f"{service.prefix}{name}: 9s" for name in SHARES)
    load = service.load.format(streams=options.streams, rate=options.streams * 10)
    endpoint = service.endpoint.format()
    return (
        f"version: 1\ntarget: {target}\ngate: {{probe: false}}\n"
        f"load: {{{load}, warmup: 2s, duration: {options.seconds}s}}\n"
        f"endpoints:\n  bench: {{{endpoint}, budget: {{{metrics}}}}}\n"
    )


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def compare(service: Service, options: argparse.Namespace) -> Compared:
    [port] = free_ports(1)
    target = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([sys.executable, str(SERVER), str(port), str(options.server_cpu)])
    try:
        _wait_for(target)
        with TemporaryDirectory(prefix="perfgate-streams-") as folder:
            run = _measure(budget(service, target, options), Path(folder), options.load_cpu, options.seconds)
        with urllib.request.urlopen(f"{target}/truth", timeout=30) as answer:
            delays = json.load(answer)
    finally:
        server.kill()
        server.wait(10)
    start = datetime.fromisoformat(run["started"]).timestamp() * 1e9
    end = start + run["duration"] * 1e9
    is_stream = bool(service.prefix)
    true = [delay / 1e9 for ended, delay in delays if start <= (ended if is_stream else ended - delay) < end]
    [result] = run["endpoints"]
    metrics, generator = result["metrics"], run["generator"]
    if not true or any(service.prefix + name not in metrics for name in SHARES):
        raise SystemExit(f"nothing was measured: {result['failures']} failures, {result['failure_examples']}")
    measured = result["phases"]["message"] if is_stream else result["latency"]
    return Compared(
        rate=len(true) / run["duration"],
        missed=1 - sum(measured["buckets"].values()) / len(true),
        failures=result["failures"],
        lag=generator["delay_p99"],
        cpu=generator["cpu"],
        true={name: percentile(true, share) for name, share in SHARES.items()},
        measured={name: metrics[service.prefix + name] for name in SHARES},
    )


def _measure(text: str, folder: Path, cpu: int, seconds: int) -> dict[str, Any]:
    (folder / "budgets.yaml").write_text(text, encoding="utf-8")
    (folder / "clock.proto").write_text(PROTO, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "perfgate", "run", "--no-save", "--out", "out"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=seconds + RUN_TIMEOUT_S,
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
    )
    record = folder / "out" / "run.json"
    if not record.exists():
        raise SystemExit(done.stdout + done.stderr)
    return dict(json.loads(record.read_text(encoding="utf-8")))


def _wait_for(target: str) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(target, timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not start")


def _print(kind: str, compared: Compared) -> None:
    for name in SHARES:
        values = (f"{compared.true[name] * 1000:.2f}", f"{compared.measured[name] * 1000:.2f}")
        own = (
            f"{compared.missed:+.2%}",
            compared.failures,
            f"{compared.lag * 1000:.2f}" if compared.lag else "-",
            f"{compared.cpu:.0%}",
        )
        print_row(kind, f"{compared.rate:,.0f}", name, *values, f"{compared.off(name):+.2%}", *own)


def _print_worst(rounds: dict[str, list[Compared]]) -> None:
    print()
    print_head("service", *(f"{name}, worst" for name in SHARES), f"within {GOAL:.0%}, all measured, no errors")
    for kind, compared in rounds.items():
        worst = (max((item.off(name) for item in compared), key=abs) for name in SHARES)
        said = "yes" if all(item.is_true for item in compared) else "NO"
        print_row(kind, *(f"{off:+.2%}" for off in worst), said)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SERVICES, action="append")
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server-cpu", type=int, default=0)
    parser.add_argument("--load-cpu", type=int, default=1)
    options = parser.parse_args()
    names = ("messages/s", "metric", "true ms", "measured ms", "off", "missed", "errors", "lag ms", "cpu")
    print_head("service", *names)
    rounds: dict[str, list[Compared]] = {kind: [] for kind in options.only or SERVICES}
    for _ in range(options.rounds):
        for kind, known in rounds.items():
            known.append(compare(SERVICES[kind], options))
            _print(kind, known[-1])
    _print_worst(rounds)
    return int(not all(item.is_true for known in rounds.values() for item in known))


if __name__ == "__main__":
    sys.exit(main())
