"""Braces that YAML reads as something else than what was meant: `{user}` and `{p95: 300ms, +10%}`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from yaml import MappingNode, Node, ScalarNode

_CRITERION = re.compile(r"[+-]?[0-9.]+ ?(%|pp|[a-zA-Zµ]{1,3}|/[a-z]+)?( .*)?")
_BARE_WORDS = ("uuid", "exists", "none")


def braces_hint(node: MappingNode, lines: Sequence[str]) -> str:
    """What to do about `{user}`, which is the map {"user": null}; nothing for every other map."""
    if len(node.value) != 1:
        return ""
    key, value = node.value[0]
    if not _is_bare_key(node, key, value, lines):
        return ""
    if isinstance(key, MappingNode) and key.flow_style:  # `{{user}}`
        return "quote it"
    if not isinstance(key, ScalarNode) or key.style or _CRITERION.fullmatch(key.value):
        return ""
    return f"leave the braces out: `{key.value}`" if key.value in _BARE_WORDS else f'quote it: "{{{key.value}}}"'


def comma_hint(node: MappingNode, key: Node, value: Node, lines: Sequence[str]) -> str:
    """What to do about a criterion after a comma, which is a key without value; nothing for every other key."""
    if not isinstance(key, ScalarNode) or not _is_bare_key(node, key, value, lines):
        return ""
    if not _CRITERION.fullmatch(key.value):
        return ""
    return f"separate criteria with a space: `300ms {key.value}`" if key.value[0] in "+-" else "separate with a space"


def is_absent(node: Node) -> bool:
    """Whether nothing stands where a value could be."""
    return isinstance(node, ScalarNode) and not node.style and node.value == ""


def _is_bare_key(node: MappingNode, key: Node, value: Node, lines: Sequence[str]) -> bool:
    """Whether a key in braces stands there without `:` and value."""
    end, start = key.end_mark, value.start_mark
    line = lines[end.line] if end.line < len(lines) else ""  # the end of the file may lie behind the last line
    between = line[end.column : start.column if start.line == end.line else None]
    return bool(node.flow_style) and is_absent(value) and ":" not in between
