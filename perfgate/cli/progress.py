"""How a load is going, on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from perfgate.cli.guard import say

if TYPE_CHECKING:
    from perfgate.model.plan import Plan
    from perfgate.model.run import Progress
    from perfgate.workflows.steps.request import ProgressReporter


def reporter() -> ProgressReporter:
    from rich.console import Console

    from perfgate.report.terminal.progress import LoadProgress
    from perfgate.workflows.steps.request import ProgressReporter

    console = Console(stderr=True)

    @contextmanager
    def progress(_: Plan) -> Iterator[Callable[[Progress], None]]:
        with LoadProgress(console) as shown:
            yield shown.update

    return ProgressReporter(say=say, progress=progress)
