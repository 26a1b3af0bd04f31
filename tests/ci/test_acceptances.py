"""Trailers and labels: what they say, whose words count, and which commits belong to a run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from perfgate.ci import acceptances
from perfgate.ci.acceptances import AcceptanceClaim


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("perfgate-accept", "*"),
        ("Perfgate-Accept: search p95", "search p95"),
        ("perfgate-accept:search", "search"),
        ("perfgate-accepted", None),
        ("performance", None),
        ("not perfgate-accept", None),
    ],
)
def test_labels(label: str, text: str | None):
    found = acceptances.of_label(label, author="ann", at="", reason="#1 faster")

    assert (found.text if found else None) == text


def test_a_squashed_message_keeps_its_trailers_in_the_middle():
    message = (
        "Faster (#12)\n\n* rank anew\n\nPerfgate-Accept: search p95 - new\n  ranking\n\n* tidy up\n\n"
        "> Perfgate-Accept: quoted\n\nperfgate-accept: list products\nCo-authored-by: B <b@example.org>\n"
    )

    found = acceptances.of_message(message, author="Ann", at="", commit="a" * 40)

    assert [one.text for one in found] == ["search p95 - new ranking", "list products"]
    assert {one.reason for one in found} == {"Faster (#12)"}


# ------------------------------------------------------------------------------------------------- git


def git(folder: Path, *arguments: str) -> str:
    who = {
        "GIT_AUTHOR_NAME": "Ann",
        "GIT_AUTHOR_EMAIL": "a@b.c",
        "GIT_COMMITTER_NAME": "C",
        "GIT_COMMITTER_EMAIL": "c@b",
    }
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**os.environ, **who}, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(folder: Path, message: str) -> str:
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    return tmp_path


def texts(words: tuple[AcceptanceClaim, ...]) -> list[str]:
    return [word.text for word in words]


def test_only_commits_since_the_last_run_count(repository: Path):
    first = commit(repository, "one\n\nPerfgate-Accept: search - old news")
    commit(
        repository, "two\n\nPerfgate-Accept: search p95 - new ranking\nPerfgate-Accept: list products - more of them"
    )
    commit(repository, "three")

    found = acceptances.of_commits(repository, os.environ, since=("f" * 40, first))

    assert texts(found) == ["search p95 - new ranking", "list products - more of them"]
    assert {one.author for one in found} == {"Ann"}
    assert found[0].source.startswith("commit ")


def test_without_a_known_beginning_only_the_newest_commit_counts(repository: Path):
    commit(repository, "one\n\nPerfgate-Accept: search - old news")
    commit(repository, "two\n\nPerfgate-Accept: * - all of it")

    assert texts(acceptances.of_commits(repository, os.environ, since=("", "f" * 40))) == ["* - all of it"]


def test_commits_of_a_merged_branch_count_and_those_of_the_base_do_not(repository: Path):
    base = commit(repository, "base")
    git(repository, "switch", "--quiet", "--create", "feature")
    head = commit(repository, "feature\n\nPerfgate-Accept: search - feature")
    git(repository, "switch", "--quiet", "main")
    tip = commit(repository, "main goes on\n\nPerfgate-Accept: search - of main")
    git(repository, "merge", "--quiet", "--no-ff", "-m", "Merge feature", "feature")

    of_pull_request = acceptances.of_commits(repository, os.environ, since=(tip,), head=head)
    since_last_run = acceptances.of_commits(repository, os.environ, since=(base,))

    assert texts(of_pull_request) == ["search - feature"]
    assert sorted(texts(since_last_run)) == ["search - feature", "search - of main"]
    assert len(acceptances.first_parents(repository, os.environ, since=(base,), limit=20)) == 2


@pytest.mark.parametrize("name", ["--output=pwned", "-n1", "HEAD; touch pwned", "nothing"])
def test_no_name_is_an_option(repository: Path, name: str):
    commit(repository, "one")

    assert acceptances.of_commits(repository, os.environ, since=(name,), head=name) == ()
    assert not (repository / "pwned").exists()


def test_without_git_there_are_no_words(tmp_path: Path):
    assert (
        acceptances.of_commits(tmp_path, {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}, since=())
        == ()
    )


def test_a_shallow_checkout_knows_no_base(repository: Path, tmp_path_factory: pytest.TempPathFactory):
    base = commit(repository, "one")
    head = commit(repository, "two")
    shallow = tmp_path_factory.mktemp("shallow")
    git(shallow, "clone", "--quiet", "--depth=1", f"file://{repository}", "clone")

    assert acceptances.has_commits(repository, os.environ, base, head)
    assert not acceptances.has_commits(shallow / "clone", os.environ, base, head)
