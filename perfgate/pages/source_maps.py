"""Source maps (ECMA-426): which module of a bundle a stretch of it comes from. Pure; maps are a stranger's text."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

DIGITS = {char: value for value, char in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")}
CONTINUES, BITS = 32, 5  # of a digit: whether another follows, and how many bits are the number's
MAX_SOURCES = 20_000


class Stretch(NamedTuple):
    """A part from here until the next one, in the generated file."""

    line: int
    column: int  # UTF-16 units
    source: str  # empty: of no module


def address(script: str) -> str:
    """Where a script says that its map is; empty where it does not."""
    for line in reversed(script[-4_000_000:].splitlines()[-5:]):
        for mark in ("//# sourceMappingURL=", "//@ sourceMappingURL="):
            if line.strip().startswith(mark):
                return line.strip().removeprefix(mark).strip()
    return ""


def stretches(text: str) -> list[Stretch]:
    """The stretches of a map, in order; none of one that cannot be read."""
    try:
        data = json.loads(text.removeprefix(")]}'"))
        if "sections" in data:
            return [
                Stretch(
                    stretch.line + section["offset"]["line"],
                    stretch.column + (0 if stretch.line else section["offset"]["column"]),
                    stretch.source,
                )
                for section in data["sections"]
                for stretch in _of_map(section["map"])
            ]
        return list(_of_map(data))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return []


def _of_map(data: Mapping[str, object]) -> Iterator[Stretch]:
    root, sources = str(data.get("sourceRoot") or ""), data["sources"]
    if not isinstance(sources, list) or len(sources) > MAX_SOURCES:
        return
    names = [f"{root}{source}" for source in sources]
    source = 0
    for line, segments in enumerate(str(data["mappings"]).split(";")):
        column = 0
        for segment in filter(None, segments.split(",")):
            numbers = list(_numbers(segment))
            column += numbers[0]
            source += numbers[1] if len(numbers) > 1 else 0
            yield Stretch(line, column, names[source] if len(numbers) > 1 else "")


def _numbers(segment: str) -> Iterator[int]:
    """Base 64 VLQ: the lowest bit is the sign."""
    value = shift = 0
    for char in segment:
        digit = DIGITS[char]
        value |= (digit & (CONTINUES - 1)) << shift
        shift += BITS
        if not digit & CONTINUES:
            yield -(value >> 1) if value & 1 else value >> 1
            value = shift = 0


def by_module(script: str, ran: Sequence[int], known: Sequence[Stretch]) -> dict[str, tuple[int, int]]:
    """Unused and all characters of each module, largest unused part first. `ran` has a number for each UTF-16 unit of
    the script, 0 where it never ran; what lies behind its end did."""
    lines = script.split("\n")  # Python knows ends of lines that maps do not
    starts = [0, *accumulate(len(line.encode("utf-16-le", "surrogatepass")) // 2 + 1 for line in lines)]
    unused = [index for index, has_run in enumerate(ran) if not has_run]
    total: dict[str, tuple[int, int]] = {}
    places = [
        (starts[stretch.line] + stretch.column, stretch.source) for stretch in known if stretch.line < len(starts)
    ]
    for (start, source), (end, _) in pairwise([*places, (starts[-1] - 1, "")]):
        if source and end > start:
            never = bisect_left(unused, end) - bisect_left(unused, start)
            before = total.get(source, (0, 0))
            total[source] = before[0] + never, before[1] + end - start
    return dict(sorted(total.items(), key=lambda item: -item[1][0]))
