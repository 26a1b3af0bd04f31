"""Checks of pages: their names, what a visitor does there, and whether the file needs a load besides."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.budgets.convert.draft import Draft, DraftEntry
from perfgate.model.errors import Mistake

ACTS = ("click", "type", "select", "scroll", "wait", "wait_for")


def check_pages(draft: Draft) -> Iterator[Mistake]:
    yield from _load(draft)
    for page in draft.pages:
        yield from _name(draft, page)
        yield from _interactions(draft, page)
        yield from _storage_state(draft, page)


def _load(draft: Draft) -> Iterator[Mistake]:
    top = draft.map()
    is_sending = draft.endpoints or draft.journeys or draft.has_scenarios or not draft.pages
    if top and "load" not in top and is_sending:
        yield draft.document.mistake(
            ("load",),
            "`load` is missing",
            hint="for example `load: {rate: 200/s, warmup: 5s, duration: 30s}`",
            at="key",
            code="PG-B007",
        )


def _name(draft: Draft, page: DraftEntry) -> Iterator[Mistake]:
    for section in ("endpoints", "journeys"):
        if page.name in draft.map(section):
            message = f"`{page.name}` is the name of {'an endpoint' if section == 'endpoints' else 'a journey'} too"
            hint = "rename one: reports go by name"
            yield draft.document.mistake(page.path, message, hint=hint, at="key", code="PG-B048")


def _interactions(draft: Draft, page: DraftEntry) -> Iterator[Mistake]:
    written = page.keys.get("interact")
    for number, item in enumerate(written if isinstance(written, list) else []):
        if isinstance(item, dict) and len(item) != 1 and all(key in ACTS for key in item):
            message = "an interaction is one act" if item else "an interaction is empty"
            hint = f"one of {', '.join(f'`{act}`' for act in ACTS)}"
            yield draft.document.mistake(page.at("interact", number), message, hint=hint, code="PG-B048")


def _storage_state(draft: Draft, page: DraftEntry) -> Iterator[Mistake]:
    file = page.text("storage_state")
    if file and not (draft.folder / file).is_file():
        yield draft.document.mistake(
            page.at("storage_state"),
            f"there is no file {file}",
            hint="write it with `playwright codegen --save-storage=FILE`; paths are relative to the budget file",
            code="PG-B048",
        )
