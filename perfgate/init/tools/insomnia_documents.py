"""An Insomnia export as it is written: requests with what their folders add, and the variables they see.

Format 4 is a flat list of resources, each with the id of its parent; format 5 is a tree. Both are read as the tree.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from perfgate.init import naming, recorded
from perfgate.init.proposal import InitSource, Json
from perfgate.init.secrets import Secrets
from perfgate.init.tools.postman_collection import MAX_DEPTH, maps
from perfgate.model.errors import UsageError

TYPE = re.compile(r"(\w+)\.insomnia\.rest/(\d+)")  # of format 5: collection.insomnia.rest/5.0
EXPORT = "__export_format"  # the key of formats up to 4
READ_FORMATS = ("4", "5")
HINT = "in Insomnia: Export, with Insomnia v5 as the format"
Layer = Mapping[str, Json]  # variables of an environment or a folder
_OTHER_KINDS = {  # what is no HTTP request, by the type in format 4 and by the beginning of the id in format 5
    "grpc_request": "a gRPC call: write it by hand under `grpc`",
    "websocket_request": "a WebSocket: write it by hand under `websocket`",
    "socketio_request": "Socket.IO is not sent by perfgate",
    "mcp_request": "MCP is not sent by perfgate",
    "greq": "a gRPC call: write it by hand under `grpc`",
    "ws-req": "a WebSocket: write it by hand under `websocket`",
    "socketio-req": "Socket.IO is not sent by perfgate",
    "mcp-req": "MCP is not sent by perfgate",
}


@dataclass(frozen=True, kw_only=True)
class InsomniaItem:
    """A request. `layers` has the variables that it sees, the innermost last; `why_not` is empty for HTTP."""

    name: str
    request: Mapping[str, Json]
    auth: Mapping[str, Json]
    headers: tuple[Json, ...]  # of its folders and its own, the outermost first
    layers: tuple[Layer, ...]
    why_not: str


@dataclass(frozen=True, kw_only=True)
class _Inherited:
    front: str = ""
    auth: Mapping[str, Json] = field(default_factory=dict)
    headers: tuple[Json, ...] = ()
    layers: tuple[Layer, ...] = ()


def workspaces_of(source: InitSource) -> list[Mapping[str, Json]]:
    """The workspaces of an export as trees of format 5. Raises UsageError for a format that is not read."""
    document = source.document
    match = TYPE.match(str(document.get("type", "")))
    version = match[2] if match else str(document.get(EXPORT))
    if version not in READ_FORMATS:
        message = f"{source.name} is an Insomnia export of format {version[:20]}; read are {' and '.join(READ_FORMATS)}"
        raise UsageError(message, hint=f"export it again: {HINT}", code="PG-N002")
    return [document] if match else list(_trees(maps(document.get("resources"))))


def items_of(workspace: Mapping[str, Json]) -> Iterator[InsomniaItem]:
    """Every request of a workspace, with the names of its folders in front."""
    layers = tuple(map(_layer, _environments(workspace)[:2]))  # the base, and the first below it
    yield from _walk(workspace.get("collection"), _Inherited(layers=layers), 0)


def environments_of(workspace: Mapping[str, Json]) -> list[str]:
    """The names of the environments below the base; the values of the first are taken."""
    return [naming.plain(str(item.get("name", ""))) for item in _environments(workspace)[1:]]


def _environments(workspace: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    base = workspace.get("environments")
    return [base, *maps(base.get("subEnvironments"))] if isinstance(base, dict) else []


def _layer(environment: Mapping[str, Json]) -> Layer:
    data = environment.get("data")
    return data if isinstance(data, dict) else {}


def _walk(items: Json, inherited: _Inherited, depth: int) -> Iterator[InsomniaItem]:
    for item in maps(items) if depth < MAX_DEPTH else ():
        name = naming.plain(f"{inherited.front}{_named(str(item.get('name') or item.get('url') or ''))}")
        auth = item.get("authentication")
        auth = auth if isinstance(auth, dict) and auth.get("type") else inherited.auth
        headers = (*inherited.headers, item.get("headers"))
        variables = item.get("environment")
        if isinstance(item.get("children"), list):
            layers = (*inherited.layers, variables) if isinstance(variables, dict) else inherited.layers
            inner = _Inherited(front=f"{name}: ", auth=auth, headers=headers, layers=layers)
            yield from _walk(item["children"], inner, depth + 1)
        elif "url" in item or "method" in item:
            why_not = _why_not(item)
            yield InsomniaItem(
                name=name, request=item, auth=auth, headers=headers, layers=inherited.layers, why_not=why_not
            )


def _named(name: str) -> str:
    """The name, without the secrets that a URL may have: a request that was pasted is named by its own."""
    return recorded.readable(name.partition("?")[0], Secrets()) if "://" in name else name


def _why_not(item: Mapping[str, Json]) -> str:
    meta = item.get("meta")
    identity = str(meta.get("id", "")) if isinstance(meta, dict) else ""
    kind = str(item.get("_type") or identity.partition("_")[0])
    if kind not in _OTHER_KINDS and ("protoMethodName" in item or "reflectionApi" in item):
        kind = "grpc_request"
    if re.match(r"wss?:", str(item.get("url", ""))):
        kind = "websocket_request"
    return _OTHER_KINDS.get(kind, "")


def _trees(resources: list[Mapping[str, Json]]) -> Iterator[Mapping[str, Json]]:
    """The workspaces of format 4; what has a parent that was not exported is a workspace of its own."""
    below: dict[str, list[Mapping[str, Json]]] = defaultdict(list)
    for item in sorted(resources, key=_place):
        below[str(item.get("parentId"))].append(item)
    known = {str(item.get("_id")) for item in resources if item.get("_type") != "workspace"}
    for root in [parent for parent in below if parent not in known]:
        environment = next((item for item in below[root] if item.get("_type") == "environment"), {})
        inner = [item for item in below[str(environment.get("_id"))] if item.get("_type") == "environment"]
        yield {
            "collection": _nested(root, below, 0),
            "environments": {**environment, "subEnvironments": inner},
        }


def _place(item: Mapping[str, Json]) -> float:
    key = item.get("metaSortKey")
    return key if isinstance(key, int | float) else 0


def _nested(parent: str, below: Mapping[str, list[Mapping[str, Json]]], depth: int) -> list[Json]:
    tree: list[Json] = []
    for item in below.get(parent, []) if depth < MAX_DEPTH else ():
        kind, identity = str(item.get("_type")), str(item.get("_id"))
        if kind == "request_group":
            tree.append({**item, "children": _nested(identity, below, depth + 1)})
        elif kind.endswith("request"):
            scripts = {"preRequest": item.get("preRequestScript"), "afterResponse": item.get("afterResponseScript")}
            settings = {"renderRequestBody": not item.get("settingDisableRenderRequestBody")}
            tree.append({"scripts": scripts, "settings": settings, **item})
    return tree
