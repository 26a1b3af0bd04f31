"""perfgate from Python, on the demo shop: the same objects that the files hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from projects import ENVIRONMENT, Project, Shop, free_port

import perfgate
from perfgate.files import codec
from perfgate.model.outcome import Outcome

BUDGETS = """
version: 1
name: shop
target: {target}
load: {{rate: 50/s, duration: 2s}}
endpoints:
  list products: {{request: GET /products, budget: {{{budget}, errors: 5%}}}}
"""


@pytest.fixture(autouse=True)
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)


def test_a_run_returns_what_its_files_hold(project: Project, shop: Shop):
    project.write(BUDGETS.format(target=shop.url, budget="p95: 5s"))
    steps: list[str] = []

    result = perfgate.run(say=steps.append, diagnose=False)

    assert result.verdict is not None
    assert result.verdict.outcome is Outcome.PASS
    assert {item.code for item in result.verdict.findings} == {"PG-V006"}
    [folder] = project.runs
    assert codec.read(perfgate.Run, folder / "run.json") == result.run
    assert codec.read(perfgate.Verdict, folder / "verdict.json") == result.verdict
    assert any(step.startswith("Load:") for step in steps)


def test_a_broken_budget_is_an_outcome_and_no_error(project: Project, shop: Shop):
    path = project.write(BUDGETS.format(target=shop.url, budget="size: 1B"), "other.yaml")

    result = perfgate.run(path, only=["list products"], out=project.folder / "here", save=False, diagnose=False)

    assert result.verdict is not None
    outcomes = {item.metric: item.outcome for item in result.verdict.findings}
    assert (outcomes["size"], result.verdict.outcome) == (Outcome.FAIL, Outcome.FAIL)
    assert (project.folder / "here" / "verdict.json").is_file()


def test_what_keeps_it_from_measuring_is_an_error_with_code_and_cure(project: Project):
    project.write(BUDGETS.format(target=f"http://127.0.0.1:{free_port()}", budget="p95: 5s"))

    with pytest.raises(perfgate.CouldNotMeasure) as caught:
        perfgate.run()

    assert isinstance(caught.value, perfgate.PerfgateError)
    assert (caught.value.code, caught.value.exit_code) == ("PG-T002", 3)
    assert "Start it first" in caught.value.hint


def test_check_returns_the_file_or_every_mistake_in_it(project: Project):
    project.write(BUDGETS.format(target="http://127.0.0.1:1", budget="p95: 5s"))
    project.write("version: 1\nname: shop\nraet: 1\n", "wrong.yaml")

    assert [item.name for item in perfgate.check().endpoints] == ["list products"]
    with pytest.raises(perfgate.BudgetFileError) as caught:
        perfgate.check("wrong.yaml")
    assert [item.code for item in caught.value.mistakes] == ["PG-B030", "PG-B007", "PG-B006"]


def test_importing_perfgate_loads_nothing_of_it(tmp_path: Path):
    text = "import sys, perfgate; print(sorted(name for name in sys.modules if name.startswith(('perfgate.', 'pydantic'))))"

    done = subprocess.run([sys.executable, "-c", text], env=ENVIRONMENT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there_and_no_other():
    assert all(getattr(perfgate, name) for name in perfgate.__all__)
    with pytest.raises(AttributeError, match="nothing_here"):
        _ = perfgate.nothing_here
