"""Strict YAML: what is read, what is refused, and where everything stands."""

from __future__ import annotations

import pytest
import yaml

from perfgate.budgets.yaml import strict_yaml
from perfgate.budgets.yaml.document import BROKEN, Document, SourcePosition
from perfgate.model.errors import Mistake


def parse(text: str) -> tuple[Document, list[str]]:
    document, mistakes = strict_yaml.parse(text, "b.yaml")
    return document, [_told(mistake) for mistake in mistakes]


def _told(mistake: Mistake) -> str:
    return f"{mistake.line}:{mistake.column} {mistake.message}"


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("7", 7),
        ("-7", -7),
        ("+7", 7),
        ("0", 0),
        ("0.5", 0.5),
        ("-10.25", -10.25),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("text", "text"),
        ("300ms", "300ms"),
        ("300ms +10%", "300ms +10%"),
        ("+10%", "+10%"),
        ("GET /a?b={c}", "GET /a?b={c}"),
        ("${A:-http://x:1}", "${A:-http://x:1}"),
        ("127.0.0.1", "127.0.0.1"),
        ("8765:80", "8765:80"),
        ("truest", "truest"),
        ("y", "y"),
        ("N", "N"),
        ('"yes"', "yes"),
        ("'0123'", "0123"),
        ('"a\\tb\\u00e9"', "a\tbé"),
        ("!!str 123", "123"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_scalars(scalar: str, value: object) -> None:
    document, mistakes = parse(f"key: {scalar}\n")
    assert mistakes == []
    assert document.data == {"key": value}
    assert isinstance(document.data["key"], type(value))


@pytest.mark.parametrize(
    ("scalar", "message"),
    [
        ("on", "`on` is true for some YAML readers and a text for others"),
        ("Off", "`Off` is false for some YAML readers and a text for others"),
        ("YES", "`YES` is true for some YAML readers and a text for others"),
        ("no", "`no` is false for some YAML readers and a text for others"),
        ("1:30", "`1:30` is read in base 60 by YAML"),
        ("01:30:00", "`01:30:00` is read in base 60 by YAML"),
        ("0123", "`0123` is an octal number for some YAML readers"),
        ("089", "`089` is an octal number for some YAML readers"),
        ("0o17", "`0o17` is not a decimal number"),
        ("0x1F", "`0x1F` is not a decimal number"),
        ("0b1", "`0b1` is not a decimal number"),
        ("1_000", "`1_000` is a number for some YAML readers and a text for others"),
        ("1e3", "`1e3` is a number for some YAML readers and a text for others"),
        ("1.5e+3", "`1.5e+3` is a number for some YAML readers and a text for others"),
        (".5", "`.5` is a number for some YAML readers and a text for others"),
        ("9" * 40, f"`{'9' * 40}` is a number for some YAML readers and a text for others"),
        (".inf", "`.inf` is not a number that can be used here"),
        ("-.Inf", "`-.Inf` is not a number that can be used here"),
        (".NaN", "`.NaN` is not a number that can be used here"),
        ("2024-01-31", "`2024-01-31` is a date for some YAML readers"),
        ("2024-01-31T10:00:00Z", "`2024-01-31T10:00:00Z` is a date for some YAML readers"),
        ("!!python/none", "the tag `!!python/none` is not supported"),
        ('!!int "3"', "the tag `!!int` is not supported"),
        ("!secret x", "the tag `!secret` is not supported"),
        ("!!set {a}", "the tag `!!set` is not supported"),
        ("{user}", "`{user}` is a map for YAML, not a text"),
        ("{user }", "`{user }` is a map for YAML, not a text"),
        ("{{user}}", "`{{user}}` is a map for YAML, not a text"),
    ],
)
def test_traps(scalar: str, message: str) -> None:
    document, mistakes = parse(f"key: {scalar}\n")
    assert mistakes == [f"1:6 {message}"]
    assert document.data == {"key": BROKEN}


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("a: 1\nb: 2\na: 3\n", ["3:1 `a` is here twice; it is first on line 1"]),
        ("404: x\n", ["1:1 the key `404` is not a text"]),
        ("true: x\n", ["1:1 the key `true` is not a text"]),
        ("~: x\n", ["1:1 the key `~` is not a text"]),
        ("yes: x\n", ["1:1 `yes` is true for some YAML readers and a text for others"]),
        ("? [a]\n: x\n", ["1:3 a key is a text, not a map or a list"]),
        ("a: {p95: 300ms, +10%}\n", ["1:17 `+10%` is a key here: a comma starts a new key"]),
        ("a: {p95: 300ms, +10% 5ms}\n", ["1:17 `+10% 5ms` is a key here: a comma starts a new key"]),
        ("? b: ", ["1:3 a key is a text, not a map or a list"]),
        ("<<: x\n", ["1:5 `<<` takes a map"]),
    ],
)
def test_mistakes_of_maps(text: str, mistakes: list[str]) -> None:
    assert parse(text)[1] == mistakes


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("a: b: c\n", "1:5 a `: ` is not expected here"),
        ("a:\n\tb: 1\n", "2:1 a tab where spaces are needed"),
        ("a: `x`\n", "1:4 an unquoted text cannot begin with ```"),
        ("a: @x\n", "1:4 an unquoted text cannot begin with `@`"),
        ("a: *\n", "1:4 an unquoted text cannot begin with `*`"),
        ("a: *b\n", "1:4 no anchor of this name comes before"),
        ("a: &x 1\nb: &x 2\n", "2:4 an anchor of this name exists already"),
        ("a: 'x\nb: 1\n", "1:4 a quote is opened here and never closed"),
        ("a: {b: ${X}}\n", "1:9 a map opened with `{` goes wrong here"),
        ("a: [b\nc: 1\n", "2:2 a list opened with `[` goes wrong here"),
        ("a: {x}/y\n", "1:7 this is not expected here"),
        ('a: "it"s"\n', "1:8 this is not expected here"),
        ("- a\nb: 1\n", "2:1"),
        ("a: 1\n---\nb: 2\n", "2:1 a second YAML document begins here"),
        ("a: \x07\n", "1:4 an unprintable character, U+0007"),
        ("é: 1\nü: \x1b[31m\n", "2:4 an unprintable character, U+001B"),
        ("", "0:0 the file is empty"),
        ("# only a comment\n", "0:0 the file is empty"),
        ("[" * 51 + "]" * 51, "1:51 more than 50 levels deep"),
        ("[" * 100_000, "1:51 more than 50 levels deep"),
        ("a: &a [*a]\n", "1:4 an alias stands inside its own anchor"),
        ("a: &a {<<: *a}\n", "1:4 an alias stands inside its own anchor"),
    ],
)
def test_what_is_no_yaml(text: str, mistake: str) -> None:
    [told] = parse(text)[1]
    assert told.startswith(mistake)


