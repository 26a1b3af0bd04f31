"""`perfgate history list|show|add|export|import|prune`: the runs that baselines are made of."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget, HistoryUrl, RunName
from perfgate.cli.where import budget_file_if_any, history_url, open_history, own_environment
from perfgate.model.budget_file import BaselinePolicy
from perfgate.model.errors import RecordError, UsageError
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun, Run
from perfgate.text.plurals import counted

if TYPE_CHECKING:
    from perfgate.history import History

File = Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines; compressed when it ends in .gz.")]


def list_(budget: Budget = DEFAULT_BUDGET, history: HistoryUrl = "") -> int:
    """List the remembered runs, newest first.

    Example: perfgate history list
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from perfgate.report.escaping import plain

    with open_history(budget, history) as store:
        entries = store.entries()
    if not entries:
        say("No runs are remembered yet. Make one: perfgate run --budget budgets.yaml")
        return 0
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("run", no_wrap=True, overflow="fold")  # whole, whatever the width: it is what commands want
    for heading in ("name", "branch", "commit", "started (UTC)", "outcome"):
        table.add_column(heading, overflow="fold")
    for entry in entries:
        marks = ["A/B"] * entry.is_ab + [entry.outcome.value] + ["accepted"] * entry.accepted
        words = [
            entry.id,
            entry.name,
            entry.branch,
            entry.commit[:9],
            entry.started[:16].replace("T", " "),
            ", ".join(marks),
        ]
        table.add_row(*(Text(plain(word, 60) if word else "–") for word in words))
    Console().print(table)
    return 0


def show(run: RunName, budget: Budget = DEFAULT_BUDGET, history: HistoryUrl = "") -> int:
    """Print a remembered run as JSON.

    Example: perfgate history show 20260131-120000-ab12
    """
    from perfgate.files import codec

    with open_history(budget, history) as store:
        if run == "latest":
            entries = store.entries()
            if not entries:
                raise RecordError("No runs are remembered yet.", code="PG-R009")
            run = entries[0].id
        print(codec.encode(store.get(run), indent=1))
    return 0


def add(
    run: RunName,
    branch: Annotated[
        str, typer.Option(metavar="NAME", help="The branch it counts for. [default: the run's own]")
    ] = "",
    outcome: Annotated[
        str, typer.Option(metavar="NAME", help="Override the outcome: pass, fail ... [default: as judged]")
    ] = "",
    budget: Budget = DEFAULT_BUDGET,
    history: HistoryUrl = "",
) -> int:
    """Add the run of a run folder to the history.

    A run without a verdict is judged first, by the budget file and what is remembered already.


    Example: perfgate history add RUN --branch main
    """
    from perfgate.files import run_folder

    folder = run_folder.find(run, Path.cwd())
    if folder is None:
        raise RecordError(
            f"There is no run {run} here.", hint="Give the path of a run folder, its id, or `latest`.", code="PG-R005"
        )
    measured = run_folder.read_run(folder)
    if measured.interrupted:
        raise UsageError(f"Run {measured.id} was interrupted; it cannot serve as a baseline.", code="PG-U013")
    if branch:
        measured = replace(measured, branch=branch)
    with open_history(budget, history) as store:
        past = _with_outcome(measured, outcome) if outcome else _judge(measured, folder, store, budget)
        new = store.save(past)
    print(f"{'Added' if new else 'Already there:'} run {measured.id}, outcome {past.outcome}.")
    return 0


def _with_outcome(run: Run, outcome: str) -> PastRun:
    if outcome not in list(Outcome):
        raise UsageError(
            f"--outcome {outcome}: there is no such outcome", hint=f"Known: {', '.join(Outcome)}", code="PG-U002"
        )
    return PastRun(run=run, outcome=Outcome(outcome))


