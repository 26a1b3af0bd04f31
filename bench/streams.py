"""Server-sent events and WebSockets of known delays: what perfgate measured against what the server did.

    python bench/streams.py [--streams 100] [--seconds 15] [--server-cpu 0] [--load-cpu 1]

Each stream has ten messages a second, each with a delay of its own between 10 and 50 ms. The server notes every delay
when it hands the message to the kernel; perfgate reports the latency of messages (`message_p50`, `message_p95`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha1
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from perfgate.loadtest.service.ports import free_ports

EVERY_S = 0.1
DELAYS_S = (0.01, 0.05)
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BUDGETS = """
version: 1
target: {target}
load: {{users: {streams}, warmup: 2s, duration: {seconds}s}}
gate: {{probe: false}}
endpoints:
  stream:
{endpoint}
    budget: {{message_p50: 10s, message_p95: 10s}}
"""
ENDPOINTS = {
    "server-sent events": "    request: GET /events\n    events: {for: 60s, sent: {ms: $.t}}",
    "WebSocket": "    request: GET /socket\n    websocket: {send: {t: 1}, every: 100ms, reply: next, for: 60s}",
}


class Server:
    """Keeps the true delay (s) of every message."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.random = random.Random(7)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET /truth"):
                body = json.dumps(self.delays).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
            elif head.startswith(b"GET /events"):
                await self.events(writer)
            elif head.startswith(b"GET /socket"):
                await self.socket(head, reader, writer)
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def events(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        await asyncio.sleep(self.random.uniform(0, EVERY_S))
        while not writer.is_closing():
            began = time.time()
            await asyncio.sleep(self.random.uniform(*DELAYS_S))
            data = b'data: {"t": %.6f}\n\n' % (began * 1000)
            self.delays.append(time.time() - began)
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(max(0.0, began + EVERY_S - time.time()))

    async def socket(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        [key] = [line.split(b": ")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")]
        accept = b64encode(sha1(key + GUID).digest())
        switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        writer.write(switch + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        frames = Connection(ConnectionType.SERVER)
        while data := await reader.read(65536):
            began = time.perf_counter()
            frames.receive_data(data)
            for event in frames.events():
                if isinstance(event, TextMessage):
                    await asyncio.sleep(self.random.uniform(*DELAYS_S))
                    answer = frames.send(TextMessage(event.data))
                    self.delays.append(time.perf_counter() - began)
                    writer.write(answer)


async def _serve(port: int) -> None:
    server = Server()
    async with await asyncio.start_server(server.serve, "127.0.0.1", port, backlog=1024) as listening:
        await listening.serve_forever()


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def measure(kind: str, options: argparse.Namespace) -> tuple[dict[str, Any], list[float]]:
    [port] = free_ports(1)
    target = f"http://127.0.0.1:{port}"
    command = [sys.executable, __file__, "--serve", str(port), "--server-cpu", str(options.server_cpu)]
    server = subprocess.Popen(command)
    try:
        _wait_for(target)
        with TemporaryDirectory(prefix="perfgate-streams-") as name:
            text = BUDGETS.format(
                target=target, streams=options.streams, seconds=options.seconds, endpoint=ENDPOINTS[kind]
            )
            Path(name, "budgets.yaml").write_text(text, encoding="utf-8")
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
        with urllib.request.urlopen(f"{target}/truth", timeout=30) as answer:
            return run, json.load(answer)
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(target: str) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(target, timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--server-cpu", type=int, default=0)
    parser.add_argument("--load-cpu", type=int, default=1)
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        os.sched_setaffinity(0, {options.server_cpu})
        asyncio.run(_serve(options.serve))
        return
    print("| service | messages/s | metric | true ms | measured ms | ratio |\n|---|---|---|---|---|---|", flush=True)
    for kind in ENDPOINTS:
        run, delays = measure(kind, options)
        metrics = run["endpoints"][0]["metrics"]
        rate = len(delays) / (options.seconds + 2)
        for metric, share in (("message_p50", 0.5), ("message_p95", 0.95)):
            true, measured = percentile(delays, share), metrics[metric]
            row = f"{true * 1000:.2f} | {measured * 1000:.2f} | {measured / true:.4f}"
            print(f"| {kind} | {rate:.0f} | {metric} | {row} |", flush=True)


if __name__ == "__main__":
    main()
