"""A MariaDB server for the tests alone: an empty one on a free port, with performance_schema, gone with them."""

from __future__ import annotations

import getpass
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import pymysql
from services.needs import lacking, program

from perfgate.loadtest.service.ports import free_ports

PATIENCE = 60.0  # s
DATABASE = "shop"
UNSAFE = (
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=16M",
    "--skip-name-resolve",
)


@contextmanager
def serving(*, counting: bool = True) -> Iterator[str]:
    """The URL of a database on a server that runs inside this block; `counting`: with performance_schema."""
    if (server := program("mariadb")) is None:
        lacking("mariadb")
    with TemporaryDirectory(prefix="perfgate-mariadb-") as name:
        folder, [port] = Path(name), free_ports(1)
        account = f"--user={getpass.getuser()}"
        install = ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
        places = [f"--datadir={folder / 'data'}", f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}"]
        listening = [
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--performance-schema={'ON' if counting else 'OFF'}",
        ]
        subprocess.run(
            [*install, f"--datadir={folder / 'data'}", account],
            check=True,
            capture_output=True,
        )
        process = subprocess.Popen(
            [server, "--no-defaults", account, *places, *listening, *UNSAFE],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_until_ready(port, process)
            yield f"mysql://root@127.0.0.1:{port}/{DATABASE}"
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()
            process.wait()


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    until = monotonic() + PATIENCE
    while True:
        assert process.poll() is None, f"MariaDB ended with {process.poll()}"
        try:
            connection = pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)
        except pymysql.OperationalError:
            assert monotonic() < until, "MariaDB did not start"
            sleep(0.05)
            continue
        with connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
        return
