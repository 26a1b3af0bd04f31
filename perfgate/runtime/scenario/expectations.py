"""Expectations: what a response must hold. Each is made once when the scenario is imported, and then called with every
response."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from perfgate.runtime.http.responses import Response
from perfgate.runtime.scenario.json_paths import MISSING, Reader, json_reader

Test = Callable[[Any], bool]


class Expectation:
    """One thing a response must hold. Calling it returns None, or what was wrong in a few words."""

    def __init__(self, what: str, read: Reader, test: Test, expected: str, *, needs_body: bool) -> None:
        self.what, self.read, self.test, self.wanted, self.needs_body = what, read, test, expected, needs_body

    def __call__(self, response: Response) -> str | None:
        try:
            value = self.read(response)
            return None if self.test(value) else f"{self.what}: expected {self.wanted}, got {shown(value)}"
        except ValueError as error:
            return f"{self.what}: {error}"
        except RecursionError:
            return f"{self.what}: nested too deeply"


class StatusExpectation(Expectation):
    """The accepted statuses; they decide what counts as a status error."""

    def __init__(self, statuses: tuple[int, ...]) -> None:
        expected = " or ".join(str(status) for status in statuses)
        super().__init__("status", lambda r: r.status, lambda value: value in statuses, expected, needs_body=False)
        self.statuses = statuses


def status(*statuses: int) -> Expectation:
    """The response has one of these statuses. Without it, anything below 400 will do."""
    return StatusExpectation(statuses)


def header(name: str, *condition: Any, **conditions: Any) -> Expectation:
    """The header is there and meets the condition: `header("content-type", "text/html")`, `contains="html"`. The lines
    of a header that comes several times are one value, joined by `, `."""
    test, expected = _condition(condition, conditions)
    key = name.lower()
    if key == "set-cookie":  # several of these are no list (RFC 9110, section 5.3): one of them meets it

        def any_of(response: Response) -> Any:
            lines = response.headers.all(key)
            return next((line for line in lines if test(line)), lines[-1] if lines else MISSING)

        return Expectation(f"header {name}", any_of, test, expected, needs_body=False)
    return Expectation(f"header {name}", lambda r: r.headers.get(key, MISSING), test, expected, needs_body=False)


def json_path(path: str, *condition: Any, **conditions: Any) -> Expectation:
    """The first match of the JSONPath meets the condition: `json_path("$.total", less_than=10)`."""
    test, expected = _condition(condition, conditions)
    return Expectation(path, json_reader(path), test, expected, needs_body=True)


def text(*condition: Any, **conditions: Any) -> Expectation:
    """The body as text meets the condition."""
    test, expected = _condition(condition, conditions)
    return Expectation("text", lambda r: r.text, test, expected, needs_body=True)


def regex(pattern: str) -> Expectation:
    """The pattern is found in the body."""
    return text(matches=pattern)


def _condition(positional: tuple[Any, ...], named: dict[str, Any]) -> tuple[Test, str]:
    """The test and its words, from one bare value (equality) or one keyword; existence when there is neither."""
    provided = [("equals", value) for value in positional] + list(named.items())
    if len(provided) > 1 or not named.keys() <= _TESTS.keys():
        raise TypeError(f"an expectation has one condition at most: a value, or one of {', '.join(_TESTS)}")
    name, argument = provided[0] if provided else ("exists", True)
    return _TESTS[name](argument), f"{_WORDS[name]} {shown(argument)}".strip()


def _exists(expected: bool) -> Test:
    return lambda value: (value is not MISSING) is expected


def _matches(pattern: str) -> Test:
    search = re.compile(pattern).search
    return lambda value: isinstance(value, str) and search(value) is not None


def _contains(expected: Any) -> Test:
    def test(value: Any) -> bool:
        if isinstance(value, str):
            return isinstance(expected, str) and expected in value
        return isinstance(value, (list, dict)) and expected in value

    return test


def _number(compare: Callable[[Any, Any], bool]) -> Callable[[Any], Test]:
    def make(expected: float) -> Test:
        def test(value: Any) -> bool:
            if isinstance(value, str):
                try:
                    value = float(value)
                except ValueError:
                    return False
            return isinstance(value, (int, float)) and not isinstance(value, bool) and compare(value, expected)

        return test

    return make


def _equals(expected: Any) -> Test:
    def test(value: Any) -> bool:
        return bool(value == expected) and isinstance(value, bool) is isinstance(expected, bool)

    return test


_TESTS: dict[str, Callable[[Any], Test]] = {
    "equals": _equals,
    "exists": _exists,
    "matches": _matches,
    "contains": _contains,
    "less_than": _number(lambda value, wanted: value < wanted),
    "greater_than": _number(lambda value, wanted: value > wanted),
}
_WORDS = {
    "equals": "",
    "exists": "existence to be",
    "matches": "a match of",
    "contains": "it to contain",
    "less_than": "less than",
    "greater_than": "more than",
}


def shown(value: Any) -> str:
    """A value for people: short, on one line."""
    if value is MISSING:
        return "nothing"
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
