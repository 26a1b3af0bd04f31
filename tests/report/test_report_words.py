"""The words that all reports share: headline, limits, values, and the sparkline."""

from __future__ import annotations

import pytest
from builders import make_arms, make_criterion, make_endpoint, make_finding, make_past_run, make_run, make_verdict

from perfgate.model.budget_file import Kind, Severity
from perfgate.model.metric import ALL_ENDPOINTS, APPLICATION
from perfgate.model.outcome import Outcome
from perfgate.model.revision import Revision
from perfgate.model.verdict import CriterionResult, Finding
from perfgate.report import words
from perfgate.report.facts import Facts
from perfgate.report.headline import headline
from perfgate.report.html import page
from perfgate.report.markdown import comment, report_md
from perfgate.report.sparkline import sparkline
from perfgate.report.terminal import console

A, R = Kind.ABSOLUTE, Kind.RELATIVE


def facts(*outcomes: Outcome) -> Facts:
    findings = [make_finding(f"e{n}", outcome=outcome) for n, outcome in enumerate(outcomes)]
    return Facts(verdict=make_verdict(*findings, baseline_needed=5, baseline_branch="main"), run=make_run())


@pytest.mark.parametrize(
    ("earlier", "needed", "of_run", "words"),
    [
        (
            0,
            5,
            {},
            "that was the first of 5 runs on master that make a baseline; in a pull request use --base-ref auto",
        ),
        (2, 5, {}, "that was number 3 of 5 runs on master that make a baseline; in a pull request use --base-ref auto"),
        (4, 5, {}, "that was the last of 5 runs on master that make a baseline; in a pull request use --base-ref auto"),
        (0, 1, {}, "that was the baseline on master; in a pull request use --base-ref auto"),
        (
            0,
            5,
            {"revision": Revision(branch="x")},
            "so far 0 of the 5 runs on master that make a baseline; --base-ref compares at once",
        ),
        (
            1,
            5,
            {"revision": Revision(branch="master", pull_request=7)},
            "so far 1 of the 5 runs on master that make a baseline; --base-ref compares at once",
        ),
        (
            2,
            5,
            {"interrupted": True},
            "so far 2 of the 5 runs on master that make a baseline; --base-ref compares at once",
        ),
    ],
)
def test_a_first_run_says_once_how_many_runs_make_a_baseline(earlier: int, needed: int, of_run: dict, words: str):
    """Fixed limits are judged from the first run on. Nothing else on any page counts runs."""
    lacking = [
        make_finding(f"e{n}", outcome=Outcome.NO_BASELINE, criteria=both(Outcome.NO_BASELINE), baseline_runs=earlier)
        for n in range(11)
    ]
    kept = [make_finding(f"k{n}", outcome=Outcome.PASS, criteria=both()) for n in range(2)]
    verdict = make_verdict(*lacking, *kept, outcome=Outcome.PASS, baseline_needed=needed, baseline_branch="master")
    first = Facts(verdict=verdict, run=make_run(branch="master", **of_run))

    have = min(needed, earlier + words.lower().startswith("that was"))
    runs = f"{needed} run{'s' if needed > 1 else ''}"
    assert headline(first) == f"PASS: 13 fixed limits kept; 11 have no baseline yet: {have} of {runs} on master"
    shown = " ".join(console.text(first).split())
    assert shown.count(f"{words[:1].upper()}{words[1:]}.") == 1
    for page_of in (console.text, report_md.render, comment.render, comment.summary):
        assert " ".join(page_of(first).split()).count("no baseline yet") == 1


def test_outside_of_a_repository_no_branch_is_named():
    lacking = make_finding(outcome=Outcome.NO_BASELINE, criteria=both(Outcome.NO_BASELINE))
    verdict = make_verdict(lacking, outcome=Outcome.PASS, baseline_needed=5, baseline_branch="")
    shown = " ".join(console.text(Facts(verdict=verdict, run=make_run(branch=""))).split())

    assert "That was the first of 5 runs that make a baseline. " in shown
    assert "1 of 5 runs [PG-V003]" in shown


