"""Labels and trailers that GitHub knows: whose they are, and when a fork's count."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from fake_github import events
from fake_github.server import FakeGitHub
from fake_github.world import Pull, Repository

from perfgate.ci import acceptances, revision
from perfgate.ci.acceptances import AcceptanceClaim
from perfgate.cli.accepting import gather

LABEL = "perfgate-accept: search p95"
BEFORE, PUSHED, AFTER = "2019-05-15T15:00:00Z", "2019-05-15T15:20:32Z", "2030-01-01T00:00:00Z"
SAID: list[str] = []


def asked(known: dict[str, str], folder: Path) -> tuple[AcceptanceClaim, ...]:
    environ = {"PATH": os.environ["PATH"], **known}
    code = revision.read(environ, folder)
    return gather(environ, folder, code, branch="main", last="", say=SAID.append)


def labelled(repo: Repository, pull: Pull, name: str = LABEL, *, by: str = "ann", at: str = AFTER) -> None:
    repo.issues[pull.number].labels.append(name)
    repo.issues[pull.number].events.append((name, by, at))


def of_pull_request(github: FakeGitHub, repo: Repository, pull: Pull, folder: Path, **others: str) -> dict[str, str]:
    payload = events.pull_request(repo, pull)
    if payload["pull_request"]["head"]["repo"]:
        payload["pull_request"]["head"]["repo"]["pushed_at"] = PUSHED
    payload["pull_request"]["labels"] = [{"name": name} for name in repo.issues[pull.number].labels]
    payload |= json.loads(others.pop("event", "{}"))
    return events.environ(github, repo, "pull_request", payload, folder, **{"token": github.token(), **others})


def test_a_label_is_a_word_of_who_set_it(github: FakeGitHub, tmp_path: Path):
    repo = github.add_repository()
    pull = repo.add_pull()
    labelled(repo, pull, "bug")
    labelled(repo, pull)

    (word,) = asked(of_pull_request(github, repo, pull, tmp_path), tmp_path)

    assert (word.text, word.author, word.at, word.distrust) == ("search p95", "ann", AFTER, "")
    assert word.reason.startswith(f"#{pull.number} ")


def test_the_title_of_a_forks_pull_request_is_no_reason(github: FakeGitHub, tmp_path: Path):
    """Its author can change it after somebody set the label."""
    repo = github.add_repository()
    pull = repo.add_pull(head_owner="mallory")
    labelled(repo, pull)
    known = of_pull_request(github, repo, pull, tmp_path)

    (by_api,) = asked(known, tmp_path)
    (by_event,) = asked({**known, "GITHUB_TOKEN": ""}, tmp_path)

    assert by_api.reason == by_event.reason == f"#{pull.number}"


@pytest.mark.parametrize(("at", "counts"), [(BEFORE, False), (AFTER, True)])
def test_a_label_on_a_forks_pull_request_counts_until_the_fork_pushes(
    github: FakeGitHub, tmp_path: Path, at: str, counts: bool
):
    repo = github.add_repository()
    pull = repo.add_pull(head_owner="mallory")
    labelled(repo, pull, at=at)

    (word,) = asked(of_pull_request(github, repo, pull, tmp_path), tmp_path)

    assert (word.distrust == "") is counts


def test_trailers_come_from_github_where_the_checkout_is_shallow_but_not_a_forks(github: FakeGitHub, tmp_path: Path):
    repo = github.add_repository()
    ours, fork = repo.add_pull(), repo.add_pull(head_owner="mallory")
    message = "faster\n\nPerfgate-Accept: search p95 - new ranking"
    ours.commits = fork.commits = [("a" * 40, "first"), ("b" * 40, message)]

    (word,) = asked(of_pull_request(github, repo, ours, tmp_path), tmp_path)
    theirs = asked(of_pull_request(github, repo, fork, tmp_path), tmp_path)
    configured = asked(of_pull_request(github, repo, fork, tmp_path) | {"PERFGATE_ACCEPT_FORKS": "1"}, tmp_path)

    assert (word.text, word.source, word.distrust) == ("search p95 - new ranking", "commit bbbbbbb", "")
    assert [one.distrust for one in theirs] == [acceptances.FORKS_TRAILER]
    assert [one.distrust for one in configured] == [""]


def test_without_a_token_the_events_own_labels_count(github: FakeGitHub, tmp_path: Path):
    repo = github.add_repository()
    pull = repo.add_pull()
    labelled(repo, pull)
    event = json.dumps({"action": "labeled", "label": {"name": LABEL}, "sender": {"login": "bob"}})

    (word,) = asked(of_pull_request(github, repo, pull, tmp_path, token="", event=event), tmp_path)
    (later,) = asked(of_pull_request(github, repo, pull, tmp_path, token=""), tmp_path)

    assert (word.author, later.author) == ("bob", "a label")
    assert github.seen == []


def test_a_refusal_is_told_and_the_events_labels_stay(github: FakeGitHub, tmp_path: Path):
    repo = github.add_repository(private=True)
    pull = repo.add_pull()
    labelled(repo, pull)
    SAID.clear()

    words = asked(of_pull_request(github, repo, pull, tmp_path, token=github.token(blind=True)), tmp_path)

    assert [word.text for word in words] == ["search p95"]
    assert "could not be read" in SAID[0]


def test_after_a_forks_workflow_the_labels_of_the_measured_pull_request_count(github: FakeGitHub, tmp_path: Path):
    repo = github.add_repository()
    pull = repo.add_pull(head_owner="mallory", head_sha="b" * 40)
    labelled(repo, pull)
    payload = events.workflow_run(repo, pull)
    known = events.environ(github, repo, "workflow_run", payload, tmp_path, token=github.token())

    (word,) = asked(known, tmp_path)

    assert (word.text, word.author, word.distrust) == ("search p95", "ann", "")


def test_on_main_the_labels_of_the_merged_pull_request_count(github: FakeGitHub, tmp_path: Path):
    git = acceptances.git
    environ = git.environment(os.environ) | {
        "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b"
    }  # fmt: skip
    git.run("init", "--quiet", "--initial-branch=main", folder=tmp_path, environ=environ)
    git.run("commit", "--quiet", "--allow-empty", "-m", "merged (#1)", folder=tmp_path, environ=environ)
    sha = git.run("rev-parse", "HEAD", folder=tmp_path, environ=environ).decode().strip()
    repo = github.add_repository()
    merged, open_one = repo.add_pull(), repo.add_pull()
    merged.state, merged.merged_at, merged.merge_commit_sha = "closed", AFTER, sha
    open_one.merge_commit_sha = sha
    labelled(repo, merged)
    labelled(repo, open_one, "perfgate-accept")
    payload = events.push(repo, "main", sha)
    known = events.environ(github, repo, "push", payload, tmp_path, token=github.token(), sha=sha)

    (word,) = asked(known, tmp_path)

    assert (word.text, word.author) == ("search p95", "ann")
