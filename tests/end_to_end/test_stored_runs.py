"""The verbs that work on stored runs, without any load."""

from __future__ import annotations

import json
from shutil import rmtree

import pytest
from builders import make_endpoint, make_run
from projects import Project

from perfgate.files import codec

BUDGETS = """
version: 1
name: shop
target: http://127.0.0.1:1
load: {rate: 20/s, duration: 1s}
endpoints:
  search: {request: GET /search, budget: {p95: 300ms +10%}}
gate: {baseline: {min_runs: 3}}
"""


@pytest.fixture
def stored(project: Project) -> Project:
    """Six runs of `search` on main: five at 100 ms, the sixth at 150 ms; all in run folders, none in the history."""
    project.write(BUDGETS)
    for number in range(1, 7):
        run = make_run(number, endpoints=[make_endpoint("search", p95=0.150 if number == 6 else 0.100)])
        codec.write(run, project.folder / ".perfgate" / "runs" / run.id / "run.json")
    return project


def gate(project: Project, number: int) -> tuple[int, dict[str, object]]:
    done = project.perfgate("gate", f"run-{number:04d}")
    assert done.returncode in (0, 1), done.stderr
    folder = project.folder / ".perfgate" / "runs" / f"run-{number:04d}"
    return done.returncode, json.loads((folder / "verdict.json").read_text())["findings"][0]


def test_judging_against_a_growing_history(stored: Project):
    code, finding = gate(stored, 1)
    assert (code, finding["outcome"]) == (0, "no-baseline")

    for number in range(1, 6):
        assert stored.perfgate("history", "add", f"run-{number:04d}").returncode == 0

    code, finding = gate(stored, 6)
    assert (code, finding["outcome"], finding["reason"]) == (1, "fail", "regression")
    assert finding["baseline"] == pytest.approx(0.100)
    assert finding["sentence"] == (
        "search p95 100 to 150 ms, +50 % (95 % interval +41 to +59 %), over the limit of +10%; "
        "within the limit of 300 ms."
    )


def test_a_failed_run_is_no_baseline_until_somebody_accepts_it(stored: Project):
    for number in range(1, 6):
        stored.perfgate("history", "add", f"run-{number:04d}")
    gate(stored, 6)
    assert "outcome fail" in stored.perfgate("history", "add", "run-0006").stdout
    later = make_run(7, endpoints=[make_endpoint("search", p95=0.150)])
    codec.write(later, stored.folder / ".perfgate" / "runs" / later.id / "run.json")
    assert gate(stored, 7)[0] == 1

    accepted = stored.perfgate("accept", "run-0006", "search", "p95", "--reason", "ranks better now", "--author", "ada")

    assert accepted.returncode == 0, accepted.stderr
    code, finding = gate(stored, 7)
    assert (code, finding["outcome"]) == (0, "pass")
    assert finding["baseline"] == pytest.approx(0.150)
    assert "ranks better now" in stored.perfgate("trend", "search").stdout


@pytest.mark.parametrize(
    ("words", "endpoint", "metric"),
    [
        ([], "", ""),
        (["latest"], "", ""),
        (["latest", "search"], "search", ""),
        (["search"], "search", ""),
        (["search", "p95"], "search", "p95"),
        (["run-0001", "search"], "search", ""),
        (["latest", "search", "p95"], "search", "p95"),
    ],
)
def test_what_is_accepted(stored: Project, words: list[str], endpoint: str, metric: str):
    stored.perfgate("history", "add", "run-0001")
    for folder in stored.runs[1:]:
        rmtree(folder)

    done = stored.perfgate("accept", *words, "--reason", "x")

    assert done.returncode == 0, done.stderr
    shown = json.loads(stored.perfgate("history", "show", "run-0001").stdout)
    assert [(one["endpoint"], one["metric"]) for one in shown["acceptances"]] == [(endpoint, metric)]


def test_accepting_needs_a_reason_and_things_that_exist(stored: Project):
    stored.perfgate("history", "add", "run-0001")

    for arguments, said in (
        (["run-0001"], "--reason"),
        (["run-0001", "serach", "p95", "--reason", "x"], "no endpoint 'serach'"),
        (["run-0001", "search", "p59", "--reason", "x"], "no metric 'p59'"),
        (["a", "b", "c", "d", "--reason", "x"], "Quote names with spaces"),
        (["latest", "serach", "--reason", "x"], "no endpoint 'serach'"),
    ):
        done = stored.perfgate("accept", *arguments)
        assert done.returncode == 2
        assert said in done.stderr
    assert stored.perfgate("accept", "run-0002", "--reason", "x").returncode == 3  # not in the history


def test_history_moves_whole_to_another_store_and_back(stored: Project):
    for number in range(1, 6):
        stored.perfgate("history", "add", f"run-{number:04d}")
    other = ("--history", "sqlite:///elsewhere/other.db")

    assert "Wrote 5 runs" in stored.perfgate("history", "export", "all.jsonl.gz").stdout
    assert "Added 5 runs" in stored.perfgate("history", "import", "all.jsonl.gz", *other).stdout
    assert "Added 0 runs; 5 there" in stored.perfgate("history", "import", "all.jsonl.gz", *other).stdout

    here, there = (stored.perfgate("history", "list", *where).stdout for where in ((), other))
    assert here == there
    assert here.count("run-000") == 5
    shown = json.loads(stored.perfgate("history", "show", "latest", *other).stdout)
    assert shown["run"]["id"] == "run-0005"


def test_pruning_says_what_goes_and_spares_the_baseline(stored: Project):
    stored.write(BUDGETS.replace("min_runs: 3", "min_runs: 2, runs: 3"))
    for number in range(1, 6):
        stored.perfgate("history", "add", f"run-{number:04d}")

    assert stored.perfgate("history", "prune").returncode == 2
    would = stored.perfgate("history", "prune", "--keep", "1", "--dry-run").stdout
    did = stored.perfgate("history", "prune", "--keep", "1").stdout

    assert would.replace("Would forget", "Forgot") == did
    assert did.splitlines() == ["Forgot 2 runs.", "  run-0002", "  run-0001"]
    assert stored.perfgate("history", "list").stdout.count("run-000") == 3


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["gate", "nothing"], 3, "nothing"),
        (["report", "nothing"], 3, "no run nothing"),
        (["report", "run-0001"], 3, "perfgate gate"),
        (["report", "--format", "pdf"], 2, "console, markdown, html, json, junit, gitlab"),
        (["trend", "search", "--metric", "p96"], 2, "no such metric"),
        (["trend", "search"], 3, "No runs are remembered yet"),
        (["history", "list", "--history", "mysql://x"], 3, "sqlite"),
        (["schema", "everything"], 2, "budgets, run, verdict"),
        (["run", "--processes", "many"], 2, "--processes"),
        (["run", "--only", "nothing"], 2, "Known: search"),
        (["frobnicate"], 2, "frobnicate"),
    ],
)
def test_what_does_not_exist_is_said_and_not_a_crash(stored: Project, arguments: list[str], code: int, said: str):
    done = stored.perfgate(*arguments)

    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_run_file_is_an_error_that_names_it(stored: Project):
    path = stored.folder / ".perfgate" / "runs" / "run-0001" / "run.json"
    path.write_text(path.read_text()[:-100])

    done = stored.perfgate("gate", "run-0001")

    assert done.returncode == 3
    assert "run.json is not JSON" in done.stderr
