"""In the repository and the editor: pre-commit runs the hooks, shells complete, and the first line names the schema."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from perfgate import budgets

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
BUDGETS = """version: 1
name: shop
target: http://127.0.0.1:8000
load: {rate: 10/s, duration: 10s}
endpoints:
  home: {request: GET /, budget: {p95: 100ms}}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with a budget file, and the hooks as they are published, but run from this installation."""
    hooks = [{**hook, "language": "system"} for hook in HOOKS]
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    (tmp_path / "budgets.yaml").write_text(BUDGETS)
    run(tmp_path, "git", "init", "-q")
    return tmp_path


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder), "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=folder, env={**environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )


def pre_commit(folder: Path) -> subprocess.CompletedProcess[str]:
    run(folder, "git", "add", "-A")
    return run(folder, "pre-commit", "run", "--all-files", "--color", "never")


def test_the_hooks_let_a_good_budget_file_through(repository: Path):
    done = pre_commit(repository)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Passed") == 2


def test_the_hooks_stop_a_mistake_and_a_stale_scenario(repository: Path):
    assert run(repository, "perfgate", "generate").returncode == 0
    (repository / "budgets.yaml").write_text(BUDGETS.replace("GET /", "GET /items"))
    (repository / "budgets-2.yaml").write_text(BUDGETS.replace("rate", "raet"))

    done = pre_commit(repository)

    assert done.returncode == 1
    assert done.stdout.count("Failed") == 2
    assert "budgets-2.yaml:4:8: unknown key `raet` [PG-B006]" in done.stdout
    assert "scenarios/generated/shop.py is not what budgets.yaml says. [PG-U015]" in done.stdout


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_has_what_pre_commit_asks_for(hook: dict[str, object]):
    assert {"id", "name", "entry", "language", "files"} <= set(hook)


@pytest.mark.parametrize(
    ("shell", "variable"), [("bash", "bash_source"), ("zsh", "zsh_source"), ("fish", "fish_source")]
)
def test_shells_complete_the_verbs(tmp_path: Path, shell: str, variable: str):
    script = run(tmp_path, "perfgate", _PERFGATE_COMPLETE=f"source_{shell}")
    words = {"bash": {"COMP_WORDS": "perfgate ex", "COMP_CWORD": "1"}, "zsh": {"_TYPER_COMPLETE_ARGS": "perfgate ex"}}
    words["fish"] = {"_TYPER_COMPLETE_ARGS": "perfgate ex", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    words["zsh"] |= {"_TYPER_COMPLETE_ARGS": "perfgate ex"}

    offered = run(tmp_path, "perfgate", _PERFGATE_COMPLETE=f"complete_{shell}", **words[shell])

    assert "_PERFGATE_COMPLETE" in script.stdout
    assert "explain" in offered.stdout


def test_the_head_of_a_new_file_names_a_schema_that_is_there(tmp_path: Path):
    (tmp_path / "one.sh").write_text("curl http://127.0.0.1:8000/\n")

    done = run(tmp_path, "perfgate", "init", "one.sh")

    head = (tmp_path / "budgets.yaml").read_text().splitlines()[:2]
    assert done.returncode == 0, done.stderr
    assert "# yaml-language-server: $schema=.perfgate/budgets.schema.json" in head
    assert json.loads((tmp_path / ".perfgate" / "budgets.schema.json").read_text()) == budgets.schema()
