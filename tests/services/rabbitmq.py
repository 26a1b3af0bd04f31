"""A RabbitMQ broker for the tests alone: on free ports, with its management interface, gone with them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import NamedTuple

import amqp
from services.needs import lacking, program

from perfgate.loadtest.service.ports import free_ports

PATIENCE = 90.0  # s
SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the one in PATH changes the user


class Broker(NamedTuple):
    url: str  # amqp://
    management: str  # http://


@contextmanager
def serving() -> Iterator[Broker]:
    if (known := program("rabbitmq")) is None:
        lacking("rabbitmq")
    with TemporaryDirectory(prefix="perfgate-rabbitmq-") as name:
        folder, [port, web, distribution, mapper] = Path(name), free_ports(4)
        (folder / "plugins").write_text("[rabbitmq_management].\n", encoding="utf-8")
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{port}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {web}\n"
            "collect_statistics_interval = 500\n",
            encoding="utf-8",
        )
        environ = {
            **os.environ,
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"perfgate{port}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
        }
        process = subprocess.Popen(
            [str(SCRIPT if SCRIPT.exists() else known)],
            env=environ,
            cwd=folder,
            stdout=(folder / "log").open("wb"),
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(port, process, folder / "log")
            yield Broker(f"amqp://guest:guest@127.0.0.1:{port}//", f"http://guest:guest@127.0.0.1:{web}")
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()
            process.wait()
            if epmd := shutil.which("epmd"):  # the broker starts it, and leaves it
                subprocess.run([epmd, "-port", str(mapper), "-kill"], capture_output=True, check=False)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = monotonic() + PATIENCE
    while True:
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        try:
            with amqp.Connection(f"127.0.0.1:{port}", connect_timeout=30):
                return
        except (OSError, amqp.AMQPError):
            assert monotonic() < until, log.read_text(errors="replace")[-2000:]
            sleep(0.2)
