"""Microsoft Teams: an adaptive card, by the address that a Workflow ("when a webhook request is received") gives.

Text from outside is in text runs, where Teams knows no Markdown. A message may have 28 KB; findings are left out until
it has fewer.
"""

from __future__ import annotations

import json
from typing import Any

from perfgate.model.publication import Announcement
from perfgate.publish import posting
from perfgate.publish.wording import about, lines

MAX_MESSAGE_BYTES = 24_000  # bytes: Teams counts more than what is sent
MAX_LINES_TRIED = (10, 5, 2, 0)  # findings: the most that fit

CARD = "application/vnd.microsoft.card.adaptive"
SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"  # its name, not an address that is asked


def body(announcement: Announcement) -> bytes:
    sent = b""
    for max_lines in MAX_LINES_TRIED:
        sent = json.dumps(_message(announcement, max_lines)).encode()
        if len(sent) <= MAX_MESSAGE_BYTES:
            break
    return sent


def _message(announcement: Announcement, max_lines: int) -> dict[str, Any]:
    rows = [
        _row(announcement.title, size="Large", weight="Bolder"),
        _row(announcement.headline, color="Attention" if announcement.occasion.broken else "Default"),
        *(_row(line) for line in lines(announcement, max_lines)),
        _row(about(announcement), isSubtle=True, size="Small"),
    ]
    card: dict[str, Any] = {"$schema": SCHEMA, "type": "AdaptiveCard", "version": "1.4", "body": rows}
    if announcement.occasion.url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "The whole run", "url": announcement.occasion.url}]
    return {"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": card}]}


def _row(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text[:2000], **style}]}


CHANNEL = posting.Channel(title="Teams", variable="PERFGATE_TEAMS_URL", body=body)
