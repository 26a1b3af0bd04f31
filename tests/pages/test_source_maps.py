"""Source maps: which module a stretch of a bundle is of."""

from __future__ import annotations

import pytest

from perfgate.pages.source_maps import Stretch, address, by_module, stretches

MAP = '{"version": 3, "sources": ["a.js", "b.js"], "mappings": "AAAA,IACA;ACDA,C"}'


def test_mappings_are_read_relative_to_each_other():
    assert stretches(MAP) == [Stretch(0, 0, "a.js"), Stretch(0, 4, "a.js"), Stretch(1, 0, "b.js"), Stretch(1, 1, "")]


def test_sections_lie_where_their_offsets_say():
    text = f'{{"sections": [{{"offset": {{"line": 2, "column": 3}}, "map": {MAP}}}]}}'

    assert stretches(text)[0] == Stretch(2, 3, "a.js")
    assert stretches(text)[2] == Stretch(3, 0, "b.js")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"sources": ["a"], "mappings": "!"}', '{"sources": 1, "mappings": ""}']
)
def test_a_map_that_cannot_be_read_has_no_stretches(text: str):
    assert stretches(text) == []


def test_unused_characters_are_counted_by_module_in_utf_16():
    script = "ab\U0001f600cd\nefgh"  # the picture is two units
    ran = bytearray(b"\x01\x01\x01\x01\x00\x00\x01" + b"\x00" * 4)
    known = [Stretch(0, 0, "a.js"), Stretch(1, 0, "b.js"), Stretch(9, 0, "c.js")]

    assert by_module(script, ran, known) == {"b.js": (4, 4), "a.js": (2, 7)}


def test_a_line_ends_where_maps_say():
    known = [Stretch(0, 0, "a.js"), Stretch(1, 0, "b.js")]

    assert by_module("a\x0cb\nefgh", bytearray(b"\x01" * 4 + b"\x00" * 4), known) == {"b.js": (4, 4), "a.js": (0, 4)}


def test_the_address_of_a_map_stands_at_the_end():
    assert address("code\n//# sourceMappingURL=a.js.map\n") == "a.js.map"
    assert address("code") == ""
