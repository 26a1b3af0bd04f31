"""Templates of Insomnia: `{{ _.base_url }}` is a variable, `{% response ... %}` a tag that runs code."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from perfgate.init import naming
from perfgate.init.proposal import Json
from perfgate.init.secrets import is_secret_name
from perfgate.init.tools.conversion import UnsendableError
from perfgate.init.tools.insomnia_documents import Layer
from perfgate.init.tools.postman_collection import MAX_DEPTH

EXPRESSION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
TAG = re.compile(r"\{%-?\s*(\w+).*?%\}", re.DOTALL)
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_PATH = re.compile(r"(?:_(?=[.\[]))?\.?[\w$]*(?:\.[\w$-]+|\[\d+\]|\[(?:'[^']+'|\"[^\"]+\")\])*")
_PART = re.compile(r"\['([^']+)'\]|\[\"([^\"]+)\"\]|\[(\d+)\]|([\w$-]+)")
MAX_CHARS = 1_000_000  # of a text with its values: one that is longer refers to itself over and over
MAX_SHOWN_CHARS = 60


class Rendering:
    """Fills variables in. Those without a value, or with a secret one, become variables of the environment."""

    def __init__(self) -> None:
        self.unset: dict[str, str] = {}  # name in the environment -> what it is to be set to

    def text(self, written: Json, layers: Sequence[Layer]) -> str:
        """The text with its values. Raises UnsendableError for template tags and computed expressions."""
        return self._filled("" if written is None else _plain(written), layers, (), len(layers), 0)

    def secret(self, written: Json, layers: Sequence[Layer], name: str) -> str:
        """The text of a credential; where a tag makes it, or it is empty, the environment variable of that name."""
        text = _plain(written or "")
        tag = TAG.search(text)
        if text and not tag:
            return self.text(text, layers)
        meaning = f"Insomnia makes it by the template tag {tag[1]}" if tag else "the collection has no value for it"
        return self.variable(name, meaning)

    def variable(self, name: str, meaning: str) -> str:
        """An environment variable that is to be set."""
        variable = naming.variable_name(name)
        self.unset[variable] = meaning
        return f"${{{variable}}}"

    def _filled(self, text: str, layers: Sequence[Layer], path: tuple[str, ...], below: int, depth: int) -> str:
        if tag := TAG.search(text):
            hint = ": write a `capture`" if tag[1] == "response" else ""
            raise UnsendableError(f"the template tag `{tag[1]}` has no equivalent{hint}")
        parts, end = [], 0
        text = COMMENT.sub("", text)
        for match in EXPRESSION.finditer(text):
            inner = _path(match[1])
            parts += [
                text[end : match.start()],
                self._value(inner, layers, below if inner == path else len(layers), depth),
            ]
            end = match.end()
        filled = "".join([*parts, text[end:]])
        if len(filled) > MAX_CHARS:
            raise UnsendableError("its variables refer to each other without end")
        return filled

    def _value(self, path: tuple[str, ...], layers: Sequence[Layer], below: int, depth: int) -> str:
        """The value of the innermost of the first `below` layers that has one; in it, its own name is that further
        out."""
        for index in range(below - 1, -1, -1):
            value = _inside(layers[index], path)
            if value is not None and not is_secret_name(path[-1]) and depth < MAX_DEPTH:
                return self._filled(_plain(value), layers, path, index, depth + 1)
        return self.variable("_".join(path), f"the collection's variable {naming.plain('.'.join(path))}")


def _path(expression: str) -> tuple[str, ...]:
    """`_.a.b`, `_['a'].b` or `a.b` -> ("a", "b"). Raises UnsendableError for anything that computes."""
    if not _PATH.fullmatch(expression) or not (
        parts := [next(filter(None, match)) for match in _PART.findall(expression)]
    ):
        raise UnsendableError(f"`{{{{ {naming.plain(expression)[:MAX_SHOWN_CHARS]} }}}}` is no variable")
    return tuple(parts[1:] if parts[0] == "_" and len(parts) > 1 else parts)


def _inside(value: Json, path: Sequence[str]) -> Json:
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)
