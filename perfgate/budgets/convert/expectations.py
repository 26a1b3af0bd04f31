"""Shape of conditions -> Expectations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perfgate.budgets.shape.conditions import EXISTS, STATUS, JsonConditionShape, TextConditionShape
from perfgate.model.budget_file import Expectation, Json, Part, Test


def condition_tests(
    part: Part, condition: TextConditionShape | JsonConditionShape | Json, name: str = ""
) -> Iterator[Expectation]:
    """The order of the tests is that of Test, whatever the order in the file."""
    if isinstance(condition, (TextConditionShape, JsonConditionShape)):
        for test in Test:
            if test.value in condition.model_fields_set:
                yield Expectation(part=part, test=test, argument=getattr(condition, test.value), name=name)
    elif condition == EXISTS:
        yield Expectation(part=part, test=Test.EXISTS, argument=True, name=name)
    else:
        yield Expectation(part=part, test=Test.EQUALS, argument=condition, name=name)


def conditions(written: Mapping[str, JsonConditionShape | Json]) -> Iterator[Expectation]:
    """Conditions on JSONPaths, and on the status, which may be a list."""
    for key, condition in written.items():
        if key == STATUS:
            accepted = tuple(condition) if isinstance(condition, list) else (condition,)
            yield Expectation(part=Part.STATUS, test=Test.EQUALS, argument=accepted)
        else:
            yield from condition_tests(Part.JSON, condition, key)
