"""Mistakes as people see them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from perfgate import budgets
from perfgate.budgets import messages
from perfgate.model.errors import BudgetFileError, Mistake

HERE = Path(__file__).parent


def test_a_file_full_of_mistakes(golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole text that `perfgate check` prints."""
    monkeypatch.chdir(HERE)
    with pytest.raises(BudgetFileError) as caught:
        budgets.read(Path("many_mistakes.yaml"), {"PATH": "/bin"})
    golden("many_mistakes.txt", messages.render(caught.value))


def render(**mistake: object) -> str:
    values: dict[str, object] = {"file": "b.yaml", "line": 12, "column": 5, "message": "m"} | mistake
    return messages.render(BudgetFileError([Mistake(**values)]))  # type: ignore[arg-type]


def test_a_block() -> None:
    assert render(source="    wieght: 4", width=6, message="unknown key `wieght`", hint="did you mean `weight`?") == (
        "b.yaml:12:5: unknown key `wieght`\n"
        "   12 |     wieght: 4\n"
        "      |     ^^^^^^\n"
        "      = did you mean `weight`?\n"
        "\n"
        "1 mistake in b.yaml\n"
    )


def test_the_file_as_a_whole() -> None:
    assert render(line=0, column=0, hint="h") == "b.yaml: m\n  = h\n\n1 mistake in b.yaml\n"


@pytest.mark.parametrize("character", ["\x1b[31m", "\x9b31m", "\r", "\x07", "\x00", "\u202e", "\u2028", "\x85"])
def test_no_control_character_reaches_the_terminal(character: str) -> None:
    text = render(
        file=f"b{character}", message=f"m{character}", hint=f"h{character}", source=f"a: {character}x", column=4
    )
    assert character[0] not in text
    assert messages.safe(f"a{character[0]}b\tc") == f"a{character[0].encode('unicode_escape').decode()}b\\tc"


def test_a_long_line_is_cut_round_the_mistake() -> None:
    lines = render(source="a" * 300 + "HERE" + "b" * 300, column=301, width=4).splitlines()
    assert len(lines[1]) < 150
    assert lines[1].index("HERE") == lines[2].index("^^^^")
    assert lines[2].count("^") == 4


def test_a_long_line_is_cut_at_its_end_only_when_the_mistake_is_near_its_begin() -> None:
    lines = render(source="HERE" + "b" * 300, column=1, width=4).splitlines()
    assert lines[1].startswith("   12 | HERE")
    assert lines[1].endswith("...")


def test_wide_characters_take_two_columns() -> None:
    lines = render(source="a: [日本, x]", column=9, width=1).splitlines()
    assert lines[2] == "      | " + " " * 10 + "^"


def test_tabs_take_one() -> None:
    lines = render(source="a:\tx", column=4, width=1).splitlines()
    assert lines[1:3] == ["   12 | a: x", "      |    ^"]
