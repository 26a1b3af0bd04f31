"""A history as a text file, for backups and for moving from one store to another.

JSON Lines: a header, then one run per line, oldest first. Compressed if the name ends in .gz.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

from perfgate.files import codec
from perfgate.history import documents
from perfgate.history.contract import ConflictError, History
from perfgate.model.errors import HistoryError, RecordError
from perfgate.model.run import PastRun

FORMAT = "perfgate-history"
SCHEMA = 1
CHUNK_RUNS = 100  # runs that are saved together


@dataclass(frozen=True, kw_only=True)
class Imported:
    """The ids of the runs in the file, by what became of them."""

    added: tuple[str, ...]
    present: tuple[str, ...]  # there already; they gain the acceptances they lacked
    conflicting: tuple[str, ...]  # a different run has the id; it was left as it is


def export_runs(history: History, path: Path, *, name: str | None = None) -> int:
    """Writes the runs (of all names if none is given) to `path`, whole or not at all; the number of runs.

    The same history gives the same bytes. Raises HistoryError.
    """
    entries = history.entries(name)
    header = {"format": FORMAT, "schema": SCHEMA, "runs": len(entries)}
    with _written(path) as stream:
        stream.write(json.dumps(header).encode() + b"\n")
        for past_run in history.get_all(entry.id for entry in reversed(entries)):
            stream.write(codec.encode(past_run).encode() + b"\n")
    return len(entries)


def import_runs(history: History, path: Path) -> Imported:
    """Adds the runs in `path` that the history lacks; doing it twice does no more than doing it once.

    Raises HistoryError before anything is written if any line is not a run, or runs are missing.
    """
    for _ in _read_checked(path):
        pass
    became: dict[str, list[str]] = {"added": [], "present": [], "conflicting": []}
    past_runs = _read_checked(path)
    while chunk := list(islice(past_runs, CHUNK_RUNS)):
        for past_run, what in zip(chunk, _save_all(history, chunk), strict=True):
            became[what].append(past_run.run.id)
    return Imported(**{what: tuple(ids) for what, ids in became.items()})


def _save_all(history: History, past_runs: list[PastRun]) -> list[str]:
    """What became of each. Together, because a store may take a second for each change, however big."""
    try:
        return ["added" if new else "present" for new in history.save_all(past_runs)]
    except ConflictError:
        if len(past_runs) == 1:
            return ["conflicting"]
        return [what for past_run in past_runs for what in _save_all(history, [past_run])]


def _read_checked(path: Path) -> Iterator[PastRun]:
    """One at a time, because a long history does not fit into memory."""
    with _readable(path) as stream:
        expected = _header(stream.readline(), path)
        number = 0
        for number, line in enumerate(stream, start=1):
            yield _past_run(line, origin=f"{path}:{number + 1}")
    if number != expected:
        raise HistoryError(
            f"{path} should hold {expected} runs but holds {number}",
            hint="It is cut off: export again.",
            code="PG-H011",
        )


def _header(line: bytes, path: Path) -> int:
    """The number of runs that follow."""
    try:
        header: Any = json.loads(line)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or header.get("format") != FORMAT or not isinstance(header.get("runs"), int):
        raise HistoryError(
            f"{path} is not an exported history",
            hint="`perfgate history export FILE` makes one. Results of other tools: `perfgate import FILE`.",
            code="PG-H011",
        )
    if header.get("schema") != SCHEMA:
        raise HistoryError(
            f"{path} has schema {header.get('schema')}; this perfgate knows {SCHEMA}",
            hint="Upgrade perfgate: pip install --upgrade perfgate",
            code="PG-H005",
        )
    return int(header["runs"])


def _past_run(line: bytes, *, origin: str) -> PastRun:
    try:
        past_run = codec.decode(PastRun, line, origin=origin)
    except RecordError as error:
        raise HistoryError(
            error.message, hint=f"{error.hint} Nothing was imported.".strip(), code=error.code
        ) from error
    documents.pack(past_run, origin=origin)  # whether a store can keep it
    return past_run


@contextmanager
def _readable(path: Path) -> Iterator[IO[bytes]]:
    try:
        with cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb") as stream:
            yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise HistoryError(
            f"{path} is damaged: {error}", hint="It may be cut off: export it again.", code="PG-H011"
        ) from error
    except OSError as error:
        raise HistoryError(f"Cannot read {path}: {error.strerror}", code="PG-R001") from error


@contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    scratch = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch.open("wb") as file:
            if path.suffix == ".gz":
                with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as stream:  # no name, no time: equal bytes
                    yield cast(IO[bytes], stream)
            else:
                yield file
        scratch.replace(path)
    except OSError as error:
        raise HistoryError(f"Cannot write {path}: {error.strerror}", code="PG-R002") from error
    finally:
        with suppress(OSError):
            scratch.unlink()
