"""What a trend chart shows is decided without drawing: levels, range, words, marks."""

from __future__ import annotations

from math import isnan

import pytest
from builders import make_acceptance, make_criterion, make_endpoint, make_finding, make_past_run, make_run, make_verdict

from perfgate.model.budget_file import Budget, Criterion, Kind, Severity
from perfgate.model.outcome import Outcome
from perfgate.model.verdict import Finding
from perfgate.report.charts import history_trend
from perfgate.report.charts.trend_picture import Band, Level, TrendPicture, decide
from perfgate.report.facts import Facts

A, R = Kind.ABSOLUTE, Kind.RELATIVE
NAME = "list products"


def picture(*values: float | None, metric: str = "p95", marks=(), **about) -> TrendPicture:
    """Of a series in base units, oldest first, the last one being this run; the others before it are its baseline."""
    runs = []
    for number, value in enumerate(values, 1):
        metrics = {} if value is None else {metric: value}
        runs.append(make_run(number, endpoints=[make_endpoint(NAME, metrics=metrics)] if metrics else []))
    past = [make_past_run(run=run, **dict(marks).get(at, {})) for at, run in enumerate(runs[:-1])]
    finding = make_finding(NAME, metric, **{"measured": values[-1], **about})
    return decide(_facts(finding, runs, past), finding)


def _facts(finding: Finding, runs, past) -> Facts:
    ids = tuple(run.id for run in reversed(runs[:-1]))
    verdict = make_verdict(finding, run=runs[-1].id, baseline_runs=ids)
    return Facts(verdict=verdict, run=runs[-1], past_runs=tuple(reversed(past)))


FAILED = {
    "outcome": Outcome.FAIL,
    "measured": 0.131,
    "baseline": 0.082,
    "criteria": [
        make_criterion(A, limit=0.12, outcome=Outcome.FAIL),
        make_criterion(R, limit=0.1, outcome=Outcome.FAIL),
    ],
}


def test_the_title_says_it_all():
    shown = picture(0.081, 0.083, 0.131, baseline_runs=2, **FAILED)
    assert shown.title == "list products p95: 131 ms, limit 120 ms, baseline 82 ms"
    assert shown.subtitle == "0000000 on main, 5 Jan 2026  ·  baseline: 2 runs of main"
    assert shown.this == "this run 131 ms"
    assert shown.axis == "p95 in ms"
    assert shown.labels[-1] == "0000000\n5 Jan"


def test_levels_and_band_are_in_the_unit_of_the_axis():
    shown = picture(0.081, 0.083, 0.131, baseline_runs=2, **FAILED)
    assert shown.values == pytest.approx((81, 83, 131))
    assert [(level.text, level.kind) for level in shown.levels] == [
        ("limit 120 ms", "limit"),
        ("+10 % is 90.2 ms", "other limit"),
        ("baseline 82 ms", "baseline"),
    ]
    assert [level.value for level in shown.levels] == pytest.approx([120, 90.2, 82])
    assert (shown.band.low, shown.band.high, shown.band.first) == (pytest.approx(81), pytest.approx(83), 0)


def test_a_limit_that_was_kept_is_shown_alone():
    criteria = [make_criterion(R, limit=0.1), make_criterion(A, limit=0.12)]
    shown = picture(0.081, 0.083, 0.082, baseline=0.082, criteria=criteria)
    assert [level.text for level in shown.levels] == ["limit 120 ms", "baseline 82 ms"]


def test_the_band_leaves_outliers_out():
    shown = picture(*[0.080, 0.081, 4.1, 0.082, 0.083, 0.084], 0.082, baseline=0.082, baseline_runs=6)
    assert shown.band == Band(low=pytest.approx(80), high=pytest.approx(84), first=0)


def test_the_band_has_only_as_many_runs_as_the_finding():
    shown = picture(0.050, 0.051, 0.080, 0.082, 0.082, baseline=0.081, baseline_runs=2)
    assert shown.band == Band(low=pytest.approx(80), high=pytest.approx(82), first=2)


