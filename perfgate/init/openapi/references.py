"""`$ref` within one document: what it points to, with a bound on how often one leads to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from perfgate.init.proposal import Json

MAX_STEPS = 20


@dataclass(frozen=True)
class References:
    """The document that references point into. What they cannot reach is an empty map."""

    document: Json

    def resolve(self, node: Json) -> Mapping[str, Json]:
        """The map that `node` is, or points to. Keys beside `$ref` stay, as OpenAPI 3.1 has them."""
        beside: dict[str, Json] = {}
        for _ in range(MAX_STEPS):
            if not isinstance(node, dict):
                return {}
            reference = node.get("$ref")
            if not isinstance(reference, str):
                return {**node, **beside} if beside else node
            beside = {key: value for key, value in node.items() if key != "$ref"} | beside
            node = self._at(reference)
        return {}

    def _at(self, reference: str) -> Json:
        if not reference.startswith("#/"):
            return {"type": "object"} if not reference.startswith("#") else self.document
        node = self.document
        for part in reference[2:].split("/"):
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and key.isdigit() and int(key) < len(node):
                node = node[int(key)]
            elif isinstance(node, dict) and key in node:
                node = node[key]
            else:
                return {}
        return node
