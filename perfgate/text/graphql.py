"""GraphQL documents: their operations, and a document with one operation and the fragments that it uses.

Definitions are told apart by their braces; nothing is validated (GraphQL specification, section 2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_SKIPPED = r'#[^\n]*|"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"'  # comments and strings
_TEXT = re.compile(_SKIPPED, re.DOTALL)
_TOKEN = re.compile(_SKIPPED + "|[{}()]", re.DOTALL)
_HEAD = re.compile(r"\s*(query|mutation|subscription|fragment)\b\s*([A-Za-z_][A-Za-z0-9_]*)?")
_SPREAD = re.compile(r"\.\.\.\s*(?!on\b)([A-Za-z_][A-Za-z0-9_]*)")


class Definition(NamedTuple):
    """An operation or a fragment. `name` is empty for an operation without one."""

    kind: str
    name: str
    text: str


def definitions(document: str) -> Iterator[Definition]:
    """Yields the definitions of a document, in its order. Braces within parentheses are values: of defaults and of
    directives."""
    start = depth = parentheses = 0
    for token in _TOKEN.finditer(document):
        parentheses += (token[0] == "(") - (token[0] == ")")
        if parentheses or token[0] not in ("{", "}"):
            continue
        depth += 1 if token[0] == "{" else -1
        if depth == 0:
            yield _definition(document[start : token.end()])
            start = token.end()


def _definition(text: str) -> Definition:
    head = _HEAD.match(re.sub(r"^(\s*#[^\n]*)+", "", text))
    return Definition(head[1] if head else "query", (head[2] or "") if head else "", text.strip())


def operations(document: str) -> tuple[str, ...]:
    """The names of its operations; empty for one without a name."""
    return tuple(item.name for item in definitions(document) if item.kind != "fragment")


def selected(document: str, operation: str) -> str:
    """The document of one operation, with the fragments it uses. Raises KeyError where it has no such operation."""
    known = list(definitions(document))
    wanted = next((item for item in known if item.kind != "fragment" and item.name == operation), None)
    if wanted is None:
        raise KeyError(operation)
    fragments = {item.name: item for item in known if item.kind == "fragment"}
    used = _used(wanted, fragments)
    return "\n\n".join([wanted.text, *(item.text for item in fragments.values() if item.name in used)])


def _used(operation: Definition, fragments: dict[str, Definition]) -> set[str]:
    used: set[str] = set()
    todo: list[str] = [*_spread(operation)]
    while todo:
        name = todo.pop()
        if name in fragments and name not in used:
            used.add(name)
            todo += _spread(fragments[name])
    return used


def _spread(item: Definition) -> Iterable[str]:
    return _SPREAD.findall(_TEXT.sub("", item.text))
