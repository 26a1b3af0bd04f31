"""Paths of locustfiles on Locust's command line, which splits what follows `-f` at commas and strips each part."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote


def written_path(path: Path) -> str:
    """The path without commas and spaces; `%` too is escaped, so that it is read back."""
    return re.sub(r"[%,\s]", lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), str(path))


def read_path(text: str) -> str:
    """What was written by `written_path`."""
    return unquote(text)
