"""GitHub's `${{ expressions }}`, as far as our files use them: contexts, literals, == != && || ! and status functions.

What it does not know is an error, so that a test never passes on a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+)|(?P<symbol>==|!=|&&|\|\||!|\(|\)|,)|(?P<name>[A-Za-z_][\w.-]*))"
)
EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
LITERALS = {"true": True, "false": False, "null": None}


def fill(text: Any, contexts: Mapping[str, Any]) -> str:
    """A value of the file with its expressions replaced."""
    return EMBEDDED.sub(lambda found: shown(evaluate(found[1], contexts)), shown(text))


def condition(text: str, contexts: Mapping[str, Any], *, failed: bool) -> bool:
    """An `if:`. Without a status function it is only true as long as nothing failed."""
    plain = EMBEDDED.sub(lambda found: found[1], text)
    wants = True if re.search(r"\b(always|failure|success|cancelled)\(\)", plain) else not failed
    status = {"always()": True, "failure()": failed, "success()": not failed, "cancelled()": False}
    return wants and truth(evaluate(plain, {**contexts, "status": status}))


def shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def truth(value: Any) -> bool:
    return value not in (None, "", 0, False)


def evaluate(text: str, contexts: Mapping[str, Any]) -> Any:
    parser = _Parser(text, contexts)
    value = parser.either()
    assert not parser.tokens, f"not understood: {parser.tokens} in {text}"
    return value


class _Parser:
    def __init__(self, text: str, contexts: Mapping[str, Any]) -> None:
        self.contexts = contexts
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = TOKEN.match(text, at)
            assert found, f"not understood: {text[at:]!r}"
            self.tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
            at = found.end()

    def takes(self, *symbols: str) -> str:
        if self.tokens and self.tokens[0][0] == "symbol" and self.tokens[0][1] in symbols:
            return self.tokens.pop(0)[1]
        return ""

    def either(self) -> Any:
        value = self.both()
        while self.takes("||"):
            other = self.both()
            value = value if truth(value) else other
        return value

    def both(self) -> Any:
        value = self.compared()
        while self.takes("&&"):
            other = self.compared()
            value = other if truth(value) else value
        return value

    def compared(self) -> Any:
        value = self.single()
        while symbol := self.takes("==", "!="):
            same = shown(value).lower() == shown(self.single()).lower()  # GitHub compares texts without case
            value = same if symbol == "==" else not same
        return value

    def single(self) -> Any:
        if self.takes("!"):
            return not truth(self.single())
        if self.takes("("):
            value = self.either()
            assert self.takes(")")
            return value
        kind, word = self.tokens.pop(0)
        if kind == "text":
            return word[1:-1].replace("''", "'")
        if kind == "number":
            return int(word)
        assert kind == "name", f"not understood: {word}"
        if self.takes("("):
            assert self.takes(")"), f"{word}() with arguments is not known here"
            return self.contexts["status"][f"{word}()"]
        return LITERALS[word] if word in LITERALS else self.value(word)

    def value(self, path: str) -> Any:
        root, *keys = path.split(".")
        assert root in self.contexts, f"the context {root} is not known here ({path})"
        value: Any = self.contexts[root]
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None  # GitHub: what is not there is empty
        return value
