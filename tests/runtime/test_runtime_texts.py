"""Texts with holes: what is filled in can change neither the shape of a URL nor the types of JSON."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.runtime.scenario.texts import Text, json_filler, path_filler, redirect_target

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("", ""),
        ("plain", "plain"),
        ("{x}", "X"),
        ("a{x}b{y}c{x}", "aXbYcX"),
        ("{{x}}", "{x}"),
        ("{{{x}}}", "{X}"),
        ("{{{{", "{{"),
        ("}}{x}{{", "}X{"),
        ("${{x}}", "${x}"),
        ("{{}}", "{}"),
        ("ü {x} 茶", "ü X 茶"),
    ],
)
def test_holes_are_filled_and_doubled_braces_are_plain(text, filled):
    assert Text(text).fill({"x": "X", "y": "Y"}) == filled


@pytest.mark.parametrize("text", ["{", "}", "{}", "{ x }", "{1x}", "{x", "x}", "{x-y}", "a {{{ b", "{x}}"])
def test_a_single_brace_is_an_error_that_says_what_to_write(text):
    with pytest.raises(ValueError, match="a single"):
        Text(text)


@given(st.text(), st.text())
def test_values_with_braces_are_no_templates(before, value):
    escaped = before.replace("{", "{{").replace("}", "}}")
    assert Text(escaped + "{x}").fill({"x": value}) == before + value


def test_a_name_that_nobody_set_is_named():
    with pytest.raises(KeyError, match="token"):
        Text("Bearer {token}").fill({})


def test_only_texts_with_holes_vary():
    assert Text("{{plain}}").constant
    assert not Text("{hole}").constant


# ---- paths


@given(st.text(), st.text())
def test_values_stay_within_their_part_of_the_path(segment, word):
    target = path_filler("/items/{segment}/x?q={word}&page=1")({"segment": segment, "word": word}, "")
    assert target.isascii()
    assert not set(target) & set(' \r\n\t"<>#\\^`{|}')
    parts = urlsplit(target)
    _, items, filled, last = parts.path.split("/")
    assert (items, unquote(filled), last) == ("items", segment, "x")
    assert parse_qs(parts.query, keep_blank_values=True) == {"q": [word], "page": ["1"]}


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/plain?a=1&b=%20", "/plain?a=1&b=%20"),
        ("/{id}", "/a%2Fb%3F%26%25%20%C3%BC"),
        ("/Käse {{x}}", "/K%C3%A4se%20%7Bx%7D"),
        ("/~user/(a);b=[1]:@!$'*+,", "/~user/(a);b=[1]:@!$'*+,"),
    ],
)
def test_paths_are_percent_encoded(path, target):
    assert path_filler(path)({"id": "a/b?&% ü"}, "") == target


def test_numbers_fill_paths_too():
    assert path_filler("/p/{page}/{ratio}/{yes}")({"page": 7, "ratio": 0.5, "yes": True}, "") == "/p/7/0.5/true"
    numbers = {0.00001: "0.00001", -2e-7: "-0.0000002", 1e20: "100000000000000000000", 1e-300: "1e-300", 1.5: "1.5"}
    assert {number: path_filler("/{n}")({"n": number}, "")[1:] for number in numbers} == numbers


@pytest.mark.parametrize("path", ["/x", "/{name}"])
def test_the_base_path_comes_first(path):
    assert path_filler(path)({"name": "x"}, "/api") == "/api/x"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/exports/7?full=1", "/exports/7?full=1"),
        ("/api/exports/7", "/api/exports/7"),
        ("http://elsewhere:99/exports/7?a=b#part", "/exports/7?a=b"),
        ("https://elsewhere", "/api/"),
        ("//elsewhere/x", "/x"),
        ("exports/7", "/api/exports/7"),
        ("?page=2", "/api/?page=2"),
        ("", "/api/"),
        ("/a b/\u00fc", "/a%20b/%C3%BC"),
        ("/a%20b", "/a%20b"),
        ("/x\r\nInjected: 1", "/xInjected:%201"),
    ],
)
def test_a_leading_hole_is_a_url_reference(location, target):
    """As RFC 3986 has it, and as redirects are followed: an absolute path is not put behind the base path again."""
    assert path_filler("{location}")({"location": location}, "/api") == target


def test_text_and_holes_may_follow_a_leading_one():
    fill = path_filler("{location}/parts/{part}?of={location}")
    assert fill({"location": "/e/7", "part": "a b"}, "/api") == "/e/7/parts/a%20b?of=%2Fe%2F7"


@pytest.mark.parametrize(
    ("location", "target"),
    [("/plain?x=1", "/plain?x=1"), ("/a b", "/a%20b"), ("/K\xc3\xa4se", "/K%C3%A4se"), ("/%C3%A4", "/%C3%A4")],
)
def test_redirects_keep_the_bytes_of_their_header(location, target):
    assert redirect_target(location) == target


# ---- JSON


@given(json_values)
def test_a_value_keeps_its_type_where_it_is_the_whole_text(value):
    assert json.loads(json_filler({"a": ["{x}"]})({"x": value})) == {"a": [value]}


@given(st.text(), st.text())
def test_within_a_text_a_value_is_text(before, value):
    escaped = before.replace("{", "{{").replace("}", "}}")
    assert json.loads(json_filler([escaped + "-{x}"])({"x": value})) == [f"{before}-{value}"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"a": 1, "b": None, "c": [True, 1.5]}, '{"a":1,"b":null,"c":[true,1.5]}'),
        ("{x}", "7"),
        ("{x}{x}", '"77"'),
        (" {x}", '" 7"'),
        ("{{x}}", '"{x}"'),
        ({"q": "{{ {x} }}"}, '{"q":"{ 7 }"}'),
        ({"{x}": "{x}", "{{": "{{"}, '{"{x}":7,"{{":"{"}'),
        ((1, ("{x}",), {}), "[1,[7],{}]"),
        ({"a": {"b": ["{{", "{x}"]}}, '{"a":{"b":["{",7]}}'),
        (None, "null"),
        ("tea ☕", '"tea ☕"'),
        (["{text}"], '["line\\n\\"quoted\\""]'),
    ],
    ids=str,
)
def test_json_is_compact_and_keeps_its_order(content, text):
    assert json_filler(content)({"x": 7, "text": 'line\n"quoted"'}) == text


def test_a_single_brace_in_json_is_an_error():
    for content in ({"a": ["{"]}, "}", [{"b": "{ x }"}]):
        with pytest.raises(ValueError, match="a single"):
            json_filler(content)
