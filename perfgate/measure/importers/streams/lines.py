"""One request a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from perfgate.measure.importers.rows import RecordedRequest
from perfgate.measure.importers.samples import SECOND_HEADER, BadLines, RecordingSource, second_header
from perfgate.measure.importers.timeline import RowTimes, settled

MISTAKES = (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError)


def objects(
    source: RecordingSource, bad: BadLines, request: Callable[[Mapping[str, Any]], RecordedRequest], what: str
) -> Iterator[RecordedRequest]:
    """The requests that JSON objects are."""

    def read(line: str | bytes) -> RecordedRequest:
        return request(json.loads(line))

    return texts(source, bad, read, what, settled(source, lambda line: read(line).began))


def texts(
    source: RecordingSource,
    bad: BadLines,
    request: Callable[[str], RecordedRequest | None],
    what: str,
    timeline: RowTimes,
) -> Iterator[RecordedRequest]:
    """The requests that lines are; None is none."""
    with source.opened() as stream:
        for number, raw in enumerate(stream, start=1):
            bad.lines += 1
            if not raw.strip():
                continue
            try:
                recorded = request(raw.decode("utf-8-sig"))
                if recorded is not None:
                    timeline.check(recorded.began)
            except MISTAKES as error:
                if str(error) == SECOND_HEADER:
                    raise second_header(source, number) from error
                cut = "" if raw.endswith(b"\n") else " (the file is cut off there)"
                why = f"the field {error} is missing" if isinstance(error, KeyError) else str(error)
                bad.add(number, f"{what}: {why}{cut}")
                continue
            if recorded is not None:
                yield recorded
