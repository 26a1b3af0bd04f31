"""Text -> Document: YAML read strictly, with the place of every key and value, and all its traps as mistakes.

Only maps, lists, texts, numbers, true, false and null; keys are texts and stand once. Anchors, aliases and merge
keys work, within a limit on what they may expand to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from perfgate.budgets.yaml.brace_traps import braces_hint, comma_hint, is_absent
from perfgate.budgets.yaml.document import BROKEN, Document, KeyPath, SourcePosition, Spot, mistake, split_lines
from perfgate.budgets.yaml.scalars import ScalarTrapError, meaning
from perfgate.budgets.yaml.syntax_errors import syntax_mistake
from perfgate.model.budget_file import Json
from perfgate.model.errors import Mistake

MAX_NODES = 100_000
MAX_NESTING = 50

_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS = {_TAG + name for name in ("str", "null", "bool", "int", "float", "timestamp", "merge", "value")}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")
_DEPTH_HINT = "is a bracket not closed, or the indentation wrong?"


def parse(text: str, file: str) -> tuple[Document, tuple[Mistake, ...]]:
    """The document, as far as it can be read, and all mistakes of YAML in it."""
    lines = split_lines(text)
    nothing = Document(file=file, lines=lines, data=BROKEN, spots={})
    if match := _UNPRINTABLE.search(text):
        before = split_lines(text[: match.start()])
        place = SourcePosition(len(before), len(before[-1]) + 1)
        message = f"an unprintable character, U+{ord(match[0]):04X}"
        return nothing, (
            mistake(file, lines, place, message, hint="remove it, or write an escape in double quotes", code="PG-B003"),
        )
    try:
        if deep := _too_deep(text):
            return nothing, (
                mistake(file, lines, deep, f"more than {MAX_NESTING} levels deep", hint=_DEPTH_HINT, code="PG-B003"),
            )
        root: Node | None = yaml.compose(text, Loader=_loader(text))
    except yaml.YAMLError as error:
        return nothing, (syntax_mistake(file, lines, error),)
    if root is None:
        return nothing, (
            mistake(
                file,
                lines,
                SourcePosition(0, 0),
                "the file is empty",
                hint="begin with `version: 1`, or let `perfgate init --force` write it",
                code="PG-B001",
            ),
        )
    reader = _Reader(file, lines)
    try:
        data = reader.read(root, (), None)
    except _TooMuchError as error:
        data = BROKEN
        reader.report(error.node, error.message, code="PG-B002")
    document = Document(file=file, lines=lines, data=data, spots=reader.spots)
    return document, tuple(dict.fromkeys(reader.mistakes))  # an anchored node is read once per alias


class _TooMuchError(Exception):
    def __init__(self, node: Node, message: str) -> None:
        super().__init__(message)
        self.node = node
        self.message = message


def _loader(text: str) -> Any:
    """PyYAML's faster loader; it does not know JSON's surrogate pairs, which the other gives in two halves."""
    return yaml.SafeLoader if _SURROGATE.search(text) else getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _too_deep(text: str) -> SourcePosition | None:
    """Where the nesting goes beyond MAX_NESTING: by the flat stream of events, because composing recurses in C."""
    depth = 0
    for event in yaml.parse(text, Loader=_loader(text)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_NESTING and event.start_mark:
                return SourcePosition(event.start_mark.line + 1, event.start_mark.column + 1)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


class _Reader:
    """Collects `spots` and `mistakes` while it turns nodes into data."""

    def __init__(self, file: str, lines: tuple[str, ...]) -> None:
        self.file = file
        self.lines = lines
        self.spots: dict[KeyPath, Spot] = {}
        self.mistakes: list[Mistake] = []
        self._nodes = 0
        self._open: list[Node] = []

    def report(self, node: Node, message: str, hint: str = "", *, code: str) -> None:
        self.mistakes.append(mistake(self.file, self.lines, self._place(node), message, hint=hint, code=code))

    def read(self, node: Node, path: KeyPath, key: SourcePosition | None) -> Json:
        self._count(node)
        self.spots[path] = Spot(key, self._value_place(node, key))
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if node.tag not in (_TAG + "map", _TAG + "seq"):
            self.report(node, f"the tag `{_short(node.tag)}` is not supported", "remove it", code="PG-B003")
            return BROKEN
        self._open.append(node)
        data = self._map(node, path) if isinstance(node, MappingNode) else self._list(node, path)
        self._open.pop()
        return data

    def _count(self, node: Node) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _TooMuchError(node, f"aliases expand to more than {MAX_NODES:,} values")
        if node in self._open:
            raise _TooMuchError(node, "an alias stands inside its own anchor")
        if len(self._open) > MAX_NESTING:
            raise _TooMuchError(node, f"more than {MAX_NESTING} levels deep")

    def _scalar(self, node: ScalarNode, hint: str = "") -> Json:
        """The value; a trap is reported with `hint` in place of its own."""
        if node.tag not in _SCALAR_TAGS or (node.style and node.tag != _TAG + "str"):
            self.report(
                node, f"the tag `{_short(node.tag)}` is not supported", "remove it, or quote the text", code="PG-B003"
            )
            return BROKEN
        if node.style:
            return self._joined(node)
        try:
            value = meaning(node.value)
        except ScalarTrapError as trap:
            self.report(node, trap.message, hint or trap.hint, code="PG-B003")
            return BROKEN
        # PyYAML takes some texts for numbers only when they are not tagged `!!str`
        return node.value if node.tag == _TAG + "str" else value

    def _joined(self, node: ScalarNode) -> Json:
        """The text with its surrogate pairs as the characters that they mean (RFC 8259, section 7)."""
        text: str = node.value
        if text.isascii() or not _HALF.search(text):
            return text
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self.report(node, "half of a surrogate pair", r"write both halves, as in `\ud83d\ude00`", code="PG-B003")
            return BROKEN

    def _list(self, node: Node, path: KeyPath) -> list[Json]:
        return [self.read(item, (*path, index), None) for index, item in enumerate(node.value)]

    def _map(self, node: MappingNode, path: KeyPath) -> Json:
        if hint := braces_hint(node, self.lines):
            self.report(node, f"{self._source(node)} is a map for YAML, not a text", hint, code="PG-B004")
            return BROKEN
        data: dict[str, Json] = {}
        merges: list[Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == _TAG + "merge":
                merges.append(value_node)
                continue
            key = self._key(key_node)
            if key is None:
                continue
            if hint := comma_hint(node, key_node, value_node, self.lines):
                self.report(key_node, f"`{key}` is a key here: a comma starts a new key", hint, code="PG-B004")
            elif key in data:
                first = self._key_line((*path, key))
                self.report(
                    key_node,
                    f"`{key}` is here twice; it is first on line {first}",
                    "remove one of them",
                    code="PG-B005",
                )
            else:
                data[key] = self.read(value_node, (*path, key), self._place(key_node))
        return self._merged(data, merges, path)

    def _merged(self, data: dict[str, Json], merges: list[Node], path: KeyPath) -> dict[str, Json]:
        """`data` with what `<<` brings; keys written here win, then those of the first merge."""
        for merge in merges:
            for key_node, value_node in self._pairs(merge):
                key = self._key(key_node)
                if key is not None and key not in data:
                    data[key] = self.read(value_node, (*path, key), self._place(key_node))
        return data

    def _pairs(self, node: Node) -> Iterator[tuple[Node, Node]]:
        """What a merge brings: the pairs of one map, or of a list of maps."""
        self._count(node)
        self._open.append(node)
        if isinstance(node, SequenceNode):
            for item in node.value:
                yield from self._pairs(item)
        elif isinstance(node, MappingNode):
            own = [pair for pair in node.value if pair[0].tag != _TAG + "merge"]
            yield from own
            for key_node, value_node in node.value:
                if key_node.tag == _TAG + "merge":
                    yield from self._pairs(value_node)
        else:
            self.report(node, "`<<` takes a map", "write `<<: *name`", code="PG-B003")
        self._open.pop()

    def _key(self, node: Node) -> str | None:
        """The key as text, even where a mistake was found, so that what is below it is read too."""
        self._count(node)
        if not isinstance(node, ScalarNode):
            hint = 'quote it: "{user}"; a literal brace is `{{`' if node.start_mark.column else "quote it"
            self.report(node, "a key is a text, not a map or a list", hint, code="PG-B003")
            return None
        quoted = f'quote it: "{node.value}"'
        value = self._scalar(node, quoted)
        if not isinstance(value, str) and value is not BROKEN:
            self.report(node, f"the key `{node.value}` is not a text", quoted, code="PG-B003")
        return value if isinstance(value, str) else str(node.value).encode("utf-8", "replace").decode()

    def _line(self, number: int) -> str:
        """Line `number`, from 0; the end of the file may lie behind the last line."""
        return self.lines[number] if number < len(self.lines) else ""

    def _key_line(self, path: KeyPath) -> int:
        spot = self.spots[path]
        return (spot.key or spot.value).line

    def _source(self, node: Node) -> str:
        start, end = node.start_mark, node.end_mark
        return f"`{self._line(start.line)[start.column : end.column]}`" if start.line == end.line else "this"

    def _value_place(self, node: Node, key: SourcePosition | None) -> SourcePosition:
        """Block maps and lists begin on the next line, and absent values nowhere: there the key says more."""
        block = isinstance(node, CollectionNode) and not node.flow_style
        return key if key and (block or is_absent(node)) else self._place(node)

    def _place(self, node: Node) -> SourcePosition:
        start, end = node.start_mark, node.end_mark
        last = end.column if end.line == start.line else len(self._line(start.line).rstrip())
        return SourcePosition(start.line + 1, start.column + 1, max(1, last - start.column))


def _short(tag: str) -> str:
    return "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag
