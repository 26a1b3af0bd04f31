"""A round of `perfgate watch`: a deployment measured at a low rate, judged, and what that means for its incidents.

Rounds are runs of a branch of their own, so neither they nor what CI measures is the other's baseline. The history is
all the state there is: incidents follow from the rounds in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import rmtree

from perfgate import budgets, gate, history, loadtest, scenarios
from perfgate.history import History
from perfgate.model.budget_file import BudgetFile
from perfgate.model.errors import CouldNotMeasure, HistoryError, RecordError, UsageError
from perfgate.model.outcome import Outcome
from perfgate.model.revision import Revision
from perfgate.model.run import Conditions, Generator, PastRun, Run
from perfgate.model.verdict import NOT_MEASURED, AlertPolicy, Incident
from perfgate.text import redaction
from perfgate.text.sanitize import one_line
from perfgate.workflows import run as pipeline
from perfgate.workflows.run import RunResult
from perfgate.workflows.steps import baselines, resolving
from perfgate.workflows.steps.loads import with_duration, with_rate
from perfgate.workflows.steps.request import ProgressReporter, RunRequest
from perfgate.workflows.steps.resolving import RunSpec

BRANCH = "watch"
MAX_FOLDERS = 100
MAX_REASON_CHARS = 300
_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{4}")


@dataclass(frozen=True, kw_only=True)
class WatchOptions:
    """Gives each round's rate in 1/s and measured time in s, instead of the budget file's."""

    every: float  # s between the beginnings of two rounds
    rate: float | None = None
    duration: float | None = None
    alert: AlertPolicy = field(default_factory=AlertPolicy)


@dataclass(frozen=True, kw_only=True)
class Round:
    """`result` is None where nothing could be measured; `failure` says why."""

    id: str
    name: str  # of the budget file
    started: str  # ISO 8601, UTC
    target: str
    result: RunResult | None = None
    failure: str = ""
    incidents: tuple[Incident, ...] = ()  # all that the history knows, the oldest first

    @property
    def opened(self) -> tuple[Incident, ...]:
        return tuple(item for item in self.incidents if item.opened == self.id)

    @property
    def closed(self) -> tuple[Incident, ...]:
        return tuple(item for item in self.incidents if item.closed == self.id)

    @property
    def open(self) -> tuple[Incident, ...]:
        return tuple(item for item in self.incidents if not item.ended)


def resolve(request: RunRequest, options: WatchOptions) -> RunSpec:
    """What a round does. Raises BudgetFileError, UsageError and TargetError for what cannot be done."""
    context = replace(request.context, revision=Revision(branch=BRANCH, url=request.context.revision.url), doubt="")
    own = replace(request, context=context, save=True, diagnose=False)
    spec = resolving.resolve(own, _watched(budgets.read(request.budget, context.environ), options))
    needed = loadtest.seconds(spec.load.plan.load)
    if options.every < needed:
        raise UsageError(
            f"--every {options.every:g}s is shorter than a round, which takes {needed:g} s.",
            hint="Choose a longer time, or shorter rounds with --duration.",
            code="PG-U003",
        )
    return replace(spec, is_round=True)


def measure_round(spec: RunSpec, options: WatchOptions, reporter: ProgressReporter) -> Round | None:
    """Returns None when it was interrupted: then it counts for nothing. Raises HistoryError and RecordError when nobody
    knows what came before."""
    context = spec.context
    outcome = Round(id=context.run_id, name=spec.budget_file.name, started=context.started, target=spec.load.target)
    try:
        result = pipeline.execute(spec, reporter)
    except (HistoryError, RecordError):
        raise
    except CouldNotMeasure as error:
        outcome = replace(outcome, failure=_reason(error, spec))
    else:
        if result.verdict is None:
            return None
        outcome = replace(outcome, id=result.run.id, started=result.run.started, result=result)
    with history.open(
        spec.history, root=context.root, environ={**context.environ, **context.access}, say=reporter.say
    ) as store:
        if outcome.failure:
            store.save(_not_measured(spec))
        rounds = _rounds(store, spec, options)
    _remove_old_folders(context.folder.parent)
    return replace(outcome, incidents=gate.incidents(rounds, options.alert))


def _watched(budget_file: BudgetFile, options: WatchOptions) -> BudgetFile:
    """What is watched runs already, and every round is alike."""
    policy = budget_file.gate
    policy = replace(policy, baseline=replace(policy.baseline, branch=BRANCH), anchor=None, extend=0.0)
    return with_duration(with_rate(replace(budget_file, service=None, gate=policy), options.rate), options.duration)


def _reason(error: CouldNotMeasure, spec: RunSpec) -> str:
    redact = redaction.redactor(scenarios.secrets(spec.load.plan), spec.context.environ)
    return one_line(redact(first_and_last_words(error.message)), MAX_REASON_CHARS)


def first_and_last_words(message: str) -> str:
    """The first line of an error, and the last one where it announces that: a log's last line says what went wrong."""
    first, *others = [line.strip() for line in message.splitlines() if line.strip()] or [""]
    return f"{first} {others[-1]}" if others and first.endswith(":") else first


def _not_measured(spec: RunSpec) -> PastRun:
    """A round that came to nothing, as the history keeps it: it is nobody's baseline."""
    run = Run(
        id=spec.context.run_id,
        name=spec.budget_file.name,
        started=spec.context.started,
        duration=0.0,
        target=spec.load.target,
        branch=BRANCH,
        conditions=Conditions(
            load_digest=spec.load.plan.digests.load, load=spec.load.plan.load_words, endpoint_digests={}
        ),
        generator=Generator(),
        endpoints=(),
    )
    return PastRun(run=run, outcome=Outcome.NO_DATA, failed=(NOT_MEASURED,))


def _rounds(store: History, spec: RunSpec, options: WatchOptions) -> Sequence[PastRun]:
    """Newest first: those of this target."""
    limit = max(baselines.MAX_RUNS, 2 * options.alert.among)
    past = baselines.runs(store, spec.budget_file, spec.context.environ, branch=BRANCH, limit=limit)
    return [item for item in past if item.run.target == spec.load.target]


def _remove_old_folders(home: Path) -> None:
    folders = sorted(folder for folder in home.glob("*") if _RUN_ID.fullmatch(folder.name))
    for folder in folders[:-MAX_FOLDERS]:
        rmtree(folder, ignore_errors=True)