def test_a_run_that_was_not_saved_is_none_of_those_that_make_a_baseline():
    lacking = [make_finding(f"e{n}", outcome=Outcome.NO_BASELINE, baseline_runs=2) for n in range(4)]
    verdict = make_verdict(*lacking, outcome=Outcome.PASS, baseline_needed=5, baseline_branch="main", is_saved=False)
    unsaved = Facts(verdict=verdict, run=make_run(branch="main"))

    assert headline(unsaved).endswith("4 have no baseline yet: 2 of 5 runs on main")
    words = "This run was not saved: so far 2 of the 5 runs on main that make a baseline; --base-ref compares at once."
    assert words in " ".join(console.text(unsaved).split())


def test_a_first_run_shows_which_limits_are_kept():
    criteria = (
        make_criterion(outcome=Outcome.PASS, kind=A, limit=0.3, text="300ms"),
        make_criterion(outcome=Outcome.NO_BASELINE, kind=R, limit=0.2, text="+20%"),
    )
    finding = make_finding("search", metric="p95", outcome=Outcome.NO_BASELINE, criteria=criteria)
    first = Facts(verdict=make_verdict(finding, baseline_needed=5, baseline_branch="main"), run=make_run())

    assert "✓ 300 ms, ○ +20 %" in console.text(first)
    assert "✓ 300 ms, ○ +20 %" in report_md.render(first)


def test_why_earlier_runs_do_not_count_is_said_beside_the_headline():
    reason = "6 of 7 runs do not compare: its request changed"
    lacking = [make_finding(f"e{n}", outcome=Outcome.NO_BASELINE, excluded=reason) for n in range(2)]
    verdict = make_verdict(*lacking, baseline_needed=5, baseline_branch="main")

    shown = console.text(Facts(verdict=verdict, run=make_run()))

    assert shown.count(f"2 budgets without a baseline: {reason}.") == 1


def test_in_an_ab_test_what_is_new_is_not_counted_in_runs():
    lacking = [make_finding(f"e{n}", outcome=Outcome.NO_BASELINE) for n in range(4)]
    both_sides = Facts(verdict=make_verdict(*lacking, make_finding("k")), run=make_run(arms=make_arms()))

    assert headline(both_sides) == "PASS: 1 of 5 budgets kept, 4 not compared"
    assert "4 budgets not compared: the base has no such measurement." in console.text(both_sides)


def both(relative: Outcome | None = None) -> tuple[CriterionResult, ...]:
    absolute = CriterionResult(kind=A, limit=0.3, text="300ms", severity=Severity.FAIL, outcome=Outcome.PASS)
    if relative is None:
        return (absolute,)
    return absolute, CriterionResult(kind=R, limit=0.1, text="+10%", severity=Severity.FAIL, outcome=relative)


@pytest.mark.parametrize(
    ("outcome", "p_value", "line"),
    [
        (Outcome.FAIL, 1e-6, "FAIL: the whole application became slower, +40 %; 1 undecided"),
        (
            Outcome.INCONCLUSIVE,
            0.001,
            "PASS: 1 of 2 budgets kept, 1 undecided; all endpoints together +40 %, undecided",
        ),
        (Outcome.INCONCLUSIVE, 0.2, "PASS: 1 of 2 budgets kept, 1 undecided"),  # as far as runners usually differ
        (Outcome.PASS, 0.6, "PASS: 1 of 2 budgets kept, 1 undecided"),
    ],
)
def test_the_headline_names_the_whole_application_where_it_moved(outcome: Outcome, p_value: float, line: str):
    whole = make_finding(APPLICATION, ALL_ENDPOINTS, outcome=outcome, change=0.4, p_value=p_value)
    budgets = [make_finding("a", outcome=Outcome.PASS), make_finding("b", outcome=Outcome.INCONCLUSIVE)]

    assert headline(Facts(verdict=make_verdict(*budgets, whole), run=make_run())) == line


