"""A case: a public report of a gate that cried wolf, rebuilt, with the verdict that is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gate.cases.application import Situation


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The right verdict.

    `outcome`: of the whole. `failing`: endpoints that must fail. `may_fail`: endpoints that may. All others never fail.
    `passing`: at least this share of the findings pass (or improve), over all seeds. `never_passing`: endpoints of
    which nothing is known that a pass of a relative limit could rest on.
    """

    outcome: tuple[str, ...]
    failing: frozenset[str] = frozenset()
    may_fail: frozenset[str] = frozenset()
    passing: float = 0.0
    never_passing: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    source: str  # public
    expected: Expected
    build: Callable[[int], Situation]  # of a seed


def case(source: str, expected: Expected) -> Callable[[Callable[[int], Situation]], Case]:
    """Makes a case of the builder it decorates; its docstring tells the story."""

    def make(build: Callable[[int], Situation]) -> Case:
        return Case(name=build.__name__, source=source, expected=expected, build=build)

    return make
