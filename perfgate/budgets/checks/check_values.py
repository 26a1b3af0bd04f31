"""Checks that every `{x}` has a value wherever it is used: of its `with`, its login, or an earlier step.

What a step captures or draws has a value in all later steps of its iteration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from perfgate.budgets.convert.draft import CALLBACK, POLL, Draft, DraftEntry, steps, templates_of
from perfgate.budgets.shape.request_shape import row_keys
from perfgate.budgets.shape.wording import did_you_mean
from perfgate.budgets.yaml.document import KeyPath
from perfgate.model.errors import Mistake
from perfgate.text import template
from perfgate.text.template import Part, TemplateError, Value

_DOUBLED = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


@dataclass(frozen=True)
class _Names:
    """Names that have a value. `all_known` is False when a mistake elsewhere hides some: then none is missing."""

    names: frozenset[str] = frozenset()
    all_known: bool = True

    def __or__(self, other: _Names) -> _Names:
        return _Names(self.names | other.names, self.all_known and other.all_known)


@dataclass(frozen=True, kw_only=True)
class _Use:
    """One way in which an endpoint is sent: by itself, or as a step of a journey; and the names it has then."""

    endpoint: str
    names: _Names
    journey: str = ""
    later: tuple[str, ...] = ()  # endpoints of later steps
    elsewhere: bool = False  # sent by itself, and in journeys too


def check_values(draft: Draft) -> Iterator[Mistake]:
    observed: set[tuple[KeyPath, int]] = set()  # a default header is wrong once, however many endpoints inherit it
    in_journeys = _in_journeys(draft)
    for endpoint in draft.endpoints:
        uses = tuple(_uses(draft, endpoint, in_journeys.get(endpoint.name, [])))
        for path, text in _templates(draft, endpoint):
            parts = _parts(draft, path, text)
            if isinstance(parts, Mistake):
                yield parts
                continue
            for value in parts:
                known = _with_own_captures(draft, uses) if path == endpoint.at(*POLL) else uses
                use = _undefined(known, value) if isinstance(value, Value) else None
                if use and isinstance(value, Value) and (path, value.offset) not in observed:
                    observed.add((path, value.offset))
                    yield _mistake(draft, path, value, use)
        yield from _doubled_braces(draft, endpoint)
    for page in draft.pages:
        yield from _page(draft, page)


def _page(draft: Draft, page: DraftEntry) -> Iterator[Mistake]:
    """Values in a page's texts, which its login gives. Without a login a brace is one."""
    known = _gives(draft, page.login)
    for path, text in _page_texts(page) if page.login else ():
        parts = _parts(draft, path, text)
        if isinstance(parts, Mistake):
            yield parts
            continue
        for value in parts:
            if isinstance(value, Value) and known.all_known and value.name not in known.names:
                message = f"`{{{value.name}}}` has no value: the login `{page.login}` does not give it"
                hint = f"capture it in `{page.login}`; `{{{{` is a literal brace"
                yield draft.document.mistake_inside(
                    path, value.offset, len(value.name) + 2, message, hint=hint, code="PG-B025"
                )


def _parts(draft: Draft, path: KeyPath, text: str) -> tuple[Part, ...] | Mistake:
    """The parts of a text, or what is wrong with its braces."""
    try:
        return template.parse(text)
    except TemplateError as error:
        return draft.document.mistake_inside(
            path, error.offset, error.width, error.message, hint=error.hint, code="PG-B026"
        )


def _page_texts(page: DraftEntry) -> Iterator[tuple[KeyPath, str]]:
    """The texts of a page that may hold `{x}`: its path, and what is opened, typed and chosen."""
    yield page.at("path"), page.text("path")
    for key in ("steps", "interact"):
        written = page.keys.get(key)
        for number, act in enumerate(written if isinstance(written, list) else ()):
            for name, inner in (("goto", ()), ("type", ("text",)), ("select", ("option",))):
                text: object = act.get(name) if isinstance(act, dict) else None
                text = text.get(inner[0]) if inner and isinstance(text, dict) else text
                if isinstance(text, str):
                    yield page.at(key, number, name, *inner), text


def _templates(draft: Draft, endpoint: DraftEntry) -> Iterator[tuple[KeyPath, str]]:
    """The texts of an endpoint that may hold `{x}`, those of inherited headers included."""
    yield from templates_of(endpoint)
    own = {name.lower() for name in endpoint.map("headers")}
    if "request" in endpoint.keys:
        for path, text in draft.texts("defaults", "headers"):
            if str(path[-1]).lower() not in own:
                yield path, text


def _doubled_braces(draft: Draft, endpoint: DraftEntry) -> Iterator[Mistake]:
    """`{{x}}`, as other programs write values, of an endpoint that draws `x` and uses it nowhere else."""
    texts = list(templates_of(endpoint))
    drawn = _drawn(draft, endpoint).names - {name for _, text in texts for name in _used(text)}
    for path, text in texts:
        for match in _DOUBLED.finditer(text):
            if match[1] in drawn:
                message = f"`{match[0]}` is the text `{match[0][1:-1]}`, not the value of `with`"
                hint = f"write `{{{match[1]}}}`"
                yield draft.document.mistake_inside(
                    path, match.start(), len(match[0]), message, hint=hint, code="PG-B026"
                )


def _used(text: str) -> frozenset[str]:
    try:
        return template.names(template.parse(text))
    except TemplateError:
        return frozenset()