@pytest.mark.parametrize(
    ("outcomes", "line"),
    [
        ([Outcome.PASS], "PASS: 1 budget kept"),
        ([Outcome.PASS] * 14, "PASS: 14 budgets kept"),
        ([Outcome.PASS, Outcome.FAIL, Outcome.FAIL], "FAIL: 2 of 3 budgets broken: e1 p95, e2 p95"),
        ([Outcome.FAIL] * 5, "FAIL: 5 of 5 budgets broken: e0 p95, e1 p95, e2 p95 and 2 more"),
        ([Outcome.FAIL, Outcome.NO_DATA], "FAIL: 1 of 2 budgets broken: e0 p95; 1 not measured"),
        ([Outcome.FAIL, Outcome.WARN, Outcome.IMPROVED], "FAIL: 1 of 3 budgets broken: e0 p95"),
        ([Outcome.NO_DATA, Outcome.INCONCLUSIVE], "NO DATA: 1 of 2 budgets not measured: e0 p95; 1 undecided"),
        ([Outcome.INCONCLUSIVE, Outcome.PASS], "PASS: 1 of 2 budgets kept, 1 undecided"),
        ([Outcome.INCONCLUSIVE] * 2, "INCONCLUSIVE: 2 of 2 budgets undecided: e0 p95, e1 p95"),
        ([Outcome.FAIL, Outcome.INCONCLUSIVE], "FAIL: 1 of 2 budgets broken: e0 p95; 1 undecided"),
        (
            [Outcome.PASS, *[Outcome.INCONCLUSIVE] * 50],
            "PASS, MOSTLY UNDECIDED: 50 of 51 budgets undecided, 1 kept",
        ),
        (
            [Outcome.NO_BASELINE, *[Outcome.INCONCLUSIVE] * 2],
            "NO BASELINE, MOSTLY UNDECIDED: 2 of 3 budgets undecided; 1 has no baseline yet: 1 of 5 runs on main",
        ),
        (
            [Outcome.IMPROVED, *[Outcome.INCONCLUSIVE] * 2],
            "IMPROVED, MOSTLY UNDECIDED: 1 of 3 budgets better than the baseline: e0 p95; 2 undecided",
        ),
        ([Outcome.FAIL, *[Outcome.INCONCLUSIVE] * 2], "FAIL: 1 of 3 budgets broken: e0 p95; 2 undecided"),
        ([Outcome.WARN], "WARN: 1 of 1 budget past the warning limit: e0 p95"),
        (
            [Outcome.NO_BASELINE],
            "NO BASELINE: 1 has no baseline yet: 1 of 5 runs on main",
        ),
        ([Outcome.IMPROVED, Outcome.PASS], "IMPROVED: 1 of 2 budgets better than the baseline: e0 p95"),
    ],
)
def test_headline(outcomes, line):
    assert headline(facts(*outcomes)) == line


@pytest.mark.parametrize(
    ("metric", "criterion", "text", "value"),
    [
        ("p95", make_criterion(A, limit=0.3), "300 ms", 0.3),
        ("p95", make_criterion(A, limit=0.1, severity=Severity.WARN), "warn 100 ms", 0.1),
        ("p95", make_criterion(R, limit=0.1), "+10 %", 0.22),
        ("p95", make_criterion(R, limit=0.02, text="+20ms"), "+20 ms", 0.22),
        ("errors", make_criterion(R, limit=0.005, text="+0.5pp"), "+0.5 pp", 0.205),
        ("rate", make_criterion(R, limit=-0.1, text="-10%"), "-10 %", 0.18),
        ("size", make_criterion(A, limit=40e3, text="40kB"), "40 kB", 40e3),
        ("unheard_of", make_criterion(A, limit=7.0), "7", 7.0),
    ],
)
def test_limits(metric, criterion, text, value):
    finding = make_finding(metric=metric, criteria=[criterion])
    assert words.limit(finding, criterion) == text
    assert words.limit_value(criterion, 0.2) == pytest.approx(value)


def test_the_limit_beside_an_anchor_is_a_share_and_names_the_anchor():
    criterion = make_criterion(R, limit=0.2, text="+20% since v1.4.0")
    assert words.limit(make_finding("search", "p95"), criterion) == "+20 % since v1.4.0"
    assert words.limit_value(criterion, 0.1) is None  # it lies at a level that the finding does not have


def test_a_relative_limit_without_a_baseline_lies_nowhere():
    assert words.limit_value(make_criterion(R, limit=0.1), None) is None


def test_the_decisive_limit_is_the_broken_one_then_the_absolute_one():
    absolute, relative = make_criterion(A, limit=0.3), make_criterion(R, limit=0.1)
    warning = make_criterion(A, limit=0.25, severity=Severity.WARN)
    broken = make_criterion(R, limit=0.1, outcome=Outcome.FAIL)
    assert words.decisive(make_finding(baseline=0.1, criteria=[relative, warning, absolute])) is absolute
    assert words.decisive(make_finding(baseline=0.1, criteria=[absolute, broken])) is broken
    assert words.decisive(make_finding(baseline=None, criteria=[relative])) is None


@pytest.mark.parametrize("amount", [None, float("nan"), float("inf")])
def test_no_value_is_a_dash(amount):
    assert words.value("p95", amount) == words.change(amount) == "–"


