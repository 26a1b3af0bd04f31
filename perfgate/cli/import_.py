"""`perfgate import`: another tool's recording becomes a run, which the same gate judges."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate import __version__
from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget
from perfgate.model.errors import RecordError, UsageError

if TYPE_CHECKING:
    from perfgate.model.run import Revision

STDIN = "-"
Started = Annotated[
    str,
    typer.Option(
        envvar="PERFGATE_STARTED",
        metavar="TIME",
        help="When the recording began, like 2026-01-31T12:00:00Z. [default: what it says, else the file's time]",
        show_default=False,
    ),
]


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The recording; - for stdin. May be gzipped.")],
    budget: Budget = DEFAULT_BUDGET,
    format: Annotated[
        str, typer.Option("--format", "-f", envvar="PERFGATE_FORMAT", help="csv or k6. [default: as it looks]")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(envvar="PERFGATE_OUT", metavar="DIR", help="The run folder. [default: .perfgate/runs/<id>]"),
    ] = None,
    skip: Annotated[str, typer.Option(metavar="TIME", help="Warm-up at its beginning, like 2s: never judged.")] = "0s",
    started: Started = "",
    branch: Annotated[
        str, typer.Option(help="What was measured. [default: what is checked out here]", show_default=False)
    ] = "",
    commit: Annotated[str, typer.Option(help="The same.")] = "",
) -> int:
    """Make a run of another tool's recording.

    CSV with t,endpoint,ms,status (and arm, for an A/B test), or `k6 run --out json=FILE`.


    Example: perfgate import k6.json --budget budgets.yaml
    """
    from perfgate import recordings
    from perfgate.report.text import plain

    with _source(file) as (path, age):
        order = recordings.Order(
            path=path,
            name=str(file),
            budget=budget,
            format=format,
            out=out,
            root=Path.cwd(),
            skip=_seconds(skip),
            started=_time(started) if started else None,
            otherwise=age,
            revision=_revision(branch, commit),
            version=__version__,
        )
        run, folder = recordings.take_in(order)
    for warning in run.warnings:
        say(f"perfgate: {plain(warning)}")
    results = (*run.endpoints, *(one for arm in run.arms for one in arm.endpoints))
    requests = sum(one.requests for one in results if one.kind == "endpoint")
    arms = " in two arms" if run.arms else ""
    say(f"Imported {requests:,} requests{arms} over {run.duration:.1f} s, begun {run.started[:19]} UTC.")
    say(f"Judge it: perfgate gate {folder} --budget {budget}")
    return 0


@contextmanager
def _source(file: Path) -> Iterator[tuple[Path, datetime]]:
    """A file to read, perhaps twice, and its time. What comes by stdin is put into one."""
    if str(file) != STDIN:
        try:
            yield file, datetime.fromtimestamp(file.stat().st_mtime, UTC)
        except FileNotFoundError as error:
            raise UsageError(f"There is no file {file}") from error
        return
    with tempfile.TemporaryDirectory(prefix="perfgate-") as folder:
        path = Path(folder) / "stdin"
        try:
            with path.open("wb") as copy:
                shutil.copyfileobj(sys.stdin.buffer, copy, 1 << 20)
        except OSError as error:
            raise RecordError(f"Cannot keep stdin in {folder}: {error.strerror}") from error
        yield path, datetime.now(UTC)


def _revision(branch: str, commit: str) -> Revision:
    """What the caller says, and nothing besides: the recording may be of long ago."""
    from perfgate import revision
    from perfgate.model.run import Revision

    return Revision(branch=branch, commit=commit) if branch or commit else revision.read(os.environ, Path.cwd())


def _seconds(text: str) -> float:
    from perfgate.units import DURATION, UnitError, parse

    try:
        return parse(DURATION, text)
    except UnitError as error:
        raise UsageError(f"--skip: {error}", hint=error.hint) from error


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--started {text}: not a time", hint="Times look like 2026-01-31T12:00:00Z.") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
