"""A history of thirty builds with three known regressions, replayed under today's budgets and under others."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import forked
import numpy as np
import pytest
from builders import make_acceptance, make_endpoint, make_past_run, make_run

from perfgate import budgets, history
from perfgate.gate import scaled
from perfgate.model.backtest import Backtest
from perfgate.model.errors import RecordError
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun
from perfgate.report.charts import backtest_chart
from perfgate.report.terminal import backtest_words
from perfgate.workflows import backtest as backtesting

BUDGETS = """\
version: 1
name: shop
target: http://127.0.0.1:8765
load: {rate: 10/s, duration: 5s}
gate: {baseline: {branch: main}}
defaults: {budget: {p95: +15%}}
endpoints: {search: GET /search, home: GET /, basket: GET /basket, pay: GET /pay}
"""
NAMES = ("search", "home", "basket", "pay")
REQUESTS = 2000
ACCEPTED, MENDED, LATER = 12, 18, 24  # builds with a regression; of the last nobody knew what to say for a build


def build(number: int) -> PastRun:
    """Runs differ by 1.5 %. The search is slower for good, the home page once, paying for two builds."""
    random = np.random.default_rng(number)
    endpoints = []
    for name in NAMES:
        level = 0.100 * np.exp(0.015 * random.standard_normal())
        if name == "search" and number >= ACCEPTED:
            level *= 1.25
        if name == "home" and number == MENDED:
            level *= 1.4
        if name == "pay" and number in (LATER, LATER + 1):
            level *= 1.8
        intervals = {"p95": (level * 0.97, level * 1.03)}
        endpoints.append(make_endpoint(name, p95=float(level), requests=REQUESTS, intervals=intervals))
    failed = {MENDED: [("home", "p95")], LATER: [("pay", "p95")], LATER + 1: [("pay", "p95")]}.get(number, [])
    acceptances = [make_acceptance("search", "p95", reason="new ranking")] if number == ACCEPTED else []
    outcome = Outcome.FAIL if failed else Outcome.PASS
    return make_past_run(
        number, run=make_run(number, endpoints=endpoints), failed=failed, acceptances=acceptances, outcome=outcome
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "budgets.yaml").write_text(BUDGETS, encoding="utf-8")
    with history.open("sqlite:///.perfgate/history.db", root=folder) as store:
        store.save_all([build(number) for number in range(1, 31)])
    return folder


def replayed(project: Path, limit: int = 50, **changes: str) -> Backtest:
    text = BUDGETS
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    path = project / "other.yaml"
    path.write_text(text, encoding="utf-8")
    with history.open("sqlite:///.perfgate/history.db", root=project) as store:
        return backtesting.backtest(store, budgets.read(path, None), {}, limit)


@pytest.fixture(scope="module")
def found(project: Path) -> Backtest:
    return replayed(project)


def failing(backtest: Backtest) -> dict[int, list[str]]:
    numbers = {f"run-{number:04d}": number for number in range(1, 31)}
    return {numbers[one.run]: [breach.endpoint for breach in one.breaches] for one in backtest.builds if one.breaches}


def test_the_three_known_regressions_are_found_and_nothing_else_is(found: Backtest):
    assert failing(found) == {ACCEPTED: ["search"], MENDED: ["home"], LATER: ["pay"], LATER + 1: ["pay"]}
    assert [(one.endpoint, one.accepted, one.outcome) for one in found.regressions] == [
        ("search", True, Outcome.FAIL),
        ("home", False, Outcome.FAIL),
        ("pay", False, Outcome.FAIL),
    ]
    assert [round(one.change or 0, 1) for one in found.regressions] == [0.3, 0.4, 0.8]
    assert found.regressions[0].reason == "new ranking"


def test_each_build_is_judged_by_those_before_it(found: Backtest):
    assert [one.run for one in found.builds] == [f"run-{number:04d}" for number in range(1, 31)]
    assert {one.outcome for one in found.builds[:5]} == {Outcome.NO_BASELINE}
    assert Outcome.NO_BASELINE not in {one.outcome for one in found.builds[5:]}


def test_budgets_say_how_often_they_failed_and_what_they_could_see(found: Backtest):
    by_name = {one.endpoint: one for one in found.budgets if one.metric == "p95"}
    assert {name: one.failed for name, one in by_name.items()} == {"search": 1, "home": 1, "basket": 0, "pay": 2}
    assert {one.limits for one in by_name.values()} == {("+15%",)}
    for one in by_name.values():
        assert one.failed + one.undecided + one.kept + one.unknown == 30
        assert one.detectable is not None
        assert 0.02 < one.detectable < 0.3


def test_tighter_limits_find_no_less_and_looser_ones_no_more(found: Backtest):
    assert [step.factor for step in found.steps] == [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0]
    failed = [step.failed for step in found.steps]
    assert failed == sorted(failed, reverse=True)
    assert all(step.failed + step.undecided + step.passed + step.unknown == 30 for step in found.steps)


def test_a_limit_of_twice_a_rise_does_not_find_it(project: Path):
    loose = replayed(project, limits=("+15%", "+100%"))
    assert failing(loose) == {}
    assert {one.outcome for one in loose.regressions} <= {Outcome.PASS, Outcome.INCONCLUSIVE}
    assert [0.25 in one.factors for one in loose.regressions][1:] == [True, True]  # +25 %
    assert [0.5 in one.factors for one in loose.regressions] == [False, False, True]  # +50 %


def test_what_fails_now_is_no_baseline_for_what_comes_after(project: Path):
    """Nobody accepted a rise that today's budgets refuse: as in a real history, it goes on failing."""
    with history.open("sqlite:///unnoticed.db", root=project) as store:
        for number in range(1, 13):
            level = 0.100 if number < 9 else 0.150
            rows = [make_endpoint(name, p95=level if name == "pay" else 0.100, requests=REQUESTS) for name in NAMES]
            store.save(make_past_run(number, run=make_run(number, endpoints=rows)))
        path = project / "budgets.yaml"
        unnoticed = backtesting.backtest(store, budgets.read(path, None), {}, 50)
    assert failing(unnoticed) == {number: ["pay"] for number in range(9, 13)}
    assert {one.then for one in unnoticed.builds} == {Outcome.PASS}
    assert unnoticed.regressions == ()


