"""Questions to git about the checkout. What git does not know, or not in time, stays empty; nothing here raises."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from perfgate.git import command as git
from perfgate.git.session import run_in_session

GIT_TIMEOUT_S = 10.0  # seconds for each question to git: `status` has to look at every file
REMOTE_TIMEOUT_S = 10.0  # seconds for a question to a remote

CEILING = "GIT_CEILING_DIRECTORIES"

Environment = Mapping[str, str]

# What would ask a person in a window, or in a credential helper of its own. A GIT_ASKPASS of CI's stays.
_NO_PROMPT = {"SSH_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never", "GCM_INTERACTIVE": "never"}
_NO_WINDOW = ("-c", "core.askPass=")  # after GIT_ASKPASS, before SSH_ASKPASS


def ask_git(environ: Environment, folder: Path, *question: str) -> str:
    """The answer of git, or nothing if there is no git, no repository, or no answer in time."""
    try:
        answer = _git_run(environ, folder, *question)
    except (OSError, ValueError, subprocess.TimeoutExpired):  # ValueError: a null byte in the environment
        return ""
    return answer.stdout.decode(errors="replace").strip() if answer.returncode == 0 else ""


def ask_remote(environ: Environment, folder: Path, *question: str) -> str:
    """The answer of git to a question that needs the network, or nothing: without prompts, and with an end."""
    try:
        answer = run_in_session(
            [*_NO_WINDOW, *question],
            folder=folder,
            environ=git.environment(environ, **_NO_PROMPT),
            timeout_s=REMOTE_TIMEOUT_S,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.decode(errors="replace").strip() if answer.returncode == 0 else ""


def commit_of(environ: Environment, folder: Path, ref: str) -> str:
    """The commit that a tag, a branch or (the beginning of) a commit names, "last-tag" the newest tag before this
    commit; empty if git does not know it."""
    if ref == "last-tag":
        for start in ("HEAD^", "HEAD"):  # a release is compared with the one before it
            tag = ask_git(environ, folder, "describe", "--tags", "--abbrev=0", start)
            if tag:
                return commit_of(environ, folder, f"refs/tags/{tag}")
        return ""
    return ask_git(environ, folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")


def reading_problem(environ: Environment, folder: Path) -> str:
    """What git says where there is a repository that it does not read, one of another user for example; else empty."""
    try:
        is_repository = any((place / ".git").exists() for place in (folder.resolve(), *folder.resolve().parents))
    except PermissionError as error:
        return f"{error.filename}: {error.strerror}"
    if not is_repository:
        return ""
    try:
        answer = _git_run(environ, folder, "rev-parse", "--git-dir")
    except FileNotFoundError:
        return "git is not installed"
    except OSError as error:
        return f"git cannot be started: {error.strerror}"
    except (ValueError, subprocess.TimeoutExpired):
        return ""
    if not answer.returncode:
        return ""
    lines = [line.strip() for line in git.redacted(answer.stderr.decode(errors="replace")).splitlines()]
    said = " ".join(line for line in lines if line).removeprefix("fatal: ")
    is_ceiling = "not a git repository" in said and environ.get(CEILING)
    return f"{said}, where {CEILING} lets it look" if is_ceiling else said


def _git_run(environ: Environment, folder: Path, *question: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["git", "-c", "core.fsmonitor=false", *question],
        cwd=folder,
        env=git.environment(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=GIT_TIMEOUT_S,
        check=False,
    )
