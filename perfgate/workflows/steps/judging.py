"""Run and remembered runs -> Verdict, by the budget file; and the run as the history keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from perfgate import gate
from perfgate.ci.acceptances import ClaimsOf
from perfgate.model.budget_file import Budget, BudgetFile
from perfgate.model.outcome import NEVER_A_BASELINE, Outcome
from perfgate.model.run import PastRun, Run
from perfgate.model.verdict import Verdict
from perfgate.text.notes import note
from perfgate.workflows.steps.claims import resolve_claims

NO_BUDGET = (
    "Give what was sent a budget: `defaults: {budget: {p50: 300ms, p95: 500ms, errors: 1%}}`, "
    "or `budget` at an endpoint."
)


def judge(
    budget_file: BudgetFile,
    run: Run,
    past_runs: Sequence[PastRun],
    only: Sequence[str] = (),
    anchored: Sequence[PastRun] = (),
) -> Verdict:
    """All budgets of the file, or those of the endpoints in `only`; `anchored` are the runs of the anchor's commit.
    Where nothing is judged, nothing is known: no-data."""
    of_run = budgets_of(budget_file, run, only)
    baseline = gate.choose_baseline(run, past_runs, budget_file.gate.baseline)
    anchor = gate.choose_anchor(run, anchored, baseline)
    verdict = gate.judge(of_run, run, baseline, budget_file.gate, anchor)
    if not verdict.findings:
        verdict = replace(verdict, outcome=Outcome.NO_DATA, notes=(*verdict.notes, note("PG-C001", NO_BUDGET)))
    path = budget_file.path
    return replace(verdict, budget=path.name if path.is_absolute() else path.as_posix())


def budgets_of(budget_file: BudgetFile, run: Run, only: Sequence[str] = ()) -> tuple[Budget, ...]:
    """What is asked of a run: the file's budgets, then those of `defaults` for the names that only hand-written
    scenarios have, which are known once they ran."""
    if only:
        return tuple(budget for budget in budget_file.budgets if budget.endpoint in only)
    known = {endpoint.name for endpoint in budget_file.endpoints} | {journey.name for journey in budget_file.journeys}
    sent = [endpoint.name for endpoint in run.endpoints if endpoint.kind == "endpoint" and endpoint.name not in known]
    foreign = sent if budget_file.scenarios else []
    by_default = (replace(budget, endpoint=name) for name in foreign for budget in budget_file.default_budgets)
    return (*budget_file.budgets, *by_default)


def accepted(
    verdict: Verdict,
    run: Run,
    budget_file: BudgetFile,
    past_runs: Sequence[PastRun],
    claims: ClaimsOf,
) -> Verdict:
    """The verdict, with the changes that somebody accepted as no failures."""
    branch = budget_file.gate.baseline.branch
    last = next((past.run.commit for past in past_runs if past.run.branch == branch), "")
    names = [endpoint.name for endpoint in budget_file.endpoints] + [journey.name for journey in budget_file.journeys]
    names += [result.name for result in run.endpoints]  # of hand-written scenarios, too
    return gate.accept(verdict, *resolve_claims(claims(branch, last), names))


def accepted_before(verdict: Verdict, earlier: Verdict) -> Verdict:
    """Repeats what was accepted of the same run when it was judged before."""
    return gate.accept(verdict, earlier.acceptances)


def past_run(run: Run, verdict: Verdict) -> PastRun:
    """A run as the history keeps it."""
    failed = [(finding.endpoint, finding.metric) for finding in verdict.findings if finding.outcome in NEVER_A_BASELINE]
    return PastRun(run=run, outcome=verdict.outcome, failed=tuple(failed), acceptances=verdict.acceptances)


def past_round(run: Run, verdict: Verdict) -> PastRun:
    """A round of `perfgate watch`, which says besides what is undecided."""
    return replace(past_run(run, verdict), undecided=gate.undecided(verdict.findings))
