"""Text from outside (endpoint names, a hostile target's answers) made safe for terminals, Markdown and file names."""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256

from perfgate.text.sanitize import TERMINAL, no_command

MAX_OUTSIDE_CHARS = 10_000  # characters of one outside text that are looked at

_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # controls, text direction, lone surrogates, line separators
_CODE_IS_ENOUGH = re.compile(r"[\w /.:,;+=?%()\[\]{}'\"-]+")
_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>|~&!$@#]|:(?=//)|(?<=www)\.")
_IN_PROSE = re.compile(rf"`{_CODE_IS_ENOUGH.pattern}`|{_MARKDOWN.pattern}")
_MENTIONS = "@#!~$&"  # people, issues; on GitLab merge requests, labels, snippets and epics too
_ATTRIBUTE = re.compile(r"[&<>\"'`|]")
_SLUG_IS_ENOUGH = re.compile(r"[a-z0-9]+( [a-z0-9]+)*")


def plain(text: str, width: int | None = None) -> str:
    """One line of visible characters: terminal sequences, controls, direction marks and surrogates are gone.

    At most `width` characters. Never empty.
    """
    shown = text[:MAX_OUTSIDE_CHARS]
    if not shown.isprintable():
        shown = "".join(map(_visible, TERMINAL.sub("", shown)))
    line = no_command(" ".join(shown.split())) or "(empty)"
    return line if width is None else shorten(line, width)


def _visible(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character) in _INVISIBLE or ord(character) & 0xFFFE == 0xFFFE:
        return ""
    return character


def shorten(line: str, width: int) -> str:
    """Cut in the middle: names from outside differ at both ends."""
    if len(line) <= width:
        return line
    head = (width - 1) * 2 // 3
    tail = width - 1 - head
    return f"{line[:head].rstrip()}…{line[len(line) - tail :].lstrip()}"


def code(text: str, width: int = 80) -> str:
    """Code in Markdown, inside a table too.

    Anything with a meaning to Markdown, HTML or GitHub (mentions) goes into `<code>` as character references,
    because no escape for `|` and backticks inside a code span is read alike by all renderers.
    """
    line = plain(text, width)
    if _CODE_IS_ENOUGH.fullmatch(line):
        return f"`{line}`"
    return code_tag(line, width)


def code_tag(text: str, width: int = 80) -> str:
    """Code where Markdown and HTML meet: inside `<summary>` nobody reads backticks."""
    return f"<code>{_MARKDOWN.sub(_reference, plain(text, width))}</code>"


def attribute(text: str, width: int = 200) -> str:
    """Text for an attribute of an HTML element in Markdown."""
    return _ATTRIBUTE.sub(_reference, plain(text, width))


def is_tame(text: str) -> bool:
    """Nothing in it needs an escape anywhere: fit for a command that people copy."""
    return bool(_CODE_IS_ENOUGH.fullmatch(text)) and len(text) <= 100 and plain(text) == text


def prose(text: str, width: int = 600) -> str:
    """Plain words in Markdown: no markup, table cells, links, mentions or issue references come out of it.

    Mentions and issue references are found by GitHub and GitLab after rendering, where a character reference is no
    help: a zero-width space breaks them.
    """
    return _IN_PROSE.sub(_harmless, plain(text, width))


def _harmless(match: re.Match[str]) -> str:
    if len(match[0]) > 1:  # a span of code, in which nothing has a meaning
        return match[0]
    return _reference(match) + ("&#8203;" if match[0] in _MENTIONS else "")


def _reference(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def slug(name: str) -> str:
    """A file name of safe characters only, one per name: what is lost on the way comes back as a digest."""
    if _SLUG_IS_ENOUGH.fullmatch(name) and len(name) <= 60:
        return name.replace(" ", "-")
    remaining = re.sub(r"[^a-z0-9]+", "-", name[:MAX_OUTSIDE_CHARS].lower()).strip("-")[:60].strip("-") or "endpoint"
    return f"{remaining}-{sha256(name.encode(errors='surrogatepass')).hexdigest()[:8]}"
