"""Requests and pauses of a function of a k6 script, in the order of its text.

Functions of the script that it calls are followed. Blocks of `if` and loops are read once, and listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from perfgate.init.proposal import Json, Omission
from perfgate.init.script.expressions import Evaluation, expression
from perfgate.init.script.script import (
    CHANGED,
    CHANGING,
    DECLARING,
    ReadScript,
    ScriptFunction,
    assigned,
    declared,
    with_value,
)
from perfgate.init.script.tokens import NAME, NUMBER, Token, closing, separated
from perfgate.init.script.values import NotConstantError, RandomNumber, Unknown
from perfgate.init.tools.k6_requests import VERBS, K6Call, batched_call, call_of, shown

BRANCHING = ("if", "else", "for", "while", "switch", "do")
HTTP = "k6/http"
MAX_CALLS = 10  # of functions within each other
MAX_STEPS = 2000
MAX_PAUSE_S = 3600.0


@dataclass
class K6Walk:
    """What one iteration of a function does."""

    source: ReadScript
    drawn: dict[str, Json]
    steps: list[K6Call | float] = field(default_factory=list)
    omissions: list[Omission] = field(default_factory=list)

    def walk(self, function: ScriptFunction) -> None:
        _Walker(self, dict(self.source.scope), ()).body(function.start, function.end)


class _Walker:
    def __init__(self, result: K6Walk, scope: dict[str, Json], groups: tuple[str, ...], depth: int = 0) -> None:
        self.result = result
        self.script = result.source.script
        self.scope = scope
        self.groups = groups
        self.depth = depth
        self.http = result.source.names_from(HTTP)
        self.bound: dict[str, int] = {}  # name of an answer -> its step
        self.checks: list[tuple[int, tuple[int, ...]]] = []  # end of the first argument, statuses
        self.branches: list[tuple[int, Token, int]] = []  # end, keyword, steps before

    def body(self, start: int, end: int) -> None:
        index = start
        while index < end and len(self.result.steps) < MAX_STEPS:
            self._leave_branches(index)
            index = self._statement(index, end)
        self._leave_branches(end)

    def _statement(self, index: int, end: int) -> int:
        """Looks at a token, and returns the index of the next."""
        token = self.script[index]
        before = self.script[index - 1] if index else None
        following = self.script[index + 1] if index + 1 < end else None
        if token.kind != NAME or following is None or (before is not None and before.is_mark(".", "?.")):
            return index + 1
        if token.text in DECLARING:
            self._bind(index + 1, is_sure=True)
        elif following.is_mark("="):
            self._bind(index, is_sure=not self.branches)
        elif following.is_mark(*CHANGING):
            self.scope[token.text] = Unknown(f"`{token.text}` is made while it runs")
        elif token.text in self.http and following.is_mark(".") and index + 3 < end:
            self._request(index, self.script[index + 2].text, index + 3)
        elif following.is_mark("("):
            return self._called(token, index)
        elif following.is_mark(".", "["):
            self._assign(token.text, index)
        if token.text in BRANCHING and not following.is_mark("("):
            self._enter_branch(token, index)
        return index + 1

    def _values(self, *, is_mean: bool = False) -> Evaluation:
        return Evaluation(self.scope, self.result.drawn, is_mean=is_mean)

    def _bind(self, index: int, *, is_sure: bool) -> None:
        """Takes in `name = value`; within a branch it may not come to that."""
        name, start = declared(self.script, index)
        if name:
            value = self._values().of(expression(self.script, start))
            self.scope[name] = value if is_sure else Unknown(f"`{name}` is made while it runs")
            self.bound.pop(name, None)

    def _assign(self, name: str, index: int) -> None:
        """Takes in `name.key = value` and `name["key"] = value`, at any depth."""
        keys, start = assigned(self.script, index, self._values())
        if start:
            is_sure = not self.branches
            value = self._values().of(expression(self.script, start)) if is_sure else Unknown(CHANGED)
            self.scope[name] = with_value(self.scope.get(name), keys, value)

    def _called(self, token: Token, index: int) -> int:
        """A call of a name: of k6, of the script, or of http itself where that was imported by name."""
        last = closing(self.script, index + 1)
        arguments = separated(self.script[index + 2 : last])
        member = self.result.source.members.get(token.text) or token.text
        function = self.result.source.functions.get(token.text)
        if self.http.get(token.text):
            self._request(index, self.http[token.text], index + 1)
        elif token.text in BRANCHING:
            self._enter_branch(token, index)
        elif member == "sleep":
            self._pause(token, arguments)
        elif member == "group" and arguments:
            inner = _Walker(self.result, self.scope, (*self.groups, shown(self._values().of(arguments[0]))), self.depth)
            inner.body(index + 2 + len(arguments[0]), last)
            return last + 1
        elif member == "check" and len(arguments) > 1:
            self._check(arguments, index + 2 + len(arguments[0]))
        elif function and self.depth < MAX_CALLS:
            given = dict(zip(function.parameters, map(self._values().of, arguments), strict=False))
            missing = {name: Unknown(f"`{name}` is made while it runs") for name in function.parameters}
            inner = _Walker(self.result, {**self.result.source.scope, **missing, **given}, self.groups, self.depth + 1)
            inner.body(function.start, function.end)
        return index + 1

    def _enter_branch(self, token: Token, index: int) -> None:
        at = index + 1
        if self.script[at].is_mark("("):
            at = closing(self.script, at) + 1
        if at < len(self.script):
            is_block = self.script[at].is_mark("{")
            end = closing(self.script, at) if is_block else at + max(1, len(expression(self.script, at)))
            self.branches.append((end, token, len(self.result.steps)))

    def _leave_branches(self, index: int) -> None:
        while self.branches and self.branches[-1][0] <= index:
            _, token, before = self.branches.pop()
            if any(isinstance(step, K6Call) for step in self.result.steps[before:]):
                what = "condition" if token.text in ("if", "else", "switch") else "loop"
                why = "its requests are sent once in each iteration"
                self.result.omissions.append(Omission(f"the {what} in line {token.line}", why))

    def _pause(self, token: Token, arguments: list[Sequence[Token]]) -> None:
        exact = self._values().of(arguments[0]) if arguments else Unknown("it is empty")
        mean = self._values(is_mean=True).of(arguments[0]) if arguments else exact
        what = f"the sleep in line {token.line}"
        if isinstance(mean, bool) or not isinstance(mean, int | float):
            why = mean.why if isinstance(mean, Unknown) else "it is no number"
            self.result.omissions.append(Omission(what, why))
        elif mean > 0:
            pause = round(min(float(mean), MAX_PAUSE_S), 3)
            self.result.steps.append(pause)
            if isinstance(exact, Unknown | str | RandomNumber):
                self.result.omissions.append(Omission(f"the random part of {what}", f"its mean is taken, {pause:g} s"))

    def _check(self, arguments: list[Sequence[Token]], end: int) -> None:
        """Statuses that a check asks for, of the answer named in front of it or of the request within it."""
        tests = arguments[1]
        statuses = tuple(
            dict.fromkeys(
                int(tests[index + 3].value)
                for index in range(len(tests) - 3)
                if tests[index].is_mark(".", "?.")
                and tests[index + 1].text == "status"
                and tests[index + 2].is_mark("===", "==")
                and tests[index + 3].kind == NUMBER
                and isinstance(tests[index + 3].value, int)
                and 100 <= tests[index + 3].value <= 999
            )
        )
        if len(arguments[0]) == 1 and (step := self.bound.get(arguments[0][0].text)) is not None:
            self._expect(step, statuses)
        else:
            self.checks.append((end, statuses))

    def _expect(self, step: int, statuses: tuple[int, ...]) -> None:
        call = self.result.steps[step]
        if isinstance(call, K6Call) and statuses:
            self.result.steps[step] = replace(call, statuses=statuses)

    def _request(self, index: int, verb: str, bracket: int) -> None:
        """A call of http. What it cannot be read for is an omission."""
        if verb not in VERBS or not self.script[bracket].is_mark("("):
            return
        line, inner = self.script[index].line, self.script[bracket + 1 : closing(self.script, bracket)]
        arguments = [self._values().of(part) for part in separated(inner)]
        what = f"http.{verb} in line {line}"
        if verb == "batch":
            self._batch(line, arguments, what)
            return
        try:
            self.result.steps.append(call_of(line, verb, arguments, self.groups))
        except NotConstantError as error:
            self.result.omissions.append(Omission(what, str(error)))
            return
        step = len(self.result.steps) - 1
        at = index - 1 if self.script[index - 1].text == "await" else index
        if at > 1 and self.script[at - 1].is_mark("="):
            self.bound[self.script[at - 2].text] = step
        for end, statuses in self.checks:
            if index < end:
                self._expect(step, statuses)

    def _batch(self, line: int, arguments: list[Json], what: str) -> None:
        written = arguments[0] if arguments else None
        requests = list(written.values()) if isinstance(written, dict) else written
        if not isinstance(requests, list):
            why = written.why if isinstance(written, Unknown) else "it is no list of requests"
            self.result.omissions.append(Omission(what, why))
            return
        for number, request in enumerate(requests, 1):
            try:
                self.result.steps.append(batched_call(line, request, self.groups))
            except NotConstantError as error:
                self.result.omissions.append(Omission(f"request {number} of {what}", str(error)))
        if len(requests) > 1:
            self.result.omissions.append(Omission(f"http.batch in line {line}", "its requests are sent one by one"))
