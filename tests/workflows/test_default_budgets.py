"""Budgets in `defaults` for names that only a run of hand-written scenarios tells, and runs that nothing judges."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import make_endpoint, make_run

from perfgate import budgets
from perfgate.cli.exits import EXIT_NOT_MEASURED, exit_code
from perfgate.model.budget_file import BudgetFile
from perfgate.model.outcome import Outcome
from perfgate.workflows.steps import judging

HEAD = """\
version: 1
name: shop
target: http://127.0.0.1:8765
load: {users: 4, duration: 5s}
scenarios: [shop.py]
"""
DEFAULTS = "defaults: {budget: {p95: 300ms, errors: 1%}}\n"


@pytest.fixture
def read(tmp_path: Path):
    def reading(text: str) -> BudgetFile:
        (tmp_path / "shop.py").write_text("")
        path = tmp_path / "budgets.yaml"
        path.write_text(text, encoding="utf-8")
        return budgets.read(path, None)

    return reading


def asked(budget_file: BudgetFile, run, only=()) -> list[tuple[str, str]]:
    return [(one.endpoint, one.metric) for one in judging.budgets_of(budget_file, run, only)]


def test_defaults_hold_for_the_names_of_a_locustfile(read):
    file = read(HEAD + DEFAULTS)
    run = make_run(endpoints=[make_endpoint("home", p95=0.1), make_endpoint("/search", p95=0.9)])

    verdict = judging.judge(file, run, ())

    outcomes = {(one.endpoint, one.metric): one.outcome for one in verdict.findings}
    assert set(outcomes) == {(name, metric) for name in ("home", "/search") for metric in ("p95", "errors")}
    assert outcomes["/search", "p95"] is Outcome.FAIL
    assert outcomes["home", "p95"] is Outcome.PASS
    assert verdict.findings[0].line == 6


def test_what_the_file_names_keeps_its_own_budgets(read):
    file = read(HEAD + DEFAULTS + "endpoints: {home: {budget: {p95: none, errors: 5%}}}\n")
    run = make_run(endpoints=[make_endpoint("home"), make_endpoint("cart"), make_endpoint("buy", kind="journey")])

    assert asked(file, run) == [("home", "errors"), ("cart", "p95"), ("cart", "errors")]
    assert asked(file, run, only=["home"]) == [("home", "errors")]


def test_without_scenarios_names_come_from_the_file_alone(read):
    file = read(HEAD.replace("scenarios: [shop.py]\n", "endpoints: {home: GET /}\n") + DEFAULTS)

    assert asked(file, make_run(endpoints=[make_endpoint("home"), make_endpoint("stray")])) == [
        ("home", "p95"),
        ("home", "errors"),
    ]


def test_nothing_judged_is_no_data_and_no_pass(read):
    file = read(HEAD)

    verdict = judging.judge(file, make_run(endpoints=[make_endpoint("home")]), ())

    assert verdict.outcome is Outcome.NO_DATA
    assert exit_code(verdict, file.gate) == EXIT_NOT_MEASURED
    assert "Nothing was judged" in verdict.notes[0]
    assert "`defaults: {budget:" in verdict.notes[-1]
