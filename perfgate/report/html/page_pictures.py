"""Pictures of pages in report.html: as they looked once they had loaded, and on the way there."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from perfgate.model.metric import Unit
from perfgate.model.page import PageDetail
from perfgate.report.escaping import plain
from perfgate.text.units import format_value

MAX_TITLE_CHARS = 120
MAX_PICTURE, MAX_FRAME = 2_000_000, 60_000  # bytes
MAX_FRAMES = 8
PICTURE, FRAME = r"page-\d+(-base|-head)?(-lcp)?\.jpg", r"page-\d+(-base|-head)?-film-\d+\.jpg"


def screenshots(details: Sequence[PageDetail], folder: Path | None) -> list[tuple[str, str]]:
    """Page (and side) -> its picture as a data URL."""
    known = (
        (title, file)
        for detail in details
        for title, file in (
            (_title(detail), detail.screenshot),
            (f"{_title(detail)}: the element of the LCP", detail.lcp_screenshot),
        )
    )
    pictures = ((title, _data_url(folder, file, PICTURE, MAX_PICTURE)) for title, file in known)
    return [(title, url) for title, url in pictures if url]


def filmstrips(details: Sequence[PageDetail], folder: Path | None) -> list[tuple[str, list[tuple[str, str]]]]:
    """Page (and side) -> time and picture of each frame."""
    strips = []
    for detail in details:
        frames = [
            (format_value(Unit.SECONDS, at), _data_url(folder, file, FRAME, MAX_FRAME))
            for at, file in detail.filmstrip[:MAX_FRAMES]
        ]
        if shown := [(at, url) for at, url in frames if url]:
            strips.append((_title(detail), shown))
    return strips


def _title(detail: PageDetail) -> str:
    return plain(f"{detail.name} {detail.arm}".strip(), MAX_TITLE_CHARS)


def _data_url(folder: Path | None, name: str, pattern: str, max_bytes: int) -> str:
    """Returns an empty text without a picture. Only files with the names that perfgate itself gives are read."""
    if not folder or not re.fullmatch(pattern, name):
        return ""
    path = folder / name
    if not path.is_file() or path.is_symlink() or path.stat().st_size > max_bytes:
        return ""
    return f"data:image/jpeg;base64,{b64encode(path.read_bytes()).decode()}"
