"""Attributes of a span -> what it does, by OpenTelemetry's semantic conventions: those before 2024 and the stable ones.

Sources: opentelemetry.io/docs/specs/semconv/database, /http, /rpc, /messaging, and their migration guides. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from perfgate.diagnose.traces.fingerprints import command, statement
from perfgate.diagnose.traces.spans import Kind, SpanOperation
from perfgate.text.sanitize import one_line

Value = str | int | float | bool
CACHES = ("redis", "memcached", "memcache", "valkey", "keydb", "dragonfly", "hazelcast", "couchbase.cache")
MAX_NAME_CHARS = 80  # characters of a host or a collection
_SYSTEM = ("db.system.name", "db.system")
_TEXT = ("db.query.text", "db.statement")
_VERB = ("db.operation.name", "db.operation")
_PLACE = ("db.collection.name", "db.sql.table", "db.mongodb.collection", "db.cassandra.table")
_ROWS = ("db.response.returned_rows", "db.rows_returned")
_HOST = ("server.address", "net.peer.name", "http.host", "peer.service", "rpc.service")
_URL = ("url.full", "http.url")
_QUEUE = ("messaging.destination.name", "messaging.destination")
_IS_SERIALISATION = re.compile(r"seriali[sz]|\brender", re.IGNORECASE)
_CONNECTS = re.compile(
    r"(?:\w+[. ])*(?:connect|pool\.checkout|acquire|pool\.acquire|pg-pool\.connect)\Z", re.IGNORECASE
)
READ = frozenset((*_SYSTEM, *_TEXT, *_VERB, *_PLACE, *_ROWS, *_HOST, *_URL, *_QUEUE, "messaging.system"))


def operation(kind: Kind, name: str, attributes: Mapping[str, Value]) -> SpanOperation | None:
    """None for what is the application's own, and for what nobody knows. Databases are known by `db.*` whatever the
    kind, other services by the kind `client`."""
    if kind in ("server", "consumer"):
        return None
    system = _first(attributes, _SYSTEM).lower()
    if system or any(key in attributes for key in (*_TEXT, *_VERB)):
        return _cache(name, attributes) if system in CACHES else _database(name, system, attributes)
    if kind in ("client", "producer") and (queue := _first(attributes, ("messaging.system",))):
        return SpanOperation("external", one_line(f"{queue} {_first(attributes, _QUEUE)}", MAX_NAME_CHARS))
    if kind == "client" and (host := _host(attributes)):
        return SpanOperation("external", one_line(host, MAX_NAME_CHARS), is_closed=False)
    if _IS_SERIALISATION.search(name):
        return SpanOperation("serialisation", is_call=False, is_closed=False)
    return None


def _database(name: str, system: str, attributes: Mapping[str, Value]) -> SpanOperation:
    text, verb, place = _first(attributes, _TEXT), _first(attributes, _VERB), _first(attributes, _PLACE)
    if not text and _CONNECTS.match(name):
        return SpanOperation("database", is_call=False)
    named = one_line(f"{verb} {place}", MAX_NAME_CHARS)
    is_document = text.lstrip().startswith(("{", "["))  # of which nothing is left without its texts
    what = statement(text, system) if text and not (named and is_document) else named
    return SpanOperation("database", what or system or "statement", rows=_rows(attributes))


def _cache(name: str, attributes: Mapping[str, Value]) -> SpanOperation:
    text = _first(attributes, _VERB) or _first(attributes, _TEXT) or name
    if _CONNECTS.match(name) and not _first(attributes, _TEXT):
        return SpanOperation("cache", is_call=False)
    return SpanOperation("cache", command(text) or "command")


def _host(attributes: Mapping[str, Value]) -> str:
    """Only the host of a URL: its path and query may hold anything."""
    if host := _first(attributes, _HOST):
        return host.rpartition("@")[2].partition("/")[0]
    try:
        return urlsplit(_first(attributes, _URL)).hostname or ""
    except ValueError:
        return ""


def _rows(attributes: Mapping[str, Value]) -> int | None:
    values = [value for key in _ROWS if isinstance(value := attributes.get(key), int) and value >= 0]
    return values[0] if values else None


def _first(attributes: Mapping[str, Value], keys: tuple[str, ...]) -> str:
    return next((value for key in keys if isinstance(value := attributes.get(key), str) and value), "")
