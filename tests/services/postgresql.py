"""A PostgreSQL server for the tests alone: an empty cluster on a free port, gone with them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

import sqlalchemy as sa
from services.needs import lacking, program

from perfgate.loadtest.service.ports import free_ports

VARIABLE = "PERFGATE_TEST_POSTGRESQL"  # postgresql://user@host/database: a server that runs already
ACCOUNT = "postgres"  # PostgreSQL refuses to run as root
PATIENCE = 60.0  # s
COUNTING = ("-c", "shared_preload_libraries=pg_stat_statements")  # for what a diagnosis reads
UNSAFE = ("-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")  # fast: it is thrown away anyway


@contextmanager
def serving() -> Iterator[str]:
    """The URL of a server that runs inside this block."""
    if known := os.environ.get(VARIABLE):
        yield known
        return
    if (initdb := program("postgresql")) is None:
        lacking("postgresql")
    folder = Path(tempfile.mkdtemp(prefix="perfgate-postgresql-"))
    account = {"user": ACCOUNT, "group": ACCOUNT, "extra_groups": []} if os.geteuid() == 0 else {}
    if account:
        shutil.chown(folder, ACCOUNT, ACCOUNT)
    try:
        data, [port] = folder / "data", free_ports(1)
        subprocess.run(
            [initdb, "-D", data, "-U", ACCOUNT, "-A", "trust", "-E", "UTF8", "--no-sync"],
            cwd=folder,
            check=True,
            capture_output=True,
            **account,  # type: ignore[call-overload]
        )
        server = subprocess.Popen(
            [
                Path(initdb).with_name("postgres"),
                "-D",
                data,
                "-h",
                "127.0.0.1",
                "-p",
                str(port),
                "-k",
                "",
                *COUNTING,
                *UNSAFE,
            ],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **account,  # type: ignore[call-overload]
        )
        try:
            url = f"postgresql://{ACCOUNT}@127.0.0.1:{port}/{ACCOUNT}"
            _wait_until_ready(url, server)
            yield url
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(60)
            server.kill()
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def new_schema(server: str) -> Iterator[str]:
    """The URL of an empty schema, dropped with the block."""
    name = f"perfgate_test_{uuid4().hex}"
    engine = _engine(server)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    try:
        yield f"{server}?options=-csearch_path%3D{name}"
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
        engine.dispose()


def _engine(server: str) -> sa.Engine:
    return sa.create_engine(sa.make_url(server).set(drivername="postgresql+psycopg"))


def _wait_until_ready(server: str, process: subprocess.Popen[bytes]) -> None:
    engine, until = _engine(server), monotonic() + PATIENCE
    while True:
        assert process.poll() is None, f"PostgreSQL ended with {process.poll()}"
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            assert monotonic() < until, "PostgreSQL did not start"
            sleep(0.05)
        else:
            engine.dispose()
            return
