"""What the rules say of what the zoo (`python -m bench.zoo --write`) saw: real facts, each with the right answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.zoo import observed, table
from bench.zoo.observed import Observed

LOOKS = observed.read()
WRONG = (
    "asynchronous-wide-rows-orders-0-1",
    "node-blocking-call-quote-0-1",
    "node-memory-leak-report-0-1",
)  # looks of which the rules do not say yet what is true


def named(looks: list[Observed]) -> Iterator[Any]:
    """Each look under its name, and its number among those of the same."""
    times = Counter[str]()
    for look in looks:
        name = "-".join(look.key).replace(" ", "-")
        times[name] += 1
        marks = [pytest.mark.xfail(strict=True)] if f"{name}-{times[name]}" in WRONG else []
        yield pytest.param(look, id=f"{name}-{times[name]}", marks=marks)


@pytest.mark.parametrize("look", list(named(LOOKS)))
def test_the_rules_name_the_layer_and_the_cause(look: Observed) -> None:
    [row] = table.judged([look])
    assert row.said.layer in look.truth.layers
    assert row.said.code in look.truth.causes


def test_the_matrix_of_the_docs_is_what_the_rules_say_now() -> None:
    page = (Path(__file__).parents[2] / "docs/diagnosis.md").read_text(encoding="utf-8")
    assert table.inserted(page, table.markdown(table.judged(LOOKS))) == page


def test_what_is_kept_is_read_as_it_was(tmp_path: Path) -> None:
    observed.write(LOOKS[:3], tmp_path / "kept.gz")
    assert observed.read(tmp_path / "kept.gz") == LOOKS[:3]


def test_a_later_look_replaces_all_earlier_ones_of_the_same() -> None:
    later = replace(LOOKS[0], date="1 January 2030")
    assert observed.joined([LOOKS[0], LOOKS[1], LOOKS[0]], [later, later]) == [LOOKS[1], later, later]
