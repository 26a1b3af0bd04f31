"""What a verb means where nobody said it in so many words: which history, whose runs in it, yes or no."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from perfgate.cli.guard import say
from perfgate.model.errors import UsageError

if TYPE_CHECKING:
    from perfgate.history import History
    from perfgate.model.budget_file import BudgetFile

TRUE = ("1", "true", "yes", "on")
DEFAULT_URL = "sqlite:///.perfgate/history.db"


def is_on(word: str) -> bool:
    """Whether the value of a variable says yes."""
    return word.strip().lower() in TRUE


def budget_file_if_any(budget: Path) -> BudgetFile | None:
    """The budget file, where there is one: verbs on stored runs work without it too. Raises BudgetFileError."""
    from perfgate import budgets

    return budgets.read(budget, None, is_sending=False) if budget.exists() else None


def history_url(budget: Path, url: str) -> str:
    """The URL of --history, else of the budget file, else the default one."""
    from perfgate.text import template

    if url:
        return url
    file = budget_file_if_any(budget)
    return template.expand(file.history, os.environ) if file else DEFAULT_URL


def in_repository(budget: Path) -> str:
    """The budget file's path from the root of the checkout: annotations need it, and it tells comments apart."""
    root = Path(os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR") or Path.cwd()).resolve()
    path = budget.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else budget.as_posix()


def own_environment() -> dict[str, str]:
    """The environment with the token that is perfgate's alone: for its own errands."""
    from perfgate.ci import credentials

    return {**os.environ, **credentials.git_auth_environment(os.environ, Path.cwd())}


@contextmanager
def open_history(budget: Path, url: str) -> Iterator[History]:
    """The history at `history_url`."""
    from perfgate import history

    with history.open(history_url(budget, url), root=Path.cwd(), environ=own_environment(), say=say) as store:
        yield store


def name_of(budget: Path, store: History) -> str:
    """The name whose runs are meant: the budget file's, else the only one in the history. Raises UsageError."""
    if file := budget_file_if_any(budget):
        return file.name
    names = store.names()
    if len(names) != 1:
        known = f"the history has {', '.join(names)}" if names else "the history is empty"
        raise UsageError(
            f"Whose runs? There is no {budget} here, and {known}.", hint="Name one with --budget FILE.", code="PG-U010"
        )
    return names[0]
