"""Checks that the files which a budget file names are there, and that their columns do not collide with other names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from perfgate.budgets.convert.data_files import RELATIVE, file_problem
from perfgate.budgets.convert.draft import Draft, DraftEntry
from perfgate.budgets.shape.request_shape import ROW_KEYS
from perfgate.budgets.shape.texts import NAME_OF_FILE, NAME_OF_FILE_RULE
from perfgate.model.errors import Mistake


def check_files(draft: Draft) -> Iterator[Mistake]:
    yield from _name(draft)
    for path, text in draft.texts("scenarios"):
        problem = file_problem(draft.folder / text)
        if not problem and not text.endswith(".py"):
            problem = "is not a locustfile: its name does not end in .py"
        if text and problem:
            yield draft.document.mistake(path, f"`{text}` {problem}", hint=RELATIVE, code="PG-B041")
    for endpoint in draft.endpoints:
        yield from _table(draft, endpoint)
        for name, part in endpoint.map("multipart").items():
            file = part.get("file") if isinstance(part, dict) else None
            if isinstance(file, str) and file and (problem := file_problem(draft.folder / file)):
                path = endpoint.at("multipart", name, "file")
                yield draft.document.mistake(path, f"`{file}` {problem}", hint=RELATIVE, code="PG-B041")


def _table(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    sources = endpoint.map("with")
    file = sources.get("from")
    table = draft.table(endpoint)
    if not table:
        return
    if table.problem:
        yield draft.document.mistake(
            endpoint.at("with", "from"), f"`{file}` {table.problem}", hint=table.hint, code="PG-B042"
        )
    for column in table.columns:
        if column in sources and column not in ROW_KEYS:
            message = f"`{column}` is a column of `{file}` too"
            yield draft.document.mistake(
                endpoint.at("with", column), message, hint="rename one of them", at="key", code="PG-B042"
            )


def _name(draft: Draft) -> Iterator[Mistake]:
    """The default name has the rules of a written one."""
    stem = Path(draft.document.file).stem
    if "name" not in draft.map() and draft.map() and not NAME_OF_FILE.fullmatch(stem):
        message = f"the file's name `{stem}` cannot be the name of the load test"
        yield draft.document.mistake((), message, hint=f"add `name: ...`: {NAME_OF_FILE_RULE}", code="PG-B043")
