"""What is said where most budgets are undecided: why, and what would decide them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from builders import make_arms, make_budget, make_criterion, make_endpoint, make_finding, make_run, make_verdict

from perfgate.gate import choose_baseline, judge
from perfgate.model.budget_file import GatePolicy, Kind
from perfgate.model.outcome import Outcome
from perfgate.model.run import Generator, Run
from perfgate.model.verdict import Finding
from perfgate.report.facts import Facts
from perfgate.report.html import page
from perfgate.report.markdown import comment, report_md
from perfgate.report.markdown.announcing import announce
from perfgate.report.terminal import console
from perfgate.report.undecided import what_would_decide

RUN = replace(make_run(), duration=30.0)


def undecided(number: int, more: float | None = 4.0, **values: Any) -> list[Finding]:
    values = {"reason": "not-bounded", "compared": "", **values}
    return [
        make_finding(f"u{n}", outcome=Outcome.INCONCLUSIVE, sentence=f"u{n} is unclear.", more=more, **values)
        for n in range(number)
    ]


def beside_history(number: int, **values: Any) -> list[Finding]:
    criteria = [make_criterion(Kind.RELATIVE, outcome=Outcome.INCONCLUSIVE)]
    return undecided(number, compared="history", criteria=criteria, **values)


def facts(*findings: Finding, run: Run = RUN) -> Facts:
    return Facts(verdict=make_verdict(make_finding("kept"), *findings), run=run)


FEW = "because there were too few requests;"


@pytest.mark.parametrize(
    ("findings", "sentence"),
    [
        ([], ""),
        (undecided(1), ""),  # as many are decided
        (
            undecided(2),
            f"2 budgets are undecided, {FEW} 2 minutes of load (now 30 s) or 4 times the rate would decide them.",
        ),
        (
            [*undecided(8), *undecided(2, more=90.0)],
            f"10 budgets are undecided, {FEW} 2 minutes of load (now 30 s) or 4 times the rate would decide 8 of them.",
        ),
        (
            [*undecided(3, more=2.5), *undecided(2, more=None)],
            f"5 budgets are undecided, {FEW} 75 s of load (now 30 s) or 3 times the rate would decide 3 of them.",
        ),
        (
            beside_history(2),
            f"2 budgets are undecided, {FEW} 2 minutes of load (now 30 s) or `--base-ref auto` would decide them.",
        ),
        (
            undecided(2, more=500.0),
            f"2 budgets are undecided, {FEW} wider limits would decide them.",
        ),
        (
            undecided(2, more=100.0),
            f"2 budgets are undecided, {FEW} 50 minutes of load (now 30 s) or wider limits would decide them.",
        ),
        (
            beside_history(2, more=500.0),
            f"2 budgets are undecided, {FEW} `--base-ref auto` or wider limits would decide them.",
        ),
        (
            undecided(2, more=0.6),
            f"2 budgets are undecided, {FEW} 36 s of load (now 30 s) or 2 times the rate would decide them.",
        ),
        (
            undecided(2, compared="history"),  # only the fixed limits
            f"2 budgets are undecided, {FEW} 2 minutes of load (now 30 s) or 4 times the rate would decide them.",
        ),
        (
            undecided(2, more=None),
            "2 budgets are undecided, because more requests would not tell their values from their limits; move the "
            "limits.",
        ),
        (
            undecided(2, more=None, metric="lcp"),
            "2 budgets are undecided, because more views would not tell their values from their limits; move the "
            "limits.",
        ),
        (
            undecided(2, more=500.0, metric="lcp"),
            "2 budgets are undecided, because there were too few views; wider limits would decide them.",
        ),
        (
            beside_history(2, more=None),
            "2 budgets are undecided, because more requests would not tell their values from their limits; compare "
            "with `--base-ref auto`, or move the limits.",
        ),
        (
            undecided(2, metric="lcp"),
            "2 budgets are undecided, because there were too few views; 4 times as many would decide them "
            "(`iterations`).",
        ),
        (
            [*undecided(2, reason="load-generator", more=None), *undecided(1)],
            "3 budgets are undecided, mostly because the load generator could not keep up; use `--processes 2`, more "
            "machines or a lower rate.",
        ),
    ],
)
def test_why_and_what_would_decide(findings: list[Finding], sentence: str):
    assert what_would_decide(facts(*findings)) == sentence


def test_beside_a_base_there_is_no_other_base_to_compare_with():
    run = replace(make_run(arms=make_arms()), duration=30.0)
    found = [replace(item, compared="base") for item in beside_history(2, more=None)]

    assert what_would_decide(facts(*found, run=run)).endswith("limits; move the limits.")


def test_a_load_by_users_has_no_rate():
    run = replace(RUN, conditions=replace(RUN.conditions, load="8 users for 30 s without warm-up (closed)"))

    assert "or 4 times the users would" in what_would_decide(facts(*undecided(2), run=run))


def test_the_terminal_shows_no_success():
    text = console.text(facts(*undecided(50)))

    assert text.splitlines()[-1] == "? PASS, MOSTLY UNDECIDED: 50 of 51 budgets undecided, 1 kept"
    assert what_would_decide(facts(*undecided(50))) in " ".join(text.split())
    assert text.count("inconclusive") < 20


def test_the_comment_has_one_sentence_and_folds_the_rest():
    text = comment.render(facts(make_finding("lost", outcome=Outcome.WARN), *undecided(50)))
    in_sight, _, folded = text.partition("<details>")

    assert "undecided, because there were too few requests" in in_sight
    assert "u7" not in in_sight
    assert "lost" in in_sight
    assert "`u7`" in folded


def test_every_report_shows_the_same():
    found = facts(*undecided(50))

    assert "<summary>50 undecided budgets</summary>" in comment.render(found)
    assert comment.render(found).startswith("### ❔")
    for text in (comment.render(found), report_md.render(found, ()), page.render(found)):
        assert "there were too few requests; 2 minutes of load (now 30 s)" in text
    assert '<div class="banner inconclusive">' in page.render(found)
    assert "<title>inconclusive: shop</title>" in page.render(found)
    announced = announce(found, "", budget="budgets.yaml", blocks=False, files={})
    assert (announced.outcome, announced.is_mostly_undecided) == (Outcome.PASS, True)


@pytest.mark.parametrize(("outcome", "first"), [(Outcome.FAIL, "It was slow."), (Outcome.IMPROVED, "3 budgets are ")])
def test_what_failed_is_said_before_what_is_undecided(outcome: Outcome, first: str):
    found = facts(make_finding("lost", outcome=outcome, sentence="It was slow."), *undecided(3))

    for text in (comment.render(found), report_md.render(found, ())):
        assert min(("It was slow.", "3 budgets are "), key=text.index) == first, text


@pytest.mark.parametrize(
    ("generator", "cure"),
    [
        ({"sent": 700}, "use `--processes 2`, more machines or a lower rate."),
        ({"without_rows": 300}, "add rows, or let them begin again."),
        ({"dropped": 400}, "raise `load.max_users`, or see why answers are slow."),
        ({"due": 0, "sent": 0, "workers": 3, "workers_lost": 1}, "use fewer processes or users, or more memory."),
        (
            {"unsent": {"ports": 900}},
            "the load generator lacked ports, files or memory; see the warnings for the cure.",
        ),
    ],
)
def test_what_was_wrong_with_the_load_has_its_own_cure(generator: dict[str, Any], cure: str):
    well = Generator(clock="kernel receive timestamp", due=1000, sent=1000, lateness_p95=0.001, cpu=0.5)
    run = make_run(endpoints=[make_endpoint("search")], generator=replace(well, **generator))
    policy = GatePolicy()
    verdict = judge([make_budget("search", fail="300ms")], run, choose_baseline(run, (), policy.baseline), policy)

    assert what_would_decide(Facts(verdict=verdict, run=run)).endswith(cure)
