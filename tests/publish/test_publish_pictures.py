"""Charts in the comment: stored on the history's branch of a real remote, pinned by its commit, or text all the same."""

from __future__ import annotations

import os
import re
import stat
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import forked
import pytest
from fake_github.server import FakeGitHub, strict_github
from publish.desks import opened
from report.samples import shop_facts

from perfgate import history
from perfgate.files import codec
from perfgate.publish.github import images

BRANCH = "perfgate-data"
PINNED = re.compile(r'"(http[^"]+/octo/shop/blob/([0-9a-f]{40})/(charts/[^"?]+)\?raw=true)"')
SHA = "a" * 40
NOBODY = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    **{f"GIT_{who}_{key}": "a@example.invalid" for who in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")},
}


def git(folder: Path, *arguments: str) -> bytes:
    environ = {**os.environ, **NOBODY}
    return subprocess.run(["git", *arguments], cwd=folder, env=environ, capture_output=True, check=True).stdout


@dataclass
class Checkout:
    """A clone with a judged run in it, whose remote has the history and is known as octo/shop."""

    folder: Path
    remote: Path
    run: Path

    def perfgate(self, known: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("PERFGATE_", "GITHUB_"))}
        return forked.perfgate(
            *arguments, "--history", f"git:{BRANCH}", cwd=self.folder, env={**own, **NOBODY, **known}
        )

    def files(self, ref: str = BRANCH) -> list[str]:
        return git(self.remote, "ls-tree", "-r", "--name-only", ref).decode().splitlines()

    def refuse(self) -> None:
        hook = self.remote / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho 'GH013: Repository rule violations found'\nexit 1\n")
        hook.chmod(hook.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    """Of one kind: what differs of GitHub Enterprise Server is in the address alone."""
    with strict_github() as fake:
        yield fake


@pytest.fixture
def checkout(github: FakeGitHub, tmp_path: Path) -> Checkout:
    work, remote, folder = tmp_path / "work", tmp_path / "remote.git", tmp_path / "checkout"
    work.mkdir()
    git(work, "init", "-q", "-b", "main")
    git(work, "commit", "-q", "--allow-empty", "-m", "code")
    git(tmp_path, "clone", "-q", "--bare", str(work), str(remote))
    git(tmp_path, "clone", "-q", f"file://{remote}", str(folder))
    known_as = f"{github.server}/octo/shop"
    git(folder, "remote", "set-url", "origin", known_as)
    git(folder, "config", f"url.file://{remote}.insteadOf", known_as)
    facts = shop_facts()
    run = folder / ".perfgate" / "runs" / facts.run.id
    codec.write(facts.run, run / "run.json")
    codec.write(facts.verdict, run / "verdict.json")
    with history.open(f"git:{BRANCH}", root=folder, environ={**os.environ, **NOBODY}) as store:
        store.save_all(facts.past_runs)
    return Checkout(folder, remote, run)


def size(png: bytes) -> tuple[int, ...]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_the_worst_are_pictures_pinned_by_the_commit_that_has_them(
    github: FakeGitHub, checkout: Checkout, tmp_path: Path
):
    repo, _, known = opened(github, tmp_path, "pull-requests")

    done = checkout.perfgate(known, "publish", "latest")

    assert done.returncode == 0, done.stderr
    (comment,) = repo.comments.values()
    found = PINNED.findall(comment.body)
    assert comment.body.count("<picture>") == 2
    assert len(found) == 4
    assert "```mermaid" not in comment.body
    for address, sha, path in found:
        assert address.startswith(f"{github.server}/")
        content = git(checkout.remote, "cat-file", "blob", f"{sha}:{unquote(path)}")
        assert size(content)[0] == 1440
        assert len(content) < 40_000
    names = [Path(path).name for _, _, path in found]
    assert names[:2] == ["search-p95-dark.png", "search-p95-light.png"]
    assert 'alt="search p95: 131 ms, limit 120 ms, baseline 82 ms"' in comment.body
    assert len(comment.body) < 65_536


def test_telling_it_again_stores_nothing_twice(github: FakeGitHub, checkout: Checkout, tmp_path: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests")

    checkout.perfgate(known, "publish", "latest")
    before = git(checkout.remote, "rev-parse", BRANCH)
    checkout.perfgate(known, "publish", "latest")

    assert git(checkout.remote, "rev-parse", BRANCH) == before
    assert [one.edits for one in repo.comments.values()] == [0]


@pytest.mark.parametrize("setting", ["text", "none"])
def test_a_team_can_do_without(github: FakeGitHub, checkout: Checkout, tmp_path: Path, setting: str):
    repo, _, known = opened(github, tmp_path, "pull-requests")

    done = checkout.perfgate(known, "publish", "latest", "--charts", setting)

    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    (comment,) = repo.comments.values()
    assert "<picture>" not in comment.body
    assert ("```mermaid" in comment.body) == (setting == "text")
    assert "▁" in comment.body  # the table has its lines in any case
    assert not any(path.startswith("charts/") for path in checkout.files())


def test_a_branch_that_may_not_be_written_leaves_the_text_and_the_verdict(
    github: FakeGitHub, checkout: Checkout, tmp_path: Path
):
    repo, _, known = opened(github, tmp_path, "pull-requests")
    checkout.refuse()

    done = checkout.perfgate(known, "publish", "latest")

    assert done.returncode == 0, done.stderr
    (comment,) = repo.comments.values()
    assert "```mermaid" in comment.body
    assert "<picture>" not in comment.body
    assert "No pictures in the comment" in done.stderr
    assert "GH013" in done.stderr
    assert "contents: write" in done.stderr


@pytest.mark.parametrize(
    ("options", "origin", "said"),
    [
        (["--comment", "never"], None, ""),
        ([], "https://elsewhere.example/octo/shop.git", "no repository of this GitHub"),
    ],
)
def test_nothing_is_stored_that_nobody_would_see(
    github: FakeGitHub, checkout: Checkout, tmp_path: Path, options: list[str], origin: str | None, said: str
):
    _, _, known = opened(github, tmp_path, "pull-requests")
    if origin:
        git(checkout.folder, "remote", "set-url", "origin", origin)
        git(checkout.folder, "config", f"url.file://{checkout.remote}.insteadOf", origin)

    done = checkout.perfgate(known, "publish", "latest", *options)

    assert said in done.stderr
    assert ("No pictures" in done.stderr) == bool(said)
    assert not any(path.startswith("charts/") for path in checkout.files())


def test_a_push_without_a_pull_request_stores_nothing(github: FakeGitHub, checkout: Checkout, tmp_path: Path):
    _, _, known = opened(github, tmp_path, "pull-requests")
    (tmp_path / "event.json").write_text("{}")
    known |= {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/feature", "GITHUB_SHA": "c" * 40}

    done = checkout.perfgate(known, "publish", "latest")

    assert "belongs to no open pull request" in done.stderr
    assert not any(path.startswith("charts/") for path in checkout.files())


def test_old_pictures_go_with_prune_and_the_runs_stay(github: FakeGitHub, checkout: Checkout, tmp_path: Path):
    _, _, known = opened(github, tmp_path, "pull-requests")
    checkout.perfgate(known, "publish", "latest")
    fresh = [path for path in checkout.files() if path.startswith("charts/")]
    planting = tmp_path / "planting"
    git(tmp_path, "clone", "-q", "-b", BRANCH, f"file://{checkout.remote}", str(planting))
    for path in ("charts/2020-01-05/old-run/search-p95-dark.png", "charts/ours/logo.png"):
        (planting / path).parent.mkdir(parents=True)
        (planting / path).write_bytes(b"png")
    git(planting, "add", "-A")
    git(planting, "commit", "-q", "-m", "an old one")
    git(planting, "push", "-q", "origin", f"HEAD:{BRANCH}")

    dry = checkout.perfgate({}, "history", "prune", "--keep", "500", "--dry-run")
    before = checkout.files()
    done = checkout.perfgate({}, "history", "prune", "--keep", "500")

    assert "Would forget 1 picture " in dry.stdout, dry.stderr
    assert "Forgot 1 picture " in done.stdout, done.stderr
    assert set(before) - set(checkout.files()) == {"charts/2020-01-05/old-run/search-p95-dark.png"}
    assert set(fresh) < set(checkout.files())
    assert git(checkout.remote, "rev-list", "--count", BRANCH).strip() == b"1"  # out of the past, too


@pytest.mark.parametrize(
    ("remote", "root"),
    [
        ("https://github.com/octo/shop", f"https://github.com/octo/shop/blob/{SHA}/"),
        ("https://github.com/octo/shop.js.git", f"https://github.com/octo/shop.js/blob/{SHA}/"),
        ("https://x-access-token:ghs_1@github.com/octo/shop.git", f"https://github.com/octo/shop/blob/{SHA}/"),
        ("git@github.com:octo/shop.git", f"https://github.com/octo/shop/blob/{SHA}/"),
        ("ssh://git@github.com:22/octo/shop", f"https://github.com/octo/shop/blob/{SHA}/"),
        ("https://github.com.evil.example/octo/shop", ""),
        ("https://evil.example/github.com/octo/shop", ""),
        ("file:///srv/octo/shop.git", ""),
        ("/srv/octo/shop.git", ""),
        ("https://github.com/octo/shop/deeper", ""),
        ('https://github.com/octo/sh"op', ""),
    ],
)
def test_which_remotes_are_repositories_of_this_github(remote: str, root: str):
    assert images.root({}, [remote], SHA) == root


def test_the_host_is_the_servers():
    environ = {"GITHUB_SERVER_URL": "https://ghe.example:8443/"}

    root = images.root(environ, ["/srv/x", "git@ghe.example:octo/shop.git"], SHA)

    assert images.address(root, "charts/a b%2F.png") == (
        f"https://ghe.example:8443/octo/shop/blob/{SHA}/charts/a%20b%252F.png?raw=true"
    )
