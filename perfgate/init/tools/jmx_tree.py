"""A JMeter test plan as it is written: elements, each with those below it. Entities are not expanded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from perfgate.init import naming
from perfgate.init.proposal import InitSource
from perfgate.model.errors import UsageError

MAX_DEPTH = 200  # elements within each other
MAX_CHARS = 50_000_000
ROOT, TREE = "jmeterTestPlan", "hashTree"
HINT = "name a file that JMeter saved (.jmx)"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # characters that XML 1.0 cannot have


@dataclass
class XmlElement:
    tag: str
    attributes: Mapping[str, str]
    text: str = ""
    inner: list[XmlElement] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name that a property has."""
        return self.attributes.get("name", "")

    def part(self, name: str) -> XmlElement | None:
        """The property of that name."""
        return next((item for item in self.inner if item.name == name), None)

    def value(self, name: str) -> str:
        """The text of a property; empty without it."""
        found = self.part(name)
        return found.text if found else ""

    def is_true(self, name: str) -> bool:
        return self.value(name).strip() == "true"


@dataclass(frozen=True)
class PlanElement:
    """An element of a test plan with what stands below it in the tree, without what is disabled."""

    xml: XmlElement
    below: tuple[PlanElement, ...]

    @property
    def kind(self) -> str:
        """Its class, without the package of a plug-in."""
        return self.xml.tag.rpartition(".")[2]

    @property
    def title(self) -> str:
        return naming.plain(self.xml.attributes.get("testname", "")) or self.kind

    def all(self) -> Iterator[PlanElement]:
        """Itself and everything below it, in order."""
        yield self
        for element in self.below:
            yield from element.all()


def read(source: InitSource) -> tuple[PlanElement, ...]:
    """The elements at the top of a plan. Raises UsageError for what is no plan."""
    if len(source.text) > MAX_CHARS:
        raise UsageError(f"{source.name} has more than {MAX_CHARS:,} characters", hint=HINT, code="PG-N006")
    reader = _PlanReader()
    try:
        reader.parser.Parse(_CONTROL.sub("?", source.text.lstrip("\ufeff \t\r\n")).encode("utf-8", "replace"), True)
    except (expat.ExpatError, ValueError) as error:
        why = expat.ErrorString(error.code) if isinstance(error, expat.ExpatError) else str(error)
        message = f"{source.name} cannot be read from line {reader.parser.CurrentLineNumber} on: {why}"
        raise UsageError(message, hint=HINT, code="PG-N002") from error
    root = reader.root
    if root is None or root.tag != ROOT:
        raise UsageError(f"{source.name} is no JMeter test plan of version 1.2", hint=HINT, code="PG-N002")
    return tuple(element for tree in root.inner if tree.tag == TREE for element in _elements(tree))


def _elements(tree: XmlElement) -> tuple[PlanElement, ...]:
    """Elements of a tree, each of which is followed by the tree below it."""
    found: list[PlanElement] = []
    for index, xml in enumerate(tree.inner):
        if xml.tag == TREE or xml.attributes.get("enabled") == "false":
            continue
        following = tree.inner[index + 1] if index + 1 < len(tree.inner) else None
        found.append(PlanElement(xml, _elements(following) if following and following.tag == TREE else ()))
    return tuple(found)


class _PlanReader:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._refuse
        self.root: XmlElement | None = None
        self._open: list[XmlElement] = []

    def _refuse(self, *_: object) -> None:
        raise ValueError("it declares entities")

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        element = XmlElement(tag, attributes)
        if len(self._open) >= MAX_DEPTH:
            raise ValueError(f"more than {MAX_DEPTH} elements within each other")
        if self._open:
            self._open[-1].inner.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].text += text
