"""`perfgate explain CODE`: what a message means, why it comes, an example and the cure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate.model.errors import UsageError

if TYPE_CHECKING:
    from perfgate.codes import CodeEntry

WIDTH_CHARS = 96


def explain(
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="As in [PG-B012], or a word of a diagnosis.", show_default=False)
    ] = "",
) -> int:
    """Explain the code at the end of a message.

    What it means, why it comes, and the cure. Without a code: list all.

    Examples: perfgate explain PG-B012 · perfgate explain b12 · perfgate explain repeated-statement
    """
    entries = catalogue()
    if not code:
        print("\n".join(listing(entries)))
        return 0
    known = canonical(code, entries)
    if known not in entries:
        raise UsageError(
            f"There is no code {code!r}", hint="They look like PG-B012; `perfgate explain` lists all.", code="PG-U002"
        )
    print(text(known, entries[known]))
    return 0


def catalogue() -> Mapping[str, CodeEntry]:
    """Every code and its entry, by room and number, those of a diagnosis last."""
    from perfgate import codes
    from perfgate.diagnose.codes import CODES

    diagnosed = {
        slug: codes.CodeEntry(
            meaning=f"Diagnosis, layer {rule.layer}: {rule.meaning}.",
            why="What was seen beside the failure speaks for it; report.md shows the evidence.",
            example=f"why: search p95 ...: {rule.example} ({slug})",
            cure=rule.remedy_in(""),
        )
        for slug, rule in CODES.items()
    }
    rooms = list(codes.TITLES)
    in_order = sorted(codes.CODES.items(), key=lambda item: (rooms.index(item[0][3]), item[0]))
    return {**dict(in_order), **diagnosed}


def canonical(code: str, entries: Mapping[str, CodeEntry]) -> str:
    """The code as it is listed: `b12`, `B012` and `[PG-B012]` are the same."""
    word = code.strip().strip("[]")
    if word.lower() in entries:
        return word.lower()
    short = word.upper().removeprefix("PG-")
    return f"PG-{short[:1]}{short[1:].zfill(3)}"


def text(code: str, entry: CodeEntry) -> str:
    parts = (("Why", entry.why), ("Example", entry.example), ("Cure", entry.cure))
    return "\n\n".join([_wrapped(f"{code}  {entry.meaning}"), *(_wrapped(f"{name}: {words}") for name, words in parts)])


def listing(entries: Mapping[str, CodeEntry]) -> Iterator[str]:
    """A line each, by room."""
    from perfgate.codes import TITLES

    title = ""
    for code, entry in entries.items():
        heading = TITLES[code[3]] if code.startswith("PG-") else "What a diagnosis names"
        if heading != title:
            yield f"\n{heading}" if title else heading
            title = heading
        yield f"  {code}  {entry.meaning}"


def _wrapped(words: str) -> str:
    return "\n".join(textwrap.wrap(words, WIDTH_CHARS, subsequent_indent="  ", break_on_hyphens=False))
