"""What `--base-ref` may name, in clones as CI leaves them; and what is said where there is no such commit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from repositories import ENVIRONMENT, clone, commit, git

from perfgate.git.command import without_hook_variables
from perfgate.loadtest.service.git import Git
from perfgate.loadtest.service.refs import commit_of
from perfgate.model.errors import UsageError

GONE = "1234567890" * 4


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for number in range(4):
        commit(folder, f"file-{number}")
    return folder


def of(folder: Path, ref: str) -> str:
    return commit_of(Git(folder, ENVIRONMENT), ref)


def refused(folder: Path, ref: str) -> str:
    with pytest.raises(UsageError) as caught:
        of(folder, ref)
    return str(caught.value)


@pytest.mark.parametrize("ref", ["HEAD~1", "HEAD^", "main~2", "origin/main~3", "main^^"])
def test_a_shallow_clone_fetches_the_past_that_a_ref_counts_back_to(origin: Path, ref: str):
    expected = git(origin, "rev-parse", ref.removeprefix("origin/"))
    assert of(clone(origin, "--depth=1"), ref) == expected


def test_the_past_of_a_branch_that_is_not_here_is_fetched_too(origin: Path):
    git(origin, "switch", "-q", "-c", "topic")
    folder = clone(origin, "--depth=1", "--branch=topic")
    assert of(folder, "main~1") == git(origin, "rev-parse", "main~1")


def test_the_beginning_of_a_commit_is_enough_where_it_is_in_the_past(origin: Path):
    past = git(origin, "rev-parse", "main~2")
    assert of(clone(origin, "--depth=1"), past[:8]) == past


def test_a_branch_of_another_remote_is_fetched_from_there(origin: Path):
    folder = clone(origin)
    shutil.copytree(origin, origin.parent / "upstream")
    newer = commit(origin.parent / "upstream", "newer")
    git(folder, "remote", "add", "upstream", f"file://{origin.parent}/upstream")
    assert of(folder, "upstream/main") == newer


@pytest.mark.parametrize(
    ("ref", "advice"),
    [
        ("0" * 40, "nothing before it. `--base-ref auto`"),
        (GONE, "A forced push may have removed that commit"),
        ("abcdef12", "all of their 40 characters"),
        ("HEAD~9", "HEAD does not reach back so far"),
        ("mian", "`git fetch origin mian`"),
    ],
)
@pytest.mark.parametrize("options", [("--depth=1",), ()])
def test_a_commit_that_is_nowhere_is_explained(origin: Path, ref: str, advice: str, options: tuple[str, ...]):
    assert advice in refused(clone(origin, *options), ref)


def test_a_remote_that_lets_nobody_in_is_no_misspelt_branch(origin: Path, tmp_path: Path):
    folder = clone(origin)
    git(folder, "remote", "set-url", "origin", "private:shop.git")
    locked = tmp_path / "ssh"
    locked.write_text("#!/bin/sh\necho 'git@private: Permission denied (publickey).' >&2\nexit 255\n")
    locked.chmod(0o755)
    git(folder, "config", "core.sshCommand", str(locked))
    assert "git may not read origin" in refused(folder, "topic")


def test_a_repository_of_another_user_is_a_repository(origin: Path):
    environ = ENVIRONMENT | {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "HOME": "/nonexistent"}
    with pytest.raises(UsageError) as caught:
        Git(origin, environ).top()
    assert "belongs to another user" in str(caught.value)
    assert f"safe.directory {origin}" in caught.value.hint


@pytest.mark.parametrize("ref", ["v1.0.0+build.5", "feature/c++", "v1.0.0+build.5~1"])
def test_a_plus_is_a_part_of_a_name(origin: Path, ref: str):
    """metcalfc/changelog-generator pull request 290: build metadata in a tag."""
    git(origin, "tag", "v1.0.0+build.5")
    git(origin, "branch", "feature/c++")
    assert of(origin, ref) == git(origin, "rev-parse", ref)
    assert "cannot be a branch" in refused(origin, "+main")


def test_a_branch_and_a_tag_of_one_name_are_told_apart(origin: Path):
    """opensearch-project/opensearch-api-specification issue 300: git would take the tag."""
    git(origin, "tag", "main", "main~2")
    for folder in (origin, clone(origin)):
        assert "there is a branch and a tag of that name" in refused(folder, "main")
        assert of(folder, "refs/tags/main") == git(origin, "rev-parse", "refs/tags/main")
        assert of(folder, "refs/heads/main") == git(origin, "rev-parse", "refs/heads/main")
    git(origin, "tag", "--force", "main", "refs/heads/main")
    assert of(origin, "main") == git(origin, "rev-parse", "refs/heads/main")


def test_the_full_name_of_a_branch_that_only_the_remote_has(origin: Path):
    """nrwl/nx issue 14274: Azure gives the target as refs/heads/..., and keeps no credentials to fetch with."""
    git(origin, "branch", "release/1")
    folder = clone(origin)
    git(folder, "remote", "set-url", "origin", "http://127.0.0.1:9/gone.git")
    assert of(folder, "refs/heads/release/1") == git(origin, "rev-parse", "release/1")


def test_what_git_sets_for_a_hook_leads_no_other_git_astray():
    """changesets/changesets issue 2027: in a worktree, `setup` in the base's checkout would work on the head's."""
    kept = {"PATH": "/bin", "GIT_AUTHOR_NAME": "ada"}
    assert without_hook_variables({**kept, "GIT_DIR": "/shop/.git", "GIT_INDEX_FILE": "index"}) == kept
