"""Templates: `{x}`, `${X}`, literal braces, and where a text goes wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.text import template
from perfgate.text.template import Literal, Part, TemplateError, Value, Variable


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("plain", (Literal("plain"),)),
        ("{x}", (Value("x"),)),
        ("/a/{x}?b={_y1}#", (Literal("/a/"), Value("x"), Literal("?b="), Value("_y1"), Literal("#"))),
        ("Bearer ${TOKEN}", (Literal("Bearer "), Variable("TOKEN"))),
        ("${HOST:-http://x:1}/y", (Variable("HOST", "http://x:1"), Literal("/y"))),
        ("${EMPTY:-}", (Variable("EMPTY", ""),)),
        ("{{literal}}", (Literal("{literal}"),)),
        ("{{{x}}}", (Literal("{"), Value("x"), Literal("}"))),
        ("$5 and $x", (Literal("$5 and $x"),)),
        ("${{X}}", (Literal("${X}"),)),
        ("{a}{b}", (Value("a"), Value("b"))),
    ],
)
def test_parts(text: str, parts: tuple[Part, ...]) -> None:
    assert template.parse(text) == parts


@pytest.mark.parametrize(
    ("text", "offset", "width", "message"),
    [
        ("a {x", 2, 1, "`{` is never closed"),
        ("a ${X", 2, 2, "`${` is never closed"),
        ("a } b", 2, 1, "`}` closes nothing"),
        ("{x}}", 3, 1, "`}` closes nothing"),
        ("ab{}", 2, 2, "`{}` has no name"),
        ("${}", 0, 3, "`${}` has no name"),
        ("${:-x}", 0, 6, "`${:-x}` has no name"),
        ("{1x}", 0, 4, "`{1x}`: `1x` is not a name"),
        ("{a-b}", 0, 5, "`{a-b}`: `a-b` is not a name"),
        ("{a.b}", 0, 5, "`{a.b}`: `a.b` is not a name"),
        ("{ x }", 0, 5, "`{ x }`: ` x ` is not a name"),
        ('{"a": 1}', 0, 8, '`{"a": 1}`: `"a": 1` is not a name'),
        ("${A:-{b}}", 0, 8, "`${A:-{b}`: a default cannot hold braces"),
    ],
)
def test_what_is_no_template(text: str, offset: int, width: int, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        template.parse(text)
    assert (caught.value.message, caught.value.offset, caught.value.width) == (message, offset, width)


def test_the_error_says_what_a_name_is_and_how_to_write_a_brace() -> None:
    with pytest.raises(TemplateError) as caught:
        template.parse("{a-b}")
    assert caught.value.hint == (
        "a name has letters, digits and _, and does not begin with a digit; write `{{` for a literal brace"
    )


def test_offsets_say_where_a_hole_begins() -> None:
    values = [part for part in template.parse("ab{x}{{${Y}") if isinstance(part, (Value, Variable))]
    assert [(part.name, part.offset) for part in values] == [("x", 2), ("Y", 7)]


def test_names_and_variables() -> None:
    parts = template.parse("{a}${B}{c}${D:-d}{a}")
    assert template.names(parts) == {"a", "c"}
    assert template.variables(parts) == (Variable("B"), Variable("D", "d"))


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("http://${HOST}:${PORT:-80}/", "http://shop:80/"),
        ("${EMPTY}|${EMPTY:-default}", "|default"),  # as in the shell
        ("{x} {{y}} } { $HOST", "{x} {{y}} } { $HOST"),  # only `${}` is special
        ("awk '{print $1}' ${HOST}", "awk '{print $1}' shop"),
        ("${BRACES}", "{x}"),
        ("${{HOST}", "${{HOST}"),
    ],
)
def test_expand(text: str, expanded: str) -> None:
    assert template.expand(text, {"HOST": "shop", "EMPTY": "", "BRACES": "{x}"}) == expanded


def test_expand_names_the_missing_variable() -> None:
    with pytest.raises(TemplateError) as caught:
        template.expand("a ${MISSING}", {})
    assert caught.value.message == "the environment variable MISSING is not set"
    assert (caught.value.offset, caught.value.width) == (2, len("${MISSING}"))
    assert caught.value.hint == "set it, or give a default: `${MISSING:-...}`"


def _written(part: Part) -> str:
    if isinstance(part, Literal):
        return part.text.replace("{", "{{").replace("}", "}}")
    if isinstance(part, Value):
        return f"{{{part.name}}}"
    return f"${{{part.name}}}" if part.default is None else f"${{{part.name}:-{part.default}}}"


@given(st.text(alphabet="ab{}$:-_1 ", max_size=20))
def test_what_is_parsed_can_be_written_again(text: str) -> None:
    try:
        parts = template.parse(text)
    except TemplateError as error:
        assert 0 <= error.offset < len(text)
        assert 1 <= error.width <= len(text) - error.offset
    else:
        assert template.parse("".join(map(_written, parts))) == parts
