"""`perfgate demo`: the shop that the README measures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perfgate.model.errors import UsageError


def demo(
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="Where it listens; 0 takes a free one.")
    ] = 8765,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    database: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep the data in this file.")] = None,
) -> int:
    """Serve the demo shop.

    PERFGATE_DEMO_FAULTS switches on faults.


    Example: PERFGATE_DEMO_FAULTS="search:slow=3" perfgate demo
    """
    try:
        from perfgate.demo import serve
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The demo shop needs {error.name}, which is not installed.",
            hint="pip install fastapi uvicorn",
            code="PG-U011",
        ) from error
    return serve(port, host, database=database)
