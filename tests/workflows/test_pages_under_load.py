"""Pages that are viewed while the load runs: whatever goes wrong beside it is raised once the load is over."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from builders import make_run

from perfgate import budgets, scenarios
from perfgate.workflows.steps.viewing import PagesUnderLoad

BUDGETS = """version: 1
target: http://127.0.0.1:1
load: {rate: 1/s, duration: 1s, warmup: 0s}
endpoints: {list: GET /}
pages: {home: {path: /, during: load}}
"""


class ReadOnlyHere(dict[str, str]):
    """An environment that can be read in the main thread alone."""

    def get(self, *arguments: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("nobody expects this")
        return super().get(*arguments)


def test_what_goes_wrong_beside_the_load_is_raised_when_it_is_over(tmp_path: Path):
    path = tmp_path / "budgets.yaml"
    path.write_text(BUDGETS, encoding="utf-8")
    budget_file = budgets.read(path, {})
    context = SimpleNamespace(folder=tmp_path, environ=ReadOnlyHere())
    spec: Any = SimpleNamespace(budget_file=budget_file, plan=scenarios.plan(budget_file), context=context)
    sides: Any = SimpleNamespace(arms=(), target=budget_file.target, seed=0)
    pages = PagesUnderLoad(spec, sides, lambda _: None)

    is_sent = False
    with pages.beside():
        is_sent = True
    with pages.beside():  # the next part of the load
        pass

    assert is_sent
    with pytest.raises(RuntimeError, match="nobody expects this"):
        pages.add_to(make_run(1))
