"""`perfgate backtest` on one page: the remembered runs judged again, each by those before it, without load."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from perfgate import gate
from perfgate.history import History, times
from perfgate.model.backtest import Backtest, Breach, BudgetRecord, Build, Regression, Step
from perfgate.model.budget_file import BudgetFile, Kind
from perfgate.model.errors import RecordError
from perfgate.model.outcome import NEVER_A_BASELINE, Outcome, worst
from perfgate.model.run import Acceptance, PastRun
from perfgate.model.verdict import Finding, Verdict
from perfgate.text.plurals import counted
from perfgate.workflows.steps import baselines, judging

FACTORS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)  # of the relative limits; 1: as they are
KEPT = frozenset({Outcome.PASS, Outcome.IMPROVED, Outcome.WARN})

Key = tuple[str, str]  # endpoint and metric


@dataclass(frozen=True, kw_only=True)
class _LimitSet:
    """The verdicts of all builds, oldest first, with all relative limits `factor` times as large."""

    factor: float
    verdicts: list[Verdict] = field(default_factory=list)
    memory: list[PastRun] = field(default_factory=list)  # what the history would have had, newest first


def backtest(
    store: History,
    budget_file: BudgetFile,
    environ: Mapping[str, str],
    limit: int,
    say: Callable[[str], None] = lambda _: None,
) -> Backtest:
    """The newest `limit` runs. Raises RecordError when there is none."""
    budget_file = baselines.with_branch(budget_file, store, environ)
    remembered = baselines.runs(store, budget_file, environ, limit=limit + baselines.MAX_RUNS)
    if not remembered:
        raise RecordError(
            f"The history has no runs of {budget_file.name}.",
            hint="Make one: perfgate run --budget budgets.yaml",
            code="PG-R009",
        )
    anchored = baselines.read_anchored(store, budget_file, environ)
    known, earlier = remembered[:limit], remembered[limit:]
    has_relative = any(
        criterion.kind is Kind.RELATIVE for budget in budget_file.budgets for criterion in budget.criteria
    )
    limit_sets = [_LimitSet(factor=factor, memory=list(earlier)) for factor in (FACTORS if has_relative else (1.0,))]
    say(
        f"Judging {counted(len(known), 'build')}"
        + (f", each under {len(limit_sets)} sets of limits" if has_relative else "")
    )
    whole = store.get_all(past.run.id for past in reversed(known))  # with the distributions that fixed limits need
    builds = []
    for past, full in zip(reversed(known), whole, strict=True):
        for limit_set in limit_sets:
            _judge(replace(past, run=full.run), past, limit_set, budget_file, anchored)
        builds.append(past)
    return _summarize(budget_file, builds, limit_sets)


def _judge(
    measured: PastRun, stored: PastRun, limit_set: _LimitSet, budget_file: BudgetFile, anchored: Sequence[PastRun]
) -> None:
    """Adds the verdict, and the run to the memory as it would have been remembered."""
    scaled = replace(
        budget_file,
        budgets=gate.scaled(budget_file.budgets, limit_set.factor),
        default_budgets=gate.scaled(budget_file.default_budgets, limit_set.factor),
    )
    branch = budget_file.gate.baseline.branch
    on_branch = [past for past in limit_set.memory if past.run.branch == branch]
    before = (on_branch or limit_set.memory)[: baselines.MAX_RUNS]
    began = times.microseconds(measured.run.started, origin=f"Run {measured.run.id}")
    pinned = [item for item in anchored if times.microseconds(item.run.started, origin=f"Run {item.run.id}") < began]
    verdict = judging.judge(scaled, measured.run, before, anchored=pinned)
    limit_set.verdicts.append(verdict)
    remembered = judging.past_run(stored.run, gate.accept(verdict, stored.acceptances))
    if stored.outcome in NEVER_A_BASELINE and not stored.failed:  # somebody said so, whatever the gate says
        remembered = replace(remembered, outcome=stored.outcome, failed=())
    limit_set.memory.insert(0, remembered)


def _summarize(budget_file: BudgetFile, builds: Sequence[PastRun], limit_sets: Sequence[_LimitSet]) -> Backtest:
    as_is = next(limit_set.verdicts for limit_set in limit_sets if limit_set.factor == 1)
    return Backtest(
        name=budget_file.name,
        branch=budget_file.gate.baseline.branch,
        builds=tuple(_build(past, verdict) for past, verdict in zip(builds, as_is, strict=True)),
        budgets=tuple(_records(as_is)),
        steps=tuple(_step(limit_set, budget_file) for limit_set in limit_sets) if len(limit_sets) > 1 else (),
        regressions=_regressions(builds, limit_sets),
    )


def _build(past: PastRun, verdict: Verdict) -> Build:
    return Build(
        run=past.run.id,
        commit=past.run.commit,
        branch=past.run.branch,
        started=past.run.started,
        outcome=verdict.outcome,
        then=past.outcome,
        breaches=tuple(_breach(finding) for finding in verdict.findings if finding.outcome in NEVER_A_BASELINE),
        undecided=sum(finding.outcome is Outcome.INCONCLUSIVE for finding in verdict.findings),
        budgets=len(verdict.findings),
    )


def _breach(finding: Finding) -> Breach:
    broken = (criterion.text for criterion in finding.criteria if criterion.outcome in NEVER_A_BASELINE)
    return Breach(
        endpoint=finding.endpoint,
        metric=finding.metric,
        outcome=finding.outcome,
        measured=finding.measured,
        change=finding.change,
        limit=next(broken, ""),
    )


def _records(verdicts: Sequence[Verdict]) -> Iterator[BudgetRecord]:
    """One for each budget, in the order in which they come up; the limits are those of the newest build."""
    by_key: dict[Key, list[Finding]] = {}
    for verdict in verdicts:
        for finding in verdict.findings:
            by_key.setdefault((finding.endpoint, finding.metric), []).append(finding)
    for (endpoint, metric), findings in by_key.items():
        failed = sum(item.outcome is Outcome.FAIL for item in findings)
        undecided = sum(item.outcome is Outcome.INCONCLUSIVE for item in findings)
        remaining = sum(item.outcome in KEPT for item in findings)
        yield BudgetRecord(
            endpoint=endpoint,
            metric=metric,
            limits=tuple(criterion.text for criterion in findings[-1].criteria),
            failed=failed,
            undecided=undecided,
            kept=remaining,
            unknown=len(findings) - failed - undecided - remaining,
            detectable=median(observed)
            if (observed := [item.detectable for item in findings if item.detectable])
            else None,
        )


def _step(limit_set: _LimitSet, budget_file: BudgetFile) -> Step:
    outcomes = tuple(verdict.outcome for verdict in limit_set.verdicts)
    failed, undecided = outcomes.count(Outcome.FAIL), outcomes.count(Outcome.INCONCLUSIVE)
    passed = sum(outcome in KEPT for outcome in outcomes)
    relative = (
        criterion for budget in gate.scaled(budget_file.budgets, limit_set.factor) for criterion in budget.criteria
    )
    limits = {item.text for item in relative if item.kind is Kind.RELATIVE and not item.difference}
    return Step(
        factor=limit_set.factor,
        limit=limits.pop() if len(limits) == 1 else "",
        outcomes=outcomes,
        failed=failed,
        undecided=undecided,
        passed=passed,
        unknown=len(outcomes) - failed - undecided - passed,
        undecided_budgets=sum(
            finding.outcome is Outcome.INCONCLUSIVE for verdict in limit_set.verdicts for finding in verdict.findings
        ),
    )


def _regressions(builds: Sequence[PastRun], limit_sets: Sequence[_LimitSet]) -> tuple[Regression, ...]:
    """Returns each once, at the first build that has it: what goes on failing until it is accepted or mended is one."""
    known: list[Regression] = []
    open_: dict[Key, int] = {}  # of the build before: where in `known`
    for number, past in enumerate(builds):
        verdicts = {limit_set.factor: limit_set.verdicts[number] for limit_set in limit_sets}
        going_on: dict[Key, int] = {}
        for key, acceptance in _marked(past).items():
            if key in open_ and acceptance:
                known[open_[key]] = replace(known[open_[key]], accepted=True, reason=acceptance.reason)
            elif key in open_:
                going_on[key] = open_[key]
            else:
                known.append(_regression(past, key, acceptance, verdicts))
                if not acceptance:
                    going_on[key] = len(known) - 1
        open_ = going_on
    return tuple(known)


def _marked(past: PastRun) -> dict[Key, Acceptance | None]:
    """What is known to have become worse with this build, and who accepted it."""
    whole = past.outcome in NEVER_A_BASELINE and not past.failed
    failed: dict[Key, Acceptance | None] = dict.fromkeys(past.failed or ([("", "")] if whole else []))
    for acceptance in past.acceptances:
        covered = [key for key in failed if _is_of(key, (acceptance.endpoint, acceptance.metric))]
        failed |= (
            dict.fromkeys(covered, acceptance) if covered else {(acceptance.endpoint, acceptance.metric): acceptance}
        )
    return failed


def _is_of(key: Key, which: Key) -> bool:
    """Whether a budget is meant by an endpoint and a metric, of which empty ones mean all."""
    return which[0] in ("", key[0]) and which[1] in ("", key[1])


def _regression(
    past: PastRun, key: Key, acceptance: Acceptance | None, verdicts: Mapping[float, Verdict]
) -> Regression:
    suggestions = {
        factor: [finding for finding in verdict.findings if _is_of((finding.endpoint, finding.metric), key)]
        for factor, verdict in verdicts.items()
    }
    outcomes = [item.outcome for item in suggestions[1.0]]
    failing = [
        factor
        for factor, findings in suggestions.items()
        if any(finding.outcome is Outcome.FAIL for finding in findings)
    ]
    return Regression(
        run=past.run.id,
        commit=past.run.commit,
        started=past.run.started,
        endpoint=key[0],
        metric=key[1],
        reason=acceptance.reason if acceptance else "",
        accepted=acceptance is not None,
        change=max((item.change for item in suggestions[1.0] if item.change is not None), default=None),
        outcome=worst(outcomes) if outcomes else Outcome.NO_DATA,
        factors=tuple(failing),
    )
