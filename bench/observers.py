"""What it costs a request to be looked at: middleware, traces and py-spy beside nothing, in turn and in random order.

    python -m bench.observers [--requests N] [--rounds N] [--endpoint PATH]

The application is the asynchronous one of the zoo (FastAPI, psycopg, PostgreSQL), a process for each way to look at it:
`plain`; `plain again`, which shows the noise; `middleware` (each request has the secret); `not traced` (OpenTelemetry
instruments it, and the request is not sampled); `traced`; `py-spy` (100 samples per second).
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from secrets import token_hex
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter, sleep

sys.path.insert(0, "tests")

from services import postgresql

from bench.rows import print_head, print_row
from bench.zoo.__main__ import redis_serving
from bench.zoo.looking import World, world
from perfgate.diagnose.profilers.pyspy import SAMPLES_PER_S
from perfgate.diagnose.traces import environment
from perfgate.diagnose.traces.receiver import Receiver
from perfgate.loadtest.service.ports import free_ports, is_free
from perfgate.middleware.secret import HEADER, VARIABLE

SECRET = "0123456789abcdef"
BIN = Path(sys.executable).parent
WAYS = ("plain", "plain again", "middleware", "not traced", "traced", "py-spy")


@dataclass(frozen=True)
class Way:
    port: int
    pid: int
    headers: Mapping[str, str]
    traces: str = ""  # begins trace ids

    def sample(self, path: str, requests: int) -> list[float]:
        """Latencies over one connection, s."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        taken = []
        for _ in range(requests):
            own = {"traceparent": f"00-{self.traces}{token_hex(8)}-{token_hex(8)}-01"} if self.traces else {}
            began = perf_counter()
            connection.request("GET", path, headers={**self.headers, **own})
            connection.getresponse().read()
            taken.append(perf_counter() - began)
        connection.close()
        return taken


@contextmanager
def service(name: str, here: World, receiver: Receiver) -> Iterator[Way]:
    """The application, looked at in one way."""
    [port] = free_ports(1)
    is_traced = name in ("traced", "not traced")
    environ = {
        **os.environ,
        "ZOO_DATABASE": here.database("base"),
        "ZOO_REDIS": here.redis,
        "ZOO_PRICES": here.prices,
        "ZOO_PREFIX": name,
        **(environment.block(receiver.url, {}) if is_traced else {}),
        **({"ZOO_MIDDLEWARE": "1", VARIABLE: SECRET} if name == "middleware" else {}),
    }
    command = [sys.executable, "-m", "bench.zoo.patient.asynchronous", str(port)]
    process = subprocess.Popen([*([str(BIN / "opentelemetry-instrument")] if is_traced else []), *command], env=environ)
    try:
        until = monotonic() + 60
        while is_free(port):
            if process.poll() is not None or monotonic() > until:
                raise RuntimeError(f"{name} did not start")
            sleep(0.05)
        headers = {HEADER: SECRET} if name == "middleware" else {}
        yield Way(port, process.pid, headers, receiver.prefix if name == "traced" else "")
    finally:
        process.kill()
        process.wait()


@contextmanager
def sampled(pid: int, folder: str) -> Iterator[None]:
    """py-spy looks at the process inside."""
    command = [str(BIN / "py-spy"), "record", "--pid", str(pid), "--rate", str(SAMPLES_PER_S), "--duration", "600"]
    command += ["--format", "raw", "--output", f"{folder}/stacks"]
    spy = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        sleep(1.0)  # it finds its way
        yield
    finally:
        spy.terminate()
        spy.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=60, help="of each way in each round")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--endpoint", default="/orders?n=3")
    arguments = parser.parse_args()
    medians: dict[str, list[float]] = {name: [] for name in WAYS}
    with ExitStack() as stack:
        server, redis = stack.enter_context(postgresql.serving()), stack.enter_context(redis_serving())
        here, receiver = stack.enter_context(world(server, redis)), stack.enter_context(Receiver())
        folder = stack.enter_context(TemporaryDirectory())
        ways = {name: stack.enter_context(service(name, here, receiver)) for name in WAYS}
        for way in ways.values():
            way.sample(arguments.endpoint, 100)
        for _ in range(arguments.rounds):
            for name in random.sample(WAYS, len(WAYS)):
                with ExitStack() as beside:
                    if name == "py-spy":
                        beside.enter_context(sampled(ways[name].pid, folder))
                    medians[name].append(median(ways[name].sample(arguments.endpoint, arguments.requests)))
    tell(medians)
    return 0


def tell(medians: Mapping[str, list[float]]) -> None:
    """Each round is compared with its own `plain`, for what is slow for all is no cost."""
    print_head("way", "median", "beside plain, in ms", "half of the rounds")
    for name, values in medians.items():
        differences = [(value - plain) * 1e3 for value, plain in zip(values, medians["plain"], strict=True)]
        low, _, high = quantiles(differences, n=4)
        usual = ("–", "–") if name == "plain" else (f"{median(differences):+.2f}", f"{low:+.2f} to {high:+.2f}")
        print_row(name, f"{median(values) * 1e3:.2f} ms", *usual)


if __name__ == "__main__":
    sys.exit(main())
