"""A Postman collection as it is written: its requests with what they inherit, its variables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from perfgate.init import naming
from perfgate.init.proposal import Json
from perfgate.init.secrets import is_secret_name

MAX_DEPTH = 20
UUID = "123e4567-e89b-42d3-a456-426614174000"
DYNAMIC = {  # values that Postman makes up
    "$guid": UUID,
    "$randomUUID": UUID,
    "$timestamp": "1700000000",
    "$isoTimestamp": "2024-01-01T00:00:00.000Z",
    "$randomInt": "7",
    "$randomEmail": "ann@example.com",
    "$randomBoolean": "true",
}
SET_BY_SCRIPT = re.compile(r"""\.set\(\s*["']([\w.-]+)["']""")


@dataclass(frozen=True, kw_only=True)
class CollectionItem:
    name: str
    request: Mapping[str, Json]
    auth: Json
    sets: tuple[str, ...] = ()  # variables that its scripts set


def requests_of(items: Json, auth: Json, front: str = "", depth: int = 0) -> Iterator[CollectionItem]:
    """Every request, with the names of its folders in front, and the authentication that it inherits."""
    for item in items if isinstance(items, list) and depth < MAX_DEPTH else ():
        if not isinstance(item, dict):
            continue
        name = naming.plain(f"{front}{item.get('name', '')}")
        inherited = item.get("auth") or auth
        if isinstance(item.get("item"), list):
            yield from requests_of(item["item"], inherited, f"{name}: ", depth + 1)
            continue
        request = item.get("request")
        request = {"url": request} if isinstance(request, str) else request
        if isinstance(request, dict):
            sets = tuple(SET_BY_SCRIPT.findall(json.dumps(item.get("event")).replace('\\"', '"')))
            yield CollectionItem(name=name, request=request, auth=request.get("auth") or inherited, sets=sets)


def variables_of(document: Mapping[str, Json]) -> dict[str, str]:
    """The collection's own variables, without secrets."""
    written = document.get("variable")
    pairs = [item for item in written if isinstance(item, dict)] if isinstance(written, list) else []
    return {
        key: str(pair.get("value", ""))
        for pair in pairs
        if pair.get("value") not in (None, "")
        and pair.get("type") != "secret"
        and not is_secret_name(key := str(pair.get("key", pair.get("id", ""))))
    }


def maps(written: Json) -> list[Mapping[str, Json]]:
    return [item for item in written if isinstance(item, dict)] if isinstance(written, list) else []


def headers_of(written: Json) -> Json:
    """The headers as a list; a collection may have them as one text."""
    pairs = [line.partition(":") for line in written.splitlines()] if isinstance(written, str) else []
    return [{"key": name.strip(), "value": value.strip()} for name, _, value in pairs] if pairs else written


def raw_url(url: Mapping[str, Json]) -> str:
    """The URL of its parts, where the collection has no `raw`."""

    def merged(part: Json, separator: str) -> str:
        return separator.join(map(str, part)) if isinstance(part, list) else str(part or "")

    pairs = [
        f"{item.get('key')}={item.get('value') or ''}" for item in maps(url.get("query")) if not item.get("disabled")
    ]
    port = f":{url['port']}" if url.get("port") else ""
    query = f"?{'&'.join(pairs)}" if pairs else ""
    return (
        f"{url.get('protocol') or 'http'}://{merged(url.get('host'), '.')}{port}/{merged(url.get('path'), '/')}{query}"
    )
