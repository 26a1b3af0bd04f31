"""Lines of access logs: nginx's and Apache's common and combined formats, uvicorn's and morgan's (Express), JSON
lines of Caddy, Traefik and others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Json = Any

_COMMON = re.compile(
    r'(?:\S+ )?\S+ \S+ .*?\[(?P<time>[^\]]+)\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<size>\d+|-)'
)
_REQUEST = re.compile(r'"(?P<request>[A-Z]+ /\S* HTTP/[\d.]+)" (?P<status>\d{3})')  # of uvicorn, without a time
_MORGAN = re.compile(r"(?P<request>[A-Z]+ /\S*) (?P<status>\d{3}) (?:[\d.]+ ms - |\S+ - [\d.]+ ms)")  # of Express
_COLOURS = re.compile(r"\x1b\[[\d;]*m")
_TIMES = ("%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%H:%M:%S")
_METHOD = ("RequestMethod", "method", "request_method", "http_method", "verb")
_URI = ("RequestPath", "uri", "request_uri", "path", "url", "request_path")
_STATUS = ("DownstreamStatus", "status", "status_code", "response_status", "OriginStatus")
_TIME = ("ts", "StartUTC", "time", "timestamp", "@timestamp", "time_iso8601", "time_local", "StartLocal", "msec")


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One request of a log. `time` is in seconds since 1970, None where the line does not say it."""

    method: str
    uri: str
    status: int
    time: float | None


def lines(text: str) -> Iterator[LogLine | None]:
    """Each line that is not empty; None for one that is none of an access log."""
    for raw in text.splitlines():
        if written := raw.strip():
            yield _of_json(written) if written.startswith("{") else _of_common(written)


def _of_common(text: str) -> LogLine | None:
    if match := _COMMON.match(text):
        return _line(match["request"], int(match["status"]), match["time"])
    plain = _COLOURS.sub("", text)
    match = _REQUEST.search(plain) or _MORGAN.match(plain)
    return _line(match["request"], int(match["status"]), None) if match else None


def _of_json(text: str) -> LogLine | None:
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    inner = entry.get("request") or entry.get("http")
    fields: Mapping[str, Json] = {**entry, **inner} if isinstance(inner, dict) else entry
    status, time = _first(fields, _STATUS), _first(fields, _TIME)
    number = int(status) if str(status).isdigit() else 0
    if isinstance(inner, str) and " " in inner:  # nginx's $request
        return _line(inner, number, time)
    method, uri = _first(fields, _METHOD), _first(fields, _URI)
    return _line(f"{method} {uri}", number, time) if method and uri else None


def _first(fields: Mapping[str, Json], names: tuple[str, ...]) -> Json:
    return next((fields[name] for name in names if fields.get(name) not in (None, "")), None)


def _line(request: str, status: int, time: Json) -> LogLine | None:
    parts = request.split()
    if len(parts) < 2 or not parts[0].isalpha():
        return None
    uri = re.sub(r"^https?://[^/]+", "", parts[1])
    if not uri.startswith("/"):
        return None
    return LogLine(method=parts[0].upper(), uri=uri, status=status, time=_seconds(time))


def _seconds(time: Json) -> float | None:
    if isinstance(time, int | float) and not isinstance(time, bool):
        return time / 1000 if time > 1e11 else float(time)
    text = str(time or "")
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return _seconds(float(text))
    for form in _TIMES:
        try:
            return datetime.strptime(text, form).timestamp()  # only differences count
        except ValueError:
            continue
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
