"""What the workflow of a pull request measured, judged again by code, budgets and history that it could not touch.

Of what was handed over only figures count. Which commit and which pull request they are of, GitHub says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from perfgate import budgets, gate, history, loadtest, report, scenarios
from perfgate.ci import acceptances
from perfgate.ci.acceptances import ClaimsOf
from perfgate.files import codec, run_folder, unpacking, untrusted
from perfgate.model.budget_file import BudgetFile, GatePolicy
from perfgate.model.errors import RecordError
from perfgate.model.outcome import BADNESS
from perfgate.model.publication import ArtifactEntry
from perfgate.model.revision import FORK_SEPARATOR, Revision
from perfgate.model.run import Conditions, PastRun, Run
from perfgate.model.verdict import Verdict
from perfgate.recording import clock
from perfgate.text import template
from perfgate.text.notes import note
from perfgate.text.units import parse_moment
from perfgate.workflows.steps import baselines, judging
from perfgate.workflows.steps.baselines import RememberedRuns

NOTE = (
    "Measured by the pull request's own workflow, without access to this repository; judged by the budgets and the "
    "history of this repository as they are now."
)


@dataclass(frozen=True, kw_only=True)
class RejudgeRequest:
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
    claims: ClaimsOf = acceptances.no_claims


@dataclass(frozen=True, kw_only=True)
class JudgedRun:
    verdict: Verdict
    run: Run
    past_runs: tuple[PastRun, ...]
    policy: GatePolicy
    folder: Path


def rejudge(artifacts: Sequence[bytes], request: RejudgeRequest) -> tuple[JudgedRun, ...]:
    """One for each run of this budget file, the worst last: of several about one target, that is told. Raises
    RecordError when an artifact is not what it should be."""
    budget_file = budgets.read(request.budget, None, is_sending=False)
    measured = list(_measured_entries(artifacts, request, budget_file))
    if not measured:
        return ()
    url = request.history or template.expand(budget_file.history, request.environ)
    with history.open(url, root=request.root, environ=request.environ, say=request.say) as store:
        past = baselines.read_past_runs(store, budget_file, request.environ)
    judged = [_judge(artifact, request, past) for artifact in measured]
    return tuple(sorted(judged, key=lambda item: -BADNESS[item.verdict.outcome]))


def _measured_entries(
    artifacts: Sequence[bytes], request: RejudgeRequest, budget_file: BudgetFile
) -> Iterator[ArtifactEntry]:
    for artifact in artifacts:
        for item in unpacking.unpack(artifact).runs:
            runs = [run for run in (item.run, item.earlier) if run]
            if any(run.commit != request.commit for run in runs):
                raise RecordError(
                    "The artifact is of another commit than the one its workflow ran for.",
                    hint=unpacking.ADVICE,
                    code="PG-R008",
                )
            if item.budget == request.known_as and all(run.name == budget_file.name for run in runs):
                yield item


def _judge(item: ArtifactEntry, request: RejudgeRequest, past: RememberedRuns) -> JudgedRun:
    budget_file, past_runs, anchored = past.budget_file, past.recent, past.anchored
    folder = _new_folder(request)
    ours = {**asdict(request.revision), "commit": request.commit, "file": request.known_as}
    if FORK_SEPARATOR in request.revision.branch:  # its name is its author's word
        ours["branch"] = ""
    try:
        run = replace(_figures(item.run, request, budget_file, (*past_runs, *anchored)), id=folder.name, **ours)
        verdict = judging.judge(budget_file, run, past_runs, anchored=anchored)
        if item.earlier:
            figures = _figures(item.earlier, request, budget_file, (*past_runs, *anchored))
            earlier = replace(figures, id=f"{folder.name}-earlier", **ours)
            verdict = gate.confirm(verdict, judging.judge(budget_file, earlier, past_runs, anchored=anchored))
        verdict = judging.accepted(verdict, run, budget_file, past_runs, request.claims)
        verdict = replace(verdict, budget=request.known_as, notes=(note("PG-C009", NOTE), *verdict.notes))
        run_folder.make(folder, request.root)
        codec.write(run, folder / run_folder.RUN)
        codec.write(verdict, folder / run_folder.VERDICT)
        report.build(verdict, run, past_runs, folder, charts=False)
    except (ArithmeticError, ValueError, LookupError):
        raise RecordError(
            "The artifact has figures that cannot be judged.", hint=unpacking.ADVICE, code="PG-R008"
        ) from None
    return JudgedRun(verdict=verdict, run=run, past_runs=past_runs, policy=budget_file.gate, folder=folder)


def _figures(run: Run, request: RejudgeRequest, budget_file: BudgetFile, past_runs: Sequence[PastRun]) -> Run:
    """The run's numbers, with the conditions and the target of our own budget file and with no word of theirs."""
    plan = scenarios.plan(budget_file)
    target = _target(request, budget_file)
    planned = Conditions(
        load_digest=plan.digests.load,
        load=plan.load_words,
        endpoint_digests=plan.digests.endpoints,
        clock=clock.CLOCK if plan.client == "fast" else clock.USER_SPACE,
    )
    names = [*(endpoint.name for endpoint in plan.endpoints), *(journey.name for journey in plan.journeys)]
    if budget_file.scenarios and budget_file.default_budgets:  # for whatever they send: as far as we have seen it
        names += [result.name for past in past_runs for result in past.run.endpoints if result.kind != "page"]
    pages = [page.name for page in plan.pages]
    known = untrusted.own_knowledge(target, (names, pages), planned, past_runs, _looks(run, budget_file))
    return untrusted.reworded(run, known, parse_moment(run.started))


def _target(request: RejudgeRequest, budget_file: BudgetFile) -> str:
    """The target as written, where its variables are set for the measurement alone."""
    try:
        target = template.expand(budget_file.target, request.environ).rstrip("/")
    except template.TemplateError:
        return budget_file.target
    return budget_file.target if budgets.target_problem(target) else target


def _looks(run: Run, budget_file: BudgetFile) -> int:
    """The number of looks over which our error rates are shared out: it is for the budget file to say, not for those
    who are judged."""
    restarts = budget_file.gate.ab.restarts if run.restarts else 0
    return len(loadtest.look_times(budget_file.load, restarts=restarts, extend=budget_file.gate.extend))


def _new_folder(request: RejudgeRequest) -> Path:
    runs = run_folder.runs_folder(request.root)
    number = 1
    while (runs / f"{request.name}-{number}").exists():
        number += 1
    return runs / f"{request.name}-{number}"
