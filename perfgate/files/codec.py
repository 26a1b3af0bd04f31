"""Reads and writes the files others may rely on: run.json, verdict.json and what the history keeps.

The dataclasses of `model/` are the format: pydantic checks every value on the way in, because a file may come from
a fork, an artifact or an older version. Unknown keys of newer versions are ignored.
"""

from __future__ import annotations

import errno
import json
from contextlib import suppress
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import TypeAdapter, ValidationError

from perfgate.model.diagnosis import Diagnosis
from perfgate.model.errors import RecordError
from perfgate.model.publication import NotMeasured, RunsArtifact
from perfgate.model.run import PastRun, Run
from perfgate.model.verdict import Verdict

AnyDocument = Run | Verdict | PastRun | RunsArtifact | NotMeasured | Diagnosis
Document = TypeVar("Document", Run, Verdict, PastRun, RunsArtifact, NotMeasured, Diagnosis)

KINDS: dict[str, Any] = {
    "Run": Run,
    "Verdict": Verdict,
    "PastRun": PastRun,
    "RunsArtifact": RunsArtifact,
    "NotMeasured": NotMeasured,
    "Diagnosis": Diagnosis,
}
MAX_ERRORS = 10_000
NEWEST_SCHEMAS = {"Run": 1, "PastRun": 1, "Verdict": 1, "RunsArtifact": 1, "NotMeasured": 1, "Diagnosis": 1}


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[kind])


def encode(document: AnyDocument, *, indent: int | None = None) -> str:
    """JSON text: the schema, then keys in the order of the dataclass. Raises ValueError for NaN and infinity."""
    plain = _adapter(type(document).__name__).dump_python(document, mode="json")
    first = {"schema": plain["schema"]} if "schema" in plain else {}  # what says how to read the rest
    return json.dumps(first | plain, indent=indent, ensure_ascii=False, allow_nan=False)


def decode(kind: type[Document], text: str | bytes, *, origin: str) -> Document:
    """The value that `text` holds; `origin` (a path, a row) names it in errors.

    Raises RecordError when it is not JSON, not of this shape, or of a newer schema.
    """
    try:
        data = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise RecordError(
            f"{origin} is not JSON: {error}", hint="It may be cut off or corrupt.", code="PG-R003"
        ) from error
    inner = data.get("run") if kind is PastRun and isinstance(data, dict) else data
    newest = NEWEST_SCHEMAS[kind.__name__]
    if isinstance(inner, dict) and isinstance(inner.get("schema"), int) and inner["schema"] > newest:
        raise RecordError(
            f"{origin} has schema {inner['schema']}; this perfgate knows up to {newest}",
            hint="Upgrade perfgate: pip install --upgrade perfgate",
            code="PG-R004",
        )
    try:
        # strict: pydantic would take the text "nan" for a number, and "-5" for a count
        document: Document = _adapter(kind.__name__).validate_json(text, strict=True)
        return document
    except ValidationError as error:
        if error.error_count() > MAX_ERRORS:  # to have the first, one has to make all of them
            raise RecordError(f"{origin} is not a {kind.__name__}", code="PG-R003") from None
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"{where}: {first['msg']}" if where else first["msg"]
        raise RecordError(f"{origin} is not a {kind.__name__}: {message}", code="PG-R003") from error


def _finite(text: str) -> float:
    value = float(text)
    return value if isfinite(value) else _no_number(text)


def _no_number(text: str) -> NoReturn:
    """No comparison with NaN is ever true, so a budget on it would pass."""
    raise ValueError(f"{text[:20]} is not a number")


def write(document: AnyDocument, path: Path) -> None:
    """Writes `path` whole or not at all."""
    write_text(path, encode(document, indent=1) + "\n")


def read(kind: type[Document], path: Path) -> Document:
    """Raises RecordError when the file is missing, unreadable or not of this shape."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise RecordError(f"Cannot read {path}: {error.strerror}", code="PG-R001") from error
    return decode(kind, text, origin=str(path))


def write_text(path: Path, text: str) -> None:
    """Writes `path` whole or not at all, and leaves nothing else. Raises RecordError when it cannot be written."""
    scratch = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(path)
    except OSError as error:
        with suppress(OSError):
            scratch.unlink()
        raise unwritable(f"{path}", error) from error


def unwritable(what: str, error: OSError, *, option: str = "--out DIR") -> RecordError:
    """The error of something that cannot be written, with its cure; `option` names another place for it."""
    cure = _CURES.get(error.errno or 0, "Make it writable")
    return RecordError(
        f"Cannot write {what}: {error.strerror}",
        hint=f"{cure}, or choose another place with {option}.",
        code="PG-R002",
    )


_CURES = {
    errno.ENOSPC: "Free some space on that disk",
    errno.EDQUOT: "Free some space on that disk",
    errno.ENOTDIR: "A file stands where a folder is needed: move it away",
    errno.EEXIST: "A file stands where a folder is needed: move it away",
}


def schema(kind: type[Document]) -> dict[str, Any]:
    """The published JSON Schema of the file."""
    return _adapter(kind.__name__).json_schema(mode="serialization")
