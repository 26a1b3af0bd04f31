"""What pydantic found wrong with the shape of a budget file, said in people's words and with its place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from perfgate.budgets.shape.fields import LIST, PROBLEM, TEXT
from perfgate.budgets.shape.file_shape import FileShape
from perfgate.budgets.shape.json_schema import EXTENSION, Schema, known_keys, schema
from perfgate.budgets.shape.load_shape import LoadShape
from perfgate.budgets.yaml.document import BROKEN, Document, KeyPath
from perfgate.model.budget_file import Json
from perfgate.model.errors import Mistake
from perfgate.model.metric import METRICS

_KEY = "[key]"  # how pydantic says that a key, not its value, is wrong
_MAX_KEYS = 18
_PARTS_OF_REQUEST = ("method", "path", "uri", "url")  # as other tools call them

_WORDS = {
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "dict_type": "must be a map",
    "model_type": "must be a map",
    "list_type": "must be a list",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "too_short": "needs at least one item",
    "string_too_short": "is empty",
    "literal_error": "must be {expected}",
}
_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (str, "a text"),
    (int, "a number"),
    (float, "a number"),
    (list, "a list"),
    (dict, "a map"),
)
_PREDICATES = ("must ", "is ", "needs ", "takes ", "says ")


def shape(document: Document) -> tuple[FileShape | None, tuple[Mistake, ...]]:
    """The file in its shape, or all mistakes of shape."""
    try:
        return FileShape.model_validate(_without_extensions(document.data)), ()
    except ValidationError as error:
        return None, tuple(_mistakes(error, document))


def _without_extensions(data: Json) -> Json:
    """The file without its top-level `x-` keys, which hold parts that other keys share by anchors."""
    if not isinstance(data, dict):
        return data
    return {key: value for key, value in data.items() if not key.startswith(EXTENSION)}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint, or nothing when no known word is close."""
    close = _close(word, known)
    return f"did you mean `{close[0]}`?" if close else ""


def _close(word: str, known: Iterable[str]) -> list[str]:
    """The closest known word, or none."""
    return difflib.get_close_matches(word, list(known), n=1)


def _mistakes(error: ValidationError, document: Document) -> Iterator[Mistake]:
    published = schema()
    misspelt: set[KeyPath] = set()  # keys that an unknown key most likely means
    located = [(details, *_locate(details["loc"], document.data)) for details in error.errors(include_url=False)]
    for details, path, _ in located:
        if details["type"] == "extra_forbidden":
            key, known = str(path[-1]), known_keys(published, path[:-1])
            misspelt.update((*path[:-1], close) for close in _close(key, known))
            yield document.mistake(
                path, f"unknown key `{key}`", hint=_unknown_key_hint(key, known), at="key", code="PG-B006"
            )
    for details, path, value in located:
        if value is BROKEN or details["type"] == "extra_forbidden":  # already reported
            continue
        if details["type"] == "missing":
            yield from _missing(str(details["loc"][-1]), path, misspelt, document, published)
        else:
            message, hint = _words(details, path)
            if not hint and details["type"] in ("dict_type", "model_type") and path and isinstance(path[-1], str):
                hint = _example(path[-1], known_keys(published, path[:-1]))
            at: Literal["key", "value"] = "key" if details["loc"] and details["loc"][-1] == _KEY else "value"
            code = details["ctx"]["code"] if details["type"] == PROBLEM else "PG-B008"
            yield document.mistake(path, message, hint=hint, at=at, code=code)


def _missing(
    key: str, path: KeyPath, misspelt: set[KeyPath], document: Document, published: Schema
) -> Iterator[Mistake]:
    if (*path, key) not in misspelt:
        where = f" in {_subject(path)}" if path else ""
        hint = _example(key, known_keys(published, path))
        yield document.mistake(path, f"`{key}` is missing{where}", hint=hint, at="key", code="PG-B007")


def _locate(location: tuple[int | str, ...], data: Json) -> tuple[KeyPath, Json]:
    """The path that a pydantic location means: without the tags of alternatives and keys that are not there."""
    path: KeyPath = ()
    for part in location:
        inside = part in data if isinstance(data, dict) else isinstance(data, list) and isinstance(part, int)
        if inside:
            path, data = (*path, part), data[part]
    return path, data


def _words(details: ErrorDetails, path: KeyPath) -> tuple[str, str]:
    context: dict[str, Any] = details.get("ctx", {})
    value, kind, last = details["input"], details["type"], details["loc"][-1:]
    if value is None:
        return f"{_subject(path)} is empty", "give it a value, or remove the key"
    or_map = " or a map" if last and last[0] in (TEXT, LIST) else ""
    if kind == PROBLEM:
        message = str(context["message"])
        if message.startswith(_PREDICATES):
            message = f"{_subject(path)} {message}"
            message += or_map if str(context["message"]).startswith("must be a ") else ""
        elif last != (_KEY,):
            message = f"{_subject(path)}: {message}"
        return message, str(context["hint"])
    if kind == "literal_error":
        expected = str(context["expected"]).replace("'", "`")
        return f"{_subject(path)} must be {expected}", did_you_mean(str(value), expected.split("`")[1::2])
    sentence = _WORDS.get(kind, details["msg"]).format(**context)
    if kind.endswith("_type"):
        sentence += or_map
        actual = _type(value)
        sentence += "" if actual == "a number" and "number" in sentence else f", not {actual}"
    return f"{_subject(path)} {sentence}", _quoting_hint(kind, value)


def _quoting_hint(kind: str, value: Json) -> str:
    if kind == "string_type" and isinstance(value, (bool, int, float)):
        return f'quote it: "{str(value).lower()}"'
    numeric = isinstance(value, str) and value.isascii() and value.isdigit()
    return f"write it without quotes: {value}" if kind in ("int_type", "float_type") and numeric else ""


def _subject(path: KeyPath) -> str:
    keys = [part for part in path if isinstance(part, str)]
    key = f"`{keys[-1]}`" if keys else "the file"
    return f"item {path[-1] + 1} of {key}" if path and isinstance(path[-1], int) else key


def _type(value: Json) -> str:
    return next((words for kind, words in _TYPES if isinstance(value, kind)), "empty")


def _unknown_key_hint(key: str, known: Mapping[str, Any]) -> str:
    if key in METRICS and "budget" in known:
        return f"a limit stands under `budget`: `budget: {{{key}: ...}}`"
    if key in LoadShape.model_fields and "load" in known:
        return f"`{key}` stands under `load`"
    if key in _PARTS_OF_REQUEST and "request" in known:
        return "method and path stand in `request`: `request: GET /products`"
    if close := did_you_mean(key, known):
        return close
    if 0 < len(known) <= _MAX_KEYS:
        return "known here: " + ", ".join(f"`{name}`" for name in known)
    return ""


def _example(key: str, known: Mapping[str, Any]) -> str:
    """`for example` and the key as one could write it."""
    examples = known.get(key, {}).get("examples", ())
    if not examples:
        return ""
    value = yaml.safe_dump(examples[0], default_flow_style=True, sort_keys=False, width=1000).split("\n")[0]
    return f"for example `{key}: {value}`"
