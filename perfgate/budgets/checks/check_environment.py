"""Checks of environment variables: every `${X}` stands where it is replaced, and is set or has a default; a `$X`
without braces is probably meant to be one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from perfgate.budgets.convert.draft import Draft, literals_of, templates_of
from perfgate.budgets.shape.texts import header_value_problem
from perfgate.budgets.yaml.document import KeyPath
from perfgate.model.errors import Mistake
from perfgate.model.note import Note
from perfgate.text import template
from perfgate.text.notes import note
from perfgate.text.plurals import and_more
from perfgate.text.template import Part, TemplateError

MAX_NAMED_LINES = 3  # of the file, in one note

_GIVEN = {"PORT": ""}  # by perfgate, to the service
_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}")
_UNBRACED = re.compile(r"(?<![\w$\\])\$([A-Za-z_]\w+)(?!\w|\$\d)", re.ASCII)  # `$AA$1` is a sheet's cell
_CI_EXPRESSION = re.compile(r"\$\{\{\s*(secrets|env|vars|inputs|matrix|github)\.(\w+)\s*\}\}", re.ASCII)
_SECRET_KEY = re.compile(r"passw|pwd|secret|token|api_?-?key|credential|authorization|cookie", re.IGNORECASE)
_SET_EVERYWHERE = ("HOME", "LANG", "PATH", "PWD", "SHELL", "USER")
_USUAL_SECTIONS = ("target", "history", "export", "service", "diagnose")  # where a `$` is rarely meant
_GRAPHQL = re.compile(r"\b(query|mutation|subscription|fragment)\b[^{]*\{")
_SHELL_TEXTS = (("service", "command"), ("service", "setup"))  # there `$X` is the shell's


def check_environment(draft: Draft) -> Iterator[Mistake]:
    for path, text in (*_plain_texts(draft), *_optional_texts(draft)):
        try:
            template.parse_variables(text)
        except TemplateError as error:
            yield draft.document.mistake_inside(
                path, error.offset, error.width, error.message, hint=error.hint, code="PG-B026"
            )
    for endpoint in draft.endpoints:
        yield from _not_replaced(draft, endpoint.path, literals_of(endpoint))
    if draft.environ is not None:
        for path, text in _templates(draft):
            yield from _header_values(draft, path, text, draft.environ)


def check_set(draft: Draft) -> Iterator[Mistake]:
    """Names the variables without value or default, each once; none where the environment is not known."""
    places: dict[tuple[str, str], list[Mistake]] = {}
    for mistake in _all_unset(draft):
        places.setdefault((mistake.message, mistake.hint), []).append(mistake)
    for (_, hint), (first, *others) in places.items():
        lines = sorted({mistake.line for mistake in others} - {first.line})
        if lines:
            named = f"{', '.join(map(str, lines[:MAX_NAMED_LINES]))}{and_more(len(lines), MAX_NAMED_LINES)}"
            needed = f"line{'s' if len(lines) > 1 else ''} {named} need{'' if len(lines) > 1 else 's'} it too"
            hint = f"{hint}; {needed}"
        yield replace(first, hint=hint)


def _all_unset(draft: Draft) -> Iterator[Mistake]:
    if draft.environ is None:
        return
    for path, text in _plain_texts(draft):
        provided = path[:2] in (("service", "command"), ("service", "env"))
        with suppress(TemplateError):
            parts = template.parse_variables(text)
            yield from _unset(draft, path, parts, {**draft.environ, **_GIVEN} if provided else draft.environ)
    for path, text in _templates(draft):
        with suppress(TemplateError):
            yield from _unset(draft, path, template.parse(text), draft.environ)
    for endpoint in draft.endpoints:
        yield from _sources(draft, endpoint.map("with"), endpoint.at("with"))


def literal_variables(draft: Draft) -> Iterator[Note]:
    """Notes about `$X` and `${{ secrets.X }}`, which are not replaced; a note for each, with its lines."""
    lines: dict[tuple[str, str], list[int]] = {}
    for path, text in (*_plain_texts(draft), *_optional_texts(draft), *_templates(draft)):
        if path[:2] not in _SHELL_TEXTS and not _GRAPHQL.search(text):
            for written, name in _literal_variables(text, path, draft.environ or {}):
                lines.setdefault((written, name), []).append(draft.document.line(path))
    for (written, name), places in lines.items():
        distinct = list(dict.fromkeys(places))
        named = ", ".join(map(str, distinct[:MAX_NAMED_LINES])) + and_more(len(distinct), MAX_NAMED_LINES)
        where = f"line{'s' if len(distinct) > 1 else ''} {named} of the budget file"
        yield note("PG-B051", f"`{written}` is not replaced ({where}). Is `${{{name}}}` meant?")


def _literal_variables(text: str, path: KeyPath, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What looks like a variable, and its name. In headers, URLs and secrets every `$NAME` does; elsewhere, where
    `$TSLA` or `$FILTER` may be meant, one that is set, or has a `_` in it. Lower case (`$filter`, `$id`) only where it
    is set, or where a secret stands."""
    is_usual = "headers" in path or path[0] in _USUAL_SECTIONS
    is_secret = _SECRET_KEY.search(str(path[-1])) is not None
    for match in _UNBRACED.finditer(text):
        name = match[1]
        is_set = name in environ and (is_usual or name not in _SET_EVERYWHERE)
        is_likely = is_usual or ("_" in name and not name.startswith("_"))  # `$_SERVER` is PHP's
        if is_set or (name.isupper() and is_likely) or (is_secret and ("headers" in path or match[0] == text)):
            yield match[0], name
    for match in _CI_EXPRESSION.finditer(text):
        yield match[0], f"GITHUB_{match[2].upper()}" if match[1] == "github" else match[2]


