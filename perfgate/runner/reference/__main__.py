"""Samples the reference workload until nobody listens (`python -m perfgate.runner.reference`): a line "s ms" for each.

One process serves, another asks, as a server and its client would: so a request waits for a CPU as requests to the
application do. It is timed from just before it is sent until the server has its answer; how long the asking process
waits to be woken is no part of it, as it is none of a latency by the kernel's clock.

Both processes end by themselves: this one when its output is closed (its parent has ended, however that came), the
server when this one has.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from random import Random
from time import monotonic_ns, sleep
from typing import NoReturn

from perfgate.runner.reference.workload import SAMPLE_ANSWERS, Workload

SAMPLES_PER_S = 2.5  # samples per second
PAUSE_JITTER = (0.5, 1.5)  # of the mean pause: never in step with anything periodic
STAMP_BYTES = 8  # bytes: when an answer was ready, monotonic ns
WARM_UP_SAMPLES = 2  # samples that are not told: the first ones are slower


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    asking, serving = _connect_pair()
    server = os.fork()
    if server == 0:
        asking.close()
        _serve(serving)
        os._exit(0)
    serving.close()
    try:
        _sample(asking)
    except BrokenPipeError:  # nobody listens any more
        return 0
    finally:
        asking.close()
        os.waitpid(server, 0)


def _connect_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a loopback TCP connection. Nobody else can have connected: the client's address is compared."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asking = socket.create_connection(listener.getsockname())
        serving, peer = listener.accept()
    if peer != asking.getsockname():
        raise ConnectionError(f"somebody else connected to the probe, from {peer}")
    for end in (asking, serving):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return asking, serving


def _serve(connection: socket.socket) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends with the process that asks
    workload = Workload()
    gc.collect()
    gc.freeze()
    number = 0
    while connection.recv(1):
        for piece in range(number, number + SAMPLE_ANSWERS):
            workload.answer(piece)
        connection.sendall(monotonic_ns().to_bytes(STAMP_BYTES, "big"))
        number += SAMPLE_ANSWERS


def _sample(connection: socket.socket) -> NoReturn:
    """Raises BrokenPipeError when stdout is closed."""
    chance = Random(0)
    for _ in range(WARM_UP_SAMPLES):
        _exchange(connection)
    while True:
        sleep(chance.uniform(*PAUSE_JITTER) / SAMPLES_PER_S)
        sent, took = _exchange(connection)
        os.write(1, b"%.4f %.4f\n" % (sent / 1e9, took / 1e6))


def _exchange(connection: socket.socket) -> tuple[int, int]:
    """When (monotonic ns), and how long (ns)."""
    sent = monotonic_ns()
    connection.sendall(b"?")
    ready = connection.recv(STAMP_BYTES, socket.MSG_WAITALL)
    if len(ready) < STAMP_BYTES:
        raise ConnectionError("the probe's server has ended")
    return sent, int.from_bytes(ready, "big") - sent


if __name__ == "__main__":
    sys.exit(main())
