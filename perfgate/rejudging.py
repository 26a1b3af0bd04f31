"""What the workflow of a pull request measured, judged again by code, budgets and history that it could not touch.

Of what was handed over only figures count. Which commit and which pull request they are of, GitHub says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from perfgate import (
    acceptances,
    budgets,
    codec,
    gate,
    history,
    loadtest,
    pipeline,
    report,
    run_folder,
    template,
    unpacking,
)
from perfgate.acceptances import WordsOf
from perfgate.model.budget_file import BudgetFile, GatePolicy
from perfgate.model.errors import RecordError
from perfgate.model.outcome import BADNESS
from perfgate.model.parcel import Measured
from perfgate.model.run import EndpointResult, PastRun, Revision, Run
from perfgate.model.verdict import Verdict

KINDS = ("status", "expectation", "timeout", "connection", "protocol")  # of failures
NOTE = (
    "Measured by the pull request's own workflow, without access to this repository; judged by the budgets and the "
    "history of this repository as they are now."
)


@dataclass(frozen=True, kw_only=True)
class Order:
    """`budget` is of a checkout that can be trusted; `known_as` is its path in the repository."""

    budget: Path
    known_as: str
    root: Path
    environ: Mapping[str, str]  # for the history
    revision: Revision
    commit: str  # that was measured
    history: str = ""  # instead of the budget file's
    name: str  # of the run folders to make, without their number
    say: Callable[[str], None] = lambda _: None
    words: WordsOf = acceptances.nobody


@dataclass(frozen=True, kw_only=True)
class Judged:
    verdict: Verdict
    run: Run
    past_runs: tuple[PastRun, ...]
    policy: GatePolicy
    folder: Path


def rejudge(artifacts: Sequence[bytes], order: Order) -> tuple[Judged, ...]:
    """One for each run of this budget file, the worst last: of several about one target, that is told. Raises
    RecordError when an artifact is not what it should be."""
    budget_file = budgets.read(order.budget, None)
    found = list(_measured(artifacts, order, budget_file))
    if not found:
        return ()
    url = order.history or template.expand(budget_file.history, order.environ)
    with history.open(url, root=order.root, environ=order.environ, say=order.say) as store:
        past_runs = pipeline.recent_runs(store, budget_file)
        anchored = pipeline.anchored_runs(store, budget_file, order.environ)
    judged = [_judged(one, order, budget_file, past_runs, anchored) for one in found]
    return tuple(sorted(judged, key=lambda one: -BADNESS[one.verdict.outcome]))


def _measured(artifacts: Sequence[bytes], order: Order, budget_file: BudgetFile) -> Iterator[Measured]:
    for artifact in artifacts:
        for one in unpacking.unpack(artifact).runs:
            runs = [run for run in (one.run, one.earlier) if run]
            if any(run.commit != order.commit for run in runs):
                raise RecordError(
                    "The artifact is of another commit than the one its workflow ran for.", hint=unpacking.ADVICE
                )
            if one.budget == order.known_as and all(run.name == budget_file.name for run in runs):
                yield one


def _judged(
    one: Measured, order: Order, budget_file: BudgetFile, past_runs: tuple[PastRun, ...], anchored: Sequence[PastRun]
) -> Judged:
    folder = _new_folder(order)
    ours = {**asdict(order.revision), "commit": order.commit}
    run = replace(_figures(one.run, budget_file), id=folder.name, **ours)
    try:
        verdict = pipeline.judge(budget_file, run, past_runs, anchored=anchored)
        if one.earlier:
            earlier = replace(_figures(one.earlier, budget_file), id=f"{folder.name}-earlier", **ours)
            verdict = gate.confirm(verdict, pipeline.judge(budget_file, earlier, past_runs, anchored=anchored))
        verdict = pipeline.accepted(verdict, run, budget_file, past_runs, order.words)
        verdict = replace(verdict, budget=order.known_as, notes=(NOTE, *verdict.notes))
        run_folder.make(folder, order.root)
        codec.write(run, folder / run_folder.RUN)
        codec.write(verdict, folder / run_folder.VERDICT)
        report.build(verdict, run, past_runs, folder, charts=False)
    except (ArithmeticError, ValueError, LookupError):
        raise RecordError("The artifact has figures that cannot be judged.", hint=unpacking.ADVICE) from None
    return Judged(verdict=verdict, run=run, past_runs=past_runs, policy=budget_file.gate, folder=folder)


def _figures(run: Run, budget_file: BudgetFile) -> Run:
    """Without what it says about itself in words, and with the endpoints of our budget file alone; with scenarios of
    its own, and budgets for whatever they send, all names are ours."""
    ours = {endpoint.name for endpoint in budget_file.endpoints} | {journey.name for journey in budget_file.journeys}
    if budget_file.scenarios and budget_file.default_budgets:
        ours |= {result.name for result in run.endpoints}
    return replace(
        run,
        endpoints=_known(run.endpoints, ours),
        arms=tuple(replace(arm, endpoints=_known(arm.endpoints, ours), ref="", commit="") for arm in run.arms),
        looks=_looks(run, budget_file),
        warnings=(),
        aborted="ended early" if run.aborted else "",
    )


def _looks(run: Run, budget_file: BudgetFile) -> int:
    """Over so many our error rates are shared out: it is for the budget file to say, not for those who are judged."""
    restarts = budget_file.gate.ab.restarts if run.restarts else 0
    return len(loadtest.look_times(budget_file.load, restarts=restarts, extend=budget_file.gate.extend))


def _known(results: Sequence[EndpointResult], names: Collection[str]) -> tuple[EndpointResult, ...]:
    return tuple(
        replace(
            result,
            failure_examples=(),
            failures_by_kind={kind: count for kind, count in result.failures_by_kind.items() if kind in KINDS},
        )
        for result in results
        if result.name in names
    )


def _new_folder(order: Order) -> Path:
    runs = run_folder.runs_folder(order.root)
    number = 1
    while (runs / f"{order.name}-{number}").exists():
        number += 1
    return runs / f"{order.name}-{number}"
