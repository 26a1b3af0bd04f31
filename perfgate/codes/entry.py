"""CodeEntry: what `perfgate explain` says of one code."""

from __future__ import annotations

from typing import NamedTuple


class CodeEntry(NamedTuple):
    """Four texts for people; `example` is the message as it may look, or what brings it about."""

    meaning: str
    why: str
    example: str
    cure: str
