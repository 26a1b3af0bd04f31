"""Public cases of gates that cried wolf, each with the verdict that is right (`cases/`)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

import pytest
from gate.cases import (
    distributions,
    drifts,
    errors,
    few_requests,
    lost_baselines,
    other_machines,
    real_changes,
    shared_runners,
    small_numbers,
)
from gate.cases.application import Situation
from gate.cases.case import Case

from perfgate.gate import choose_baseline, judge
from perfgate.model.budget_file import Kind
from perfgate.model.outcome import Outcome
from perfgate.model.verdict import Finding, Verdict

SEEDS = (1, 2, 3)
FAMILIES = (
    distributions,
    drifts,
    errors,
    few_requests,
    lost_baselines,
    other_machines,
    real_changes,
    shared_runners,
    small_numbers,
)
CASES = [one for family in FAMILIES for one in vars(family).values() if isinstance(one, Case)]


@dataclass(frozen=True, kw_only=True)
class Judged:
    verdict: Verdict
    findings: tuple[Finding, ...]  # of budgets: the whole application's own finding is none of them

    def sentences(self, *chosen: Outcome) -> dict[tuple[str, str], str]:
        return {(one.endpoint, one.metric): one.sentence for one in self.findings if one.outcome in chosen}


@cache
def judged(name: str) -> tuple[Judged, ...]:
    """By seed."""
    one = next(one for one in CASES if one.name == name)
    return tuple(_judged(one.build(seed)) for seed in SEEDS)


def _judged(given: Situation) -> Judged:
    baseline = choose_baseline(given.run, given.past[::-1], given.policy.baseline)
    verdict = judge(given.budgets, given.run, baseline, given.policy)
    asked = {(budget.endpoint, budget.metric) for budget in given.budgets}
    own = tuple(one for one in verdict.findings if (one.endpoint, one.metric) in asked)
    return Judged(verdict=verdict, findings=own)


CASE = pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)


def test_there_are_twenty_and_more_from_public_sources():
    assert len(CASES) >= 20
    assert all(one.source.startswith("https://github.com/") for one in CASES)
    assert len({one.name for one in CASES}) == len(CASES)


@CASE
def test_nothing_fails_but_what_changed(one: Case):
    allowed = one.expected.failing | one.expected.may_fail
    for each in judged(one.name):
        wrong = {key: why for key, why in each.sentences(Outcome.FAIL).items() if key[0] not in allowed}
        assert not wrong


@CASE
def test_what_changed_fails(one: Case):
    for each in judged(one.name):
        failing = {endpoint for endpoint, _ in each.sentences(Outcome.FAIL)}
        assert one.expected.failing <= failing, each.sentences(*Outcome)


@CASE
def test_the_outcome_is_right(one: Case):
    for each in judged(one.name):
        assert each.verdict.outcome in one.expected.outcome, Counter(found.outcome for found in each.findings)


@CASE
def test_a_healthy_application_passes(one: Case):
    found = [finding for each in judged(one.name) for finding in each.findings]
    undecided = [finding.sentence for finding in found if finding.outcome not in (Outcome.PASS, Outcome.IMPROVED)]
    share = 1 - len(undecided) / len(found)
    assert share >= one.expected.passing, undecided[:5]


@CASE
def test_nothing_passes_without_something_to_compare_with(one: Case):
    """Relative limits only: a fixed one needs no history."""
    for each in judged(one.name):
        for finding in each.findings:
            relative = [result for result in finding.criteria if result.kind is Kind.RELATIVE]
            if finding.endpoint in one.expected.never_passing:
                assert all(result.outcome is not Outcome.PASS for result in relative), finding.sentence
