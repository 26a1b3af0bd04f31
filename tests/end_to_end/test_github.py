"""From a load to a comment: `perfgate run --publish github` against a running shop and the fake GitHub."""

from __future__ import annotations

from pathlib import Path

from fake_github.events import environ, pull_request
from fake_github.server import FakeGitHub
from projects import Project, Shop

from perfgate.publish.github.comments import mark

BUDGETS = """
version: 1
name: shop
target: {target}
load: {{rate: 40/s, duration: 2s}}
endpoints:
  list products: {{request: GET {path}, budget: {{errors: 1%}}}}
"""  # errors: no machine is too busy to see them


def test_a_pull_request_passes_then_fails_and_has_one_comment(
    github: FakeGitHub, project: Project, shop: Shop, tmp_path: Path
):
    repo = github.add_repository()
    pull = repo.add_pull(head_sha="b" * 40)
    token = github.token("pull-requests", "checks")
    runner = tmp_path / "runner"
    runner.mkdir()
    payload = pull_request(repo, pull)
    known = environ(github, repo, "pull_request", payload, runner, token=token)
    known |= {"PERFGATE_CHECK": "1", "PERFGATE_TOPIC": "preview", "GITHUB_WORKSPACE": str(project.folder)}
    said = []

    for path in ("/products", "/nowhere"):
        project.write(BUDGETS.format(target=shop.url, path=path))
        done = project.perfgate("run", "--publish", "github", **known)
        (comment,) = repo.comments.values()
        assert comment.body.startswith(mark("budgets.yaml\nshop\npreview"))
        headline = comment.body.splitlines()[2]
        assert f"`shop` {project.verdict()['outcome'].upper()}" in headline  # a busy machine may leave it undecided
        said.append((done.returncode, "FAIL" in headline, comment.edits))
        assert token not in done.stdout + done.stderr

    assert said == [(0, False, 0), (1, True, 1)]
    assert [check["conclusion"] == "failure" for check in repo.checks] == [False, True]
    assert "::error file=budgets.yaml,line=7,title=list products errors" in done.stdout
    assert f"{'b' * 7} on feature" in comment.body
    for file in project.folder.rglob("*"):  # the token is in no file of the run
        assert not file.is_file() or token.encode() not in file.read_bytes()


def test_an_unknown_destination_is_told_before_the_load(project: Project):
    project.write(BUDGETS.format(target="http://127.0.0.1:1", path="/"))

    done = project.perfgate("run", "--publish", "gitlub")

    assert (done.returncode, "Known: github" in done.stderr) == (2, True)


def test_when_nothing_can_be_posted_the_verdict_stands(
    github: FakeGitHub, project: Project, shop: Shop, tmp_path: Path
):
    repo = github.add_repository()
    pull = repo.add_pull(head_sha="b" * 40, head_owner="mallory")
    runner = tmp_path / "runner"
    runner.mkdir()
    known = environ(github, repo, "pull_request", pull_request(repo, pull), runner, token=github.token())
    project.write(BUDGETS.format(target=shop.url, path="/nowhere"))

    done = project.perfgate("run", "--publish", "github", **known)

    assert done.returncode == 1
    assert "comes from a fork" in done.stderr
    assert "FAIL" in (runner / "summary.md").read_text()
