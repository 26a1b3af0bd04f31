"""Files of a project, as far as they are of a size that people write."""

from __future__ import annotations

from pathlib import Path

MAX_BYTES = 200_000


def text(path: Path) -> str:
    """The file, empty where it cannot be read or is too big to be what is looked for."""
    try:
        return path.read_text(encoding="utf-8") if path.stat().st_size <= MAX_BYTES else ""
    except (OSError, UnicodeDecodeError):
        return ""
