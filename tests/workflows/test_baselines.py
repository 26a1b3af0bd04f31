"""Which runs a store has of a budget file: its branch, its name and its former one, and what is on other branches."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from builders import make_conditions, make_finding, make_past_run, make_run, make_verdict

from perfgate import budgets, gate, history
from perfgate.history import History
from perfgate.model.budget_file import BudgetFile
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun
from perfgate.model.verdict import Verdict
from perfgate.workflows.steps import baselines

ENVIRONMENT = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
BUDGETS = """\
version: 1
target: http://127.0.0.1:8765
load: {rate: 10/s, duration: 5s}
endpoints:
  list products: {request: GET /products, budget: {p95: +10%}}
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[History]:
    with history.open("sqlite:///history.db", root=tmp_path) as store:
        yield store


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "repository"
    top.mkdir()
    git(top, "init", "-q", "-b", "master")
    return top


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, env=ENVIRONMENT, check=True, capture_output=True)


def read(path: Path, more: str = "") -> BudgetFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(BUDGETS + more, encoding="utf-8")
    if any((folder / ".git").exists() for folder in path.parents):
        git(path.parent, "add", ".")
    return budgets.read(path, None)


def past(number: int, **others: str) -> PastRun:
    return make_past_run(number, run=replace(make_run(number), **others))


def ids(runs: tuple[PastRun, ...]) -> list[int]:
    return [int(one.run.id[-4:]) for one in runs]


# The branch


def test_the_repositorys_default_branch_is_the_baseline(store, repository):
    settled = baselines.with_branch(read(repository / "budgets.yaml"), store, ENVIRONMENT)
    assert settled.gate.baseline.branch == "master"


def test_a_branch_that_the_file_names_is_the_baseline(store, repository):
    budget_file = read(repository / "budgets.yaml", "gate: {baseline: {branch: stable}}\n")
    assert baselines.with_branch(budget_file, store, ENVIRONMENT).gate.baseline.branch == "stable"


def test_where_no_repository_says_it_the_most_measured_branch_is_the_baseline(store, tmp_path):
    for number, branch in enumerate(["topic", "trunk", "trunk", ""]):
        store.save(past(number + 1, name="budgets", branch=branch))
    budget_file = read(tmp_path / "budgets.yaml")
    assert baselines.with_branch(budget_file, store, ENVIRONMENT).gate.baseline.branch == "trunk"


def test_in_ci_the_history_does_not_choose_the_branch(store, tmp_path):
    for number in (1, 2):
        store.save(past(number, name="budgets", branch="topic"))
    event = tmp_path / "event.json"
    event.write_text(json.dumps({}))
    environ = ENVIRONMENT | {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(event)}
    assert baselines.with_branch(read(tmp_path / "budgets.yaml"), store, environ).gate.baseline.branch == "main"


@pytest.mark.parametrize("written", ["[trunk, master, old]", "[auto, trunk, old]", "[auto, master, trunk, trunk, old]"])
def test_runs_from_before_the_branch_was_renamed_count(store, repository, written):
    budget_file = read(repository / "budgets.yaml", f"gate: {{baseline: {{branch: {written}, min_runs: 4}}}}\n")
    branch = "trunk" if written.startswith("[trunk") else "master"
    for number, name in enumerate(["old", "trunk", "topic", "master", "old"]):
        store.save(past(number + 1, name="budgets", branch=name))
    remembered = baselines.read_past_runs(store, budget_file, ENVIRONMENT)
    assert ids(remembered.recent) == [5, 4, 2, 1]
    assert {run.run.branch for run in remembered.recent} == {remembered.budget_file.gate.baseline.branch} == {branch}
    assert ids(baselines.runs(store, remembered.budget_file, ENVIRONMENT, branch=branch, limit=3)) == [5, 4, 2]
    assert ids(baselines.runs(store, remembered.budget_file, ENVIRONMENT, branch="topic")) == [3]

    run = replace(make_run(9, branch=branch), name="budgets")
    chosen = gate.choose_baseline(run, remembered.recent, remembered.budget_file.gate.baseline)
    assert {len(runs) for runs in chosen.runs.values()} == {4}


# The name


def test_two_budget_files_of_a_repository_have_histories_of_their_own(store, repository):
    one, other = (read(repository / folder / "budgets.yaml") for folder in ("services/a", "services/b"))
    assert (one.name, other.name) == ("services/a/budgets", "services/b/budgets")
    store.save(past(1, name=one.name, file="services/a/budgets.yaml"))
    assert ids(baselines.runs(store, one, ENVIRONMENT)) == [1]
    assert baselines.runs(store, other, ENVIRONMENT) == ()


def test_a_budget_file_that_services_share_by_links_has_a_history_for_each(store, repository):
    shared = read(repository / "shared" / "budgets.yaml")
    names = []
    for folder in ("a", "b", "linked/c"):
        place = repository / folder
        place.mkdir(parents=True)
        (place / "budgets.yaml").symlink_to(repository / "shared" / "budgets.yaml")
        names.append(budgets.read(place / "budgets.yaml", None).name)
    assert [shared.name, *names] == ["shared/budgets", "a/budgets", "b/budgets", "linked/c/budgets"]
    (repository / "way").symlink_to(repository / "a")
    assert budgets.read(repository / "way" / "budgets.yaml", None).name == "a/budgets"


