"""Values as source: every text survives, and the layout is what `ruff format` would make of it."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perfgate.scenarios.source import Call, Code, Joined, assignment, number, pattern, quoted, render

TEXTS = st.text(st.characters() | st.sampled_from("\"'\\\n{}rbfN"))  # all characters, surrogates too
LONG = "x" * 60


@given(text=TEXTS)
@example(text='"""')
@example(text="\\")
@example(text="\\'\\\"")
@example(text="\\N{BULLET}\\x00\0\u2028\ud800\U0001f600")
def test_any_text_survives(text: str):
    assert ast.literal_eval(quoted(text)) == text
    assert ast.literal_eval(pattern(text).text) == text
    assert ast.literal_eval(render({text: [text]})) == {text: [text]}
    assert quoted(text).isprintable()


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("plain", '"plain"'),
        ("", '""'),
        ("it's", '"it\'s"'),
        ('say "a"', "'say \"a\"'"),
        ("\"it's", '"\\"it\'s"'),
        ('"it\'s"', "'\"it\\'s\"'"),
        ("a\nb\tc\\", '"a\\nb\\tc\\\\"'),
        ("Grüße 日本", '"Grüße 日本"'),
        ("\u2028\x00\ud800", '"\\u2028\\x00\\ud800"'),
    ],
)
def test_quotes(text: str, literal: str):
    assert quoted(text) == literal


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("plain", '"plain"'),
        (r"id=(\d+)", r'r"id=(\d+)"'),
        (r'"id": \d', "r'\"id\": \\d'"),
        (r"\d\n", r'r"\d\n"'),
        ("\\d\n", '"\\\\d\\n"'),
        ("\\d\\", '"\\\\d\\\\"'),
        (r"'\d\"", '"\'\\\\d\\\\\\""'),
    ],
)
def test_patterns_are_raw_where_they_can_be(text: str, literal: str):
    assert pattern(text).text == literal


@pytest.mark.parametrize(("value", "text"), [(5.0, "5"), (0.25, "0.25"), (1000000.0, "1000000"), (1e-06, "1e-06")])
def test_numbers(value: float, text: str):
    assert number(value).text == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, None, True, 0.5]}, '{"a": [1, None, True, 0.5]}'),
        (Call("between", [1, 60]), "between(1, 60)"),
        (Call("f", ["a"], {"json": {}, "b": []}), 'f("a", json={}, b=[])'),
        (Joined("+", ["Bearer ", Call("env", ["T"])]), '"Bearer " + env("T")'),
        (Call("f", [LONG, LONG]), f'f(\n    "{LONG}",\n    "{LONG}",\n)'),
        (Call("f", [], {"a": LONG, "b": [LONG]}), f'f(\n    a="{LONG}",\n    b=["{LONG}"],\n)'),
        ([{"a": LONG, "b": LONG}], f'[\n    {{\n        "a": "{LONG}",\n        "b": "{LONG}",\n    }},\n]'),
        ("y" * 200, f'"{"y" * 200}"'),
        (Call("f", [f"{LONG}\n{LONG}\n"]), f'f(\n    (\n        "{LONG}\\n"\n        "{LONG}\\n"\n    ),\n)'),
        (
            Call("f", [], {"a": Joined("+", [LONG, Code("b"), LONG])}),
            f'f(\n    a="{LONG}"\n    + b\n    + "{LONG}",\n)',
        ),
        (
            Call("f", [], {"a": Joined("+", [f"{LONG}\n{LONG}", Code("b")])}),
            f'f(\n    a="{LONG}\\n"\n    + "{LONG}"\n    + b,\n)',
        ),
        (
            Call("f", [Joined("/", [Code("HERE"), f"{LONG}\n{LONG}"])]),
            f'f(\n    HERE\n    / (\n        "{LONG}\\n"\n        "{LONG}"\n    ),\n)',
        ),
    ],
)
def test_layout(value: Any, text: str):
    assert render(value) == text


@pytest.mark.parametrize(("length", "lines"), [(108, 1), (109, 3)])
def test_a_line_has_120_columns(length: int, lines: int):
    assert assignment("name", Call("f", ["x" * length])).count("\n") == lines - 1


def test_wide_characters_take_two_columns():
    assert assignment("name", Call("f", ["日" * 54])).count("\n") == 0
    assert assignment("name", Call("f", ["日" * 55])).count("\n") == 2


def test_an_operation_that_is_assigned_gets_parentheses():
    value = Joined("+", [LONG, Code("b"), LONG])

    assert assignment("host", value, 1) == f'host = (\n        "{LONG}"\n        + b\n        + "{LONG}"\n    )'
