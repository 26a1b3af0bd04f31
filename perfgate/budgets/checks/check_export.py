"""Checks that what is exported goes to URLs of monitoring systems, with the environment's values filled in as known."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.budgets.convert.draft import Draft
from perfgate.model.errors import Mistake
from perfgate.text import export_urls, template
from perfgate.text.template import TemplateError


def check_export(draft: Draft) -> Iterator[Mistake]:
    """An empty URL is exported to by nobody; a variable without a value is reported by `check_environment`."""
    for path, written in draft.texts("export"):
        try:
            url = template.expand(written, draft.environ or {}).strip()
        except TemplateError:
            continue
        if not url or not (problem := export_urls.problem(url)):
            continue
        message, hint = _inside(problem.message), _inside(problem.hint)
        if url != written.strip():  # the value may be a secret
            name = export_urls.exporter_of(url)[0]
            message = "with its variables filled in, " + message.replace(f"`{name}`", "this")
        yield draft.document.mistake(path, message, hint=hint, code="PG-B049")


def _inside(sentence: str) -> str:
    return f"{sentence[:1].lower()}{sentence[1:]}".removesuffix(".")