def test_a_fixed_limit_is_judged_by_the_requests_themselves(project: Path):
    tight = replayed(project, limits=("+15%", "110ms"))
    assert tight.steps == ()
    assert set(failing(tight)) >= {MENDED, LATER, LATER + 1}
    assert "search" in failing(tight)[30]


def test_the_newest_builds_have_those_before_them_as_their_baseline(project: Path, found: Backtest):
    newest = replayed(project, limit=7)
    assert [one.run for one in newest.builds] == [f"run-{number:04d}" for number in range(24, 31)]
    assert failing(newest) == {LATER: ["pay"], LATER + 1: ["pay"]}


def test_a_run_that_somebody_marked_is_known_and_no_baseline(project: Path):
    with history.open("sqlite:///marked.db", root=project) as store:
        for number in range(1, 10):
            rows = [make_endpoint(name, p95=0.3 if number == 8 else 0.1, requests=REQUESTS) for name in NAMES]
            marked = Outcome.FAIL if number == 8 else Outcome.PASS
            store.save(make_past_run(number, run=make_run(number, endpoints=rows), outcome=marked))
        known = backtesting.backtest(store, budgets.read(project / "budgets.yaml", None), {}, 50).regressions
    assert [(one.run, one.endpoint, one.metric) for one in known] == [("run-0008", "", "")]


def test_scaled_budgets_keep_fixed_limits(project: Path):
    path = project / "several.yaml"
    path.write_text(BUDGETS.replace("{p95: +15%}", "{p95: 300ms +20ms, errors: 1% +0.5pp, rate: -10%}"))
    texts = [one.text for budget in scaled(budgets.read(path, None).budgets, 1.5)[:3] for one in budget.criteria]
    assert texts == ["300ms", "+30ms", "1%", "+0.75pp", "-15%"]


def test_an_empty_history_says_what_to_do(project: Path):
    with (
        history.open("sqlite:///empty.db", root=project) as store,
        pytest.raises(RecordError, match="no runs of shop"),
    ):
        backtesting.backtest(store, budgets.read(project / "budgets.yaml", None), {}, 50)


def test_the_tables_say_the_same_in_markdown(found: Backtest):
    text = backtest_words.markdown(found, accepted=True)
    assert "30 builds judged again: 4 would have failed, 21 passed, 5 without a baseline" in text
    assert "Known regressions (accepted, or failed when they were measured): 3 of 3 found" in text
    assert "| x1: +15% (now) | 4 | 21 | 0 | 0 | 3 of 3 |" in text
    assert "new ranking" in text
    assert "new ranking" not in backtest_words.markdown(found, accepted=False)


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_picture_is_drawn(found: Backtest, tmp_path: Path, suffix: str):
    for dark in (False, True):
        path = tmp_path / f"backtest-{dark}.{suffix}"
        backtest_chart.save(found, path, dark=dark)
        assert path.stat().st_size > 5000


def perfgate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PERFGATE_")}
    return forked.perfgate("backtest", *arguments, cwd=folder, env={**environ, "COLUMNS": "150"})


def test_the_command_line_tells_it(project: Path):
    told = perfgate(project, "--accepted", "--output", "backtest.png")
    assert told.returncode == 0, told.stderr
    for words in ("4 would have failed", "3 of 3 found", "new ranking"):
        assert words in told.stdout
    assert (project / "backtest.png").stat().st_size > 5000
    parsed = json.loads(perfgate(project, "--format", "json", "--limit", "10").stdout)
    assert [one["run"] for one in parsed["builds"]] == [f"run-{number:04d}" for number in range(21, 31)]


def test_the_command_line_refuses_what_it_does_not_know(project: Path):
    told = perfgate(project, "--format", "xml")
    assert (told.returncode, "there is no such format" in told.stderr) == (2, True)
