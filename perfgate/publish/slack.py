"""Slack: a message by an incoming webhook.

Everything from outside is in `plain_text` objects, where Slack knows no markup; the one text that it reads as markup
(that of notifications) is escaped as its documentation asks. Limits are those of its Block Kit reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from perfgate.model.publication import Announcement
from perfgate.publish import posting
from perfgate.publish.wording import about, lines

MAX_HEADER_CHARS = 150  # characters
MAX_SECTION_CHARS = 3000
MAX_LINES = 10  # findings
MAX_TEXT_CHARS = 4000
MAX_URL_CHARS = 3000

_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_QUIET = str.maketrans({mark: f"{mark}\u200b" for mark in "*_~`@"})  # a zero-width space breaks marks and mentions


def body(announcement: Announcement) -> bytes:
    message = {
        "text": f"{announcement.title}: {announcement.headline}".translate(_MARKUP).translate(_QUIET)[:MAX_TEXT_CHARS],
        "blocks": list(_blocks(announcement)),
    }
    return json.dumps(message).encode()


def _blocks(announcement: Announcement) -> Iterator[dict[str, Any]]:
    yield {"type": "header", "text": _plain(announcement.title, MAX_HEADER_CHARS)}
    yield {"type": "section", "text": _plain(announcement.headline, MAX_SECTION_CHARS)}
    for line in lines(announcement, MAX_LINES):
        yield {"type": "section", "text": _plain(line, MAX_SECTION_CHARS)}
    yield {"type": "context", "elements": [_plain(about(announcement), MAX_SECTION_CHARS)]}
    url = announcement.occasion.url
    if url and len(url) <= MAX_URL_CHARS:
        button = {"type": "button", "text": _plain("The whole run", 75), "url": url}
        yield {"type": "actions", "elements": [button]}


def _plain(text: str, max_chars: int) -> dict[str, Any]:
    shown = text if len(text) <= max_chars else f"{text[: max_chars - 1]}\u2026"
    return {"type": "plain_text", "text": shown, "emoji": False}


CHANNEL = posting.Channel(title="Slack", variable="PERFGATE_SLACK_URL", body=body)
