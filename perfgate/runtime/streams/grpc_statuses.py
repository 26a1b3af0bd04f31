"""The status of a call (grpc.github.io/grpc/core/md_doc_statuscodes.html), and how it travels in trailers."""

from __future__ import annotations

from urllib.parse import unquote

NAMES = (
    "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
    "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS "
    "UNAUTHENTICATED"
).split()
OK = "OK"
UNIMPLEMENTED = "UNIMPLEMENTED"
DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
MAX_DETAIL_CHARS = 120


def name_of(code: str) -> str:
    """ "5" -> "NOT_FOUND"; what is no code is itself."""
    return NAMES[int(code)] if code.isascii() and code.isdigit() and int(code) < len(NAMES) else code or "none"


def detail_of(message: str) -> str:
    """The text of `grpc-message`, which is percent-encoded."""
    return unquote(message, errors="replace")[:MAX_DETAIL_CHARS]
