"""What is in the files of a history: runs, what was said about them, and how all of it is laid out."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields

from perfgate.files import codec
from perfgate.history import documents
from perfgate.history.files import labels
from perfgate.history.files.labels import Label
from perfgate.history.files.readme import README
from perfgate.model.errors import HistoryError, RecordError
from perfgate.model.run import Acceptance, PastRun

FORMAT = "format.json"
SCHEMA = 1


def beginning() -> dict[str, bytes]:
    """The files that make a place a history."""
    header = json.dumps({"format": "perfgate-history", "schema": SCHEMA}) + "\n"
    return {FORMAT: header.encode(), "README.md": README.encode()}


def check_format(data: bytes, *, place: str, hint: str) -> None:
    """Raises HistoryError unless this perfgate knows the layout that `format.json` names."""
    try:
        header = json.loads(data)
        known = header["format"] == "perfgate-history" and isinstance(header["schema"], int)
    except (ValueError, KeyError, TypeError, RecursionError):
        known = False
    if not known:
        raise HistoryError(f"{FORMAT} in {place} is damaged", hint=hint, code="PG-H004")
    if header["schema"] > SCHEMA:
        raise HistoryError(
            f"{place} was written by a newer perfgate: its version is {header['schema']}, "
            f"this one knows up to {SCHEMA}",
            hint="Upgrade perfgate: pip install --upgrade perfgate",
            code="PG-H005",
        )


def of_run(past_run: PastRun, packed: documents.Packed, *, compress: bool) -> dict[str, bytes]:
    """The distributions come first: a run that is there is whole."""
    label = Label(path=labels.path_of(past_run), suffix=labels.SUFFIXES[compress], entry=None)
    parts = {
        label.distributions: zlib.decompress(packed.distributions or b""),
        label.run: zlib.decompress(packed.document),
    }
    return {path: gzip.compress(text, mtime=0) if compress else text for path, text in parts.items()}


def run(label: Label, contents: Mapping[str, bytes], *, whole: bool, place: str, hint: str) -> PastRun:
    """The run of this label, `whole` or without distributions. Raises HistoryError when it is damaged."""
    origin = f"{label.run} in {place}"
    try:
        document = _plain(label.run, contents[label.run])
        distributions = _plain(label.distributions, contents[label.distributions]) if whole else None
        past_run = codec.decode(PastRun, document, origin=origin)
    except KeyError as error:
        raise HistoryError(f"{origin} lacks {error}", hint=hint, code="PG-H004") from error
    except (OSError, EOFError, zlib.error) as error:
        raise HistoryError(f"{origin} is damaged: {error}", hint=hint, code="PG-H004") from error
    except RecordError as error:
        raise HistoryError(error.message, hint=f"{error.hint}\n{hint}".strip(), code=error.code) from error
    if distributions is not None:
        packed = documents.Packed(document=zlib.compress(document, 0), distributions=zlib.compress(distributions, 0))
        past_run = documents.unpack_whole(packed, run_id=past_run.run.id, origin=origin, hint=hint)
    if not labels.is_path_of(label.path, past_run):
        raise HistoryError(f"{origin} is damaged: it holds another run", hint=hint, code="PG-H004")
    return past_run


def of_acceptance(acceptance: Acceptance) -> bytes:
    """Raises HistoryError for text that is not Unicode."""
    try:
        return (json.dumps(asdict(acceptance), ensure_ascii=False, indent=1) + "\n").encode()
    except UnicodeEncodeError as error:
        raise HistoryError(f"An acceptance must not have text that is not Unicode: {error}", code="PG-H006") from error


def acceptance(data: bytes) -> Acceptance | None:
    """Returns None when it is damaged."""
    try:
        written = json.loads(data)
        known = {field.name: written[field.name] for field in fields(Acceptance) if field.name in written}
        return Acceptance(**known) if all(isinstance(value, str) for value in known.values()) else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def of_acceptances(run_id: str, there: Sequence[str], contents: Sequence[bytes]) -> dict[str, bytes]:
    """The files for those that are not among the paths `there` yet, numbered on in the order of arrival."""
    added: dict[str, bytes] = {}
    for content in contents:
        paths = (*there, *added)
        if not any(path.endswith(f"-{labels.digest(content)}.json") for path in paths):
            numbers = [path.rpartition("/")[2].partition("-")[0] for path in paths]
            last = max((int(number) for number in numbers if number.isdecimal()), default=0)
            added[labels.acceptance(run_id, last + 1, content)] = content
    return added


def _plain(path: str, data: bytes) -> bytes:
    return gzip.decompress(data) if path.endswith(".gz") else data
