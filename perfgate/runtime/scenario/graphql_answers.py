"""GraphQL answers: what they say went wrong, which they may do with status 200 (GraphQL specification, section 7.1).

An answer in parts, of `@defer` and `@stream`, is read whole: errors may stand in any part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecodeError, loads
from typing import Any

from perfgate.runtime.http.responses import Response
from perfgate.runtime.scenario.expectations import shown

_ERRORS = re.compile(r"""\$(\.errors(?!\w)|\[['"]errors['"]\])""")
_BOUNDARY = re.compile(r'boundary="?([^";]+)', re.IGNORECASE)


def mentions_errors(json_path: str) -> bool:
    """Whether an expectation's JSONPath is about the `errors` of an answer."""
    return _ERRORS.match(json_path) is not None


def graphql_errors(response: Response) -> str | None:
    """The first complaint of an answer, or what shows that it is none of GraphQL."""
    try:
        content = response.content
        if b'"errors"' not in content and b"--" not in content[:4]:
            return None if b'"data"' in content else "not a GraphQL answer: it has neither `data` nor `errors`"
        kind = response.headers.get("content-type", "")
        answers = list(_parts(content, kind)) if kind.lower().startswith("multipart/") else [response.json]
    except ValueError as error:
        return f"graphql: {error}"
    if answers and isinstance(answers[-1], dict) and answers[-1].get("hasNext"):
        return "graphql: the last part says that more follow"
    first = next((error for answer in answers for error in _errors(answer)), None)
    if first is None:
        return None
    return f"graphql: {shown(first.get('message', first) if isinstance(first, dict) else first)}"


def _parts(content: bytes, kind: str) -> Iterator[Any]:
    """Raises ValueError where a part is not JSON, or the end is missing."""
    match = _BOUNDARY.search(kind)
    boundary = b"--" + (match[1].strip() if match else "-").encode()
    *parts, end = (b"\r\n" + content).split(b"\r\n" + boundary)
    if not end.startswith(b"--"):
        raise ValueError("the multipart answer has no end")
    for part in parts[1:]:
        _, _, body = part.partition(b"\r\n\r\n")
        try:
            yield loads(body)
        except (JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(f"a part of the answer is not JSON: {error}") from error


def _errors(answer: Any) -> Iterator[Any]:
    """Errors of an answer and of what it brings later: `incremental` and `completed` (incremental delivery)."""
    if not isinstance(answer, dict):
        return
    errors = answer.get("errors")
    if errors:
        yield errors[0] if isinstance(errors, list) else errors
    for key in ("incremental", "completed"):
        later = answer.get(key)
        for item in later if isinstance(later, list) else ():
            yield from _errors(item)
