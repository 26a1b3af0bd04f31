"""Load generators on other machines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Workers on other machines, which connect to this one: `perfgate worker --master-host ...`."""

    workers: int
    host: str = "0.0.0.0"  # noqa: S104 - every address of this machine
    port: int = 5557
    max_wait_s: float = 120.0  # s until all are there