def test_the_band_has_the_very_runs_of_the_finding():
    shown = picture(
        0.050, 0.051, 0.080, 0.082, 0.082, baseline=0.051, baseline_runs=2, baseline_ids=("run-0002", "run-0001")
    )
    assert shown.band == Band(low=pytest.approx(50), high=pytest.approx(51), first=0)


def test_the_band_of_an_older_verdict_leaves_out_what_the_gate_cannot_use():
    """A run whose other budgets failed serves; one in which this budget failed does not."""
    others = {"outcome": Outcome.FAIL, "failed": (("another", "p95"),)}
    own = {"outcome": Outcome.FAIL, "failed": ((NAME, "p95"),)}
    shown = picture(0.050, 0.080, 0.300, 0.082, baseline=0.065, baseline_runs=2, marks={1: others, 2: own}.items())
    assert shown.band == Band(low=pytest.approx(50), high=pytest.approx(80), first=0)


def test_one_run_has_a_picture_from_zero():
    shown = picture(0.082, outcome=Outcome.NO_BASELINE, criteria=[make_criterion(A, limit=0.12)])
    assert shown.subtitle.endswith("no earlier runs")
    assert (shown.bottom, shown.band) == (0.0, None)
    assert shown.top > 120


def test_the_axis_starts_at_zero_unless_that_flattens_everything():
    criteria = [make_criterion(A, limit=0.12)]
    wide = picture(0.080, 0.090, 0.100, baseline=0.085, criteria=criteria)
    assert (wide.bottom, wide.axis) == (0.0, "p95 in ms")
    narrow = picture(0.1000, 0.1005, 0.1010, baseline=0.1002, criteria=[make_criterion(A, limit=0.102)])
    assert narrow.bottom > 50
    assert narrow.axis == "p95 in ms, not from 0"


def test_an_old_outlier_is_cut_off_and_told():
    shown = picture(0.080, 4.1, 0.081, 0.082, baseline=0.081, criteria=[make_criterion(A, limit=0.12)])
    assert shown.top < 200
    assert shown.cut_off == {1: "4.1 s"}


def test_this_run_is_never_cut_off():
    shown = picture(0.080, 0.081, 4.1, baseline=0.081, criteria=[make_criterion(A, limit=0.12)])
    assert shown.top > 4.1
    assert shown.axis == "p95 in s"
    assert not shown.cut_off


def test_a_limit_far_above_does_not_flatten_the_rest():
    shown = picture(0.012, 0.0122, 0.0125, baseline=0.012, criteria=[make_criterion(A, limit=0.3)])
    assert shown.top < 300
    assert shown.levels[0] == Level(value=pytest.approx(300), text="limit 300 ms", kind="limit")


def test_gaps_and_a_run_without_data():
    shown = picture(0.080, None, 0.081, None, outcome=Outcome.NO_DATA, baseline=0.08)
    assert [isnan(value) for value in shown.values] == [False, True, False, True]
    assert shown.title == "list products p95: not measured, limit 300 ms, baseline 80 ms"


def test_nothing_was_ever_measured():
    shown = picture(None, None, outcome=Outcome.NO_DATA, criteria=[])
    assert (shown.bottom, shown.top > 0, shown.levels) == (0.0, True, ())


def test_failed_and_accepted_runs():
    failed = {"outcome": Outcome.FAIL, "failed": [(NAME, "p95")]}
    accepted = {**failed, "acceptances": [make_acceptance(NAME, "p95", reason="worth it")]}
    other = {"outcome": Outcome.FAIL, "failed": [("search", "p95")]}
    shown = picture(0.1, 0.2, 0.2, 0.1, marks={0: other, 1: failed, 2: accepted}, baseline=0.2, outcome=Outcome.FAIL)
    assert shown.failed == {1, 3}  # and this run
    assert shown.accepted == {2: "worth it"}


