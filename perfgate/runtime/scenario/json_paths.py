"""Values inside a response's JSON, by JSONPath."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from perfgate.runtime.http.responses import Response

MISSING: Any = object()

Reader = Callable[[Response], Any]  # MISSING when it is not there

_SIMPLE_PATH = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\])*\Z")
_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]")


def json_reader(path: str) -> Reader:
    """Plain paths (`$.items[0].id`) are walked directly; all others go to the JSONPath library."""
    if _SIMPLE_PATH.match(path):
        steps = [name or int(index) for name, index in _STEP.findall(path)]
        if len(steps) == 1 and isinstance(steps[0], str):
            return _member(steps[0])
        return lambda response: _walk(response.json, steps)
    import jsonpath  # late: most scenarios have plain paths only

    compiled = jsonpath.compile(path)

    def read(response: Response) -> Any:
        try:
            match = compiled.match(response.json)
        except jsonpath.JSONPathError as error:
            raise ValueError(str(error).splitlines()[0]) from error
        return MISSING if match is None else match.obj

    return read


def _member(name: str) -> Reader:
    """`$.name`, the most common path, without a loop."""

    def read(response: Response) -> Any:
        value = response.json
        return value.get(name, MISSING) if isinstance(value, dict) else MISSING

    return read


def _walk(value: Any, steps: list[str | int]) -> Any:
    for step in steps:
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                return MISSING
        elif not isinstance(value, list) or step >= len(value):
            return MISSING
        value = value[step]
    return value