def test_errors_by_kind():
    assert words.errors(make_endpoint(failures=0)) == "0 %"
    broken = make_endpoint(failures=20, failures_by_kind={"status": 18, "timeout": 2, "protocol": 0})
    assert words.errors(broken) == "2 % (18 unexpected status, 2 timed out)"
    assert words.errors(make_endpoint(requests=0)) == "–"


def test_an_unreadable_date_is_a_dash():
    assert words.day("2026-01-05T09:00:00Z", year=True) == "5 Jan 2026"
    assert words.day("soon") == "–"


def test_findings_are_worst_first_and_then_by_change():
    findings = [
        make_finding("calm"),
        make_finding("faster", measured=0.08, baseline=0.1),
        make_finding("slower", measured=0.11, baseline=0.1),
        make_finding("throughput", "rate", measured=50.0, baseline=100.0),
        make_finding("worse", outcome=Outcome.FAIL, measured=0.11, baseline=0.1),
        make_finding("worst", outcome=Outcome.FAIL, measured=0.2, baseline=0.1),
        make_finding("better", outcome=Outcome.IMPROVED, measured=0.09, baseline=0.1),
        make_finding("best", outcome=Outcome.IMPROVED, measured=0.05, baseline=0.1),
    ]
    told = Facts(verdict=make_verdict(*findings), run=make_run())
    order = ["worst", "worse", "best", "better", "throughput", "slower", "calm", "faster"]
    assert [finding.endpoint for finding in told.findings] == order


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([], ""),
        ([None, None], ""),
        ([1.0], ""),
        ([1.0, 8.0], "▁█"),
        ([1.0, None, 2.0], "▁·█"),
        ([0.0, 0.0], "▁▁"),
        ([100.0, 101.0, 99.0], "▁▁▁"),  # noise is not a mountain range
        ([float(n) for n in range(1, 9)], "▁▂▃▄▅▆▇█"),
    ],
)
def test_sparkline(values, line):
    assert sparkline(values) == line


def test_sparkline_shows_the_newest():
    assert sparkline([*[9.0] * 30, 1.0, 9.0], width=3) == "█▁█"


def test_the_change_is_that_of_the_two_numbers_and_the_own_part_stands_beside_it():
    """What all endpoints have in common was taken out of it."""
    plain = make_finding("search", measured=0.12, baseline=0.1)
    adjusted = make_finding("search", measured=0.12, baseline=0.1, own_change=0.009)

    assert (words.changed(plain), words.changed(adjusted)) == ("+20 %", "+20 % (own +0.9 %)")
    assert words.changed(make_finding("search", measured=0.0, baseline=0.1)) == "-100 %"
    assert words.changed(make_finding("search", measured=None)) == words.NOTHING
    for render in (console.text, report_md.render, comment.render, page.render):
        assert "+20 %" in render(one(adjusted)).replace("&nbsp;", " ")


def one(finding: Finding) -> Facts:
    earlier = make_past_run(1, endpoints=[make_endpoint(finding.endpoint)])
    run = make_run(100, endpoints=[make_endpoint(finding.endpoint)])
    return Facts(verdict=make_verdict(finding, baseline_runs=(earlier.run.id,)), run=run, past_runs=(earlier,))


@pytest.mark.parametrize(("metric", "measured", "shown"), [("errors", 0.5, "14 %"), ("p95", 0.5, "320 ms")])
def test_what_is_over_its_fixed_limit_sees_no_negative_rise(metric: str, measured: float, shown: str):
    finding = make_finding(metric=metric, outcome=Outcome.FAIL, measured=measured, detectable=-0.36, compared="base")

    assert words.detectable(finding) == shown


def test_a_change_of_errors_is_a_difference_as_in_the_sentence():
    errors = make_finding("search", metric="errors", measured=0.98, baseline=0.0115, change=84.2, interval=(80.0, 86.0))
    assert words.changed(errors) == "+96.8 pp"
    assert words.changed(make_finding("search", measured=0.2, baseline=0.1, change=1.0)) == "+100 %"
    assert words.changed(make_finding("search", metric="errors", measured=0.05, baseline=0.0, change=5.0)) == "+500 %"
    text = report_md.render(Facts(verdict=make_verdict(errors), run=make_run()), {})
    assert "+96.8 pp" in text
    assert "8420" not in text
