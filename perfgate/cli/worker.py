"""`perfgate worker`: a load-generator process for a `perfgate run --workers N` on another machine."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer


def worker(
    master_host: Annotated[
        str,
        typer.Option(
            envvar="PERFGATE_MASTER_HOST",
            metavar="ADDRESS",
            help="The machine on which `perfgate run --workers` waits.",
        ),
    ] = "127.0.0.1",
    master_port: Annotated[
        int, typer.Option(envvar="PERFGATE_MASTER_PORT", metavar="PORT", help="The port on which it waits.")
    ] = 5557,
) -> int:
    """Make load for a `perfgate run --workers N`.

    It takes the scenario and all settings from there, and ends with the run. Secrets and data files are its own
    machine's.

    Example: perfgate worker --master-host 10.0.0.1
    """
    from perfgate.ci import credentials

    command = [sys.executable, "-P", "-m", "perfgate.runtime", "-f", "-", "--worker"]
    command += ["--master-host", master_host, "--master-port", str(master_port)]
    # Signals and the exit code are then Locust's own.
    os.execve(sys.executable, command, credentials.without_secrets(os.environ))
