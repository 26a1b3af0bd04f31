"""Which code is measured: from the environment of GitHub Actions or GitLab CI, else from git, where a detached HEAD
leaves the branch to what other CI systems say of it.

What cannot be found out stays empty; nothing here raises. A pull request from a fork gets its owner before its branch
("mallory:main"), so that no fork can pass for the branch that the baseline comes from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from perfgate.ci.git_questions import Environment, ask_git
from perfgate.ci.systems import job_of
from perfgate.model.revision import FORK_SEPARATOR, Revision

MAX_VALUE_CHARS = 500  # characters of any value: environments and event files hold what strangers wrote

Json = Mapping[str, Any]


def read(environ: Environment, folder: Path) -> Revision:
    """`folder` is inside the checkout; on GitHub and GitLab the environment says most of it."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return _as_checked_out(_github(environ), environ, folder)
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
    """Returns an empty text for tags, and for events that have no branch."""
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


def _as_checked_out(of_job: Revision, environ: Environment, folder: Path) -> Revision:
    """What is there, where the workflow of a branch or tag checks out something else: by `ref`, or a repository."""
    head = ask_git(environ, folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    own = environ.get("GITHUB_SHA", "")
    if not head or head == own or of_job.commit != own or of_job.pull_request is not None:
        return of_job
    branch, owner = _text(_local_branch(environ, folder)), _owner_of_fork(environ, folder)
    return replace(of_job, commit=head, branch=_of(owner, branch) if owner else branch, base="")


def _owner_of_fork(environ: Environment, folder: Path) -> str:
    """Who owns the repository that is checked out, where it bears the name of the job's and is of somebody else."""
    host = environ.get("GITHUB_SERVER_URL", "").rpartition("//")[2]
    url = ask_git(environ, folder, "remote", "get-url", "origin").removesuffix("/").removesuffix(".git")
    there = re.search(rf"{re.escape(host)}(?::\d+)?[/:]([^/:]+)/([^/]+)$", url) if host else None
    owner, _, name = environ.get("GITHUB_REPOSITORY", "").lower().partition("/")
    if there is None or there[1].lower() == owner:
        return ""
    of_same_name = re.fullmatch(rf"{re.escape(name)}(-\d+)?", there[2].lower())  # shop-1: where shop was taken
    return there[1] if of_same_name else ""


def other_checkout(code: Revision, environ: Environment) -> str:
    """One sentence where the revision is not the one that GitHub started the job for; else empty."""
    own = environ.get("GITHUB_SHA", "")
    if code.ci != "github" or code.pull_request is not None or not own or code.commit in ("", own):
        return ""
    if part_of(read_event(environ.get("GITHUB_EVENT_PATH", "")), "workflow_run"):
        return ""
    started = _text(_github_branch(environ)) or _text(environ.get("GITHUB_REF_NAME")) or "the job"
    what = f"{code.branch} at {code.commit[:7]}" if code.branch else code.commit[:7]
    where = f"on {code.branch}" if code.branch else "without a branch"
    return f"{what} is checked out, not {started} at {_text(own)[:7]}: the run is recorded {where}."


def _git(environ: Environment, folder: Path) -> Revision:
    job = job_of(environ)
    commit = ask_git(environ, folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    changes = ask_git(environ, folder, "status", "--porcelain")
    number = re.fullmatch(r"[0-9]{1,18}", job.pull_request)
    return _revision(
        {
            "commit": commit,
            # The commit of a pull request or a tag may be on a local branch that is called as its target.
            "branch": "" if job.pull_request or job.is_tag else _local_branch(environ, folder) or job.branch,
            "base": job.target,
            "pull_request": int(number[0]) if number else None,
            "dirty": bool(changes),
        }
    )


def _local_branch(environ: Environment, folder: Path) -> str:
    """Returns an empty text when HEAD is detached."""
    return ask_git(environ, folder, "symbolic-ref", "--quiet", "HEAD").removeprefix("refs/heads/")


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
    return f"{_text(owner) or 'fork'}{FORK_SEPARATOR}{_text(branch)}"


def _revision(facts: Json) -> Revision:
    number = facts.get("pull_request")
    return Revision(
        **{key: _text(facts.get(key)) for key in ("commit", "branch", "base", "ci", "url")},
        pull_request=number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else None,
        dirty=bool(facts.get("dirty")),
    )


def _text(value: object) -> str:
    """What is printable of a text; control characters would reach terminals, logs and reports."""
    return "".join(filter(str.isprintable, value)).strip()[:MAX_VALUE_CHARS] if isinstance(value, str) else ""
