"""What GitHub Actions takes without a token: the job's summary, the step's outputs, annotations in the log."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from perfgate.model.publication import Annotation, Announcement

MAX_SUMMARY_BYTES = 1024 * 1024  # bytes of one step; with more GitHub drops all of it
MAX_ANNOTATIONS = 10  # annotations of each kind that GitHub shows of one step; the others vanish


def add_summary(path: Path, announcement: Announcement) -> bool:
    """Adds the longest of the texts that fits to what the step has written already; False if none does.

    Raises OSError.
    """
    written = path.stat().st_size if path.exists() else 0
    for text in (announcement.summary, announcement.comment):
        addition = f"\n{text.rstrip()}\n".encode(errors="replace")
        if written + len(addition) <= MAX_SUMMARY_BYTES:
            with path.open("ab") as file:
                file.write(addition)
            return True
    return False


def add_outputs(path: Path, outputs: Mapping[str, str]) -> None:
    """Adds them in the form for values of several lines: no value can end its own part and begin another.

    Raises OSError.
    """
    with path.open("a", encoding="utf-8", errors="replace", newline="\n") as file:
        for name, value in outputs.items():
            end = f"end-{secrets.token_hex(16)}"
            file.write(f"{name}<<{end}\n{value}\n{end}\n")


def commands(announcement: Announcement) -> Iterator[str]:
    """Lines that GitHub reads from the log and shows at the lines of the budget file."""
    shown = announcement.annotations[:MAX_ANNOTATIONS]
    yield from map(_annotation, shown)
    more = announcement.more_annotations + len(announcement.annotations) - len(shown)
    if more:
        yield f"::notice title={_property(announcement.title)}::{more} more in the job summary"


def _annotation(item: Annotation) -> str:
    line = f",line={item.line}" if item.line else ""
    kind = "error" if item.serious else "warning"
    return f"::{kind} file={_property(item.path)}{line},title={_property(item.title)}::{_data(item.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
