from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from builders import make_run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from repositories import ENVIRONMENT, git

from perfgate.ci import git_questions, revision
from perfgate.files import codec
from perfgate.model.revision import Revision
from perfgate.model.run import Run

NOWHERE = Path("/nowhere")
HEAD, BASE, MERGE = "a" * 40, "b" * 40, "c" * 40

Json = dict[str, Any]

# GitHub

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.example.com",
    "GITHUB_REPOSITORY": "ada/shop",
    "GITHUB_RUN_ID": "77",
}
URL = "https://github.example.com/ada/shop/actions/runs/77"


def github(environment: Mapping[str, str], event: Json | str | None, folder: Path) -> Revision:
    path = folder / "event.json"
    if event is not None:
        path.write_text(event if isinstance(event, str) else json.dumps(event))
    return revision.read(GITHUB | {"GITHUB_EVENT_PATH": str(path)} | environment, NOWHERE)


def on_branch(name: str) -> dict[str, str]:
    return {
        "GITHUB_SHA": HEAD,
        "GITHUB_REF": f"refs/heads/{name}",
        "GITHUB_REF_NAME": name,
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_HEAD_REF": "",
        "GITHUB_BASE_REF": "",
    }


def on_pull_request(head: str = "topic") -> dict[str, str]:
    return {
        "GITHUB_SHA": MERGE,
        "GITHUB_REF": "refs/pull/5/merge",
        "GITHUB_REF_NAME": "5/merge",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_HEAD_REF": head,
        "GITHUB_BASE_REF": "main",
    }


def pull_request(head: str = "topic", *, repository: str | None = "ada/shop", owner: str = "ada") -> Json:
    return {
        "pull_request": {
            "number": 5,
            "head": {
                "sha": HEAD,
                "ref": head,
                "user": {"login": owner},
                "repo": {"full_name": repository} if repository else None,
            },
            "base": {"sha": BASE, "ref": "main", "repo": {"full_name": "ada/shop"}},
        }
    }


def workflow_run(head: str, *, owner: str = "ada", pulls: list[Json] | None = None) -> Json:
    return {
        "workflow_run": {
            "head_sha": HEAD,
            "head_branch": head,
            "head_repository": {"full_name": f"{owner}/shop", "owner": {"login": owner}},
            "repository": {"full_name": "ada/shop"},
            "pull_requests": pulls or [],
        }
    }


TAG = {"GITHUB_SHA": HEAD, "GITHUB_REF": "refs/tags/v1", "GITHUB_REF_NAME": "v1", "GITHUB_REF_TYPE": "tag"}
QUEUE = "gh-readonly-queue/release/1.2/pr-104-" + BASE
ASKED = [{"number": 5, "base": {"ref": "main"}}]

