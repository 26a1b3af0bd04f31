"""`perfgate import`: another tool's recording becomes a run, which the same gate judges."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate import __version__
from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget
from perfgate.model.errors import RecordError, UsageError

if TYPE_CHECKING:
    from perfgate.model.revision import Revision
    from perfgate.workflows.import_recording import Recording

STDIN = "-"
COLUMNS = ("t", "endpoint", "ms", "status", "arm")
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
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
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The recording; - for stdin. Packed or not.")],
    budget: Budget = DEFAULT_BUDGET,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            envvar="PERFGATE_FORMAT",
            metavar="NAME",
            help="As in docs/import.md: k6, csv ... [default: as it looks]",
        ),
    ] = "",
    endpoint: Annotated[
        str, typer.Option(metavar="NAME", help="All requests are this endpoint's. For tools that do not name them.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(envvar="PERFGATE_OUT", metavar="DIR", help="The run folder. [default: .perfgate/runs/<id>]"),
    ] = None,
    skip: Annotated[str, typer.Option(metavar="TIME", help="Warm-up at its beginning, like 2s: never judged.")] = "0s",
    started: Started = "",
    branch: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Branch that was measured. [default: what is checked out here]", show_default=False
        ),
    ] = "",
    commit: Annotated[str, typer.Option(metavar="SHA", help="Commit that was measured.")] = "",
    max_bad: Annotated[
        str,
        typer.Option(metavar="NUMBER", help="Malformed lines to skip: 20, or 1% of all; more are an error."),
    ] = "0.1%",
    columns: Annotated[
        str,
        typer.Option(
            metavar="OURS=THEIRS,...",
            help="Names of a CSV's or Parquet's columns: t=when,endpoint=name,ms=took,status=code",
        ),
    ] = "",
    unit: Annotated[
        str,
        typer.Option(metavar="UNIT", help="What times are in, of CSV, Parquet, HdrHistogram: s, ms, us or ns."),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be taken, and write nothing.")] = False,
) -> int:
    """Make a run of another tool's recording.

    k6, JMeter, Locust, Gatling, Lighthouse, wrk, CSV ...

    Single requests allow everything; summaries only fixed limits and comparisons of what they report.


    Example: perfgate import k6.json --budget budgets.yaml
    """
    from perfgate.report.escaping import plain
    from perfgate.workflows import import_recording

    share, number = _bad(max_bad)
    with _source(file) as (path, age):
        request = import_recording.ImportRequest(
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
            endpoint=endpoint,
            columns=_columns(columns),
            unit=_unit(unit),
            bad_share=share,
            bad_lines=number,
        )
        if dry_run:
            _show(import_recording.look_at(request))
            return 0
        run, folder = import_recording.take_in(request)
    for warning in run.warnings:
        say(f"perfgate: {plain(warning)}")
    results = (*run.endpoints, *(item for arm in run.arms for item in arm.endpoints))
    requests = sum(result.requests for result in results if result.kind == "endpoint")
    views = sum(result.requests for result in results if result.kind == "page")
    what = f"{views:,} views of pages" if views else f"{requests:,} requests"
    arms = " in two arms" if run.arms else ""
    span = f" over {run.duration:.1f} s" if run.duration else ""
    say(f"Imported {what}{arms}{span}, begun {run.started[:19]} UTC.")
    say(f"Judge it: perfgate gate {folder} --budget {budget}")
    return 0


def _show(recording: Recording) -> None:
    """What a recording holds."""
    from perfgate.report.escaping import plain

    ends = recording.started + timedelta(seconds=recording.duration)
    span = f"{recording.duration:.1f} s, until {ends:%H:%M:%S}" if recording.duration else "how long is not known"
    say(f"Format:    {recording.format}{' (a summary)' if recording.summary else ''}")
    say(f"Latency:   {recording.latency}")
    say(f"Time:      {recording.started:%Y-%m-%d %H:%M:%S} UTC, {span}")
    say(f"Requests:  {recording.requests:,}{' in two arms' if recording.is_ab else ''}")
    for name, requests in recording.by_endpoint.items():
        say(f"  {plain(name)}: {requests:,}")
    say(f"Missing:   {'; '.join(recording.lacks)}")
    for warning in recording.warnings[1:]:
        say(f"Note:      {plain(warning)}")
    say("Nothing was written.")


def _bad(text: str) -> tuple[float, int]:
    """(share, number) of lines that may be bad."""
    plain = text.strip()
    try:
        share, number = (float(plain[:-1]) / 100, 0) if plain.endswith("%") else (0.0, int(plain))
    except ValueError:
        share, number = -1.0, -1
    if not (0 <= share <= 1 and number >= 0):
        raise UsageError(f"--max-bad {text}: not a number of lines", hint="It looks like 20, or 1%.", code="PG-U003")
    return share, number


def _columns(text: str) -> dict[str, str]:
    """What columns are called, by our names."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    columns = {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
    is_clear = len(columns) == len(pairs) == len({*map(str.lower, columns.values())})
    if not is_clear or not set(columns) <= {*COLUMNS} or not all(columns.values()):
        hint = f"It looks like t=when,endpoint=name,ms=took; ours are {', '.join(COLUMNS)}."
        raise UsageError(f"--columns {text}: not names of columns", hint=hint, code="PG-U003")
    return columns


def _unit(text: str) -> float | None:
    """Seconds of a unit; None where none is given."""
    if text and text not in UNITS:
        raise UsageError(f"--unit {text}: not a unit of time", hint=f"Known: {', '.join(UNITS)}", code="PG-U003")
    return UNITS.get(text)


@contextmanager
def _source(file: Path) -> Iterator[tuple[Path, datetime]]:
    """A file to read, perhaps twice, and its time. What comes by stdin is put into one."""
    if str(file) != STDIN:
        try:
            yield file, datetime.fromtimestamp(file.stat().st_mtime, UTC)
        except FileNotFoundError as error:
            raise UsageError(
                f"There is no file {file}", hint="Name what k6, JMeter, Locust ... wrote; - is stdin.", code="PG-U008"
            ) from error
        return
    with tempfile.TemporaryDirectory(prefix="perfgate-") as folder:
        path = Path(folder) / "stdin"
        try:
            with path.open("wb") as copy:
                shutil.copyfileobj(sys.stdin.buffer, copy, 1 << 20)
        except OSError as error:
            raise RecordError(f"Cannot keep stdin in {folder}: {error.strerror}", code="PG-R002") from error
        yield path, datetime.now(UTC)


def _revision(branch: str, commit: str) -> Revision:
    """What the caller says, and nothing besides: the recording may be of long ago."""
    from perfgate.ci import revision
    from perfgate.model.revision import Revision

    return Revision(branch=branch, commit=commit) if branch or commit else revision.read(os.environ, Path.cwd())


def _seconds(text: str) -> float:
    from perfgate.text.units import DURATION, UnitError, parse

    try:
        return parse(DURATION, text)
    except UnitError as error:
        raise UsageError(f"--skip: {error}", hint=error.hint, code="PG-U003") from error


def _time(text: str) -> datetime:
    from perfgate.text.units import parse_moment

    try:
        return parse_moment(text)
    except ValueError as error:
        raise UsageError(
            f"--started {text}: not a time", hint="Times look like 2026-01-31T12:00:00Z.", code="PG-U003"
        ) from error
