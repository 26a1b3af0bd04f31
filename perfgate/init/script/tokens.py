"""The text of a script as tokens: names, numbers, strings, templates, punctuation, each with its line.

Comments are left out. JavaScript is not run, and its grammar is not checked, apart from brackets that do not match.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MAX_NESTING = 100  # of brackets and templates within each other
MAX_SHOWN_CHARS = 20
NAME, NUMBER, STRING, TEMPLATE, PATTERN, MARK = "name", "number", "string", "template", "pattern", "mark"
_SPACE = re.compile(r"(?:\s+|//[^\n]*|\A#![^\n]*)+")
_TOKEN = re.compile(
    r"""
    (?P<number>0[xXoObB][\da-fA-F_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?n?)
  | (?P<name>\#?[A-Za-z_$\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)
  | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
  | (?P<mark>=>|\.\.\.|\?\.|[=!]==?|&&=?|\|\|=?|\?\?=?|\*\*=?|\+\+|--|<<=?|>>>?=?|[-+*/%&|^<>]=?|[]{}()[;,:?.~@=!\\])
    """,
    re.VERBOSE | re.DOTALL,
)
_PATTERN = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|(\r\n|.))", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
OPENING = {"(": ")", "[": "]", "{": "}"}
_BEFORE_PATTERN = ("return", "typeof", "case", "in", "of", "await")  # after other names, `/` divides


class ScriptError(ValueError):
    """A script that cannot be read from a line on."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Token:
    """`value` is what a number or a string says; of a template, its texts and, in lists, the tokens between them."""

    kind: str
    text: str
    line: int
    value: Any = None

    def is_mark(self, *texts: str) -> bool:
        return self.kind == MARK and self.text in texts


def tokens(text: str) -> list[Token]:
    """The tokens of a script. Raises ScriptError."""
    return _Tokenizer(text).read(depth=0, in_template=False)


def closing(script: Sequence[Token], start: int) -> int:
    """The index of the bracket that closes the one at `start`."""
    depth = 0
    for index in range(start, len(script)):
        if script[index].is_mark(*OPENING):
            depth += 1
        elif script[index].is_mark(*OPENING.values()):
            depth -= 1
            if not depth:
                return index
    return len(script) - 1


def separated(script: Sequence[Token]) -> list[Sequence[Token]]:
    """What stands between commas, outside of brackets."""
    parts: list[Sequence[Token]] = []
    index = start = 0
    while index < len(script):
        if script[index].is_mark(*OPENING):
            index = closing(script, index)
        elif script[index].is_mark(","):
            parts.append(script[start:index])
            start = index + 1
        index += 1
    return [*parts, script[start:]] if start < len(script) else parts


class _Tokenizer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1

    def read(self, *, depth: int, in_template: bool) -> list[Token]:
        """Tokens to the end, or to the brace that ends a hole of a template."""
        found: list[Token] = []
        opened: list[Token] = []
        self._check_nesting(depth)
        while self._skip_space():
            token = self._next(found[-1] if found else None, depth + len(opened))
            if token.is_mark(*OPENING):
                opened.append(token)
            elif token.is_mark(*OPENING.values()):
                if in_template and not opened and token.text == "}":
                    return found
                if not opened:
                    raise ScriptError(token.line, f"`{token.text}` closes nothing")
                if OPENING[(opener := opened.pop()).text] != token.text:
                    raise ScriptError(token.line, f"`{opener.text}` of line {opener.line} is closed by `{token.text}`")
            self._check_nesting(depth + len(opened))
            found.append(token)
        if opened or in_template:
            line = opened[-1].line if opened else self.line
            raise ScriptError(line, f"`{opened[-1].text if opened else '${'}` is never closed")
        return found

    def _check_nesting(self, depth: int) -> None:
        if depth > MAX_NESTING:
            raise ScriptError(self.line, f"more than {MAX_NESTING} brackets within each other")

    def _skip_space(self) -> bool:
        """Whether there is more after white space and comments."""
        while self.at < len(self.text):
            if self.text.startswith("/*", self.at):
                end = self.text.find("*/", self.at)
                if end < 0:
                    raise ScriptError(self.line, "the comment is never closed")
                self._take(end + 2)
            elif match := _SPACE.match(self.text, self.at):
                self._take(match.end())
            else:
                return True
        return False

    def _take(self, end: int) -> str:
        taken = self.text[self.at : end]
        self.line += taken.count("\n")
        self.at = end
        return taken

    def _next(self, before: Token | None, depth: int) -> Token:
        line = self.line
        if self.text[self.at] == "`":
            return Token(TEMPLATE, "`", line, self._template(depth + 1))
        if self.text[self.at] == "/" and _may_be_pattern(before) and (match := _PATTERN.match(self.text, self.at)):
            return Token(PATTERN, self._take(match.end()), line)
        match = _TOKEN.match(self.text, self.at)
        if not match:
            raise ScriptError(line, f"{self.text[self.at : self.at + MAX_SHOWN_CHARS].splitlines()[0]!r} is not read")
        kind, text = str(match.lastgroup), self._take(match.end())
        return Token(kind, text, line, _value(kind, text))

    def _template(self, depth: int) -> list[Any]:
        """The parts of a template: texts, and lists of tokens."""
        start = self.line
        parts: list[Any] = []
        self.at += 1
        while self.at < len(self.text):
            match = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*", re.DOTALL).match(self.text, self.at)
            parts.append(unescaped(self._take(match.end() if match else self.at)))
            if self.text.startswith("`", self.at):
                self.at += 1
                return parts
            if not self.text.startswith("${", self.at):
                break
            self.at += 2
            parts.append(self.read(depth=depth, in_template=True))
        raise ScriptError(start, "the template is never closed")


def _may_be_pattern(before: Token | None) -> bool:
    """Whether a `/` after that token begins a regular expression, and does not divide."""
    if before is None or before.kind == MARK:
        return before is None or before.text not in (")", "]", "}")
    return before.kind == NAME and before.text in _BEFORE_PATTERN


def unescaped(text: str) -> str:
    """The text that a literal stands for."""

    def character(match: re.Match[str]) -> str:
        code = next(filter(None, match.groups()[:3]), "")
        if code:
            number = int(code, 16)
            return chr(number) if number <= 0x10FFFF else ""
        return _ESCAPES.get(match[4], match[4])

    if "\\" not in text:
        return text
    made = _ESCAPE.sub(character, text)
    return made.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # two escapes may be one character


def _value(kind: str, text: str) -> Any:
    if kind == STRING:
        return unescaped(text[1:-1])
    if kind != NUMBER:
        return None
    digits = text.replace("_", "").rstrip("n") if text[:2].lower() != "0x" else text.replace("_", "")
    try:
        number = int(digits, 0) if re.fullmatch(r"0[xXoObB].*|0|[1-9]\d{0,300}", digits) else float(digits)
    except (ValueError, OverflowError):
        return None
    return number
