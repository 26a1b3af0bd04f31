"""The order of a first run."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING

from perfgate import __version__
from perfgate.cli.run import child_environment

if TYPE_CHECKING:
    from perfgate.workflows.run import RunRequest


def order_of(budget: Path) -> RunRequest:
    """A run that is not remembered."""
    from perfgate.ci import revision
    from perfgate.files import run_folder
    from perfgate.workflows.run import RunRequest

    root = Path.cwd()
    run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    return RunRequest(
        budget=budget,
        root=root,
        environ=child_environment(),
        run_id=run_id,
        folder=root / run_folder.HOME / "first" / run_id,
        revision=revision.read(os.environ, root),
        versions={"perfgate": __version__, "locust": version("locust"), "python": python_version()},
        save=False,
    )