GITHUB_EVENTS: dict[str, tuple[Mapping[str, str], Json | str | None, Revision]] = {
    "push": (on_branch("main"), {"after": HEAD}, Revision(commit=HEAD, branch="main")),
    "push to a branch with slashes": (on_branch("a/b"), {}, Revision(commit=HEAD, branch="a/b")),
    "tag": (TAG, {}, Revision(commit=HEAD)),
    "an old server without GITHUB_REF_NAME and GITHUB_REF_TYPE": (
        {"GITHUB_SHA": HEAD, "GITHUB_REF": "refs/heads/a/b"},
        {},
        Revision(commit=HEAD, branch="a/b"),
    ),
    "an old server, tag": ({"GITHUB_SHA": HEAD, "GITHUB_REF": "refs/tags/v1"}, {}, Revision(commit=HEAD)),
    "pull request": (
        on_pull_request(),
        pull_request(),
        Revision(commit=HEAD, branch="topic", base="main", pull_request=5),
    ),
    "pull request from a fork's main": (
        on_pull_request("main"),
        pull_request("main", repository="mallory/shop", owner="mallory"),
        Revision(commit=HEAD, branch="mallory:main", base="main", pull_request=5),
    ),
    "pull request from a fork that was deleted": (
        on_pull_request("main"),
        pull_request("main", repository=None, owner="mallory"),
        Revision(commit=HEAD, branch="mallory:main", base="main", pull_request=5),
    ),
    "pull_request_target": (
        on_branch("main") | {"GITHUB_HEAD_REF": "main", "GITHUB_BASE_REF": "main"},
        pull_request("main", repository="mallory/shop", owner="mallory"),
        Revision(commit=HEAD, branch="mallory:main", base="main", pull_request=5),
    ),
    "pull request, event file missing": (
        on_pull_request(),
        None,
        Revision(commit=MERGE, branch="topic", base="main", pull_request=5),
    ),
    "pull request from a fork's main, event file missing": (
        on_pull_request("main"),
        None,
        Revision(commit=MERGE, branch="fork:main", base="main", pull_request=5),
    ),
    "event file cut off": (
        on_pull_request(),
        '{"pull_request": {"numb',
        Revision(commit=MERGE, branch="topic", base="main", pull_request=5),
    ),
    "event file of another shape": (
        on_pull_request(),
        {"pull_request": {"number": "5", "head": [HEAD], "base": None}},
        Revision(commit=MERGE, branch="topic", base="main"),
    ),
    "event file that is a list": (on_branch("main"), "[]", Revision(commit=HEAD, branch="main")),
    "event file nested without end": (on_branch("main"), "[" * 100_000, Revision(commit=HEAD, branch="main")),
    "merge queue": (
        on_branch(QUEUE),
        {"merge_group": {"head_sha": HEAD}},
        Revision(commit=HEAD, branch=QUEUE, base="release/1.2"),
    ),
    "second workflow, after a push": (
        on_branch("main") | {"GITHUB_SHA": BASE},
        workflow_run("main"),
        Revision(commit=HEAD, branch="main"),
    ),
    "second workflow, after a pull request": (
        on_branch("main") | {"GITHUB_SHA": BASE},
        workflow_run("topic", pulls=ASKED),
        Revision(commit=HEAD, branch="topic", base="main", pull_request=5),
    ),
    "second workflow, after a fork's pull request": (
        on_branch("main") | {"GITHUB_SHA": BASE},
        workflow_run("main", owner="mallory"),
        Revision(commit=HEAD, branch="mallory:main"),
    ),
    "comment on a pull request": (
        on_branch("main"),
        {"issue": {"number": 5, "pull_request": {"url": "..."}}},
        Revision(pull_request=5),
    ),
    "comment on an issue": (on_branch("main"), {"issue": {"number": 6}}, Revision(commit=HEAD, branch="main")),
    "nothing known": ({}, None, Revision()),
}


@pytest.mark.parametrize("name", GITHUB_EVENTS)
def test_github(name: str, tmp_path: Path) -> None:
    environment, event, expected = GITHUB_EVENTS[name]
    found = github(environment, event, tmp_path)
    assert (found.ci, found.url) == ("github", URL)
    assert found == Revision(
        commit=expected.commit,
        branch=expected.branch,
        base=expected.base,
        pull_request=expected.pull_request,
        ci="github",
        url=URL,
    )


