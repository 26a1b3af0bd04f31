"""Which code is measured: from the environment of GitHub Actions or GitLab CI, else from git, where a detached HEAD
leaves the branch to what other CI systems say of it.

What cannot be found out stays empty; nothing here raises. A pull request from a fork gets its owner before its branch
("mallory:main"), so that no fork can pass for the branch that the baseline comes from.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perfgate.ci.detached import branch_of_job
from perfgate.model.revision import Revision

GIT_TIMEOUT_S = 10.0  # seconds for each question to git: `status` has to look at every file
MAX_VALUE_CHARS = 500  # characters of any value: environments and event files hold what strangers wrote

Environment = Mapping[str, str]
Json = Mapping[str, Any]


def read(environ: Environment, folder: Path) -> Revision:
    """`folder` is inside the checkout; git is asked only outside GitHub and GitLab."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return _github(environ)
    if environ.get("GITLAB_CI"):
        return _gitlab(environ)
    return _git(environ, folder)


def _github(environ: Environment) -> Revision:
    code = _github_code(environ, read_event(environ.get("GITHUB_EVENT_PATH", "")))
    server, repository, job = (environ.get(f"GITHUB_{key}") for key in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    url = f"{server}/{repository}/actions/runs/{job}" if server and repository and job else ""
    return _revision(code | {"ci": "github", "url": url})


def _github_code(environ: Environment, event: Json) -> dict[str, Any]:
    """GITHUB_SHA and GITHUB_REF name what started the workflow, which need not be what it measures."""
    pull = part_of(event, "pull_request")
    if pull or environ.get("GITHUB_BASE_REF"):
        return _github_pull_request(environ, pull)
    if workflow := part_of(event, "workflow_run"):  # GITHUB_SHA is the default branch's
        return _github_workflow_run(workflow)
    issue = part_of(event, "issue")
    if part_of(issue, "pull_request"):  # a comment: GITHUB_SHA is the default branch's, the checkout may be any
        return {"pull_request": issue.get("number")}
    branch = _github_branch(environ)
    queue = re.fullmatch(r"gh-readonly-queue/(.+)/pr-\d+-[0-9a-f]+", branch)  # a merge group
    return {"commit": environ.get("GITHUB_SHA"), "branch": branch, "base": queue[1] if queue else ""}


def _github_pull_request(environ: Environment, pull: Json) -> dict[str, Any]:
    """GITHUB_SHA is a merge commit that is gone tomorrow, or the base's; the head is in the event file alone."""
    head, base = part_of(pull, "head"), part_of(pull, "base")
    branch = head.get("ref") or environ.get("GITHUB_HEAD_REF")
    target = base.get("ref") or environ.get("GITHUB_BASE_REF")
    number = re.match(r"refs/pull/([0-9]{1,18})/", environ.get("GITHUB_REF", ""))
    # The same branch is impossible in one repository; without an event file it is all there is to go by.
    fork = is_from_fork(pull) or branch == target
    return {
        "commit": head.get("sha") or environ.get("GITHUB_SHA"),
        "branch": _of(part_of(head, "user").get("login"), branch) if fork else branch,
        "base": target,
        "pull_request": pull.get("number") or (int(number[1]) if number else None),
    }


def _github_workflow_run(workflow: Json) -> dict[str, Any]:
    repository, branch = part_of(workflow, "head_repository"), workflow.get("head_branch")
    fork = repository.get("full_name") != part_of(workflow, "repository").get("full_name")
    pulls = workflow.get("pull_requests")
    pull = pulls[0] if isinstance(pulls, list) and len(pulls) == 1 and isinstance(pulls[0], dict) else {}
    return {
        "commit": workflow.get("head_sha"),
        "branch": _of(part_of(repository, "owner").get("login"), branch) if fork else branch,
        "base": part_of(pull, "base").get("ref"),
        "pull_request": pull.get("number"),
    }


def _github_branch(environ: Environment) -> str:
    """Empty for tags, and for events that have no branch."""
    full = environ.get("GITHUB_REF", "")
    is_branch = environ.get("GITHUB_REF_TYPE", "branch" if full.startswith("refs/heads/") else "") == "branch"
    return (environ.get("GITHUB_REF_NAME") or full.removeprefix("refs/heads/")) if is_branch else ""


def _gitlab(environ: Environment) -> Revision:
    merge = {key: environ.get(f"CI_MERGE_REQUEST_{key}", "") for key in ("IID", "SOURCE_BRANCH_NAME")}
    branch = environ.get("CI_COMMIT_BRANCH") or merge["SOURCE_BRANCH_NAME"]
    if is_merge_request_from_fork(environ):
        branch = _of(environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH"), branch)
    return _revision(
        {
            # In a pipeline for merged results CI_COMMIT_SHA is a merge commit that is gone tomorrow.
            "commit": environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environ.get("CI_COMMIT_SHA"),
            "branch": branch,
            "base": environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
            "pull_request": int(merge["IID"]) if re.fullmatch(r"[0-9]{1,18}", merge["IID"]) else None,
            "ci": "gitlab",
            "url": environ.get("CI_JOB_URL"),
        }
    )


def _git(environ: Environment, folder: Path) -> Revision:
    commit = ask_git(environ, folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    branch = ask_git(environ, folder, "symbolic-ref", "--quiet", "HEAD")  # fails when HEAD is detached
    changes = ask_git(environ, folder, "status", "--porcelain")
    name = branch.removeprefix("refs/heads/") or branch_of_job(environ)
    return _revision({"commit": commit, "branch": name, "dirty": bool(changes)})


def other_code(environ: Environment, folder: Path) -> str:
    """One sentence where a job of GitHub about a pull request has checked out the base branch instead, as
    `actions/checkout` does by itself for `pull_request_target` and for comments; else empty."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return ""
    event = read_event(environ.get("GITHUB_EVENT_PATH", ""))
    pull, name = part_of(event, "pull_request"), environ.get("GITHUB_EVENT_NAME", "")
    about_comment = bool(part_of(part_of(event, "issue"), "pull_request"))
    own = environ.get("GITHUB_SHA", "")  # of the base branch for these events
    if not own or not (about_comment or (pull and name == "pull_request_target")):
        return ""
    head = _text(part_of(pull, "head").get("sha"))
    if head == own or ask_git(environ, folder, "rev-parse", "--verify", "--quiet", "HEAD") != own:
        return ""
    number = (pull or part_of(event, "issue")).get("number")
    ref = f"refs/pull/{number}/head" if isinstance(number, int) else "the pull request's head"
    return f"{own[:7]} of the base branch is checked out here, not the pull request: give actions/checkout `ref: {ref}`"


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


def ask_git(environ: Environment, folder: Path, *question: str) -> str:
    """The answer of git, or nothing if there is no git, no repository, or no answer in time."""
    try:
        answer = _git_run(environ, folder, *question)
    except (OSError, ValueError, subprocess.TimeoutExpired):  # ValueError: a null byte in the environment
        return ""
    return answer.stdout.decode(errors="replace").strip() if answer.returncode == 0 else ""


def trouble(environ: Environment, folder: Path) -> str:
    """What git says where there is a repository that it does not read, one of another user for example; else empty."""
    try:
        is_repository = any((place / ".git").exists() for place in (folder.resolve(), *folder.resolve().parents))
    except PermissionError as error:
        return f"{error.filename}: {error.strerror}"
    if not is_repository:
        return ""
    try:
        answer = _git_run(environ, folder, "rev-parse", "--git-dir")
    except OSError as error:
        return f"git cannot be started: {error.strerror}"
    except (ValueError, subprocess.TimeoutExpired):
        return ""
    lines = [_text(line) for line in answer.stderr.decode(errors="replace").splitlines()]
    return " ".join(line for line in lines if line).removeprefix("fatal: ") if answer.returncode else ""


def _git_run(environ: Environment, folder: Path, *question: str) -> subprocess.CompletedProcess[bytes]:
    own = {key: value for key, value in environ.items() if key not in _MISLEADING}
    return subprocess.run(
        ["git", "-c", "core.fsmonitor=false", *question],
        cwd=folder,
        env=own | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},  # leaves the repository untouched
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=GIT_TIMEOUT_S,
        check=False,
    )


_MISLEADING = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}  # set while git runs a hook


def read_event(path: str) -> Json:
    """The event file of GitHub; empty if it is missing or not what it should be."""
    try:
        event = json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def is_from_fork(pull: Json) -> bool:
    """Whether a pull request, as GitHub's events and API have it, comes from another repository than it goes to."""
    head, base = (part_of(part_of(pull, side), "repo").get("full_name") for side in ("head", "base"))
    return head != base


def is_merge_request_from_fork(environ: Environment) -> bool:
    """Whether GitLab's job is for a merge request from another project, or from one that it does not name."""
    return environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") != environ.get("CI_MERGE_REQUEST_PROJECT_ID")


def part_of(whole: Json, key: str) -> Json:
    """An object in an object; empty if there is none."""
    part = whole.get(key)
    return part if isinstance(part, dict) else {}


def _of(owner: object, branch: object) -> str:
    """The branch of a fork, under a name that no branch of the repository itself can have."""
    return f"{_text(owner) or 'fork'}:{_text(branch)}"


def _revision(matches: Json) -> Revision:
    number = matches.get("pull_request")
    return Revision(
        **{key: _text(matches.get(key)) for key in ("commit", "branch", "base", "ci", "url")},
        pull_request=number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else None,
        dirty=bool(matches.get("dirty")),
    )


def _text(value: object) -> str:
    """What is printable of a text; control characters would reach terminals, logs and reports."""
    return "".join(filter(str.isprintable, value)).strip()[:MAX_VALUE_CHARS] if isinstance(value, str) else ""
