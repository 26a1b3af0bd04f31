"""From a trailer to the new level: what the pipeline does with words of acceptance, over a real store."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import make_endpoint, make_past_run, make_run

from perfgate import budgets, history
from perfgate.ci.acceptances import AcceptanceClaim
from perfgate.model.budget_file import BudgetFile
from perfgate.model.outcome import Outcome
from perfgate.model.run import Run
from perfgate.text.notes import bare
from perfgate.workflows.steps import baselines, judging

BUDGETS = """\
version: 1
name: shop
target: http://127.0.0.1:8765
load: {rate: 10/s, duration: 5s}
gate: {baseline: {branch: main}}
endpoints:
  search: {request: GET /search, budget: {p95: +10%}}
"""


@pytest.fixture
def budget_file(tmp_path: Path) -> BudgetFile:
    path = tmp_path / "budgets.yaml"
    path.write_text(BUDGETS, encoding="utf-8")
    return budgets.read(path, None)


def run_of(number: int, p95: float) -> Run:
    return make_run(number, endpoints=[make_endpoint("search", p95=p95)])


def test_a_trailer_on_main_becomes_the_new_level(tmp_path: Path, budget_file: BudgetFile):
    asked: list[tuple[str, str]] = []

    def words(branch: str, last: str) -> list[AcceptanceClaim]:
        asked.append((branch, last))
        return [
            AcceptanceClaim(
                text="search p95 - new ranking", author="Ann", at="2026-01-06T10:00:00Z", source="commit abc"
            )
        ]

    with history.open("sqlite:///history.db", root=tmp_path) as store:
        for number in range(1, 9):
            store.save(make_past_run(number, run=run_of(number, 0.100 + 0.001 * (number % 3))))
        past = baselines.recent(store, budget_file, {})
        slower = run_of(9, 0.200)
        judged = judging.judge(budget_file, slower, past)
        accepted = judging.accepted(judged, slower, budget_file, past, words)
        store.save(judging.past_run(slower, accepted))
        later = run_of(10, 0.201)
        after = judging.judge(budget_file, later, baselines.recent(store, budget_file, {}))
        remembered = store.get(slower.id)

    assert judged.outcome is Outcome.FAIL
    assert (accepted.outcome, accepted.findings[0].reason) == (Outcome.WARN, "accepted")
    assert asked == [("main", past[0].run.commit)]
    assert [(one.author, one.reason, one.endpoint, one.metric) for one in remembered.acceptances] == [
        ("Ann", "new ranking", "search", "p95")
    ]
    assert (remembered.outcome, remembered.failed) == (Outcome.WARN, ())
    assert after.outcome not in (Outcome.FAIL, Outcome.NO_BASELINE)
    assert after.findings[0].baseline == pytest.approx(0.200, rel=0.01)


def test_a_strangers_trailer_leaves_the_failure_and_a_note(budget_file: BudgetFile):
    past = tuple(make_past_run(number, run=run_of(number, 0.100 + 0.001 * (number % 3))) for number in range(8, 0, -1))
    slower = run_of(9, 0.200)
    word = AcceptanceClaim(text="* - trust me", author="Eve", at="", source="commit abc", distrust="it is a fork's")

    verdict = judging.accepted(
        judging.judge(budget_file, slower, past), slower, budget_file, past, lambda _branch, _last: [word]
    )

    assert verdict.outcome is Outcome.FAIL
    assert bare(verdict.notes[0]) == "Not accepted, commit abc: it is a fork's."
    assert verdict.acceptances == ()


def test_what_was_accepted_stays_accepted_when_the_run_is_judged_again(budget_file: BudgetFile):
    past = tuple(make_past_run(number, run=run_of(number, 0.100 + 0.001 * (number % 3))) for number in range(8, 0, -1))
    slower = run_of(9, 0.200)
    judged = judging.judge(budget_file, slower, past)
    word = AcceptanceClaim(text="search", author="Ann", at="2026-01-06T10:00:00Z", source="commit abc", reason="why")
    first = judging.accepted(judged, slower, budget_file, past, lambda _branch, _last: [word])

    again = judging.accepted_before(judged, first)

    assert again == first
