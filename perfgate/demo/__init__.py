"""The demo shop: a small real application with faults to switch on, so that a gate has something to catch.

It is a room of its own: it imports nothing else of perfgate, and needs the extra `perfgate[demo]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["serve"]


def serve(port: int, host: str = "127.0.0.1", *, database: Path | None = None, faults: str | None = None) -> int:
    """Serve the shop until SIGTERM or SIGINT, and return the exit code of the process.

    0: stopped by a signal, which is how a server ends; 2: a fault nobody knows;
    3: the port or the database cannot be used, or FastAPI is not installed.
    `port` 0 takes a free one. `database` is kept; without it the data live in a temporary folder.
    `faults` defaults to the environment's PERFGATE_DEMO_FAULTS.
    """
    # Here, because FastAPI and uvicorn take half a second to load and are an optional extra.
    try:
        from perfgate.demo.server import run
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "uvicorn"):
            raise
        print("The demo shop needs FastAPI and uvicorn: pip install fastapi uvicorn", file=sys.stderr)
        return 3
    return run(port, host, database=database, faults=faults)
