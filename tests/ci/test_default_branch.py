"""Which branch is the repository's default one, by real repositories and CI's events."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from perfgate.ci import git_questions
from perfgate.ci.default_branch import default_branch

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_", "GITLAB_", "CI_"))},
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}

Git = Callable[..., None]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Runs git in a folder below the temporary one."""

    def run(*arguments: str, folder: str = "shop") -> None:
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=place, env=ENVIRONMENT, check=True, capture_output=True)

    return run


def of(folder: Path, **environment: str) -> str:
    return default_branch({**ENVIRONMENT, **environment}, folder)


def commit(git: Git, *branches: str, folder: str = "shop") -> None:
    """A repository on the first of the branches, which has a commit; the others begin there."""
    git("init", "-q", "-b", branches[0], folder=folder)
    git("commit", "-q", "--allow-empty", "-m", "first", folder=folder)
    for branch in branches[1:]:
        git("branch", branch, folder=folder)


@pytest.mark.parametrize("branch", ["master", "main", "trunk"])
def test_the_only_branch_there_is(git, tmp_path, branch):
    commit(git, branch)
    assert of(tmp_path / "shop") == branch


def test_before_the_first_commit_it_is_the_branch_that_will_be(git, tmp_path):
    git("init", "-q", "-b", "master")
    assert of(tmp_path / "shop") == "master"


@pytest.mark.parametrize(
    ("branches", "expected"),
    [
        (("master", "topic"), "master"),
        (("topic", "main", "other"), "main"),
        (("main", "master"), ""),
        (("trunk", "topic"), ""),
    ],
)
def test_the_only_one_with_a_usual_name(git, tmp_path, branches, expected):
    commit(git, *branches)
    assert of(tmp_path / "shop") == expected


def test_the_name_of_new_repositories_decides_where_there_is_such_a_branch(git, tmp_path):
    commit(git, "main", "master", "trunk")
    git("config", "init.defaultBranch", "trunk")
    assert of(tmp_path / "shop") == "trunk"
    git("config", "init.defaultBranch", "elsewhere")
    git("branch", "-D", "master")
    assert of(tmp_path / "shop") == "main"


@pytest.mark.parametrize("remote", ["origin", "upstream"])
def test_a_clone_says_what_its_remote_says(git, tmp_path, remote):
    commit(git, "trunk", "main")
    git("clone", "-q", f"--origin={remote}", str(tmp_path / "shop"), "clone", folder=".")
    git("switch", "-q", "-c", "topic", folder="clone")
    assert of(tmp_path / "clone") == "trunk"


def test_a_remote_without_a_head_has_its_branches(git, tmp_path):
    """What `actions/checkout` leaves."""
    commit(git, "master")
    git("init", "-q", "-b", "topic", folder="checkout")
    git("remote", "add", "origin", str(tmp_path / "shop"), folder="checkout")
    git("fetch", "-q", "origin", folder="checkout")
    git("switch", "-q", "-c", "topic", "origin/master", folder="checkout")
    assert of(tmp_path / "checkout") == "master"


def test_the_event_of_github_says_it(tmp_path):
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"repository": {"default_branch": "trunk"}}))
    assert of(tmp_path, GITHUB_ACTIONS="true", GITHUB_EVENT_PATH=str(event)) == "trunk"
    event.write_text(json.dumps({"repository": {"default_branch": 7}}))
    assert of(tmp_path, GITHUB_ACTIONS="true", GITHUB_EVENT_PATH=str(event)) == ""


def test_gitlab_says_it(tmp_path):
    assert of(tmp_path, GITLAB_CI="true", CI_DEFAULT_BRANCH="develop") == "develop"


def test_outside_of_any_repository_nobody_knows(tmp_path):
    assert of(tmp_path) == ""


@pytest.mark.parametrize(
    "job",
    [
        {"CI_PIPELINE_EVENT": "push", "CI_REPO_DEFAULT_BRANCH": "trunk"},
        {"DRONE": "true", "DRONE_REPO_BRANCH": "trunk"},
        {"CIRRUS_CI": "true", "CIRRUS_DEFAULT_BRANCH": "trunk"},
    ],
)
def test_other_ci_systems_that_say_it(tmp_path, job):
    assert of(tmp_path, **job) == "trunk"


@pytest.mark.parametrize("branch", ["feature", "main"])
def test_a_clone_of_one_branch_has_it_from_the_remote(git, tmp_path, branch):
    """`git clone --single-branch` leaves no origin/HEAD, and its only branch says nothing."""
    commit(git, "trunk", "feature", "main")
    origin = f"file://{tmp_path / 'shop'}"
    git("clone", "-q", "--single-branch", "-b", branch, origin, "clone", folder=".")
    assert of(tmp_path / "clone") == "trunk"


