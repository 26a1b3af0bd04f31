"""Pages that get in the way: how their views count in the verdict, and which exit code that is."""

from __future__ import annotations

import pytest
from builders import make_budget, make_run

from perfgate.cli.exits import exit_code
from perfgate.gate import choose_baseline, judge
from perfgate.model.budget_file import GatePolicy
from perfgate.model.verdict import Verdict
from perfgate.pages import summary
from perfgate.pages.view import View

VITALS = {"LCP": {"value": 100.0, "numbers": {}}, "FCP": {"value": 90.0}}
SOUND = View(account={"navigations": [{"id": 0, "metrics": VITALS}], "tasks": []})
KINDS = (
    "status timeout connection host download step navigation scripts crash browser".split()
)  # as docs/pages.md has it


def verdict_of(views: list[View], *budgets: tuple[str, str]) -> Verdict:
    policy, run = GatePolicy(), make_run(1, endpoints=[summary.result("home", views)])
    written = [make_budget("home", metric, limit) for metric, limit in budgets]
    return judge(written, run, choose_baseline(run, (), policy.baseline), policy)


def code(verdict: Verdict) -> int:
    return exit_code(verdict, GatePolicy())


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_that_never_comes_is_not_measured_and_breaks_a_limit_on_errors(kind: str):
    failed = [View(failure=(kind, "it did not come"))] * 3
    without = verdict_of(failed, ("lcp", "2.5s"), ("requests", "9"))
    limited = verdict_of(failed, ("errors", "0%"), ("lcp", "2.5s"))

    assert [finding.outcome for finding in without.findings] == ["no-data", "no-data"]
    assert "all 3 views failed" in without.findings[0].sentence
    assert "it did not come" in without.findings[0].sentence
    assert [finding.outcome for finding in limited.findings] == ["fail", "no-data"]
    assert (code(without), code(limited)) == (3, 1)


def test_a_page_that_fails_now_and_then_is_undecided_unless_errors_have_a_limit():
    views = [SOUND] * 4 + [View(failure=("crash", "the page crashed"))]
    without, limited = verdict_of(views, ("lcp", "2.5s")), verdict_of(views, ("errors", "0%"), ("lcp", "2.5s"))

    assert without.findings[0].outcome == "inconclusive"
    assert "20% of the views failed" in without.findings[0].sentence
    assert (code(without), code(limited)) == (0, 1)


@pytest.mark.parametrize(
    "note",
    [
        "a dialog was dismissed: sure?",
        "a pop-up was closed",
        "a service worker is installed",
        "it grows while it is scrolled: 3 screens of it were",
        "still fetching 5 s after click #go",
    ],
)
def test_what_is_only_noted_changes_no_verdict(note: str):
    views = [View(account=SOUND.account, notes=(note,))] * 5

    assert code(verdict_of(views, ("lcp", "2.5s"), ("errors", "0%"))) == 0
    assert summary.detail("home", "", views).notes == (note,)


def test_errors_of_scripts_break_their_limit():
    views = [View(account=SOUND.account, script_errors=1)] * 5
    verdict = verdict_of(views, ("lcp", "2.5s"), ("script_errors", "0"))

    assert [finding.outcome for finding in verdict.findings] == ["pass", "fail"]
    assert code(verdict) == 1