def _judge(run: Run, folder: Path, store: History, budget: Path) -> PastRun:
    """Judges it by its own verdict, else by the budget file; without either it was not compared with anything."""
    from perfgate.files import run_folder
    from perfgate.workflows.steps import baselines, judging

    if (folder / run_folder.VERDICT).is_file():
        return judging.past_run(run, run_folder.read_verdict(folder))
    file = budget_file_if_any(budget)
    if file is None or file.name != run.name:
        return PastRun(run=run, outcome=Outcome.NO_BASELINE)
    past = baselines.read_past_runs(store, file, os.environ)
    verdict = judging.judge(past.budget_file, run, past.recent, anchored=past.anchored)
    return judging.past_run(run, verdict)


def export(file: File, budget: Budget = DEFAULT_BUDGET, history: HistoryUrl = "") -> int:
    """Write all remembered runs into one file.

    Example: perfgate history export runs.jsonl.gz
    """
    from perfgate.history import transfer

    with open_history(budget, history) as store:
        number = transfer.export_runs(store, file)
    print(f"Wrote {counted(number, 'run')} to {file}.")
    return 0


def import_(file: File, budget: Budget = DEFAULT_BUDGET, history: HistoryUrl = "") -> int:
    """Add the runs of an exported file; doing it twice does no harm.

    Example: perfgate history import runs.jsonl.gz --history git:perfgate-data
    """
    from perfgate.history import transfer

    with open_history(budget, history) as store:
        done = transfer.import_runs(store, file)
    print(f"Added {counted(len(done.added), 'run')}; {len(done.present):,} there already.")
    if done.conflicting:
        say(f"Left as they are, because other runs have their ids: {', '.join(done.conflicting)}")
    return 0


def prune(
    keep: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Keep so many runs of every name and branch.")
    ] = None,
    older_than: Annotated[
        int | None, typer.Option(min=1, metavar="DAYS", help="Forget only what is older than so many days.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be forgotten; change nothing.")] = False,
    budget: Budget = DEFAULT_BUDGET,
    history: HistoryUrl = "",
) -> int:
    """Forget old runs.

    Accepted ones and the newest of the baseline branch always stay.

    Example: perfgate history prune --keep 200

    On a git branch, pictures of comments go too: those older than --older-than, else than 30 days.
    """
    from perfgate.history.prune import Retention, expendable
    from perfgate.workflows.steps import baselines

    if keep is None and older_than is None:
        raise UsageError("Say what may go: --keep N, --older-than DAYS, or both", code="PG-U006")
    now = datetime.now(UTC)
    with open_history(budget, history) as store:
        file = budget_file_if_any(budget)
        policy = baselines.with_branch(file, store, os.environ).gate.baseline if file else BaselinePolicy()
        retention = Retention(
            newest=keep,
            younger_than=timedelta(days=older_than) if older_than else None,
            baseline_branch=policy.branch,
            former_branches=policy.former_branches,
            baseline_runs=policy.runs,
        )
        chosen = expendable(store, retention, now=now)
        if not dry_run:
            store.delete(chosen)
    print(f"{'Would forget' if dry_run else 'Forgot'} {counted(len(chosen), 'run')}.")
    for run_id in chosen:
        print(f"  {run_id}")
    if pictures := _expire_pictures(history_url(budget, history), older_than, now, dry_run=dry_run):
        print(f"{'Would forget' if dry_run else 'Forgot'} {counted(pictures, 'picture')} of comments.")
    return 0


def _expire_pictures(url: str, older_than: int | None, now: datetime, *, dry_run: bool) -> int:
    """Returns how many were deleted, or with `dry_run` would be."""
    from perfgate.history.files import charts

    if not url.startswith(charts.SCHEME):
        return 0
    before = (now - timedelta(days=older_than or charts.KEPT_DAYS)).date()
    return charts.expire(url, before=before, root=Path.cwd(), environ=own_environment(), dry_run=dry_run)


VERBS: dict[str, Callable[..., int]] = {
    "list": list_,
    "show": show,
    "add": add,
    "export": export,
    "import": import_,
    "prune": prune,
}