def test_a_trap_as_a_key_is_to_be_quoted() -> None:
    _, [mistake] = strict_yaml.parse("yes: 1\n", "b.yaml")
    assert mistake.hint == 'quote it: "yes"'


def test_aliases_cannot_explode() -> None:
    bomb = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    for name, before in zip("bcdefghij", "abcdefghi", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    [told] = parse(bomb)[1]
    assert told.endswith("aliases expand to more than 100,000 values")


def test_anchors_aliases_and_merges() -> None:
    document, mistakes = parse(
        "a: &a {x: 1, y z: 2}\nb: {<<: *a, x: 3}\nc: {<<: [{x: 4}, *a]}\nd: *a\ne: &e {<<: *a, w: 5}\nf: {<<: *e}\n"
    )
    assert mistakes == []
    assert document.data == {
        "a": {"x": 1, "y z": 2},
        "b": {"x": 3, "y z": 2},
        "c": {"x": 4, "y z": 2},
        "d": {"x": 1, "y z": 2},
        "e": {"x": 1, "y z": 2, "w": 5},
        "f": {"x": 1, "y z": 2, "w": 5},
    }
    assert document.place(("b", "y z")) == SourcePosition(1, 19, 1)  # where it is written


def test_a_mistake_in_an_anchor_is_told_once() -> None:
    assert parse("a: &a {x: off}\nb: *a\nc: *a\n")[1] == [
        "1:11 `off` is false for some YAML readers and a text for others"
    ]


def test_places() -> None:
    document, _ = parse('top:\n  block:\n    key: "quoted"\n  flow: {a: [1, 22]}\n  text: |\n    long\n')
    assert document.place(("top",)) == SourcePosition(1, 1, 3)
    assert document.place(("top", "block", "key")) == SourcePosition(3, 10, 8)
    assert document.place(("top", "block", "key"), "key") == SourcePosition(3, 5, 3)
    assert document.place(("top", "block")) == SourcePosition(2, 3, 5)  # a block has no place of its own
    assert document.place(("top", "flow")) == SourcePosition(4, 9, 12)
    assert document.place(("top", "flow", "a", 1)) == SourcePosition(4, 17, 2)
    assert document.place(("top", "text")) == SourcePosition(5, 9, 1)
    assert document.place(("top", "block", "missing")) == SourcePosition(2, 3, 5)
    assert document.place(("nowhere",)) == SourcePosition(0, 0, 1)


def test_places_inside_texts() -> None:
    document, _ = parse("a: plain {x}\nb: '{x}'\nc: |\n  {x}\n")
    found = [
        document.mistake_inside((key,), offset, 3, "m", code="PG-B002")
        for key, offset in (("a", 6), ("b", 0), ("c", 0))
    ]
    assert [(one.line, one.column, one.width) for one in found] == [(1, 10, 3), (2, 5, 3), (3, 4, 1)]


def test_other_line_ends() -> None:
    document, mistakes = parse("a: 1\r\nb: off\rc: off\n")
    assert mistakes[0].startswith("2:4 ")
    assert mistakes[1].startswith("3:4 ")
    assert document.lines[1] == "b: off"


def test_the_python_parser_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: {b: 1, +10%}\nc: {user}\nd: yes\ne: 'x'\nf:\n  g: 1:30\na: 2\n"
    with_c = parse(text)
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert parse(text) == with_c
