"""What `perfgate doctor` says of the browser: it is missing only where pages are to be viewed."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate import budgets, scenarios
from perfgate.workflows.doctor.check import CheckState, Subject
from perfgate.workflows.doctor.of_machine import browser

PAGES = "pages: {home: /}"
LOAD = "load: {rate: 1/s, duration: 1s}\nendpoints: {home: GET /}"


def subject(folder: Path, what: str) -> Subject:
    path = folder / "budgets.yaml"
    path.write_text(f"version: 1\ntarget: http://127.0.0.1:1\n{what}\n", encoding="utf-8")
    budget_file = budgets.read(path, {})
    return Subject(budget_file=budget_file, plan=scenarios.plan(budget_file), target="http://127.0.0.1:1")


@pytest.mark.parametrize(("what", "state"), [(PAGES, CheckState.BROKEN), (LOAD, CheckState.OK)])
def test_a_browser_is_missing_where_pages_are_viewed(tmp_path: Path, what: str, state: CheckState):
    check = browser(subject(tmp_path, what), {"PATH": str(tmp_path), "HOME": str(tmp_path)})

    assert check.state is state


def test_the_browser_that_is_named_is_the_one(tmp_path: Path):
    pytest.importorskip("playwright")
    chrome = tmp_path / "my-chrome"
    chrome.touch(mode=0o755)
    check = browser(subject(tmp_path, PAGES), {"PATH": "", "PERFGATE_CHROMIUM": str(chrome)})

    assert (check.state, check.message) == (CheckState.OK, str(chrome))
