"""Whatever stands in a source is read back from the file as it was."""

from __future__ import annotations

import math

from hypothesis import example, given, settings
from hypothesis import strategies as st

from perfgate.budgets.yaml import strict_yaml
from perfgate.init.yaml_text import block, comment, flow, is_writable, text

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(-1e15, 1e15, allow_nan=False, allow_infinity=False).filter(is_writable),
    st.text(st.characters(exclude_categories=("Cs",))),
    st.sampled_from(
        "yes no on 0123 1e3 0x1F 1:30 2024-01-31 ~ null true .5 {a} #x a:b a#b -a --- ' \" : ? | >".split(" ")
    ),
)
KEYS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


@settings(max_examples=300, deadline=None)
@given(VALUES)
@example("\ufeff")
@example("\U0001f600 \x85\u2028\x7f")
@example({"a b": ["x" * 200]})
@example("key: value # comment")
def test_a_value_is_read_as_it_was(value: object):
    text = "\n".join(block("value", value, 0)) + "\n"

    document, mistakes = strict_yaml.parse(text, "x.yaml")

    assert list(mistakes) == [], text
    assert _is_same(document.data["value"], value), text


@given(st.text())
def test_a_comment_is_one_line(text: str):
    assert len(f"# {comment(text)}".splitlines()) == 1


def test_a_number_with_more_digits_than_a_budget_file_may_have_is_not_writable():
    assert not is_writable({"a": [1.7298827588454296e-15]})  # 31 decimals
    assert is_writable({"a": [1.7298827588454e-15]})


def test_numbers_have_no_exponent():
    assert flow([1e-7, 1e16, 2.0, -0.5]) == "[0.0000001, 10000000000000000.0, 2.0, -0.5]"


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    return type(one) is type(other) and one == other


def test_half_of_a_surrogate_pair_is_no_text():
    assert text("a\ud83d") == '"a\ufffd"'
