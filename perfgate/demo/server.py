"""Serves the shop with uvicorn in this process: start, one line about where, and a clean end."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import uvicorn

from perfgate.demo import seed
from perfgate.demo.app import build
from perfgate.demo.database import Database
from perfgate.demo.errors import DemoError
from perfgate.demo.faults import VARIABLE, Faults, parse

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
DRAIN_SECONDS = 2  # how long requests under way may take to end


class Stopped(BaseException):
    """Raised where the program is when a signal asks it to stop, so that everything is cleaned up on the way out."""


class ShopServer(uvicorn.Server):
    """uvicorn, which also says where it serves, and first of all wakes what waits when it stops."""

    def __init__(self, config: uvicorn.Config, url: str, stopping: threading.Event) -> None:
        super().__init__(config)
        self._url = url
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What exists now stays: the collector need not look at it again, which would stop all requests for some 10 ms.
        gc.collect()
        gc.freeze()
        print(f"demo shop at {self._url} (its own request counts: {self._url}/stats)", file=sys.stderr, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)


def run(port: int, host: str, *, database: Path | None, faults: str | None) -> int:
    """See perfgate.demo.serve."""
    text = os.environ.get(VARIABLE, "") if faults is None else faults
    try:
        broken = parse(text)
        with _stop_signals(), contextlib.closing(_listen(host, port)) as listener, _folder() as folder:
            if text.strip(" ,"):
                print(f"faults on purpose: {text}", file=sys.stderr, flush=True)
            _serve(listener, folder, database or folder / "shop.db", broken)
    except DemoError as error:
        print(f"perfgate demo: {error}", file=sys.stderr)
        return error.exit_code
    except Stopped:
        pass
    return 0


def _serve(listener: socket.socket, folder: Path, path: Path, faults: Mapping[str, Faults]) -> None:
    stopping = threading.Event()
    with contextlib.closing(Database(path)) as database:
        seed.fill(database, path, indexed=not faults["search"].no_index)
        shop = build(database, folder, faults, stopping)
        config = uvicorn.Config(
            shop.app,
            lifespan="off",
            access_log=False,
            log_level="error",
            timeout_keep_alive=75,  # uvicorn's 5 s would close connections of slow visitors while they send
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        with contextlib.closing(shop.exports):
            ShopServer(config, _url(listener), stopping).run([listener])


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens already: a port in use is found before any work, and early clients wait, not fail."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, which socket.create_server does not do: only then does asyncio send without Nagle's 40 ms of delay.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        hint = "Choose another with --port, or stop what listens there."
        raise DemoError(f"cannot listen on {host} port {port}: {reason}. {hint}") from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="perfgate-demo-") as name:
        yield Path(name)


@contextlib.contextmanager
def _stop_signals() -> Iterator[None]:
    """Turn the signals that end a server into Stopped. While uvicorn serves it hears them, then raises them again."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return
    before = {number: signal.signal(number, _stop) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # whoever asks twice must not interrupt the cleaning up
    raise Stopped
