"""Rows of CSV files, as the check of a budget file and the load generator both read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def filled_rows(rows: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold something, with their numbers from 1. A line of blanks is none; nor are, at the end, rows
    whose cells are all blank, which spreadsheets leave behind."""
    blank: list[tuple[int, list[str]]] = []
    for number, row in enumerate(rows, start=1):
        if not row or (len(row) == 1 and row[0].isspace()):
            continue
        if len(row) > 1 and not any(cell.strip() for cell in row):
            blank.append((number, row))
            continue
        yield from blank
        blank.clear()
        yield number, row
