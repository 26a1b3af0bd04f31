"""Events x tokens x settings: what is told where. One row, one line; an empty cell means nothing is posted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_github import events
from fake_github.server import FakeGitHub
from fake_github.world import Pull, Repository
from publish.desks import make_announcement, tell

from perfgate.model.outcome import Outcome

HEAD = "b" * 40
QUEUED = "c" * 40
READ: tuple[str, ...] = ()
ALL = ("pull-requests", "checks", "statuses")
Happening = tuple[str, Callable[[Repository, Pull], dict[str, Any]], dict[str, Any]]

EVENTS: dict[str, Happening] = {
    "pull request": ("pull_request", events.pull_request, {"ref": "refs/pull/1/merge"}),
    "pull request from a fork": ("pull_request", events.pull_request, {"ref": "refs/pull/1/merge"}),
    "pull request of Dependabot": ("pull_request", events.pull_request, {"actor": "dependabot[bot]"}),
    "pull_request_target": ("pull_request_target", events.pull_request, {}),
    "push to the branch": (
        "push",
        lambda r, p: events.push(r, "feature", HEAD),
        {"ref": "refs/heads/feature", "sha": HEAD},
    ),
    "push to main": ("push", lambda r, p: events.push(r, "main", HEAD), {"ref": "refs/heads/main", "sha": HEAD}),
    "merge queue": ("merge_group", lambda r, p: events.merge_group(r, p, QUEUED), {"sha": QUEUED}),
    "second workflow": ("workflow_run", events.workflow_run, {}),
    "second workflow, after a schedule": ("workflow_run", lambda r, p: events.workflow_run(r, p, event="schedule"), {}),
    "second workflow, of an older commit": ("workflow_run", lambda r, p: events.workflow_run(r, p, sha="d" * 40), {}),
    "by hand on the branch": (
        "workflow_dispatch",
        lambda r, p: events.workflow_dispatch(r, "feature"),
        {"ref": "refs/heads/feature", "sha": HEAD},
    ),
    "schedule": ("schedule", lambda r, p: {"repository": {"default_branch": "main"}}, {"sha": HEAD}),
    "comment on a pull request": ("issue_comment", events.issue_comment, {}),
}

# event, permissions, settings -> comment, check at, status at, a word of the warning
TABLE = [
    ("pull request", ALL, {"check": True, "status": True}, "comment", HEAD, HEAD, ""),
    ("pull request", ALL, {}, "comment", "", "", ""),
    ("pull request", ALL, {"comment": "never", "status": True}, "", "", HEAD, ""),
    ("pull request", ("checks",), {"check": True}, "", HEAD, "", "pull-requests: write"),
    ("pull request", ("pull-requests",), {"check": True}, "comment", "", "", "checks: write"),
    ("pull request", ("pull-requests",), {"status": True}, "comment", "", "", "statuses: write"),
    ("pull request", READ, {}, "", "", "", "permissions:\n      contents: read\n      pull-requests: write"),
    ("pull request", None, {"check": True}, "", "", "", "GITHUB_TOKEN: ${{ github.token }}"),
    ("pull request from a fork", READ, {"check": True}, "", "", "", "comes from a fork"),
    ("pull request from a fork", ALL, {}, "comment", "", "", ""),  # private repositories may allow it
    ("pull request of Dependabot", READ, {}, "", "", "", "comes from Dependabot"),
    ("pull_request_target", ALL, {"check": True}, "comment", HEAD, "", ""),
    ("push to the branch", ALL, {"check": True}, "comment", HEAD, "", ""),
    ("push to main", ALL, {"status": True}, "", "", HEAD, ""),
    ("merge queue", ALL, {"check": True, "status": True}, "comment", QUEUED, QUEUED, ""),
    ("second workflow", ALL, {"check": True, "status": True}, "comment", HEAD, HEAD, ""),
    ("second workflow", READ, {}, "", "", "", "pull-requests: write"),
    ("second workflow, after a schedule", ALL, {}, "", "", "", ""),
    ("second workflow, of an older commit", ALL, {}, "", "", "", ""),
    ("by hand on the branch", ALL, {}, "comment", "", "", ""),
    ("schedule", ALL, {"status": True}, "", "", HEAD, ""),
    ("comment on a pull request", ALL, {}, "comment", "", "", ""),
    ("comment on a pull request", ALL, {"check": True}, "comment", "", "", "which commit"),
    ("schedule", ALL, {"pull_request": 1}, "comment", "", "", ""),
]


@pytest.mark.parametrize(
    ("event", "write", "settings", "comment", "check", "status", "warning"),
    TABLE,
    ids=[
        f"{event}, {'no token' if write is None else '+'.join(write) or 'read-only'}, {settings}"
        for event, write, settings, *_ in TABLE
    ],
)
@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.PASS])
def test_what_is_told_where(
    github: FakeGitHub,
    tmp_path: Path,
    event: str,
    write: tuple[str, ...] | None,
    settings: dict[str, Any],
    comment: str,
    check: str,
    status: str,
    warning: str,
    outcome: Outcome,
):
    repo = github.add_repository(private="fork" not in event)
    pull = repo.add_pull(head_sha=HEAD, head_owner="mallory" if "fork" in event or "second" in event else "")
    name, payload, more = EVENTS[event]
    token = "" if write is None else github.token(*write)
    known = events.environ(github, repo, name, payload(repo, pull), tmp_path, token=token, **more)

    published = tell(make_announcement(outcome=outcome), known, **settings)

    assert [one.issue for one in repo.comments.values()] == ([1] if comment else [])
    assert [one["head_sha"] for one in repo.checks] == ([check] if check else [])
    assert [one["sha"] for one in repo.statuses] == ([status] if status else [])
    assert [one["conclusion"] for one in repo.checks] == (
        ["failure" if outcome is Outcome.FAIL else "success"] if check else []
    )
    assert [one["state"] for one in repo.statuses] == (
        ["failure" if outcome is Outcome.FAIL else "success"] if status else []
    )
    assert bool(published.warnings) is bool(warning)
    assert warning in "\n".join(published.warnings)
    # What needs no permission is there whatever happens, and the token is in none of it.
    assert "at length" in (tmp_path / "summary.md").read_text()
    assert f"\n{outcome.value}\n" in (tmp_path / "output").read_text()
    assert token == "" or token not in repr(published)


@pytest.mark.parametrize("associated", [True, False])
def test_the_pull_request_of_a_fork_is_found_by_its_commit(github: FakeGitHub, tmp_path: Path, associated: bool):
    """Not by the branch alone: every other fork has a `patch-1`; and not by a list that is empty for forks."""
    github.knows_forks = associated
    repo = github.add_repository()
    repo.add_pull(head_sha="f" * 40, head_ref="patch-1", head_owner="mallory", base_ref="release")
    wanted = repo.add_pull(head_sha=HEAD, head_ref="patch-1", head_owner="mallory")
    repo.add_pull(head_sha="a" * 40, head_ref="patch-1", head_owner="eve")
    known = events.environ(
        github, repo, "workflow_run", events.workflow_run(repo, wanted), tmp_path, token=github.token("pull-requests")
    )

    tell(make_announcement(), known)

    assert [one.issue for one in repo.comments.values()] == [wanted.number]


def test_of_two_pull_requests_with_one_head_the_one_into_the_default_branch_is_meant(
    github: FakeGitHub, tmp_path: Path
):
    repo = github.add_repository()
    other = repo.add_pull(head_sha=HEAD, base_ref="release")
    wanted = repo.add_pull(head_sha=HEAD, base_ref="main")
    known = events.environ(
        github, repo, "workflow_run", events.workflow_run(repo, other), tmp_path, token=github.token("pull-requests")
    )

    tell(make_announcement(), known)

    assert [one.issue for one in repo.comments.values()] == [wanted.number]


def test_a_closed_pull_request_gets_no_comment_from_the_second_workflow(github: FakeGitHub, tmp_path: Path):
    repo = github.add_repository()
    pull = repo.add_pull(head_sha=HEAD)
    pull.state = "closed"
    known = events.environ(
        github, repo, "workflow_run", events.workflow_run(repo, pull), tmp_path, token=github.token("pull-requests")
    )

    published = tell(make_announcement(), known)

    assert repo.comments == {}
    assert "no open pull request" in published.messages[0]


def test_a_fork_that_is_gone_is_still_a_fork(github: FakeGitHub, tmp_path: Path):
    repo = github.add_repository()
    pull = repo.add_pull(head_sha=HEAD, head_owner="mallory")
    pull.head_repo = False
    payload = events.pull_request(repo, pull)
    known = events.environ(github, repo, "pull_request", payload, tmp_path, token=github.token())

    published = tell(make_announcement(), known)

    assert "comes from a fork" in published.warnings[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("locked", "locked"),
        ("blind", "GitHub shows this token no octo/shop"),
        ("unknown token", "GitHub does not know the token"),
        ("personal", "personal token"),
        ("outside", "no workflow of GitHub Actions"),
    ],
)
def test_other_reasons_why_nothing_can_be_posted(github: FakeGitHub, tmp_path: Path, change: str, said: str):
    repo = github.add_repository(private=True)
    pull = repo.add_pull(head_sha=HEAD)
    login = "ada" if change == "personal" else "github-actions[bot]"
    token = github.token(*ALL, login=login, blind=change == "blind")
    repo.issues[pull.number].locked = change == "locked"
    known = events.environ(github, repo, "pull_request", events.pull_request(repo, pull), tmp_path, token=token)
    known |= {"GITHUB_TOKEN": "ghs_unknown"} if change == "unknown token" else {}
    known |= {"GITHUB_REPOSITORY": ""} if change == "outside" else {}

    published = tell(make_announcement(), known, check=change == "personal")

    assert said in "\n".join(published.warnings)
    assert token not in "\n".join((*published.warnings, *published.messages))


def test_an_event_file_that_is_missing_or_hostile_breaks_nothing(github: FakeGitHub, tmp_path: Path):
    repo = github.add_repository()
    pull = repo.add_pull(head_sha=HEAD)
    payload = events.pull_request(repo, pull)
    payload["pull_request"]["number"] = "1/../../secrets"
    payload["pull_request"]["head"]["sha"] = "../../../user"
    known = events.environ(github, repo, "pull_request", payload, tmp_path, token=github.token(*ALL))

    hostile = tell(make_announcement(), known, check=True)
    assert github.seen == []
    missing = tell(make_announcement(), {**known, "GITHUB_EVENT_PATH": "/nowhere"})

    assert "which commit" in hostile.warnings[0]
    assert "no open pull request" in missing.messages[0]