def test_a_fetch_of_one_branch_has_it_from_the_remote(git, tmp_path):
    """What Jenkins and Azure Pipelines leave: all branches are meant, and one was fetched."""
    commit(git, "trunk", "feature")
    git("init", "-q", "-b", "none", folder="checkout")
    git("remote", "add", "origin", str(tmp_path / "shop"), folder="checkout")
    git("fetch", "-q", "origin", "+refs/heads/feature:refs/remotes/origin/feature", folder="checkout")
    git("checkout", "-q", "--detach", "origin/feature", folder="checkout")
    assert of(tmp_path / "checkout") == "trunk"


def test_the_only_branch_of_a_clone_whose_remote_is_gone_is_not_taken_for_it(git, tmp_path):
    commit(git, "trunk", "feature")
    git("clone", "-q", "--single-branch", "-b", "feature", f"file://{tmp_path / 'shop'}", "clone", folder=".")
    (tmp_path / "shop").rename(tmp_path / "moved")
    assert of(tmp_path / "clone") == ""


def test_a_remote_is_asked_only_where_the_checkout_does_not_know(git, tmp_path):
    commit(git, "main", "feature")
    git("clone", "-q", f"file://{tmp_path / 'shop'}", "clone", folder=".")
    git("remote", "set-head", "origin", "--delete", folder="clone")
    commands, spy = tmp_path / "commands", tmp_path / "bin" / "git"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\necho "$@" >> {commands}\nexec {shutil.which("git")} "$@"\n')
    spy.chmod(0o755)
    assert of(tmp_path / "clone", PATH=f"{spy.parent}:{os.environ['PATH']}") == "main"
    assert "symbolic-ref" in commands.read_text()
    assert "ls-remote" not in commands.read_text()


def test_a_remote_that_does_not_answer_is_left_alone_with_all_that_was_started(git, tmp_path, monkeypatch):
    """The program that reaches the remote writes its id and blocks; it is gone with the question, and had no prompt."""
    monkeypatch.setattr(git_questions, "REMOTE_TIMEOUT_S", 0.5)
    ssh = tmp_path / "ssh"
    ssh.write_text(
        f'#!/bin/sh\necho $$ "$GIT_TERMINAL_PROMPT" "$SSH_ASKPASS_REQUIRE" > {tmp_path}/who\nexec sleep 600\n'
    )
    ssh.chmod(0o755)
    unfetched(git, "git@git.example:shop.git")
    assert of(tmp_path / "shop", GIT_SSH=str(ssh)) == ""
    if (tmp_path / "who").exists():  # on a busy machine git may not have come so far
        process, prompt, window = (tmp_path / "who").read_text().split()
        assert (prompt, window) == ("0", "never")
        wait_until_gone(int(process))


def unfetched(git: Git, url: str) -> None:
    """A repository whose default branch only the remote knows."""
    commit(git, "feature")
    git("remote", "add", "origin", url)
    git("config", "remote.origin.fetch", "+refs/heads/feature:refs/remotes/origin/feature")
    git("update-ref", "refs/remotes/origin/feature", "HEAD")


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from perfgate.ci import git_questions
from perfgate.ci.default_branch import default_branch
signal.signal(signal.SIGINT, signal.default_int_handler)
git_questions.REMOTE_TIMEOUT_S = 600.0
default_branch(os.environ, Path(sys.argv[1]))
"""


def test_ctrl_c_ends_what_reaches_the_remote(git, tmp_path):
    ssh, who = tmp_path / "ssh", tmp_path / "who"
    os.mkfifo(who)
    ssh.write_text(f"#!/bin/sh\necho $$ > {who}\nexec sleep 600\n")
    ssh.chmod(0o755)
    unfetched(git, "git@git.example:shop.git")
    environment = ENVIRONMENT | {"GIT_SSH": str(ssh), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path / "shop")]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as question:
        process = int(who.read_text())  # waits until it is written
        question.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in question.communicate()[1]
    wait_until_gone(process)


class Unauthorized(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.mark.parametrize(("way", "is_run"), [("SSH_ASKPASS", False), ("core.askPass", False), ("GIT_ASKPASS", True)])
def test_only_the_password_program_of_ci_is_run(git, tmp_path, way, is_run):
    program, ran = tmp_path / "askpass", tmp_path / "ran"
    program.write_text(f"#!/bin/sh\necho x | tee {ran}\n")
    program.chmod(0o755)
    with ThreadingHTTPServer(("127.0.0.1", 0), Unauthorized) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        unfetched(git, f"http://127.0.0.1:{server.server_port}/shop.git")
        if way == "core.askPass":
            git("config", way, str(program))
        of(tmp_path / "shop", no_proxy="*", **({} if way == "core.askPass" else {way: str(program)}))
        server.shutdown()
    assert ran.exists() == is_run


def wait_until_gone(process: int) -> None:
    """Fails after a minute; a process that nobody waited for is gone too."""
    for _ in range(600):
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.1)
    raise AssertionError(f"process {process} is still there")
