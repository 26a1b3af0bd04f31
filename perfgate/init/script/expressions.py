"""Expressions of a script, as far as their text says their value.

Read are strings, templates, numbers, objects, arrays, `+ - * / %`, `||` and `??` (the default of a variable of the
environment), members, `JSON.stringify`, `encodeURIComponent`, `b64encode`, and the random values of k6's utilities.
Everything else (conditions, functions, what is imported, answers of requests) is `Unknown`, with why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from perfgate.init.script.tokens import MAX_NESTING, NAME, NUMBER, OPENING, STRING, TEMPLATE, Token, closing, separated
from perfgate.init.script.values import (
    ENVIRONMENT,
    FUNCTIONS,
    MAX_CHARS,
    OF_NUMBERS,
    DrawnText,
    Environment,
    Json,
    NotConstantError,
    RandomNumber,
    Unknown,
    added,
    computed,
    known,
    part_of,
    text_of,
)

WORDS = {"true": True, "false": False, "null": None, "undefined": None}
_AFTER_VALUE = (")", "]", "}")
_GOES_ON = ("instanceof", "in", "of")


def expression(script: Sequence[Token], start: int) -> Sequence[Token]:
    """The tokens of the expression that begins at `start`: to a comma, a semicolon, a bracket that closes, or the line
    after which nothing goes on."""
    index = start
    while index < len(script):
        token = script[index]
        if token.is_mark(",", ";", *OPENING.values()):
            break
        if index > start and _ends_statement(script[index - 1], token):
            break
        index = closing(script, index) + 1 if token.is_mark(*OPENING) else index + 1
    return script[start:index]


def _ends_statement(before: Token, token: Token) -> bool:
    is_value = before.kind in (NUMBER, STRING, TEMPLATE) or before.is_mark(*_AFTER_VALUE) or before.kind == NAME
    begins = token.kind in (NAME, NUMBER, STRING) or token.is_mark("{", "}")
    return token.line > before.line and is_value and begins and token.text not in _GOES_ON


@dataclass
class Evaluation:
    """Evaluates expressions with the names of a scope. `drawn` collects the random values, by name."""

    scope: Mapping[str, Json]
    drawn: dict[str, Json] = field(default_factory=dict)
    is_mean: bool = False  # random numbers are their mean: of pauses

    def of(self, script: Sequence[Token]) -> Json:
        """The value, or Unknown."""
        try:
            return _Expression(script, self, 0).whole()
        except NotConstantError as error:
            return Unknown(str(error))
        except RecursionError:
            return Unknown("it is nested too deeply")

    def draw(self, name: str, source: Json) -> DrawnText:
        """The place of a value that is drawn anew for each iteration; like sources have like names."""
        number, unique = 2, name
        while self.drawn.setdefault(unique, source) != source:
            number, unique = number + 1, f"{name}_{number}"
        return DrawnText(f"${{{unique}}}")


class _Expression:
    def __init__(self, script: Sequence[Token], values: Evaluation, depth: int) -> None:
        self.script = script
        self.at = 0
        self.values = values
        self.depth = depth
        if depth > MAX_NESTING:
            raise NotConstantError("it is nested too deeply")

    def whole(self) -> Json:
        value = self._either()
        if self.at < len(self.script):
            raise NotConstantError(f"`{self.script[self.at].text}` is computed while it runs")
        return value

    def _inner(self, script: Sequence[Token]) -> Json:
        try:
            return _Expression(script, self.values, self.depth + 1).whole()
        except NotConstantError as error:
            return Unknown(str(error))

    def _takes(self, *marks: str) -> str:
        if self.at < len(self.script) and self.script[self.at].is_mark(*marks):
            self.at += 1
            return self.script[self.at - 1].text
        return ""

    def _either(self) -> Json:
        """A value, or what stands behind `||` where a variable of the environment may be unset."""
        value = self._sum()
        while self._takes("||", "??"):
            other = self._sum()
            if value in (None, "", 0, False) or (isinstance(value, str) and ENVIRONMENT.fullmatch(value)):
                value = other
        return value

    def _sum(self) -> Json:
        value = self._product()
        while sign := self._takes("+", "-"):
            other = self._product()
            if sign == "+" and isinstance(value, str) != isinstance(other, str):
                value, other = self._drawn(value), self._drawn(other)
            value = added(value, other) if sign == "+" else computed(sign, value, other)
        return value

    def _product(self) -> Json:
        value = self._signed()
        while sign := self._takes("*", "/", "%"):
            value = computed(sign, value, self._signed())
        return value

    def _signed(self) -> Json:
        if self._takes("-"):
            return computed("-", 0, self._signed())
        if self._takes("+"):
            return computed("+", 0, self._signed())
        return self._member()

    def _member(self) -> Json:
        """A value with what is taken from it: `.name`, `[index]`, `(arguments)`."""
        start = self.at
        value = self._primary()
        while self.at < len(self.script):
            if self._takes(".", "?."):
                value = part_of(value, self._name())
            elif self.script[self.at].is_mark("["):
                value = self._item(value, known(self._inner(self._bracketed())))
            elif self.script[self.at].is_mark("("):
                callee = "".join(token.text for token in self.script[start : self.at])
                value = self._call(callee, value, [self._inner(part) for part in separated(self._bracketed())])
            elif self.script[self.at].kind == TEMPLATE:  # http.url`...`
                value = self._filled(self.script[self.at])
                self.at += 1
            else:
                break
        return known(value) if isinstance(value, Unknown) else value

    def _drawn(self, value: Json) -> Json:
        """A random number as the place of a value that is drawn."""
        return self.values.draw("number", value.source) if isinstance(value, RandomNumber) else value

    def _item(self, value: Json, index: Json) -> Json:
        """An item of a list or an object; at a random index any of those of a list."""
        if not isinstance(index, RandomNumber):
            return part_of(value, index)
        if not isinstance(value, list) or not all(isinstance(item, str | int | float) for item in value) or not value:
            raise NotConstantError("it is taken at random while it runs")
        return self.values.draw("item", {"choice": value})

    def _name(self) -> str:
        if self.at >= len(self.script) or self.script[self.at].kind != NAME:
            raise NotConstantError("it is computed while it runs")
        self.at += 1
        return self.script[self.at - 1].text

    def _bracketed(self) -> Sequence[Token]:
        start, self.at = self.at, closing(self.script, self.at) + 1
        return self.script[start + 1 : self.at - 1]

    def _primary(self) -> Json:
        if self.at >= len(self.script):
            raise NotConstantError("a value is missing")
        token = self.script[self.at]
        if token.is_mark("("):
            return self._inner(self._bracketed())
        if token.is_mark("["):
            return [self._drawn(self._inner(part)) for part in separated(self._bracketed())]
        if token.is_mark("{"):
            return self._object(self._bracketed())
        self.at += 1
        if token.kind in (NUMBER, STRING):
            return token.value
        if token.kind == TEMPLATE:
            return self._filled(token)
        if token.kind == NAME and token.text not in ("new", "function", "async", "class", "typeof", "void"):
            return WORDS[token.text] if token.text in WORDS else self._named(token.text)
        raise NotConstantError("it is computed while it runs")

    def _named(self, name: str) -> Json:
        """What a name stands for; what is not known may still be a function with an equivalent."""
        if name == "__ENV":
            return Environment()
        if name == "__ITER":
            return self.values.draw("iteration", {"sequence": 0})
        return self.values.scope.get(name, Unknown(f"`{name}` is made while it runs"))

    def _filled(self, token: Token) -> str:
        parts = [
            part if isinstance(part, str) else text_of(self._drawn(known(self._inner(part)))) for part in token.value
        ]
        text = "".join(parts)
        if len(text) > MAX_CHARS:
            raise NotConstantError("it is too long")
        return text

    def _object(self, script: Sequence[Token]) -> dict[str, Json]:
        made: dict[str, Json] = {}
        for part in separated(script):
            first = part[0] if part else None
            if first is None:
                continue
            if first.is_mark("..."):
                other = self._inner(part[1:])
                made |= other if isinstance(other, dict) else {"...": other}
            elif len(part) > 1 and part[1].is_mark(":"):
                made[str(first.value if first.value is not None else first.text)] = self._drawn(self._inner(part[2:]))
            elif first.is_mark("[") and len(part) > (end := closing(part, 0)) + 1 and part[end + 1].is_mark(":"):
                made[text_of(known(self._inner(part[1:end])))] = self._drawn(self._inner(part[end + 2 :]))
            elif len(part) == 1 and first.kind == NAME:
                made[first.text] = self._drawn(self._inner(part))
            else:
                made[first.text] = Unknown("it is a function")
        return made

    def _call(self, callee: str, value: Json, arguments: list[Json]) -> Json:
        function = callee.rpartition(".")[2]
        draw = self.values.draw
        if callee == "Math.random":
            return 0.5 if self.values.is_mean else RandomNumber(0.0, 1.0)
        if function not in OF_NUMBERS:
            arguments = [self._drawn(item) for item in arguments]
        if function == "randomIntBetween" and len(arguments) == 2:
            low, high = (known(item) for item in arguments)
            if self.values.is_mean:
                return computed("/", added(low, high), 2)
            return draw("number", {"between": [low, high]})
        if function == "randomItem" and arguments and isinstance(arguments[0], list):
            return draw("item", {"choice": known(arguments[0])})
        if function == "uuidv4":
            return draw("uuid", "uuid")
        if callee == "Object.assign":
            return {key: item for part in arguments if isinstance(known(part), dict) for key, item in part.items()}
        if function == "toString" and not isinstance(value, Unknown):
            return text_of(value)
        if function in FUNCTIONS and arguments:
            return FUNCTIONS[function](known(arguments[0]))
        raise NotConstantError(f"`{callee[:40]}(...)` is called while it runs")
