"""Every kind of mistake: where it is, what it is called, and what is proposed instead.

`mistakes.txt` is the table: a budget file, then `=>` with the place and the message, and the hint below. Fragments
follow a head of three lines, so their first line is line 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perfgate.model.errors import Mistake

Mistakes = Callable[..., list[Mistake]]

TABLE = Path(__file__).parent / "mistakes.txt"
HOME = "endpoints: {home: GET /}\n"
ENVIRONMENT = {"A": "a", "BAD": "line\nbreak", "EMPTY": ""}


def told(mistakes: list[Mistake]) -> list[str]:
    """As in the table."""
    return [f"=> {one.line}:{one.column} {one.message}" + (f"\n   {one.hint}" if one.hint else "") for one in mistakes]


def table() -> Iterator[tuple[str, str]]:
    """Budget file, expected."""
    for block in TABLE.read_text(encoding="utf-8").split("\n\n"):
        if not block.startswith("# "):
            text, arrow, expected = block.strip().partition("\n=> ")
            assert arrow, block
            yield text + "\n", "=> " + expected


@pytest.mark.parametrize(("text", "expected"), list(table()))
def test_mistakes(mistakes: Mistakes, text: str, expected: str) -> None:
    assert ("\n".join(told(mistakes(text, ENVIRONMENT))) or "=> fine") == expected


def test_what_is_missing_at_the_top(mistakes: Mistakes) -> None:
    assert told(mistakes("# version: none\n" + HOME)) == [
        "=> 0:0 `version` is missing\n   for example `version: 1`",
        "=> 0:0 `target` is missing\n   for example `target: http://127.0.0.1:8765`",
        "=> 0:0 `load` is missing\n   for example `load: {rate: 200/s, warmup: 5s, duration: 30s}`",
    ]


def test_another_version(mistakes: Mistakes) -> None:
    text = "version: 2\ntarget: http://x\nload: {users: 1, duration: 1s}\n" + HOME
    assert told(mistakes(text)) == ["=> 1:10 `version` must be 1"]


def test_variables_are_not_missed_without_an_environment(mistakes: Mistakes) -> None:
    assert mistakes('endpoints: {a: "/${A}"}\n', None) == []


def test_a_limit_of_the_defaults_beyond_an_own_timeout_is_told_at_the_timeout(mistakes: Mistakes) -> None:
    text = "endpoints: {a: {request: /, timeout: 200ms}}\ndefaults: {budget: {p95: 300ms}}\n"
    assert told(mistakes(text)) == [
        "=> 4:38 p95 can never exceed `300ms`: requests time out after 200 ms\n   raise the timeout, or lower the limit"
    ]


def test_a_mistake_of_the_defaults_is_told_once(mistakes: Mistakes) -> None:
    text = "endpoints: {a: /, b: /}\ndefaults: {budget: {p95: {fail: 1s, warn: 2s}, p99: 20s}}\n"
    assert [(one.line, one.column) for one in mistakes(text)] == [(5, 26), (5, 53)]


def test_one_mistake_hides_no_other(mistakes: Mistakes) -> None:
    text = (
        "endpoints:\n"
        "  a: {request: GTE /, wieght: 1, with: {from: no.csv}, json: {x: {y}}, budget: {p95: 5, p99: 20s}}\n"
        '  b: "/{x}"\n'
        "journeys:\n"
        "  j: {steps: [c, {thnk: 1s}], login: d}\n"
    )
    assert [(one.line, one.column) for one in mistakes(text)] == [
        (5, 16),  # GTE
        (5, 23),  # wieght
        (5, 47),  # no.csv
        (5, 66),  # {y}
        (5, 86),  # 5
        (5, 94),  # 20s
        (6, 8),  # {x}
        (8, 15),  # c
        (8, 19),  # thnk
        (8, 38),  # d
    ]


def test_a_misread_source_does_not_make_its_name_undefined(mistakes: Mistakes) -> None:
    text = 'endpoints: {a: {request: "/{x}/{user}", with: {from: no.csv, x: {betwen: [1, 2]}}}}\n'
    assert [one.message for one in mistakes(text)] == ["`no.csv` does not exist", "unknown key `betwen`"]
