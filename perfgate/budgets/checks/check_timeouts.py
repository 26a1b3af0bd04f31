"""Checks of timeouts: no part of a request may take longer than the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perfgate.budgets.convert.draft import Draft
from perfgate.budgets.convert.timeouts import parts
from perfgate.budgets.shape.timeout_shape import TOTAL
from perfgate.budgets.yaml.document import KeyPath
from perfgate.model.budget_file import Request
from perfgate.model.errors import Mistake
from perfgate.model.metric import Unit
from perfgate.text import units


def check_timeouts(draft: Draft) -> Iterator[Mistake]:
    default = parts(draft.map("defaults").get("timeout"))
    yield from _too_long(draft, ("defaults", "timeout"), default, {})
    for endpoint in draft.endpoints:
        yield from _too_long(draft, endpoint.at("timeout"), parts(endpoint.keys.get("timeout")), default)


def _too_long(draft: Draft, path: KeyPath, own: Mapping[str, float], default: Mapping[str, float]) -> Iterator[Mistake]:
    """Only parts that stand at `path`: what an endpoint inherits gives way to its total."""
    total = own.get(TOTAL, default.get(TOTAL, Request.timeout))
    whose = "" if TOTAL in own else " in `defaults`" if TOTAL in default else " by default"
    for part, seconds in own.items():
        if seconds > total:
            message = f"`{part}` exceeds `{TOTAL}`, which is {units.format_value(Unit.SECONDS, total)}{whose}"
            yield draft.document.mistake((*path, part), message, hint=f"lower it, or raise `{TOTAL}`", code="PG-B038")
