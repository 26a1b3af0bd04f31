"""Lines of access logs: nginx's and Apache's common and combined formats, uvicorn's and morgan's (Express), JSON
lines of Caddy, Traefik and others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from perfgate.text.units import parse_moment, with_zone

Json = Any

_ADDRESS = r"(?:\d+(?:\.\d+){3}|(?=[\da-fA-F.]*:[\da-fA-F]*:)[\da-fA-F.:]{2,45})"
_COMMON = re.compile(
    rf"(?:(?!{_ADDRESS},? )(?P<host>\S+) "  # of several virtual hosts: before the client's address
    r"(?=[\da-fA-F]*[.:][\da-fA-F.:]* ))?"
    r"\S+ \S+ .*?"
    r'\[(?P<time>[^\]]+)\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<size>\d+|-)'
)
_REQUEST = re.compile(r'"(?P<request>[A-Z]+ /\S* HTTP/[\d.]+)" (?P<status>\d{3})')  # of uvicorn, without a time
_MORGAN = re.compile(r"(?P<request>[A-Z]+ /\S*) (?P<status>\d{3}) (?:[\d.]+ ms - |\S+ - [\d.]+ ms)")  # of Express
_COLOURS = re.compile(r"\x1b\[[\d;]*m")
_TIMES = ("%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%H:%M:%S")
_METHOD = ("RequestMethod", "method", "request_method", "http_method", "verb", "requestMethod")
_URI = ("RequestPath", "request_uri", "uri", "path", "url", "request_path", "requestUrl")  # nginx's $uri has no query
_QUERY = ("args", "query_string")
_MAYBE_QUERY = re.compile(r"\??[^\s=]+=\S*")  # `query` of some is SQL's or GraphQL's
_LINES = ("log", "message", "common_log")  # a line of text within one of JSON: Docker's, Caddy 2.0's
_STATUS = ("DownstreamStatus", "status", "status_code", "response_status", "OriginStatus")
_HOST = ("RequestHost", "host", "http_host", "server_name", "vhost", "RequestAddr")
_HEX = re.compile(r"\\x([0-9A-Fa-f]{2})")  # as nginx and Apache write what may break a line's format
_MS_FROM, _US_FROM, _NS_FROM = 1e11, 1e14, 1e17  # numbers of a time from which on they are of that unit
_MAX_TIME = 1e20  # in any unit
_TIME = ("ts", "StartUTC", "time", "timestamp", "@timestamp", "time_iso8601", "time_local", "StartLocal", "msec")


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One request of a log. `time` is in seconds since 1970. What the line does not say is None, or empty."""

    method: str
    uri: str
    status: int
    time: float | None
    host: str = ""  # in lower case, without a port


def lines(text: str) -> Iterator[LogLine | None]:
    """Yields each line that is not empty; None for one that is none of an access log."""
    for raw in text.splitlines():
        if written := raw.strip():
            yield _of_line(written)


def _of_line(text: str) -> LogLine | None:
    return _of_json(text) if text.startswith("{") else _of_common(text)


def _of_common(text: str) -> LogLine | None:
    if match := _COMMON.match(text):
        request = _HEX.sub(r"%\1", match["request"]).replace(r"\"", "%22").replace(r"\\", "%5C")
        return _line(request, int(match["status"]), match["time"], match["host"])
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
    inner = entry.get("request") or entry.get("http") or entry.get("httpRequest")
    fields: Mapping[str, Json] = {**entry, **inner} if isinstance(inner, dict) else entry
    status, time = _first(fields, _STATUS), _first(fields, _TIME)
    number = int(status) if re.fullmatch(r"[0-9]{1,3}", str(status)) else 0
    if isinstance(inner, str) and " " in inner:  # nginx's $request
        return _line(inner, number, time, _first(fields, _HOST))
    method, uri, query = _first(fields, _METHOD), _first(fields, _URI), _query(fields)
    if method and isinstance(uri, str):
        uri = f"{uri}?{query.removeprefix('?')}" if query and "?" not in uri else uri
        return _line(f"{method} {uri}", number, time, _first(fields, _HOST))
    text = _first(fields, _LINES)
    return _of_line(text.strip()) if isinstance(text, str) else None


def _query(fields: Mapping[str, Json]) -> str:
    query, maybe = _first(fields, _QUERY), fields.get("query")
    if query is None and isinstance(maybe, str) and _MAYBE_QUERY.fullmatch(maybe):
        query = maybe
    return query if isinstance(query, str) else ""


def _first(fields: Mapping[str, Json], names: tuple[str, ...]) -> Json:
    return next((fields[name] for name in names if fields.get(name) not in (None, "")), None)


def _line(request: str, status: int, time: Json, host: Json = "") -> LogLine | None:
    parts = request.split()
    if len(parts) < 2 or not parts[0].isalpha():
        return None
    absolute = re.match(r"https?://([^/]+)", parts[1])
    uri = parts[1][absolute.end() :] if absolute else parts[1]
    if not uri.startswith("/"):
        return None
    host = _host(absolute[1] if absolute else host)
    return LogLine(method=parts[0].upper(), uri=uri, status=status, time=_seconds(time), host=host)


def _host(written: Json) -> str:
    """A name without its port."""
    name = re.sub(r":[0-9]+$", "", written.lower()) if isinstance(written, str) else ""
    return name if name != "-" else ""


def _seconds(time: Json) -> float | None:
    if isinstance(time, int | float) and not isinstance(time, bool):
        unit = next((unit for least, unit in ((_NS_FROM, 1e9), (_US_FROM, 1e6), (_MS_FROM, 1e3)) if time > least), 1)
        return time / unit if abs(time) < _MAX_TIME else None
    text = str(time or "")
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return _seconds(float(text))
    for form in _TIMES:
        try:
            return with_zone(datetime.strptime(text, form)).timestamp()
        except ValueError:
            continue
    try:
        return parse_moment(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()
    except ValueError:
        return None
