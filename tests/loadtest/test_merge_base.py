"""The commit that a change began at, in real clones: whole, shallow, merged by CI, and without any."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import ENVIRONMENT, clone, commit, git

from perfgate.loadtest.service.git import Git as GitOf
from perfgate.loadtest.service.merge_base import merge_base
from perfgate.loadtest.service.refs import commit_of
from perfgate.model.errors import BaseError, UsageError
from perfgate.model.revision import JobBase

TO_MAIN = JobBase(branch="main")


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """On `topic`, five commits after it left `main`, which went on by 70."""
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "first")
    git(folder, "tag", "fork")
    for number in range(70):
        git(folder, "commit", "-q", "--allow-empty", "-m", f"main {number}")
    git(folder, "switch", "-q", "-c", "topic", "fork")
    for number in range(5):
        commit(folder, f"topic-{number}")
    return folder


def test_a_branch_is_compared_with_where_it_began(origin: Path):
    assert merge_base(TO_MAIN, origin, ENVIRONMENT) == git(origin, "rev-parse", "fork")


def test_a_remote_that_is_ahead_of_the_local_branch_counts(origin: Path):
    git(origin, "switch", "-q", "main")
    folder = clone(origin)
    git(folder, "branch", "-q", "stale", "fork")
    git(folder, "switch", "-q", "-c", "new", "origin/main")
    git(folder, "branch", "-q", "-f", "main", "fork")
    commit(folder, "changed")
    assert merge_base(TO_MAIN, folder, ENVIRONMENT) == git(origin, "rev-parse", "main")


def test_the_only_remote_counts_whatever_its_name(origin: Path):
    folder = clone(origin, "--origin=upstream")
    assert merge_base(TO_MAIN, folder, ENVIRONMENT) == git(origin, "rev-parse", "fork")
    git(folder, "update-ref", "-d", "refs/remotes/upstream/main")
    assert merge_base(TO_MAIN, folder, ENVIRONMENT) == git(origin, "rev-parse", "fork")
    assert commit_of(GitOf(folder, ENVIRONMENT), "main") == git(origin, "rev-parse", "main")


@pytest.mark.parametrize("options", [("--depth=1",), ("--depth=3", "--no-single-branch")])
def test_a_shallow_clone_fetches_until_the_histories_meet(origin: Path, options: tuple[str, ...]):
    folder = clone(origin, "--branch=topic", *options)
    git(folder, "switch", "-q", "--detach")
    assert merge_base(TO_MAIN, folder, ENVIRONMENT) == git(origin, "rev-parse", "fork")


def test_a_merge_by_ci_is_compared_with_what_it_was_merged_into(origin: Path):
    """As `actions/checkout` leaves a pull request: the merge commit alone."""
    git(origin, "switch", "-q", "-c", "merged", "main")
    git(origin, "merge", "-q", "--no-edit", "topic")
    folder = clone(origin, "--branch=merged", "--depth=1")
    git(folder, "switch", "-q", "--detach")
    merge = git(folder, "rev-parse", "HEAD")
    sought = JobBase(branch="main", merge=merge)
    assert merge_base(sought, folder, ENVIRONMENT) == git(origin, "rev-parse", "main")


def test_a_commit_that_ci_names_is_fetched(origin: Path):
    folder = clone(origin, "--branch=topic", "--depth=1")
    named = git(origin, "rev-parse", "fork")
    assert merge_base(JobBase(branch="gone", commit=named), folder, ENVIRONMENT) == named


def test_the_base_itself_has_nothing_to_be_compared_with_unless_it_was_changed(origin: Path):
    git(origin, "switch", "-q", "main")
    assert merge_base(TO_MAIN, origin, ENVIRONMENT) == ""
    (origin / "untracked").write_text("a stranger's")
    assert merge_base(TO_MAIN, origin, ENVIRONMENT) == ""
    (origin / "first").write_text("changed")
    assert merge_base(TO_MAIN, origin, ENVIRONMENT) == git(origin, "rev-parse", "main")


def test_a_branch_that_is_nowhere(origin: Path):
    with pytest.raises(BaseError, match="gone cannot be fetched from origin"):
        merge_base(JobBase(branch="gone"), clone(origin), ENVIRONMENT)


def test_histories_that_never_meet(origin: Path):
    git(origin, "switch", "-q", "--orphan", "island")
    commit(origin, "alone")
    with pytest.raises(BaseError, match="HEAD and main have no commit in common here"):
        merge_base(TO_MAIN, origin, ENVIRONMENT)


def test_without_a_commit_or_a_repository(tmp_path: Path):
    with pytest.raises(UsageError, match="needs a git repository"):
        merge_base(TO_MAIN, tmp_path, ENVIRONMENT)
    git(tmp_path, "init", "-q")
    with pytest.raises(BaseError, match="no commit yet"):
        merge_base(TO_MAIN, tmp_path, ENVIRONMENT)


@pytest.mark.parametrize("options", [(), ("--depth=1",)])
def test_a_branch_that_a_forced_push_replaced_has_nothing_in_common(origin: Path, options: tuple[str, ...]):
    git(origin, "switch", "-q", "--orphan", "another")
    commit(origin, "rewritten")
    git(origin, "branch", "-M", "another", "main")
    folder = clone(origin, "--branch=topic", *options)
    with pytest.raises(BaseError, match="HEAD and main have no commit in common here") as caught:
        merge_base(TO_MAIN, folder, ENVIRONMENT)
    assert caught.value.hint == "Was main replaced by a forced push? Rebase onto it, or name the base: --base-ref REF."
