"""One metric of one endpoint over the runs, as a table (pandas), and its text form for `perfgate trend`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun
from perfgate.report import words
from perfgate.report.escaping import plain
from perfgate.report.facts import accepted, by_name, kind, newest_of_line, value_in
from perfgate.report.sparkline import sparkline
from perfgate.stats.change_points import change_points
from perfgate.text.plurals import counted

COLUMNS = ("started", "run", "commit", "branch", "value", "outcome", "failed", "accepted", "accepted_by", "kind")
MAX_ROWS = 30  # rows of the text form


def table(runs: Sequence[PastRun], endpoint: str, metric: str) -> pd.DataFrame:
    """One row per run, in the order given, oldest first. `value` in base units, NaN where it was not measured.

    `started` is UTC, NaT when unreadable. `failed` says whether this very series failed; `outcome` is the whole
    run's. `accepted` is the reason and `accepted_by` who gave it, empty when nobody accepted it. `kind` is empty for
    runs of the load and kind that the newest run outside A/B tests has: only those are compared.
    """
    line = newest_of_line(runs[::-1]).run if runs else None
    rows = [(*_row(past, endpoint, metric), kind(past.run, line) if line else "") for past in runs]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["started"] = pd.to_datetime(frame["started"], utc=True, errors="coerce", format="ISO8601")
    return frame.astype({"value": float, "failed": bool})


def _row(past: PastRun, endpoint: str, metric: str) -> tuple[object, ...]:
    run = past.run
    word = accepted(past, endpoint, metric)
    return (
        run.started,
        run.id,
        run.commit,
        run.branch,
        value_in(by_name(run).get(endpoint), metric),
        past.outcome.value,
        (endpoint, metric) in past.failed,
        word.reason if word else "",
        word.author if word else "",
    )


def alike(frame: pd.DataFrame) -> pd.DataFrame:
    """The runs that may be joined by a line: all of them where there are only A/B runs."""
    alone = frame[frame["kind"] == ""]
    return alone if len(alone) else frame


def values(frame: pd.DataFrame) -> list[float | None]:
    return [
        None if missing else float(value) for value, missing in zip(frame["value"], frame["value"].isna(), strict=True)
    ]


def show(frame: pd.DataFrame, endpoint: str, metric: str, console: Console) -> None:
    """The sparkline, then the newest runs, newest last: next to the prompt. `frame` as of `table`, oldest first."""
    title = f"{plain(endpoint, 60)} {plain(metric, 40)}"
    line = alike(frame)
    measured = line["value"].dropna()
    if measured.empty:
        console.print(Text(f"{title}: not measured in {counted(len(line), 'run')}"))
        return
    low, middle, high = (words.value(metric, float(measured.quantile(q))) for q in (0.0, 0.5, 1.0))
    console.print(Text(f"{title}: {counted(len(measured), 'run')}, {low} to {high}, median {middle}"))
    console.print(Text(sparkline(values(line), width=min(60, console.width))))
    for change in _level_changes(line, metric):
        console.print(Text(change))
    if apart := len(frame) - len(line):
        console.print(Text(f"{counted(apart, 'run')} of another load, or A/B, listed but not in the line above."))
    console.print(_rows(frame.tail(MAX_ROWS), metric))
    if len(frame) > MAX_ROWS:
        console.print(Text(f"{len(frame) - MAX_ROWS} earlier runs are not listed."))


def _level_changes(frame: pd.DataFrame, metric: str) -> Iterator[str]:
    """ "level changed at 9f3c2ab, 5 Jan 2026: 82 ms to 95 ms, +16 %"; runs whose very series failed are left out."""
    measured = frame[frame["value"].notna() & ~(frame["failed"] & (frame["accepted"] == ""))]
    series = [float(value) for value in measured["value"]]
    points = change_points(series)
    for start, at, end in zip((0, *points), points, (*points[1:], len(series)), strict=False):
        before, after = median(series[start:at]), median(series[at:end])
        row = measured.iloc[at]
        commit = plain(row["commit"], 40)[:9] if row["commit"] else plain(row["run"], 40)
        when = f", {row['started'].strftime('%Y-%m-%d')}" if pd.notna(row["started"]) else ""
        change = words.change(after / before - 1) if before else words.NOTHING
        levels = f"{words.value(metric, before)} to {words.value(metric, after)}"
        yield f"level changed at {commit}{when}: {levels}, {change}"


def _rows(frame: pd.DataFrame, metric: str) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    for heading in ("started (UTC)", "run", "commit", "branch"):
        shown.add_column(heading, overflow="fold", no_wrap=heading in ("run", "commit"))
    shown.add_column(Text(plain(metric, 40)), justify="right", no_wrap=True)
    shown.add_column("", overflow="fold")
    for row in frame.itertuples():
        started = row.started.strftime("%Y-%m-%d %H:%M") if pd.notna(row.started) else words.NOTHING
        outcome = Outcome(row.outcome)
        word = "failed" if row.failed else ("" if outcome is Outcome.PASS else f"run: {words.word(outcome)}")
        remark = f"accepted by {plain(row.accepted_by, 40)}: {plain(row.accepted, 80)}" if row.accepted else word
        remark = ", ".join(filter(None, (row.kind, remark)))
        shown.add_row(
            Text(started),
            Text(plain(row.run, 40)),
            Text(plain(row.commit, 40)[:9] if row.commit else words.NOTHING),
            Text(plain(row.branch, 40) if row.branch else words.NOTHING),
            Text(words.value(metric, row.value)),
            Text(remark, style="bold red" if row.failed and not row.accepted else ""),
        )
    return shown