def _with_own_captures(draft: Draft, uses: tuple[_Use, ...]) -> tuple[_Use, ...]:
    return tuple(replace(use, names=use.names | _captures(draft, use.endpoint)) for use in uses)


def _undefined(uses: tuple[_Use, ...], value: Value) -> _Use | None:
    """The first use in which `value` is not defined."""
    return next((use for use in uses if use.names.all_known and value.name not in use.names.names), None)


def _mistake(draft: Draft, path: KeyPath, value: Value, use: _Use) -> Mistake:
    message = f"`{{{value.name}}}` has no value in `{use.endpoint}`"
    if use.journey:
        message += f" as a step of the journey `{use.journey}`"
    width = len(value.name) + 2
    return draft.document.mistake_inside(
        path, value.offset, width, message, hint=_hint(draft, value.name, use), code="PG-B025"
    )


def _hint(draft: Draft, name: str, use: _Use) -> str:
    for later in use.later:
        if name in _gives(draft, later).names:
            return f"`{later}` gives it, but only later"
    if use.elsewhere:
        return "outside the journey nothing gives it: define it under `with`, or set `weight: 0`"
    if column := _unusable_column(draft, name, use.endpoint):
        return column
    if close := did_you_mean(name, use.names.names):
        return close.replace("`", "`{", 1).replace("`?", "}`?")
    where = "an earlier step" if use.journey else "its `login`"
    return f"define it under `with`, or capture it in {where}; `{{{{` is a literal brace"


def _unusable_column(draft: Draft, name: str, endpoint: str) -> str:
    """A hint, where a column was meant whose name cannot stand between braces."""
    table = draft.table(draft.endpoints_by_name[endpoint])
    for column in table.columns if table else ():
        fit = re.sub(r"\W+", "_", column, flags=re.ASCII)
        if not template.is_name(column) and name.replace("_", "") == fit.replace("_", ""):
            return f"the column `{column}` cannot stand between braces: rename it, for example `{fit}`"
    if table and table.columns and not any(map(template.is_name, table.columns)):
        return "no column of its file has a name: does the first line name them?"  # it may be data, and secret
    return ""


def _own(draft: Draft, endpoint: DraftEntry) -> _Names:
    callback = _Names(frozenset({CALLBACK} if CALLBACK in endpoint.keys else ()))
    return _drawn(draft, endpoint) | _gives(draft, endpoint.login) | _recorded(draft, endpoint) | callback


def _recorded(draft: Draft, endpoint: DraftEntry) -> _Names:
    """The values of its path, where its requests are replayed."""
    if "replay" not in draft.map("load"):
        return _Names()
    try:
        return _Names(template.names(template.parse(endpoint.text("request"))))
    except TemplateError:
        return _Names(all_known=False)


def _drawn(draft: Draft, endpoint: DraftEntry) -> _Names:
    """The names of an endpoint's own `with`."""
    sources = endpoint.keys.get("with", {})
    if not isinstance(sources, dict):
        return _Names(all_known=False)
    names = _Names(frozenset(sources) - set(row_keys(sources)))
    if "from" not in sources:
        return names
    table = draft.table(endpoint)
    if not table or table.problem:
        return _Names(all_known=False)
    return names | _Names(frozenset(filter(template.is_name, table.columns)))


def _gives(draft: Draft, name: str) -> _Names:
    """What later steps may use once `name`, an endpoint or a journey, was sent; nothing without a name."""
    endpoint, journey = draft.endpoints_by_name.get(name), draft.journeys_by_name.get(name)
    if endpoint is not None or journey is None:
        return _captures(draft, name) | (_drawn(draft, endpoint) if endpoint else _Names())
    names = _Names()
    for _, step in steps(journey):
        names |= _gives(draft, step) if step in draft.endpoints_by_name else _Names(all_known=False)
    return names


def _captures(draft: Draft, name: str) -> _Names:
    """What the endpoint `name` captures; nothing without a name."""
    if not name:
        return _Names()
    endpoint = draft.endpoints_by_name.get(name)
    captures = endpoint.keys.get("capture", {}) if endpoint and endpoint.readable else None
    return _Names(frozenset(captures)) if isinstance(captures, dict) else _Names(all_known=False)


def _uses(draft: Draft, endpoint: DraftEntry, in_journeys: list[_Use]) -> Iterator[_Use]:
    own = _own(draft, endpoint)
    if not in_journeys or endpoint.name in draft.logins or draft.weight(endpoint) > 0:
        yield _Use(endpoint=endpoint.name, names=own, elsewhere=bool(in_journeys))
    for use in in_journeys:
        yield replace(use, names=own | use.names)


def _in_journeys(draft: Draft) -> dict[str, list[_Use]]:
    """Uses per endpoint: each as a step, with the names that the journey gives."""
    uses: dict[str, list[_Use]] = {}
    for journey in draft.journeys:
        names = _gives(draft, journey.login)
        sent = [name for _, name in steps(journey)]
        for index, name in enumerate(sent):
            use = _Use(endpoint=name, names=names, journey=journey.name, later=tuple(sent[index:]))
            uses.setdefault(name, []).append(use)
            login = draft.endpoints_by_name[name].login if name in draft.endpoints_by_name else ""
            names |= _gives(draft, name) | _gives(draft, login)
    return uses
