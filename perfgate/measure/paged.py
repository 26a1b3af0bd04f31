"""Results of pages, which no window has, in a run.

What a page shows may hold what it was asked with: a token in its address stands in its own and its resources'
addresses, in its messages and in the browser's errors. Queries of addresses are left out: sessions and signatures that
an application puts there are secrets that nobody has named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass, replace
from typing import TypeVar

from perfgate.measure.measuring import Circumstances, conditions
from perfgate.model.page import PageDetail
from perfgate.model.plan import Plan
from perfgate.model.run import EndpointResult, Generator, Run
from perfgate.recording.windows import BASE, HEAD

QUERY = re.compile(r"(https?://[^\s?#\"'<>]+)[?#][^\s\"'<>]+")
Value = TypeVar("Value")


def unloaded(plan: Plan, circumstances: Circumstances, *, started: str, duration: float) -> Run:
    """The run of a plan with pages alone, before they are in it."""
    return Run(
        id=circumstances.run_id,
        name=plan.name,
        started=started,
        duration=duration,
        target=circumstances.target,
        **asdict(circumstances.revision),
        file=circumstances.file,
        conditions=conditions(plan, circumstances),
        generator=Generator(),
        endpoints=(),
        arms=circumstances.arms,
    )


def with_pages(
    run: Run,
    results: Mapping[str, Sequence[EndpointResult]],
    details: Sequence[PageDetail],
    browser: str,
    conceal: Callable[[str], str],
) -> Run:
    """The run with the results of each arm (base and head; "" without an A/B test). `conceal` replaces the values of
    secrets."""

    def without_secrets(text: str) -> str:
        return QUERY.sub(r"\1?…", conceal(text))

    results = {
        arm: [_with_concealed_examples(item, without_secrets) for item in items] for arm, items in results.items()
    }
    own = results.get(HEAD if run.arms else "", ())
    base = results.get(BASE, ())
    arms = tuple(replace(arm, endpoints=(*arm.endpoints, *base)) if arm.name == BASE else arm for arm in run.arms)
    versions = {**run.conditions.versions, "chromium": browser}
    return replace(
        run,
        endpoints=(*run.endpoints, *own),
        arms=arms,
        pages=(*run.pages, *(concealed(item, without_secrets) for item in details)),
        conditions=replace(run.conditions, versions=versions),
    )


def _with_concealed_examples(result: EndpointResult, conceal: Callable[[str], str]) -> EndpointResult:
    return replace(result, failure_examples=tuple(map(conceal, result.failure_examples)))


def concealed(value: Value, conceal: Callable[[str], str]) -> Value:
    """Conceals each text in a value, at every depth."""
    changed: object = value
    if isinstance(value, str):
        changed = conceal(value)
    elif isinstance(value, Mapping):
        changed = {concealed(key, conceal): concealed(item, conceal) for key, item in value.items()}
    elif isinstance(value, (tuple, list)):
        changed = type(value)(concealed(item, conceal) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        changed = replace(value, **{item.name: concealed(getattr(value, item.name), conceal) for item in fields(value)})
    return changed  # type: ignore[return-value]