@pytest.mark.parametrize("missing", ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"])
def test_half_a_url_is_none(missing: str, tmp_path: Path) -> None:
    assert github({missing: ""}, None, tmp_path).url == ""


@pytest.mark.parametrize("path", ["", "/", "/nowhere/event.json", "null\0byte"])
def test_a_github_event_file_that_cannot_be_read(path: str) -> None:
    environment = GITHUB | on_branch("main") | {"GITHUB_EVENT_PATH": path}
    assert revision.read(environment, NOWHERE).branch == "main"


# GitLab

GITLAB = {"GITLAB_CI": "true", "CI_COMMIT_SHA": HEAD, "CI_JOB_URL": "https://gitlab.example.com/ada/shop/-/jobs/9"}
MERGE_REQUEST = {
    "CI_MERGE_REQUEST_IID": "5",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "topic",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "CI_MERGE_REQUEST_PROJECT_ID": "1",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "",
}
GITLAB_PIPELINES: dict[str, tuple[Mapping[str, str], Revision]] = {
    "branch": ({"CI_COMMIT_BRANCH": "main"}, Revision(commit=HEAD, branch="main")),
    "tag": ({"CI_COMMIT_TAG": "v1", "CI_COMMIT_REF_NAME": "v1"}, Revision(commit=HEAD)),
    "merge request": (MERGE_REQUEST, Revision(commit=HEAD, branch="topic", base="main", pull_request=5)),
    "merged results": (
        MERGE_REQUEST | {"CI_COMMIT_SHA": MERGE, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD},
        Revision(commit=HEAD, branch="topic", base="main", pull_request=5),
    ),
    "merge request from a fork": (
        MERGE_REQUEST
        | {
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "main",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "mallory/shop",
        },
        Revision(commit=HEAD, branch="mallory/shop:main", base="main", pull_request=5),
    ),
    "a number that is none": (
        {"CI_COMMIT_BRANCH": "main", "CI_MERGE_REQUEST_IID": "five"},
        Revision(commit=HEAD, branch="main"),
    ),
}


@pytest.mark.parametrize("name", GITLAB_PIPELINES)
def test_gitlab(name: str) -> None:
    environment, expected = GITLAB_PIPELINES[name]
    found = revision.read(GITLAB | environment, NOWHERE)
    assert (found.ci, found.url) == ("gitlab", GITLAB["CI_JOB_URL"])
    assert (found.commit, found.branch, found.base, found.pull_request, found.dirty) == (
        expected.commit,
        expected.branch,
        expected.base,
        expected.pull_request,
        False,
    )


# git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch=topic/x")
    (tmp_path / "shop.py").write_text("")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=first")
    return tmp_path


def test_a_branch_in_git(repository: Path) -> None:
    assert revision.read(ENVIRONMENT, repository) == Revision(
        commit=git(repository, "rev-parse", "HEAD"), branch="topic/x"
    )


def test_a_folder_within_the_repository(repository: Path) -> None:
    (repository / "deep").mkdir()
    assert revision.read(ENVIRONMENT, repository / "deep").branch == "topic/x"


@pytest.mark.parametrize("name", ["shop.py", "new.py"])
def test_uncommitted_changes(repository: Path, name: str) -> None:
    (repository / name).write_text("print()")
    assert revision.read(ENVIRONMENT, repository).dirty


def test_asking_leaves_the_repository_untouched(repository: Path) -> None:
    (repository / "shop.py").touch()  # makes `git status` want to refresh the index
    before = {path: path.stat() for path in (repository / ".git").rglob("*")}
    assert not revision.read(ENVIRONMENT, repository).dirty
    after = {path: path.stat() for path in (repository / ".git").rglob("*")}
    assert {path: stat.st_mtime_ns for path, stat in after.items()} == {
        path: stat.st_mtime_ns for path, stat in before.items()
    }


def test_a_tag_named_like_the_branch(repository: Path) -> None:
    git(repository, "tag", "topic/x")
    assert revision.read(ENVIRONMENT, repository).branch == "topic/x"


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "--detach")
    assert revision.read(ENVIRONMENT, repository) == Revision(commit=git(repository, "rev-parse", "HEAD"))


@pytest.mark.parametrize(
    ("job", "branch"),
    [
        ({"JENKINS_URL": "x", "BRANCH_NAME": "main"}, "main"),
        ({"JENKINS_URL": "x", "GIT_BRANCH": "origin/release/2"}, "release/2"),
        ({"JENKINS_URL": "x", "BRANCH_NAME": "PR-5", "CHANGE_ID": "5"}, ""),
        ({"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/heads/main"}, "main"),
        ({"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/pull/5/merge"}, ""),
        ({"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/tags/main"}, ""),
        ({"BUILDKITE": "true", "BUILDKITE_BRANCH": "main", "BUILDKITE_PULL_REQUEST": "false"}, "main"),
        ({"BUILDKITE": "true", "BUILDKITE_BRANCH": "main", "BUILDKITE_PULL_REQUEST": "5"}, ""),
        ({"BRANCH_NAME": "main"}, ""),  # nobody's variable
    ],
)
def test_of_a_detached_head_other_ci_systems_say_the_branch(repository: Path, job: dict[str, str], branch: str) -> None:
    git(repository, "checkout", "--quiet", "--detach")
    assert revision.read(ENVIRONMENT | job, repository).branch == branch