def _plain_texts(draft: Draft) -> Iterator[tuple[KeyPath, str]]:
    """Texts in which only `${X}` is special."""
    for keys in (
        ("target",),
        ("history",),
        ("export",),
        ("service", "command"),
        ("service", "env"),
        ("service", "setup"),
        ("pages",),
    ):
        yield from draft.texts(*keys)


def _optional_texts(draft: Draft) -> Iterator[tuple[KeyPath, str]]:
    """Texts of the same kind whose variables need not be set: a diagnosis does without them."""
    for key in ("postgres", "redis"):
        yield from draft.texts("diagnose", key)
    yield from draft.texts("diagnose", "traces", "forward")


def _templates(draft: Draft) -> Iterator[tuple[KeyPath, str]]:
    """Texts that may hold `{x}` too; `check_values` reports those that are malformed."""
    yield from draft.texts("defaults", "headers")
    for endpoint in draft.endpoints:
        yield from templates_of(endpoint)


def _header_values(draft: Draft, path: KeyPath, text: str, environ: Mapping[str, str]) -> Iterator[Mistake]:
    try:
        parts = template.parse(text)
    except TemplateError:
        return
    if "headers" in path:
        for variable in template.variables(parts):
            if header_value_problem(environ.get(variable.name, "")):
                # never the value: it may be a secret
                message = f"the value of {variable.name} cannot be sent in a header"
                hint = "it holds a line break, or a character beyond Latin-1"
                width = len(variable.name) + 3
                yield draft.document.mistake_inside(path, variable.offset, width, message, hint=hint, code="PG-B029")


def _unset(draft: Draft, path: KeyPath, parts: tuple[Part, ...], environ: Mapping[str, str]) -> Iterator[Mistake]:
    for variable in template.variables(parts):
        if variable.default is None and variable.name not in environ:
            message = f"the environment variable {variable.name} is not set"
            hint = f"set it, or give a default: `${{{variable.name}:-...}}`"
            if variable.name in _values_of(draft, path):
                hint = f"`with` gives a value of this name: write `{{{variable.name}}}`"
            if variable.name in _GIVEN:
                hint = f"perfgate gives {variable.name} to the service only; here it needs a default"
            width = len(variable.name) + 3
            yield draft.document.mistake_inside(path, variable.offset, width, message, hint=hint, code="PG-B027")


def _values_of(draft: Draft, path: KeyPath) -> frozenset[str]:
    """The names under `with` of the endpoint that `path` is in."""
    endpoint = draft.endpoints_by_name.get(str(path[1])) if path[0] == "endpoints" and len(path) > 1 else None
    return frozenset(endpoint.map("with")) if endpoint else frozenset()


def _sources(draft: Draft, sources: Mapping[str, Any], path: KeyPath) -> Iterator[Mistake]:
    for name, source in sources.items():
        variable = source.get("env") if isinstance(source, dict) else None
        if draft.environ is None or not isinstance(variable, str) or "default" in source:
            continue
        if template.is_name(variable) and variable not in draft.environ:
            message = f"the environment variable {variable} is not set"
            hint = f"set it, or give a default: `{{env: {variable}, default: ...}}`"
            yield draft.document.mistake((*path, name, "env"), message, hint=hint, code="PG-B027")


def _not_replaced(draft: Draft, endpoint: KeyPath, texts: Iterator[tuple[KeyPath, str]]) -> Iterator[Mistake]:
    for path, text in texts:
        if match := _VARIABLE.search(text):
            section = path[len(endpoint)]
            hint = "write `{env: NAME}`" if section == "with" else "write the text itself"
            message = f"`{match[0]}` is not replaced under `{section}`"
            yield draft.document.mistake_inside(path, match.start(), len(match[0]), message, hint=hint, code="PG-B028")
