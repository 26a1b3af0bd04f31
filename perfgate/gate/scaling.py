"""Budgets with tighter or looser relative limits, for a look at what those would have done."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from perfgate.model.budget_file import Budget, Criterion, Kind

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def scaled(budgets: Iterable[Budget], factor: float) -> tuple[Budget, ...]:
    """The budgets with every relative limit `factor` times as large. Fixed limits stay as they are."""
    return tuple(
        replace(budget, criteria=tuple(_scaled(criterion, factor) for criterion in budget.criteria))
        for budget in budgets
    )


def _scaled(criterion: Criterion, factor: float) -> Criterion:
    if criterion.kind is not Kind.RELATIVE or factor == 1:
        return criterion
    text = _NUMBER.sub(lambda number: f"{float(number[0]) * factor:g}", criterion.text, count=1)
    return replace(criterion, limit=criterion.limit * factor, text=text)
