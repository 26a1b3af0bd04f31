"""What is new about a run, by the runs before it on its branch."""

from __future__ import annotations

import pytest
from builders import make_acceptance, make_endpoint, make_finding, make_past_run, make_revision, make_run, make_verdict

from perfgate.model.outcome import Outcome
from perfgate.model.publication import Occasion
from perfgate.model.run import PastRun
from perfgate.report.charts import trend_picture
from perfgate.report.facts import Facts
from perfgate.report.headline import headline
from perfgate.report.markdown import announcing

NAME = "list products"
FAILED = {"outcome": Outcome.FAIL, "failed": [(NAME, "p95")]}


def occasion(outcome: Outcome, *before: PastRun, branch: str = "main", pull_request: int | None = None) -> Occasion:
    revision = make_revision(branch=branch, pull_request=pull_request)
    run = make_run(9, endpoints=[make_endpoint(NAME)], revision=revision)
    verdict = make_verdict(make_finding(NAME, "p95", outcome), run=run.id, baseline_branch="main")
    facts = Facts(verdict=verdict, run=run, past_runs=tuple(reversed(before)))
    return announcing.announce(facts, "", budget="budgets.yaml", blocks=False, files={}).occasion


@pytest.mark.parametrize(
    ("outcome", "before", "is_new", "recovered"),
    [
        (Outcome.FAIL, [make_past_run(1)], [True], False),
        (Outcome.FAIL, [make_past_run(1), make_past_run(2, **FAILED)], [False], False),
        (Outcome.FAIL, [make_past_run(1, **FAILED), make_past_run(2, outcome=Outcome.INCONCLUSIVE)], [False], False),
        (Outcome.FAIL, [make_past_run(1, **FAILED), make_past_run(2)], [True], False),
        (Outcome.FAIL, [make_past_run(1, branch="other", **FAILED)], [True], False),
        (Outcome.FAIL, [], [True], False),
        (Outcome.PASS, [make_past_run(1, **FAILED)], [], True),
        (Outcome.INCONCLUSIVE, [make_past_run(1, **FAILED)], [], False),
        (Outcome.PASS, [make_past_run(1)], [], False),
    ],
)
def test_new_and_recovered(outcome: Outcome, before: list[PastRun], is_new: list[bool], recovered: bool):
    found = occasion(outcome, *before)

    assert [one.is_new for one in found.broken] == is_new
    assert (found.recovered, found.on_baseline) == (recovered, True)


@pytest.mark.parametrize(("branch", "pull_request"), [("feature", None), ("main", 12), ("mallory:main", None)])
def test_no_pull_request_and_no_other_branch_is_the_baseline(branch: str, pull_request: int | None):
    assert not occasion(Outcome.FAIL, branch=branch, pull_request=pull_request).on_baseline


def test_an_accepted_regression_is_said_to_be_one():
    run = make_run(9, endpoints=[make_endpoint(NAME)])
    finding = make_finding(NAME, "p95", Outcome.WARN, reason="accepted")
    word = make_acceptance(NAME, "p95", reason="new ranking")
    facts = Facts(verdict=make_verdict(finding, run=run.id, acceptances=(word,)), run=run)

    assert headline(facts).startswith("WARN: 1 of 1 budget changed, and accepted: ")
    assert trend_picture.decide(facts, finding).accepted == {0: "new ranking"}
