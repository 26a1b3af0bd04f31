"""What is measured where: the sides, the options of a run, and each page on each side as it will be visited."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

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


Cookies = Sequence[Mapping[str, Any]]
LogIn = Callable[[PageSpec, PageSide], Cookies]


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
    log_in: LogIn = lambda _page, _side: ()
    say: Say = lambda _: None


def subject(page: PageSpec, side: PageSide, options: PageOptions) -> PageVisit:
    path = template.expand(page.path, options.environ)
    expanded = replace(
        page,
        steps=tuple(_expanded(item, options.environ) for item in page.steps),
        interact=tuple(_expanded(item, options.environ) for item in page.interact),
    )
    return PageVisit(
        page=expanded,
        target=side.target.rstrip("/"),
        path=path,
        storage_state=_storage_state(page, options),
        cookies=options.log_in(page, side) if page.login else (),
        hosts=options.hosts,
        insecure=options.insecure,
    )


def _expanded(interaction: Interaction, environ: Mapping[str, str]) -> Interaction:
    target = template.expand(interaction.target, environ) if interaction.act == "goto" else interaction.target
    return replace(interaction, target=target, text=template.expand(interaction.text, environ))


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
