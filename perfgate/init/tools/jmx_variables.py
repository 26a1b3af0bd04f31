"""Variables and functions of JMeter: `${host}`, `${__P(users,10)}`, `${__Random(1,100)}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from perfgate.init import naming
from perfgate.init.proposal import Json
from perfgate.init.secrets import is_secret_name
from perfgate.init.tools.conversion import UnsendableError

MAX_DEPTH = 20  # variables within each other
MAX_CHARS = 1_000_000  # of a text with its values
_REFERENCE = re.compile(r"\$\{([^${}]+)\}")
_FUNCTION = re.compile(r"__(\w+)(?:\((.*)\))?", re.DOTALL)
_NUMBER = re.compile(r"-?\d{1,15}")


@dataclass
class PlanVariables:
    """`known` are those that the plan defines; `drawn` collects random values, and `unset` what is to be set."""

    known: Mapping[str, str]
    unset: dict[str, str] = field(default_factory=dict)
    drawn: dict[str, Json] = field(default_factory=dict)
    meanings: dict[str, str] = field(default_factory=dict)  # of variables that come from elsewhere

    def text(self, written: str, values: Mapping[str, str] | None = None) -> str:
        """The text with its values: what a CSV file or an earlier answer gives (`values`: name in the plan -> name in
        the budget file) and what is in the environment stays as `${name}`. Raises UnsendableError for functions without
        an equivalent."""
        kept: list[str] = []
        text = self._filled(written, values or {}, kept)
        return re.sub("\x00(\\d+)\x00", lambda match: f"${{{kept[int(match[1])]}}}", text)

    def number(self, written: str) -> float | None:
        """The number that a text says; None where it says none."""
        try:
            return float(self.text(written.strip()))
        except (UnsendableError, ValueError):
            return None

    def _filled(self, text: str, values: Mapping[str, str], kept: list[str]) -> str:
        """Innermost references first, so that functions see their arguments; `kept` are names that stay, each with its
        number between zero characters in the text."""

        def value(match: re.Match[str]) -> str:
            found = self._value(match[1], values)
            if isinstance(found, str):
                return found
            kept.append(found.name)
            return f"\x00{len(kept) - 1}\x00"

        text = text.replace("\x00", "")
        for _ in range(MAX_DEPTH):
            if not _REFERENCE.search(text):
                break
            text = _REFERENCE.sub(value, text)
            if len(text) > MAX_CHARS:
                break
        if _REFERENCE.search(text):
            raise UnsendableError("its variables refer to each other without end")
        if "${__" in text:
            raise UnsendableError("a function in it cannot be read")
        return text

    def _value(self, name: str, values: Mapping[str, str]) -> str | _Kept:
        if name in values:
            return _Kept(values[name])
        if name in self.known and not is_secret_name(name):
            return self.known[name]
        if function := _FUNCTION.fullmatch(name.strip()):
            return self._called(function[1], [part.strip() for part in (function[2] or "").split(",")])
        return self.variable(name, self.meanings.get(name, f"the plan's variable {naming.plain(name)}"))

    def variable(self, name: str, meaning: str) -> _Kept:
        """A variable of the environment that is to be set."""
        variable = naming.variable_name(name)
        self.unset[variable] = meaning
        return _Kept(variable)

    def _called(self, function: str, arguments: list[str]) -> str | _Kept:
        name, default = arguments[0], arguments[-1] if len(arguments) > 1 else ""
        if function in ("P", "property", "env"):
            what = "variable" if function == "env" else "property"
            return default or self.variable(name, f"JMeter's {what} {naming.plain(name)}")
        if function == "Random" and len(arguments) > 1 and all(_NUMBER.fullmatch(item) for item in arguments[:2]):
            low, high = sorted(map(int, arguments[:2]))
            return self._draw("number", {"between": [low, high]})
        if function == "UUID":
            return self._draw("uuid", "uuid")
        if function == "counter":
            return self._draw("counter", {"sequence": 1})
        raise UnsendableError(f"the function `__{function}` has no equivalent")

    def _draw(self, name: str, source: Json) -> _Kept:
        number, unique = 2, name
        while self.drawn.setdefault(unique, source) != source:
            number, unique = number + 1, f"{name}_{number}"
        return _Kept(unique)


@dataclass(frozen=True)
class _Kept:
    """A name that stays in the text."""

    name: str