def test_a_link_from_outside_of_the_repository_is_the_file_it_leads_to(repository, tmp_path):
    read(repository / "perf" / "budgets.yaml")
    (tmp_path / "link.yaml").symlink_to(repository / "perf" / "budgets.yaml")
    assert budgets.read(tmp_path / "link.yaml", None).name == "perf/budgets"


def test_a_history_from_before_goes_on(store, repository):
    budget_file = read(repository / "perf" / "budgets.yaml")
    for number in (1, 2, 4):
        store.save(past(number, name="budgets"))
    store.save(past(3, name="budgets", file="budgets.yaml"))  # of a file at the root, remembered by this perfgate
    store.save(past(5, name="perf/budgets", file="perf/budgets.yaml"))
    assert ids(baselines.runs(store, budget_file, ENVIRONMENT)) == [5, 4, 2, 1]
    assert ids(baselines.runs(store, budget_file, ENVIRONMENT, limit=2)) == [5, 4]
    assert ids(baselines.runs(store, budget_file, ENVIRONMENT, branch="topic")) == []


def test_a_history_from_before_in_which_files_were_mixed_ends(store, repository):
    one, other = (read(repository / folder / "budgets.yaml") for folder in ("services/a", "services/b"))
    store.save(past(1, name="budgets"))
    assert baselines.runs(store, one, ENVIRONMENT) == baselines.runs(store, other, ENVIRONMENT) == ()


@pytest.mark.parametrize("written", ["name: shop\n", ""])
def test_a_name_and_a_place_at_the_root_change_nothing(store, repository, written):
    budget_file = read(repository / "budgets.yaml", written)
    assert budget_file.name == ("shop" if written else "budgets")
    store.save(past(1, name=budget_file.name))
    assert ids(baselines.runs(store, budget_file, ENVIRONMENT)) == [1]


def test_the_anchor_finds_runs_of_either_name(store, repository):
    budget_file = read(repository / "perf" / "budgets.yaml", "gate: {anchor: {ref: v1, limit: +20%}}\n")
    git(repository, "commit", "-qm", "first")
    git(repository, "tag", "v1")
    done = subprocess.run(["git", "rev-parse", "v1"], cwd=repository, env=ENVIRONMENT, capture_output=True, text=True)
    commit = done.stdout.strip()
    store.save(past(1, name="budgets", commit=commit))
    store.save(past(2, name="perf/budgets", commit=commit, file="perf/budgets.yaml"))
    store.save(past(3, name="perf/budgets", file="perf/budgets.yaml"))
    assert ids(baselines.read_anchored(store, budget_file, ENVIRONMENT)) == [2, 1]


# Elsewhere


def told(store: History, budget_file: BudgetFile, verdict: Verdict) -> tuple[str, ...]:
    run = replace(make_run(9, branch="topic"), name=budget_file.name)
    return baselines.with_runs_elsewhere(verdict, run, store, budget_file, ENVIRONMENT).notes


def test_comparable_runs_elsewhere_are_named(store, repository):
    budget_file = read(repository / "budgets.yaml")
    for number, branch in enumerate(["develop", "topic", "develop", "mallory:develop", "mallory:develop", "main"]):
        store.save(past(number + 1, name="budgets", branch=branch))
    other = make_run(8, conditions=make_conditions(load_digest="another"))
    store.save(make_past_run(8, run=replace(other, name="budgets", branch="topic")))
    verdict = make_verdict(make_finding(outcome=Outcome.NO_BASELINE))
    assert told(store, budget_file, verdict) == (
        "2 comparable runs are on record on develop: `gate: {baseline: {branch: develop}}` compares with them. [PG-C013]",
    )
    assert told(store, budget_file, make_verdict(make_finding(outcome=Outcome.PASS))) == ()


def test_where_the_branch_has_no_run_it_may_have_been_renamed(store, repository):
    budget_file = read(repository / "budgets.yaml")
    for number in (1, 2):
        store.save(past(number, name="budgets", branch="master"))
    verdict = make_verdict(make_finding(outcome=Outcome.NO_BASELINE), baseline_branch="main")
    assert told(store, budget_file, verdict) == (
        "2 comparable runs are on record on master: `gate: {baseline: {branch: master}}` compares with them; "
        "where master is what main was called before, `branch: [main, master]`. [PG-C013]",
    )


def test_a_budget_file_that_was_moved_finds_its_runs(store, repository):
    read(repository / "services/b/budgets.yaml")
    for number, file in enumerate(["services/a/budgets", "services/a/budgets", "services/b/budgets", "perf/load"]):
        store.save(past(number + 1, name=file, branch="master", file=f"{file}.yaml"))
    budget_file = read(repository / "apps/a/budgets.yaml")
    verdict = make_verdict(make_finding(outcome=Outcome.NO_BASELINE))
    assert told(store, budget_file, verdict) == (
        "comparable runs are on record of services/a/budgets.yaml, which is gone: if it was moved here, "
        "`name: services/a/budgets` goes on with them. [PG-C013]",
    )
    store.save(past(8, name="apps/a/budgets", branch="main"))  # it has begun a history of its own
    assert told(store, budget_file, verdict) == ()


def test_runs_of_no_branch_are_named_too(store, repository):
    budget_file = read(repository / "budgets.yaml")
    store.save(past(1, name="budgets", branch=""))
    verdict = make_verdict(make_finding(outcome=Outcome.NO_BASELINE))
    assert told(store, budget_file, verdict) == (
        "1 comparable run is on record without a branch: it was measured outside of git, or of a commit or tag. [PG-C013]",
    )
