"""The files that a budget file names: tables of values (CSV, JSON), files to upload, and hand-written scenarios."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

RELATIVE = "the path is relative to the budget file's folder"

_CHECKED_ROWS = 1000  # of a CSV file; a long one would make every start slow


@dataclass(frozen=True, kw_only=True)
class Table:
    """The columns of a data file, or what is wrong with it."""

    columns: tuple[str, ...] = ()
    problem: str = ""
    hint: str = ""


def read_table(path: Path) -> Table:
    """A CSV file with a header line, or a JSON file with a list of objects: told by the file's ending."""
    if problem := file_problem(path):
        return Table(problem=problem, hint=RELATIVE)
    try:
        if path.suffix.lower() == ".csv":
            with path.open(encoding="utf-8-sig", newline="") as lines:
                return _csv_table(csv.reader(lines, strict=True))
        if path.suffix.lower() == ".json":
            return _json_table(json.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        return Table(problem=f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return Table(problem="is not UTF-8", hint="save it as UTF-8")
    except (csv.Error, ValueError, RecursionError) as error:
        return Table(problem=f"is not {path.suffix[1:].upper()}: {error}")
    return Table(problem="is neither .csv nor .json", hint="name it by what it holds")


def file_problem(path: Path) -> str:
    """Why `path` is not a file that can be read, or nothing."""
    try:
        if path.is_dir():
            return "is a folder, not a file"
        if not path.exists():
            return "does not exist"
        if not path.is_file():
            return "is not a file"
        path.open("rb").close()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return ""


def _csv_table(rows: Iterable[list[str]]) -> Table:
    numbered = ((number, row) for number, row in enumerate(rows, start=1) if row)
    _, header = next(numbered, (0, []))
    columns = tuple(header)
    if problem := _columns_problem(columns):
        return Table(problem=problem, hint="the first line names the columns, separated by commas")
    count = 0
    for number, row in itertools.islice(numbered, _CHECKED_ROWS):
        if len(row) != len(columns):
            problem = f"has {len(row)} values in row {number}, and {len(columns)} columns"
            return Table(problem=problem, hint="a value with a comma needs double quotes")
        count += 1
    return Table(columns=columns) if count else Table(problem="has no rows", hint="add one below the header line")


def _json_table(rows: object) -> Table:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return Table(problem="is not a list of objects", hint='for example [{"user": "ann"}, {"user": "bob"}]')
    if not rows:
        return Table(problem="has no rows", hint='for example [{"user": "ann"}, {"user": "bob"}]')
    columns = tuple(rows[0])
    for number, row in enumerate(rows, start=1):
        if set(row) != set(columns):
            return Table(problem=f"has other names in object {number} than in the first", hint="give all the same")
    problem = _columns_problem(columns)
    return Table(problem=problem, hint="name them") if problem else Table(columns=columns)


def _columns_problem(columns: tuple[str, ...]) -> str:
    if not columns:
        return "is empty"
    for column in columns:
        if not column.strip() or column != column.strip():
            return f"has a column `{column}`: empty, or with spaces around"
    twice = [column for column in columns if columns.count(column) > 1]
    return f"has two columns `{twice[0]}`" if twice else ""
