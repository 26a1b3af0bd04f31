"""Any program that takes JSON by POST. With PERFGATE_WEBHOOK_SECRET it can tell that the message is perfgate's:
`X-Perfgate-Signature-256` is the HMAC (RFC 2104, SHA-256, hex) of the body, as GitHub signs its own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict

from perfgate.model.publication import Announcement
from perfgate.publish import posting

SECRET = "PERFGATE_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
SIGNATURE = "X-Perfgate-Signature-256"
MAX_BROKEN = 100  # broken budgets


def body(announcement: Announcement) -> bytes:
    """docs/notifications.md describes it; keys are added, never changed."""
    occasion = asdict(announcement.occasion)
    message = {
        "schema": 1,
        "title": announcement.title,
        "outcome": announcement.outcome.value,
        "headline": announcement.headline,
        "failed": announcement.failed,
        "blocks": announcement.blocks,
        **occasion,
        "broken": occasion["broken"][:MAX_BROKEN],
    }
    return json.dumps(message).encode()


def headers(sent: bytes, environ: Mapping[str, str]) -> Mapping[str, str]:
    secret = environ.get(SECRET, "")
    if not secret:
        return {}
    return {SIGNATURE: f"sha256={hmac.new(secret.encode(), sent, hashlib.sha256).hexdigest()}"}


CHANNEL = posting.Channel(title="The webhook", variable=posting.ANY, body=body, headers=headers)
