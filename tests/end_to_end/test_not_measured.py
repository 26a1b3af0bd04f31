"""A pull request whose newest commit cannot be measured: its comment stops passing the old verdict off as current."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_github.events import environ, pull_request
from fake_github.server import FakeGitHub
from fake_github.world import Repository
from projects import Project, Shop, free_port

BUDGETS = """
version: 1
name: shop
target: {target}
load: {{rate: 40/s, duration: 1s}}
{service}
endpoints:
  list products: {{request: "GET /products?key=${{KEY}}", budget: {{errors: 1%}}}}
"""
SECRET = "hunter2-hunter2"


@pytest.fixture
def repo(github: FakeGitHub) -> Repository:
    return github.add_repository()


def runner(github: FakeGitHub, repo: Repository, project: Project, folder: Path, sha: str, run: int) -> dict[str, str]:
    pull = repo.pulls[1] if repo.pulls else repo.add_pull(head_sha=sha)
    pull.head_sha = sha
    folder.mkdir(exist_ok=True)
    token = github.token("pull-requests")
    known = environ(github, repo, "pull_request", pull_request(repo, pull), folder, token=token, run=run)
    return known | {"GITHUB_WORKSPACE": str(project.folder), "KEY": SECRET}


def broken(project: Project) -> str:
    command = f"echo the password is {SECRET}; exit 7"
    service = f"service: {{command: '{command}', port: {free_port()}}}"
    project.write(BUDGETS.format(target="http://127.0.0.1:1", service=service))
    return command


def test_the_comment_says_that_the_newest_commit_was_not_measured(
    github: FakeGitHub, repo: Repository, project: Project, shop: Shop, tmp_path: Path
):
    project.write(BUDGETS.format(target=shop.url, service=""))
    first = project.perfgate("run", "--publish", "github", **runner(github, repo, project, tmp_path / "r", "b" * 40, 1))
    assert first.returncode == 0, first.stderr
    broken(project)

    done = project.perfgate("run", "--publish", "github", **runner(github, repo, project, tmp_path / "r", "c" * 40, 2))

    (comment,) = repo.comments.values()
    assert done.returncode == 3
    assert "perfgate: Comment updated: " in done.stderr
    assert comment.body.splitlines()[2] == "### 🚫 `shop` NOT MEASURED at `ccccccc`"
    assert "The service ended at once, with exit code 7." in comment.body
    assert "Measured last, at <code>bbbbbbb</code>" in comment.body
    assert "the password is [KEY]" in done.stderr  # what the service says is in its log, and in the job's,
    assert "the password is" not in comment.body  # not in what everybody reads
    assert SECRET not in done.stderr + comment.body


def test_a_later_step_can_tell_it(github: FakeGitHub, repo: Repository, project: Project, shop: Shop, tmp_path: Path):
    project.write(BUDGETS.format(target=shop.url, service=""))
    project.perfgate("run", "--publish", "github", **runner(github, repo, project, tmp_path / "r", "b" * 40, 1))
    project.write(BUDGETS.format(target=f"http://127.0.0.1:{free_port()}", service=""))
    known = runner(github, repo, project, tmp_path / "r", "c" * 40, 2)

    assert project.perfgate("run", **known).returncode == 3
    left = json.loads((project.runs[-1] / "not-measured.json").read_text())
    done = project.perfgate("publish", "latest", **known)

    (comment,) = repo.comments.values()
    assert (left["name"], left["commit"]) == ("shop", "c" * 40)
    assert done.returncode == 0, done.stderr
    assert "there is no verdict: The target http://127.0.0.1:" in done.stderr
    assert "NOT MEASURED at `ccccccc`" in comment.body


def test_no_comment_begins_with_a_failure_to_measure(
    github: FakeGitHub, repo: Repository, project: Project, tmp_path: Path
):
    broken(project)

    done = project.perfgate("run", "--publish", "github", **runner(github, repo, project, tmp_path / "r", "c" * 40, 2))

    assert (done.returncode, repo.comments) == (3, {})


def test_what_an_earlier_failure_left_goes_with_the_next_run(project: Project, shop: Shop):
    project.write(BUDGETS.format(target=f"http://127.0.0.1:{free_port()}", service=""))
    assert project.perfgate("run", "--out", "here", KEY="k").returncode == 3
    assert (project.folder / "here" / "not-measured.json").is_file()
    project.write(BUDGETS.format(target=shop.url, service=""))

    assert project.perfgate("run", "--out", "here", KEY="k").returncode == 0
    assert not (project.folder / "here" / "not-measured.json").exists()
