"""Notes and their codes: the code stands at the end, "The clock was set. [PG-G003]"."""

from __future__ import annotations

import re

from perfgate.model.note import Note

_CODED = re.compile(r"(.*?)\s*\[(PG-[A-Z][0-9]{3})\]\s*", re.DOTALL)


def note(code: str, text: str) -> Note:
    """The sentence with its code; one that has a code already keeps it."""
    return Note(text if split(text)[1] else f"{text} [{code}]")


def split(text: str) -> tuple[str, str]:
    """The sentence and its code; without a code (files of earlier versions), an empty one."""
    match = _CODED.fullmatch(text)
    return (match[1], match[2]) if match else (text, "")


def bare(text: str) -> str:
    """The sentence alone, for those who read it beside a report and not at a prompt."""
    return split(text)[0]
