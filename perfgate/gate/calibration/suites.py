"""Suites: unchanged code judged by the gate itself, each run against others, or base beside an equal head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from perfgate.gate.ab import paired
from perfgate.gate.comparison import Comparison, results_by_name
from perfgate.gate.history import historical
from perfgate.gate.history.historical import ChangeTest, Key
from perfgate.gate.levels import CONFIDENCE
from perfgate.gate.trial import Trial
from perfgate.gate.verdict.comparing import weigh
from perfgate.gate.verdict.deciding import relative
from perfgate.model.budget_file import Criterion, Kind, Sensitivity
from perfgate.model.calibration import Alarms, Mode
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun, Run
from perfgate.model.verdict import Baseline
from perfgate.stats.distributions import beta_quantile

MAX_SUBSETS = 60  # baselines drawn, for all runs together, besides those of all others


@dataclass(frozen=True, kw_only=True)
class Suite:
    """One judging of all endpoints: the evidence for each. `run` is the one that was judged."""

    run: Run
    found: dict[Key, Comparison]


def judge_beside(now: PastRun, others: Sequence[PastRun], tests: dict[Key, ChangeTest]) -> Suite:
    baseline = Baseline(branch="", min_runs=1, runs=dict.fromkeys(tests, tuple(others)))
    return Suite(run=now.run, found=historical.comparison(now.run, baseline, tests))


def judge_beside_subsets(past: Sequence[PastRun], tests: dict[Key, ChangeTest], fewest: int) -> Iterator[Suite]:
    """Each run beside others, drawn anew: the smallest baselines that the gate takes."""
    if fewest >= len(past) - 1:
        return
    chance = Random(0)
    for item in past:
        others = [other for other in past if other is not item]
        for _ in range(max(1, MAX_SUBSETS // len(past))):
            yield judge_beside(item, chance.sample(others, fewest), tests)


def compare_sides(run: Run, keys: Sequence[Key], level: float) -> Suite:
    base = results_by_name(run.arms[0])
    head = results_by_name(run)
    trial = Trial(alpha=level, duration=run.duration)
    comparisons = {
        key: made
        for key in keys
        if key[0] in base and key[0] in head and (made := paired.compare(base[key[0]], head[key[0]], key[1], trial))
    }
    return Suite(run=run, found=comparisons)


def count_alarms(mode: Mode, suites: Sequence[Suite], limits: dict[Key, float], runs: int) -> Alarms:
    """Without a floor: rises however small count."""
    alarmed, outcomes = set(), []
    alarms = 0
    for suite in suites:
        weighed = weigh(suite.found, set(suite.found))
        results = results_by_name(suite.run)
        judged = [
            relative(_criterion(limits[key]), item, 0.0, results[key[0]].requests, Sensitivity())
            for key, item in weighed.items()
        ]
        outcomes += judged
        if Outcome.FAIL in judged:
            alarms += 1
            alarmed.add(suite.run.id)
    return Alarms(
        mode=mode,
        suites=len(suites),
        alarms=alarms,
        findings=len(outcomes),
        passed=sum(outcome in (Outcome.PASS, Outcome.IMPROVED) for outcome in outcomes),
        runs=runs,
        bound=upper_bound(len(alarmed), runs),
    )


def upper_bound(alarms: int, runs: int) -> float:
    """One-sided, exact (Clopper and Pearson 1934); without alarms nearly 3 / runs (the rule of three)."""
    return 1.0 if alarms >= runs else beta_quantile(CONFIDENCE, alarms + 1, runs - alarms)


def _criterion(limit: float) -> Criterion:
    return Criterion(kind=Kind.RELATIVE, limit=limit, text=f"+{limit:.0%}")
