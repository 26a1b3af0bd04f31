"""When rounds of a watch become an incident, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from builders import make_finding, make_past_run

from perfgate import gate
from perfgate.model.budget_file import Kind, Severity
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun
from perfgate.model.verdict import NOT_MEASURED, AlertPolicy, CriterionResult, Incident

KEY = ("search", "p95")
KINDS = {
    "x": {"outcome": Outcome.FAIL, "failed": [KEY]},
    ".": {"outcome": Outcome.PASS},
    "?": {"outcome": Outcome.INCONCLUSIVE},
    "0": {"outcome": Outcome.NO_DATA, "failed": [NOT_MEASURED]},
}


def rounds(text: str) -> list[PastRun]:
    """Oldest first in the text, newest first in the list, as a history gives them."""
    made = [make_past_run(number, **KINDS[sign]) for number, sign in enumerate(text, start=1)]
    made = [replace(item, undecided=(KEY,)) if sign == "?" else item for item, sign in zip(made, text, strict=True)]
    return made[::-1]


def shown(incidents: tuple[Incident, ...], key: tuple[str, str] = KEY) -> list[tuple[int, int | None, int]]:
    """Numbers of the rounds with which it was sure and over, and how many failed."""
    return [
        (int(item.opened[-4:]), int(item.closed[-4:]) if item.closed else None, item.failed)
        for item in incidents
        if (item.endpoint, item.metric) == key
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("......", []),
        ("..x...", []),  # one failed round is chance
        ("..x..x...", []),  # two, but not of the last three
        ("..x.x", [(5, None, 2)]),
        ("..xx", [(4, None, 2)]),
        ("..xxxx", [(4, None, 4)]),  # opened once
        ("..xx.", [(4, None, 2)]),  # one good round is no recovery
        ("..xx..", [(4, 6, 2)]),
        ("..xx.x.x.x.x", [(4, None, 6)]),  # flapping: one incident
        ("..xx..x..", [(4, 6, 2)]),  # rounds of an incident that is over count no more
        ("..xx..xx", [(4, 6, 2), (8, None, 2)]),
        ("..x?x", [(5, None, 2)]),  # undecided rounds say nothing
        ("..xx?.?.", [(4, 8, 2)]),
        ("..x00x", [(6, None, 2)]),  # neither do those without data
        ("..xx00..", [(4, 8, 2)]),
        ("x", []),
        ("", []),
    ],
)
def test_two_of_three_begin_an_incident_and_two_good_ones_end_it(
    text: str, expected: list[tuple[int, int | None, int]]
):
    assert shown(gate.incidents(rounds(text), AlertPolicy())) == expected


@pytest.mark.parametrize(
    ("text", "policy", "expected"),
    [
        ("x", AlertPolicy(failures=1, among=1, recoveries=1), [(1, None, 1)]),
        ("x.", AlertPolicy(failures=1, among=1, recoveries=1), [(1, 2, 1)]),
        ("x.x.x.....", AlertPolicy(failures=3, among=5, recoveries=5), [(5, 10, 3)]),
    ],
)
def test_the_error_budget_is_a_wish(text: str, policy: AlertPolicy, expected: list[tuple[int, int | None, int]]):
    assert shown(gate.incidents(rounds(text), policy)) == expected


def test_rounds_without_data_are_an_incident_of_their_own():
    incidents = gate.incidents(rounds("..00.."), AlertPolicy())

    assert shown(incidents, NOT_MEASURED) == [(4, 6, 2)]
    assert shown(incidents) == []


def test_it_lasts_from_the_first_failed_round_to_the_first_good_one():
    [incident] = gate.incidents(rounds("..x.xx.."), AlertPolicy())

    starts = [past.run.started for past in reversed(rounds("..x.xx.."))]
    assert (incident.began, incident.ended, incident.is_cut) == (starts[2], starts[6], False)


def test_what_began_before_the_oldest_known_round_says_so():
    [incident] = gate.incidents(rounds("xxxxx"), AlertPolicy())

    assert incident.is_cut


def relative(limit: float, text: str) -> CriterionResult:
    result = {"severity": Severity.FAIL, "outcome": Outcome.INCONCLUSIVE}
    return CriterionResult(kind=Kind.RELATIVE, limit=limit, text=text, **result)


@pytest.mark.parametrize(
    ("finding", "is_undecided"),
    [
        ({"measured": 0.0, "metric": "errors", "limit": 0.01}, False),  # few requests prove no more
        ({"measured": 0.02, "metric": "errors", "limit": 0.01}, True),
        ({"measured": 0.02, "metric": "errors", "limit": 0.01, "outcome": Outcome.FAIL}, False),
        ({"measured": 0.0, "metric": "errors", "limit": 0.01, "reason": "load-generator"}, True),
        ({"measured": 90.0, "metric": "rate", "limit": 100.0}, True),
        ({"measured": 110.0, "metric": "rate", "limit": 100.0}, False),
        ({"measured": 0.11, "baseline": 0.10, "criteria": [relative(0.2, "+20%")]}, False),
        ({"measured": 0.15, "baseline": 0.10, "criteria": [relative(0.2, "+20%")]}, True),
        ({"measured": 0.15, "baseline": 0.10, "own_change": 0.0, "criteria": [relative(0.2, "+20%")]}, False),
        ({"measured": 70.0, "baseline": 100.0, "metric": "rate", "criteria": [relative(-0.2, "-20%")]}, True),
        ({"measured": 130.0, "baseline": 100.0, "metric": "rate", "criteria": [relative(-0.2, "-20%")]}, False),
    ],
)
def test_within_its_limits_is_good_even_where_a_short_round_proves_no_more(finding: dict[str, Any], is_undecided: bool):
    own = {"metric": "p95", "outcome": Outcome.INCONCLUSIVE, "reason": "not-bounded", **finding}
    if limit := own.pop("limit", None):
        criterion = relative(limit, "")
        own["criteria"] = [replace(criterion, kind=Kind.ABSOLUTE)]

    assert gate.undecided([make_finding("search", **own)]) == ((("search", own["metric"]),) if is_undecided else ())