@pytest.mark.parametrize(
    ("metric", "value", "axis", "scaled"),
    [
        ("errors", 0.0327, "errors in %, not from 0", 3.27),
        ("size", 40_100.0, "size in kB, not from 0", 40.1),
        ("rate", 198.0, "rate per second, not from 0", 198.0),
        ("max", 1.5, "max in s, not from 0", 1.5),
        ("unheard_of", 7.0, "unheard_of, not from 0", 7.0),
    ],
)
def test_every_unit_has_an_axis(metric, value, axis, scaled):
    shown = picture(value, value, metric=metric, baseline=value, criteria=[])
    assert (shown.axis, shown.values[-1]) == (axis, pytest.approx(scaled))


def test_no_errors_at_all_has_an_axis():
    shown = picture(0.0, 0.0, metric="errors", baseline=0.0, criteria=[make_criterion(A, limit=0.01, text="1%")])
    assert shown.axis == "errors in %"
    assert shown.top == pytest.approx(1.15)


def test_runs_of_the_future_and_this_run_itself_are_left_out():
    finding = make_finding(NAME)
    past = tuple(make_past_run(n) for n in (5, 3, 2, 1))
    facts = Facts(verdict=make_verdict(finding), run=make_run(3), past_runs=past)
    assert [one.run.id for one in facts.line_of_runs] == ["run-0001", "run-0002", "run-0003"]


def test_a_trend_without_a_verdict_ends_with_the_newest_run():
    past = [make_past_run(n, p95=0.08 + n / 100, outcome=Outcome.FAIL, failed=[(NAME, "p95")]) for n in (3, 2, 1)]
    budget = Budget(
        endpoint=NAME,
        metric="p95",
        criteria=(Criterion(kind=A, limit=0.1, text="100ms"), Criterion(kind=R, limit=0.1, text="+10%")),
    )
    shown = history_trend.picture(past, NAME, "p95", budget)
    assert shown.title == "list products p95: 110 ms, limit 100 ms"
    assert shown.subtitle == "3 runs, the newest 0000000 on main, 5 Jan 2026"
    assert shown.values == pytest.approx((90, 100, 110))
    assert (shown.this, shown.outcome) == ("newest 110 ms", Outcome.FAIL)
    assert shown.failed == {0, 1, 2}
    assert history_trend.picture(past[:1], "unknown", "p95", None).this == "newest no data"


@pytest.mark.parametrize(
    ("severity", "limit", "outcome"),
    [
        (Severity.FAIL, 0.1, Outcome.INCONCLUSIVE),
        (Severity.WARN, 0.1, Outcome.WARN),
        (Severity.FAIL, 0.2, Outcome.PASS),
    ],
)
def test_what_did_not_fail_and_is_beyond_the_limit_has_no_green_tick(severity, limit, outcome):
    past = [make_past_run(run=make_run(1, endpoints=[make_endpoint(NAME, metrics={"p95": 0.11})]))]
    criterion = Criterion(kind=A, limit=limit, text="limit", severity=severity)
    assert (
        history_trend.picture(past, NAME, "p95", Budget(endpoint=NAME, metric="p95", criteria=(criterion,))).outcome
        is outcome
    )


def test_where_the_level_changed_is_marked_with_its_commit():
    steps = [0.080, 0.081, 0.082, 0.080, 0.081, 0.082] * 2 + [0.100, 0.101, 0.102, 0.100, 0.101, 0.102] * 2
    assert picture(*steps).changed == {12: "0000000"}
    assert picture(*steps[:12]).changed == {}


def test_other_branches_change_no_level():
    finding = make_finding(NAME, "p95", measured=0.1)
    values = [0.080] * 12 + [0.100] * 12
    runs = [
        make_run(n, branch="main" if n <= 12 else "slow", endpoints=[make_endpoint(NAME, metrics={"p95": value})])
        for n, value in enumerate(values, 1)
    ]
    shown = decide(_facts(finding, runs, [make_past_run(run=run) for run in runs[:-1]]), finding)
    assert shown.changed == {}
