"""What the command line does before any load is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from builders import make_verdict
from typer.testing import CliRunner

from perfgate import __version__
from perfgate.cli.app import app
from perfgate.files import codec

SUMMARY_CHARS = 63  # characters that the list of verbs has for each on a terminal of 80 columns
BUDGETS = """
version: 1
name: shop
target: http://127.0.0.1:9
load: {rate: 1/s, duration: 1s}
endpoints: {home: {request: GET /, budget: {p95: 1s}}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "budgets.yaml").write_text(BUDGETS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_version():
    done = CliRunner().invoke(app, ["--version"])

    assert (done.exit_code, done.output) == (0, f"perfgate {__version__}\n")


def test_every_verb_has_a_whole_sentence_in_the_list_and_an_example():
    group = typer.main.get_command(app)
    verbs = _verbs(group, group.make_context("perfgate", [], resilient_parsing=True))

    summaries = {name: verb.get_short_help_str(SUMMARY_CHARS) for name, verb in verbs.items()}

    assert {name: summary for name, summary in summaries.items() if summary.endswith("...")} == {}
    assert [name for name, verb in verbs.items() if "Example" not in (verb.help or "") and name != "history"] == []


def _verbs(group: Any, context: Any) -> dict[str, Any]:
    """Every verb by its name, those of `history` too."""
    known: dict[str, Any] = {}
    for name in group.list_commands(context):
        verb = known[name] = group.get_command(context, name)
        known |= _verbs(verb, context) if hasattr(verb, "list_commands") else {}
    return known


@pytest.mark.parametrize(
    ("words", "variable", "checked"),
    [
        ([], "", "budgets.yaml"),
        (["--budget", "other.yaml"], "", "other.yaml"),
        ([], "other.yaml", "other.yaml"),
        (["budgets.yaml"], "other.yaml", "budgets.yaml"),
    ],
)
def test_check_takes_the_budget_file_as_the_other_verbs_do(
    project: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], variable: str, checked: str
):
    (project / "other.yaml").write_text(BUDGETS)
    monkeypatch.setenv("PERFGATE_BUDGET", variable)

    done = CliRunner().invoke(app, ["check", *words])

    assert done.output.startswith(f"{checked}: fine.")


def test_a_run_to_confirm_that_is_not_there_is_said_before_the_load(project: Path):
    done = CliRunner().invoke(app, ["run", "--confirm", "nowhere"])

    assert done.exit_code == 3
    assert "Cannot read nowhere" in done.output
    assert "Load:" not in done.output


@pytest.mark.parametrize("given", ["first", "first/verdict.json"])
def test_a_run_of_another_budget_file_confirms_nothing(project: Path, given: str):
    codec.write(make_verdict(name="warehouse"), project / "first" / "verdict.json")

    done = CliRunner().invoke(app, ["run", "--confirm", given])

    assert done.exit_code == 2
    assert "is of warehouse, not of shop" in done.output
