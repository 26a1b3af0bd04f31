"""Checks of pages: their names and what a visitor does there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfgate.budgets.convert.draft import Draft, DraftEntry
from perfgate.budgets.shape.limits import NO_LIMIT
from perfgate.model.budget_file import INPUTS
from perfgate.model.errors import Mistake
from perfgate.model.note import Note
from perfgate.text.notes import note

STEPS = ("click", "type", "select", "scroll", "wait", "wait_for", "goto")
ACTS = ("click", "type", "select", "scroll", "wait", "wait_for")


def check_pages(draft: Draft) -> Iterator[Mistake]:
    for page in draft.pages:
        yield from _name(draft, page)
        yield from _interactions(draft, page, "interact", ACTS)
        yield from _interactions(draft, page, "steps", STEPS)
        yield from _iterations(draft, page)
        yield from _storage_state(draft, page)
        yield from _during(draft, page)


def pages_without_input(draft: Draft) -> Iterator[Note]:
    """Notes about budgets for the INP of pages on which a visitor does nothing that has one."""
    for page in draft.pages:
        written = page.keys.get("interact")
        acts = [act for item in written if isinstance(item, dict) for act in item] if isinstance(written, list) else []
        if page.map("budget").get("inp", NO_LIMIT) != NO_LIMIT and not any(act in INPUTS for act in acts):
            line = draft.document.line(page.at("budget", "inp"))
            yield note(
                "PG-B052",
                f"`{page.name}` has a limit on `inp` (line {line} of the budget file), and no `click`, `type` or "
                "`select` in its `interact`: it has no data in a run.",
            )


def _name(draft: Draft, page: DraftEntry) -> Iterator[Mistake]:
    for section in ("endpoints", "journeys"):
        if page.name in draft.map(section):
            message = f"`{page.name}` is the name of {'an endpoint' if section == 'endpoints' else 'a journey'} too"
            hint = "rename one: reports go by name"
            yield draft.document.mistake(page.path, message, hint=hint, at="key", code="PG-B048")


def _interactions(draft: Draft, page: DraftEntry, key: str, acts: Sequence[str]) -> Iterator[Mistake]:
    written = page.keys.get(key)
    for number, item in enumerate(written if isinstance(written, list) else []):
        if isinstance(item, dict) and len(item) != 1 and all(act in acts for act in item):
            message = "an interaction is one act" if item else "an interaction is empty"
            hint = f"one of {', '.join(f'`{act}`' for act in acts)}"
            yield draft.document.mistake(page.at(key, number), message, hint=hint, code="PG-B048")


def _iterations(draft: Draft, page: DraftEntry) -> Iterator[Mistake]:
    written = page.map("iterations")
    minimum, maximum = written.get("min"), written.get("max")
    if isinstance(minimum, int) and isinstance(maximum, int) and minimum > maximum:
        message = f"at least {minimum} views, and at most {maximum}"
        yield draft.document.mistake(page.at("iterations"), message, hint="make `max` the larger one", code="PG-B048")


def _during(draft: Draft, page: DraftEntry) -> Iterator[Mistake]:
    if page.text("during") == "load" and "load" not in draft.map():
        message = "it is viewed during the load, and there is no `load`"
        yield draft.document.mistake(page.at("during"), message, hint="add `load`, or remove this", code="PG-B048")


def _storage_state(draft: Draft, page: DraftEntry) -> Iterator[Mistake]:
    file = page.text("storage_state")
    if file and "${" not in file and not (draft.folder / file).is_file():
        yield draft.document.mistake(
            page.at("storage_state"),
            f"there is no file {file}",
            hint="write it with `playwright codegen --save-storage=FILE`; paths are relative to the budget file",
            code="PG-B048",
        )
