"""gRPC of known delays: what perfgate measured against what a grpcio server did.

    python bench/grpc_calls.py [--users 100] [--seconds 15] [--server-cpu 0] [--load-cpu 1]

Streams have ten messages a second each, unary calls come at ten times as many a second as there are users; each has a
delay of its own between 10 and 50 ms. The server notes every delay when it hands the message to grpcio: what grpcio
takes from there to the socket counts as perfgate's error.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path
from struct import pack
from tempfile import TemporaryDirectory
from typing import Any

from perfgate.loadtest.service.ports import free_ports

EVERY_S = 0.1
DELAYS_S = (0.01, 0.05)
PROTO = """syntax = "proto3";
package bench;
service Clock {
  rpc Call(Nothing) returns (Tick);
  rpc Watch(Nothing) returns (stream Tick);
}
message Nothing {}
message Tick { double sent_ms = 1; }
"""
HEAD = """
version: 1
target: {target}
load: {{{load}, warmup: 2s, duration: {seconds}s}}
gate: {{probe: false}}
endpoints:
  clock:
"""
KINDS = {  # metric, endpoint, load
    "unary": ("", "    request: POST /bench.Clock/Call\n    grpc: {proto: clock.proto}", "rate: {rate}/s"),
    "server streaming": (
        "message_",
        "    request: POST /bench.Clock/Watch\n    grpc: {proto: clock.proto, for: 60s, sent: {ms: $.sent_ms}}",
        "users: {users}",
    ),
}


async def _serve(port: int, truth: Path) -> None:
    import grpc

    delays: list[float] = []
    chance = random.Random(7)

    def tick(began: float) -> bytes:
        delays.append(time.time() - began)
        return b"\x09" + pack("<d", began * 1000)  # field 1, a double

    async def call(_request: Any, _context: Any) -> bytes:
        began = time.time()
        await asyncio.sleep(chance.uniform(*DELAYS_S))
        return tick(began)

    async def watch(_request: Any, _context: Any) -> Any:
        await asyncio.sleep(chance.uniform(0, EVERY_S))
        while True:
            began = time.time()
            await asyncio.sleep(chance.uniform(*DELAYS_S))
            yield tick(began)
            await asyncio.sleep(max(0.0, began + EVERY_S - time.time()))

    server = grpc.aio.server()
    handlers = {
        "Call": grpc.unary_unary_rpc_method_handler(call),
        "Watch": grpc.unary_stream_rpc_method_handler(watch),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Clock", handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await asyncio.to_thread(sys.stdin.read)
    truth.write_text(json.dumps(delays), encoding="utf-8")
    await server.stop(None)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def measure(kind: str, options: argparse.Namespace) -> tuple[dict[str, Any], list[float]]:
    [port] = free_ports(1)
    metric, endpoint, load = KINDS[kind]
    with TemporaryDirectory(prefix="perfgate-grpc-") as name:
        truth = Path(name, "truth.json")
        command = [sys.executable, __file__, "--serve", str(port), "--truth", str(truth)]
        server = subprocess.Popen([*command, "--server-cpu", str(options.server_cpu)], stdin=subprocess.PIPE)
        try:
            _wait_for(port)
            text = HEAD.format(
                target=f"http://127.0.0.1:{port}",
                load=load.format(rate=10 * options.users, users=options.users),
                seconds=options.seconds,
            )
            Path(name, "clock.proto").write_text(PROTO, encoding="utf-8")
            budget = f"\n    budget: {{{metric}p50: 5s, {metric}p95: 5s}}\n"
            Path(name, "budgets.yaml").write_text(text + endpoint + budget, encoding="utf-8")
            done = subprocess.run(
                [sys.executable, "-m", "perfgate", "run", "--out", "run"],
                cwd=name,
                capture_output=True,
                text=True,
                preexec_fn=lambda: os.sched_setaffinity(0, {options.load_cpu}),
            )
            if done.returncode:
                raise SystemExit(done.stdout + done.stderr)
            [path] = Path(name).rglob("run.json")
            run = json.loads(path.read_text(encoding="utf-8"))
            server.communicate()
            return run, json.loads(truth.read_text(encoding="utf-8"))
        finally:
            server.kill()
            server.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the server did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--server-cpu", type=int, default=0)
    parser.add_argument("--load-cpu", type=int, default=1)
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    parser.add_argument("--truth", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        os.sched_setaffinity(0, {options.server_cpu})
        asyncio.run(_serve(options.serve, options.truth))
        return
    print("| call | messages/s | metric | true ms | measured ms | ratio | generator's CPU |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for kind, (metric, _, _) in KINDS.items():
        run, delays = measure(kind, options)
        metrics = run["endpoints"][0]["metrics"]
        rate = len(delays) / (options.seconds + 2)
        for name, share in ((f"{metric}p50", 0.5), (f"{metric}p95", 0.95)):
            true, measured = percentile(delays, share), metrics[name]
            row = f"{true * 1000:.2f} | {measured * 1000:.2f} | {measured / true:.4f} | {run['generator']['cpu']:.0%}"
            print(f"| {kind} | {rate:.0f} | {name} | {row} |", flush=True)


if __name__ == "__main__":
    main()
