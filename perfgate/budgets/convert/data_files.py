"""The files that a budget file names: tables of values (CSV, JSON), files to upload, and hand-written scenarios."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from perfgate.text.plurals import counted
from perfgate.text.tables import filled_rows

RELATIVE = "the path is relative to the budget file's folder"

_MAX_CHECKED_ROWS = 1000  # of a CSV file; a long one would make every start slow


NAMES = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}  # of what is written between values
TableKey = tuple[str, str]  # the path as written, and the separator


@dataclass(frozen=True, kw_only=True)
class Table:
    """The columns of a data file, or what is wrong with it."""

    columns: tuple[str, ...] = ()
    problem: str = ""
    hint: str = ""


Tables = Mapping[TableKey, Table]


def read_table(path: Path, separator: str = ",") -> Table:
    """A CSV file with a header line, or a JSON file with a list of objects: told by the file's ending."""
    if problem := file_problem(path):
        return Table(problem=problem, hint=RELATIVE)
    try:
        if path.suffix.lower() == ".csv":
            with path.open(encoding="utf-8-sig", newline="") as lines:
                return _csv_table(csv.reader(lines, strict=True, delimiter=separator), separator)
        if path.suffix.lower() == ".json":
            return _json_table(json.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        return Table(problem=f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return Table(problem="is not UTF-8", hint="save it as UTF-8")
    except csv.Error as error:
        hint = 'a `"` that opens a value must close it; one inside of it is written twice' if '"' in _text(path) else ""
        return Table(problem=f"is not CSV: {error}", hint=hint)
    except (ValueError, RecursionError) as error:
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


def _csv_table(rows: Iterable[list[str]], separator: str) -> Table:
    numbered = filled_rows(rows)
    _, header = next(numbered, (0, []))
    columns = tuple(header)
    if one_column := _separator_problem(columns):
        return one_column
    if problem := _columns_problem(columns):
        words = NAMES.get(separator, f"`{separator}`")
        hint = f"the first line names the columns, separated by {words}"
        spaced = [column.strip() for column in columns if column != column.strip()]
        return Table(problem=problem, hint=f"write it without the spaces: `{spaced[0]}`" if any(spaced) else hint)
    count = 0
    for number, row in itertools.islice(numbered, _MAX_CHECKED_ROWS):
        if len(row) != len(columns):
            problem = f"has {counted(len(row), 'value')} in row {number}, and {counted(len(columns), 'column')}"
            hint = f"a value with `{separator}` in it needs double quotes"
            if len(row) < len(columns):
                hint = "an empty value still needs its separator"
            return Table(problem=problem, hint=hint)
        count += 1
    return Table(columns=columns) if count else Table(problem="has no rows", hint="add one below the header line")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")


def _separator_problem(columns: tuple[str, ...]) -> Table | None:
    """A single column whose name holds what other programs put between two."""
    used = [mark for mark in NAMES if len(columns) == 1 and mark in columns[0]]
    if not used:
        return None
    mark = used[0]
    shown = columns[0].replace("\t", "\\t")
    hint = "leave `separator` out"
    if mark != ",":
        hint = 'add `separator: "{}"` beside `from`'.format(mark.replace("\t", "\\t"))
    return Table(problem=f"has one column, `{shown}`: its values are separated by {NAMES[mark]}, it seems", hint=hint)


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
