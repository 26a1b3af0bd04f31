"""Rows of a Markdown table, printed as they are measured."""

from __future__ import annotations

from collections.abc import Sequence


def row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def print_head(*names: str) -> None:
    """The first column is text, the others are numbers."""
    print(row(names))
    print(row(["---", *["--:"] * (len(names) - 1)]), flush=True)


def print_row(*cells: object) -> None:
    print(row(cells), flush=True)
