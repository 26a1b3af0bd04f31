"""What is measured where: the sides, the options of a run, and each page on each side as it will be visited."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from perfgate.model.budget_file import Interaction, PageSpec
from perfgate.model.errors import PageError
from perfgate.pages.visit import PageVisit
from perfgate.text import template

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class PageSide:
    """Where pages are: `arm` is base or head, or empty without an A/B test."""

    arm: str
    target: str


@dataclass(frozen=True, kw_only=True)
class LoginResult:
    """What a login left: cookies, as Playwright takes them, and captured values by name."""

    cookies: Sequence[Mapping[str, Any]] = ()
    values: Mapping[str, str] = field(default_factory=dict)


LogIn = Callable[[PageSpec, PageSide], LoginResult]


@dataclass(frozen=True, kw_only=True)
class PageOptions:
    """`folder` gets pictures and traces; relative files are below `root`. `judged` are the metrics of each page that
    have a budget, `hosts` those that pages may lead to; `log_in` sends a page's login."""

    folder: Path
    root: Path
    environ: Mapping[str, str]
    insecure: bool = False
    seed: int = 0
    judged: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hosts: Sequence[str] = ()
    log_in: LogIn = lambda _page, _side: LoginResult()
    say: Say = lambda _: None
    conceal: Callable[[str], str] = str  # takes the values of secrets out of a text


def subject(page: PageSpec, side: PageSide, options: PageOptions) -> PageVisit:
    login = options.log_in(page, side) if page.login else None
    path = _filled(page.path, options.environ, login, is_url=True)
    expanded = replace(
        page,
        steps=tuple(_expanded(item, options.environ, login) for item in page.steps),
        interact=tuple(_expanded(item, options.environ, login) for item in page.interact),
    )
    return PageVisit(
        page=expanded,
        target=side.target.rstrip("/"),
        path=path,
        storage_state=_storage_state(page, options),
        cookies=login.cookies if login else (),
        hosts=options.hosts,
        insecure=options.insecure,
    )


def _expanded(interaction: Interaction, environ: Mapping[str, str], login: LoginResult | None) -> Interaction:
    text, target = _filled(interaction.text, environ, login), interaction.target
    if interaction.act == "goto":
        target = _filled(target, environ, login, is_url=True)
    return replace(interaction, target=target, text=text)


def _filled(text: str, environ: Mapping[str, str], login: LoginResult | None, *, is_url: bool = False) -> str:
    """The text with the values of its variables and, after a login, of what that captured: percent-encoded in a URL.
    Without a login `{` is a brace. Raises PageError."""
    if login is None:
        return template.expand(text, environ)
    pieces = []
    for part in template.parse(text):
        if not isinstance(part, template.Value):
            pieces.append(template.expanded(part, environ))
        elif part.name in login.values:
            value = login.values[part.name]
            pieces.append(quote(value, safe="") if is_url else value)
        else:
            raise PageError(f"The login left no value for `{{{part.name}}}`.", hint="It captures it in `capture`.")
    return "".join(pieces)


def _storage_state(page: PageSpec, options: PageOptions) -> Path | Mapping[str, Any] | None:
    """The file, or what a variable holds of one. Raises PageError."""
    if not page.storage_state:
        return None
    text = template.expand(page.storage_state, options.environ).strip()
    try:
        if text.startswith("{"):
            state: Mapping[str, Any] = json.loads(text)
            return state
        path = options.root / text
        json.loads(path.read_text(encoding="utf-8"))
        return path
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise PageError(
            f"Page {page.name}: its `storage_state`, {page.storage_state}, cannot be read: {reason}.",
            hint="Write it with `playwright codegen --save-storage=FILE`.",
        ) from None
