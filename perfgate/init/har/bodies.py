"""What a HAR recording has of the bodies of requests: texts, fields of forms, parts."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from perfgate.init import recorded
from perfgate.init.proposal import Json


def why_not(data: Json) -> str:
    """Why a body cannot be sent again; empty where it can."""
    fields, text = _fields(data), str(data.get("text") or "") if isinstance(data, dict) else ""
    if any(field.get("fileName") for field in fields) or (_is_multipart(data) and "; filename=" in text):
        return "its form has files: write it by hand under `multipart`"
    if _is_multipart(data) and len({str(field.get("name")) for field in fields}) < len(fields):
        return "its form has several parts of a name: write it by hand under `body`"
    return ""


def text_of(data: Json) -> tuple[str, str]:
    """Text and media type of a body that is not multipart."""
    if not isinstance(data, dict) or parts_of(data):
        return "", ""
    media_type, text = str(data.get("mimeType", "")), data.get("text")
    if isinstance(text, str) and text:
        return text, media_type
    pairs = [(str(field.get("name")), str(field.get("value", ""))) for field in _fields(data)]
    return (urlencode(pairs), recorded.FORM) if pairs else ("", "")


def parts_of(data: Json) -> dict[str, str]:
    """The parts of a multipart body, where names and values were recorded."""
    fields = _fields(data) if _is_multipart(data) else []
    return {str(field.get("name")): str(field.get("value", "")) for field in fields}


def _is_multipart(data: Json) -> bool:
    return isinstance(data, dict) and str(data.get("mimeType", "")).lower().startswith(recorded.MULTIPART)


def _fields(data: Json) -> list[Mapping[str, Json]]:
    fields = data.get("params") if isinstance(data, dict) else None
    return [field for field in fields if isinstance(field, dict)] if isinstance(fields, list) else []
