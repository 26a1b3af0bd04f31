"""Any valid budget file becomes Python that compiles, is the same every time, and sends exactly what the file says."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from scenarios.budget_files import ENVIRON, budget_files, write_files
from scenarios.expected import Expected, turns
from scenarios.sending import Sent, send_all

from perfgate import budgets, scenarios
from perfgate.model.budget_file import BudgetFile

ALLOWED = {"pathlib", "locust", "perfgate.runtime"}
SENT_FOR_REAL = 40

steady = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("any")
    write_files(folder)
    return folder


@pytest.fixture(scope="module")
def sent(folder: Path) -> list[Sent]:
    """Some examples, sent to a real server by real Locust, all in one go."""
    texts: list[str] = []

    @settings(steady, max_examples=SENT_FOR_REAL, phases=[Phase.generate])
    @given(budget_files())
    def collect(text: str) -> None:
        texts.append(text)

    collect()
    return send_all(texts, folder, ENVIRON)


def read(text: str, folder: Path) -> BudgetFile:
    path = folder / "budgets.yaml"
    path.write_text(text, encoding="utf-8")
    return budgets.read(path, {**ENVIRON, "PROP_TARGET": "http://127.0.0.1:8765"})


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Import)
        if isinstance(node, ast.ImportFrom):
            yield str(node.module)


@settings(steady, max_examples=50)
@given(text=budget_files())
def test_any_budget_file_becomes_python(text: str, folder: Path):
    budget_file = read(text, folder)

    source = scenarios.generate(scenarios.plan(budget_file), scenario=folder / "scenario.py")

    tree = ast.parse(source)
    compile(tree, "scenario.py", "exec")
    assert set(imported(tree)) <= ALLOWED
    assert source == scenarios.generate(scenarios.plan(read(text, folder)), scenario=folder / "scenario.py")
    assert "t0k" not in source


def test_the_examples_are_worth_sending(sent: list[Sent]):
    bodies = [
        one.request.body for each in sent for one in each.budget_file.endpoints if one.request and one.request.body
    ]
    requests = [request for each in sent for group in each.requests for request in group]

    assert len({body.kind for body in bodies}) == 5
    assert len(requests) > 3 * SENT_FOR_REAL
    assert any(each.budget_file.journeys for each in sent)
    assert any(endpoint.login for each in sent for endpoint in each.budget_file.endpoints)


@pytest.mark.parametrize("number", range(SENT_FOR_REAL))
def test_what_is_sent_is_what_the_file_says(sent: list[Sent], number: int):
    this = sent[number]
    assert this.failures == []
    expected = Expected(this.budget_file, ENVIRON)
    journeys = {journey.name for journey in this.budget_file.journeys}
    names = []

    for (task, endpoints), requests in zip(turns(this.budget_file), this.requests, strict=True):
        expected.check(endpoints, requests)
        names += [*endpoints, *([task] if task in journeys else [])]

    assert this.names == names


def test_the_layout_is_that_of_ruff(sent: list[Sent], folder: Path):
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "120", "--diff"]

    done = subprocess.run(
        [*command, *map(str, sorted(folder.glob("scenario_*.py")))], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout
