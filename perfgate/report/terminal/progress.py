"""What is going on while the load runs: a live line on a terminal, a plain line every ten seconds anywhere else."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from perfgate.model.run import Progress
from perfgate.report import words
from perfgate.text.plurals import counted

LINE_INTERVAL_S = 10.0  # s between two lines where there is no terminal
BAR_COLUMNS = 32  # columns


class LoadProgress:
    """Shows each `Progress` it is given. It reads no clock: time is `Progress.elapsed`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_interactive else None
        self._next_line = LINE_INTERVAL_S

    def __enter__(self) -> LoadProgress:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def update(self, progress: Progress) -> None:
        if self._live:
            self._live.update(_picture(progress), refresh=True)
        elif progress.elapsed >= self._next_line:
            self._next_line = (progress.elapsed // LINE_INTERVAL_S + 1) * LINE_INTERVAL_S
            self._console.print(Text(line(progress)), soft_wrap=True)


def line(progress: Progress) -> str:
    """ "  10 s of 35 s  measuring  1,980 requests  198/s  p95 12.3 ms  0 errors"."""
    return "  ".join([f"{progress.elapsed:4.0f} s of {progress.total:.0f} s", progress.phase, *_numbers(progress)])


def _numbers(progress: Progress) -> list[str]:
    return [
        f"{progress.requests:,} requests",
        f"{progress.rate:,.0f}/s",
        f"p95 {words.value('p95', progress.p95)}",
        counted(progress.failures, "error"),
    ]


def _picture(progress: Progress) -> Group:
    head = Table.grid(padding=(0, 2, 0, 0))
    head.add_row(
        Text(f"{progress.phase:<9}", style="bold"),
        ProgressBar(
            total=max(progress.total, 1e-9),
            completed=progress.elapsed,
            width=BAR_COLUMNS,
            style="dim",
            complete_style="cyan",
            finished_style="cyan",
        ),
        Text(f"{progress.elapsed:.0f} s of {progress.total:.0f} s"),
    )
    requests, rate, p95, errors = _numbers(progress)
    numbers = Text("  ").join(
        [
            Text(requests),
            Text(rate),
            Text(p95),
            Text(errors, style="bold red" if progress.failures else ""),
            Text(f"{progress.in_flight:,} in flight"),
            Text(f"{progress.users:,} users"),
        ]
    )
    return Group(head, numbers)