def test_a_branch_that_is_checked_out_comes_before_what_ci_says(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "own")
    assert revision.read(ENVIRONMENT | {"JENKINS_URL": "x", "BRANCH_NAME": "main"}, repository).branch == "own"


def test_no_commits_yet(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    assert revision.read(ENVIRONMENT, tmp_path) == Revision(branch="main")


@pytest.mark.parametrize("folder", ["", "missing", "file"])
def test_no_repository(folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environment = ENVIRONMENT | {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    assert revision.read(environment, tmp_path / folder) == Revision()


def test_no_git(repository: Path) -> None:
    assert revision.read(ENVIRONMENT | {"PATH": "/nowhere"}, repository) == Revision()


def test_a_git_that_does_not_answer(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_questions, "GIT_TIMEOUT_S", 0.05)
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    slow.chmod(0o755)
    assert revision.read(ENVIRONMENT | {"PATH": str(slow.parent)}, repository) == Revision()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_somebody_else_that_git_refuses(repository: Path) -> None:
    os.chown(repository / ".git", 12345, 12345)
    os.chown(repository, 12345, 12345)
    assert revision.read(ENVIRONMENT, repository) == Revision()


def test_inside_a_git_hook(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet", "--initial-branch=other")
    assert revision.read(ENVIRONMENT | {"GIT_DIR": str(other / ".git")}, repository).branch == "topic/x"


def test_the_environment_of_ci_wins(repository: Path) -> None:
    (repository / "shop.py").write_text("print()")
    found = revision.read(ENVIRONMENT | GITLAB | {"CI_COMMIT_BRANCH": "main"}, repository)
    assert (found.commit, found.branch, found.dirty) == (HEAD, "main", False)


# Hostile values


def test_control_characters_are_stripped() -> None:
    hostile = "ma\x1b[31min\n::error::\u202e\u2028\0\udcff"
    found = revision.read(GITLAB | {"CI_COMMIT_BRANCH": hostile}, NOWHERE)
    assert found.branch == "ma[31min::error::"


def test_long_values_are_cut() -> None:
    assert len(revision.read(GITLAB | {"CI_COMMIT_BRANCH": "x" * 100_000}, NOWHERE).branch) == revision.MAX_VALUE_CHARS


KEYS = sorted(
    {key for environment, _, _ in GITHUB_EVENTS.values() for key in environment}
    | {key for environment, _ in GITLAB_PIPELINES.values() for key in environment}
    | GITHUB.keys() - {"GITHUB_ACTIONS"}
)
ANY_TEXT = st.text(st.characters())
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["pull_request", "workflow_run", "issue", "head", "base", "repo", "ref", "sha", "number"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    ci=st.sampled_from([{"GITHUB_ACTIONS": "true"}, {"GITLAB_CI": "true"}]),
    environment=st.dictionaries(st.sampled_from(KEYS), ANY_TEXT),
    event=ANY_JSON,
)
def test_nothing_raises_and_everything_can_be_stored(
    ci: Mapping[str, str], environment: Mapping[str, str], event: object, tmp_path: Path
) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))
    found = revision.read({**environment, **ci, "GITHUB_EVENT_PATH": str(path)}, NOWHERE)
    run = make_run(revision=found)
    assert codec.decode(Run, codec.encode(run).encode(), origin="run.json") == run


def test_the_commit_of_a_tag_a_branch_or_a_commit(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "--annotate", "--message=release", "v1.0")
    git(repository, "commit", "--quiet", "--allow-empty", "--message=second")
    second = git(repository, "rev-parse", "HEAD")

    asked = {
        ref: git_questions.commit_of(ENVIRONMENT, repository, ref) for ref in ("v1.0", "last-tag", first[:9], "topic/x")
    }

    assert asked == {"v1.0": first, "last-tag": first, first[:9]: first, "topic/x": second}
    assert (
        git_questions.commit_of(ENVIRONMENT, repository, "v9")
        == git_questions.commit_of(ENVIRONMENT, repository, "--help")
        == ""
    )
    assert git_questions.commit_of(ENVIRONMENT, NOWHERE, "v1.0") == ""


def test_a_release_is_compared_with_the_one_before(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    assert git_questions.commit_of(ENVIRONMENT, repository, "last-tag") == ""
    git(repository, "tag", "v1.0")
    assert git_questions.commit_of(ENVIRONMENT, repository, "last-tag") == first  # there is none before
    git(repository, "commit", "--quiet", "--allow-empty", "--message=second")
    git(repository, "tag", "v1.1")
    assert git_questions.commit_of(ENVIRONMENT, repository, "last-tag") == first


def test_a_repository_of_another_user_is_no_secret(tmp_path):
    """Git's own switch for its tests; a container has it without one."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    environ = {**os.environ, "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
    said = git_questions.reading_problem(environ, tmp_path)
    assert said.startswith("detected dubious ownership in repository")
    assert f"git config --global --add safe.directory {tmp_path}" in said
    assert "\n" not in said


def test_there_is_no_trouble_where_git_reads_the_repository_and_where_there_is_none(tmp_path):
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
    assert git_questions.reading_problem(environ, tmp_path) == ""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert git_questions.reading_problem(environ, tmp_path) == ""
    assert git_questions.reading_problem({"PATH": "/nowhere"}, tmp_path) == "git is not installed"


def test_a_ceiling_below_the_repository_is_named(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "perf").mkdir()
    said = git_questions.reading_problem(ENVIRONMENT | {"GIT_CEILING_DIRECTORIES": str(tmp_path)}, tmp_path / "perf")
    assert said.endswith("where GIT_CEILING_DIRECTORIES lets it look")


def on_github(repository: Path, event_name: str, event: dict[str, object]) -> dict[str, str]:
    path = repository.parent / "event.json"
    path.write_text(json.dumps(event))
    names = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event_name, "GITHUB_EVENT_PATH": str(path)}
    return ENVIRONMENT | names | {"GITHUB_SHA": git(repository, "rev-parse", "HEAD")}


OF_A_PULL_REQUEST = [
    ("pull_request_target", {"pull_request": {"number": 7, "head": {"sha": "1" * 40}}}),
    ("issue_comment", {"issue": {"number": 7, "pull_request": {"url": "https://api.github.com/x"}}}),
]


@pytest.mark.parametrize(("name", "event"), OF_A_PULL_REQUEST)
def test_a_job_about_a_pull_request_that_checked_out_the_base(repository: Path, name: str, event: dict[str, object]):
    environ = on_github(repository, name, event)
    said = revision.other_code(environ, repository)
    assert said.startswith(environ["GITHUB_SHA"][:7] + " of the base branch is checked out")
    assert said.endswith("`ref: refs/pull/7/head`")

    git(repository, "commit", "--quiet", "--allow-empty", "--message=of the pull request")
    assert revision.other_code(environ, repository) == ""


@pytest.mark.parametrize(("name", "event"), [("push", {}), ("pull_request", OF_A_PULL_REQUEST[0][1])])
def test_other_jobs_check_out_what_they_are_about(repository: Path, name: str, event: dict[str, object]):
    assert revision.other_code(on_github(repository, name, event), repository) == ""


def test_a_folder_that_may_not_be_looked_into_is_named(tmp_path, monkeypatch):
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)  # as root may look into every folder
    assert git_questions.reading_problem({}, tmp_path) == f"{tmp_path / '.git'}: Permission denied"


@pytest.mark.parametrize(
    "job",
    [
        {"CI_PIPELINE_EVENT": "pull_request", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_PULL_REQUEST": "5"}
        | {"CI_COMMIT_SOURCE_BRANCH": "topic", "CI_COMMIT_TARGET_BRANCH": "main"},
        {"DRONE": "true", "DRONE_BRANCH": "main", "DRONE_PULL_REQUEST": "5", "DRONE_TARGET_BRANCH": "main"},
        {"TRAVIS": "true", "TRAVIS_BRANCH": "main", "TRAVIS_PULL_REQUEST": "5"},
    ],
)
def test_a_pull_request_is_not_on_the_local_branch_called_as_its_target(repository: Path, job: dict[str, str]) -> None:
    git(repository, "checkout", "--quiet", "-b", "main")
    expected = Revision(commit=git(repository, "rev-parse", "HEAD"), base="main", pull_request=5)
    assert revision.read(ENVIRONMENT | job, repository) == expected


@pytest.mark.parametrize(
    "job",
    [
        {"JENKINS_URL": "x", "BRANCH_NAME": "main", "TAG_NAME": "main"},
        {"BUILDKITE": "true", "BUILDKITE_BRANCH": "main", "BUILDKITE_TAG": "v1"},
        {"DRONE": "true", "DRONE_BRANCH": "main", "DRONE_TAG": "v1"},
        {"CI_PIPELINE_EVENT": "tag", "CI_COMMIT_TAG": "v1"},
        {
            "CODEBUILD_BUILD_ID": "9",
            "CODEBUILD_WEBHOOK_TRIGGER": "tag/v1",
            "CODEBUILD_WEBHOOK_HEAD_REF": "refs/tags/v1",
        },
    ],
)
@pytest.mark.parametrize("local", ["--detach", "-bmain"])
def test_a_tag_is_on_no_branch(repository: Path, job: dict[str, str], local: str) -> None:
    git(repository, "checkout", "--quiet", local)
    assert revision.read(ENVIRONMENT | job, repository).branch == ""


DISPATCHES = ["workflow_dispatch", "schedule", "repository_dispatch", "push"]


@pytest.mark.parametrize("event", DISPATCHES)
def test_a_workflow_that_checks_out_another_branch_measures_that(repository: Path, event: str) -> None:
    environ = on_github(repository, event, {}) | GITHUB | on_branch("main")
    environ |= {"GITHUB_SHA": git(repository, "rev-parse", "HEAD")}
    assert revision.read(environ, repository).branch == "main"
    assert revision.other_checkout(revision.read(environ, repository), environ) == ""

    git(repository, "checkout", "--quiet", "-b", "release/2")
    git(repository, "commit", "--quiet", "--allow-empty", "--message=second")
    commit = git(repository, "rev-parse", "HEAD")
    code = revision.read(environ, repository)
    assert (code.commit, code.branch, code.ci, code.url) == (commit, "release/2", "github", URL)
    assert revision.other_checkout(code, environ) == (
        f"release/2 at {commit[:7]} is checked out, not main at {environ['GITHUB_SHA'][:7]}: "
        "the run is recorded on release/2."
    )


def test_a_workflow_that_checks_out_a_tag_measures_no_branch(repository: Path) -> None:
    environ = on_github(repository, "schedule", {}) | on_branch("main")
    git(repository, "checkout", "--quiet", "--detach")
    code = revision.read(environ, repository)
    assert (code.commit, code.branch) == (git(repository, "rev-parse", "HEAD"), "")
    assert revision.other_checkout(code, environ).endswith("the run is recorded without a branch.")


@pytest.mark.parametrize(
    "url",
    [
        "https://github.example.com/{}/shop",
        "git@github.example.com:{}/shop.git",
        "ssh://git@github.example.com:22/{}/Shop",
        "https://github.example.com/{}/shop-1",  # a fork's name where its owner had a shop already
    ],
)
@pytest.mark.parametrize(("owner", "branch"), [("ada", "main"), ("ADA", "main"), ("mallory", "mallory:main")])
def test_a_workflow_that_checks_out_a_fork_is_on_no_branch_of_the_repository(
    repository: Path, url: str, owner: str, branch: str
) -> None:
    git(repository, "checkout", "--quiet", "-b", "main")
    git(repository, "remote", "add", "origin", url.format(owner))
    environ = on_github(repository, "workflow_dispatch", {}) | GITHUB | on_branch("main")
    assert revision.read(environ, repository).branch == branch
