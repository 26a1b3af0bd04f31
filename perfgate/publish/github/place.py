"""Where we are on GitHub: host, repository, token, and which pull request and commit the event is about.

All of it comes from the environment and the event file, which GitHub writes; never from a run, which may be a fork's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfgate.ci.revision import is_from_fork, part_of, read_event

DOTCOM_API, DOTCOM = "https://api.github.com", "https://github.com"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_QUEUE = re.compile(r"refs/heads/gh-readonly-queue/.+/pr-([0-9]{1,18})-[0-9a-f]+")
_SILENT = ("schedule", "release")  # events that are about no pull request


@dataclass(frozen=True, kw_only=True)
class GitHubJob:
    api: str  # of GitHub Enterprise Server too: https://github.example/api/v3
    server: str
    repository: str  # "owner/name"; empty outside GitHub
    token: str = field(repr=False)
    event: str = ""
    pull_request: int = 0  # 0: none, or to be looked up by `commit`
    should_look_up: bool = False
    commit: str = ""  # what was measured: checks and statuses belong there
    head: str = ""  # "owner:branch" of a pull request to be looked up
    is_from_fork: bool = False
    is_from_dependabot: bool = False
    run: tuple[int, int] = (0, 0)  # the workflow run's id and attempt: later runs have greater ones
    run_url: str = ""
    triggered_by: int = 0  # the workflow run that this one follows (`workflow_run`)
    summary: Path | None = None  # of the job
    output: Path | None = None  # of the step


def find(environ: Mapping[str, str], pull_request: int = 0) -> GitHubJob:
    """`pull_request` is somebody's own word, and counts more than the event."""
    repository = environ.get("GITHUB_REPOSITORY", "")
    server = environ.get("GITHUB_SERVER_URL") or DOTCOM
    run = (_number(environ.get("GITHUB_RUN_ID")), _number(environ.get("GITHUB_RUN_ATTEMPT")))
    event = read_event(environ.get("GITHUB_EVENT_PATH", ""))
    about = _about(environ, event)
    if pull_request:
        about |= {"pull_request": pull_request, "should_look_up": False}
    known = bool(_REPOSITORY.fullmatch(repository))
    return GitHubJob(
        **{
            "api": (environ.get("GITHUB_API_URL") or DOTCOM_API).rstrip("/"),
            "server": server,
            "repository": repository if known else "",
            "token": environ.get("GITHUB_TOKEN", "").strip(),  # secrets are pasted, with the end of the line
            "event": environ.get("GITHUB_EVENT_NAME", ""),
            "is_from_dependabot": environ.get("GITHUB_ACTOR") == "dependabot[bot]",
            "run": run,
            "run_url": f"{server}/{repository}/actions/runs/{run[0]}" if known and run[0] else "",
            "summary": _path(environ, "GITHUB_STEP_SUMMARY"),
            "output": _path(environ, "GITHUB_OUTPUT"),
            **about,
        }
    )


def _about(environ: Mapping[str, str], event: Mapping[str, Any]) -> dict[str, Any]:
    """What the event is about, as fields of GitHubJob."""
    if pull := part_of(event, "pull_request"):
        return _pull_request(pull)
    if workflow := part_of(event, "workflow_run"):
        return _workflow_run(workflow)
    if group := part_of(event, "merge_group"):
        queued = _QUEUE.fullmatch(str(group.get("head_ref")))
        return {"pull_request": int(queued[1]) if queued else 0, "commit": _commit(group.get("head_sha"))}
    issue = part_of(event, "issue")
    if part_of(issue, "pull_request"):  # a comment on a pull request; which commit was checked out, nobody says
        return {"pull_request": _number(issue.get("number"))}
    commit = _commit(environ.get("GITHUB_SHA"))
    branch = environ.get("GITHUB_REF", "")
    default = part_of(event, "repository").get("default_branch")
    own_branch = branch.startswith("refs/heads/") and branch != f"refs/heads/{default}"
    silent = environ.get("GITHUB_EVENT_NAME") in _SILENT
    return {"commit": commit, "should_look_up": bool(commit) and own_branch and not silent}


def _pull_request(pull: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "pull_request": _number(pull.get("number")),
        # GITHUB_SHA is a merge commit that is gone tomorrow, or the base's.
        "commit": _commit(part_of(pull, "head").get("sha")),
        "is_from_fork": is_from_fork(pull),
    }


def _workflow_run(workflow: Mapping[str, Any]) -> dict[str, Any]:
    """The second workflow, after one that ran for a pull request. Its list of pull requests is empty for forks."""
    owner = part_of(part_of(workflow, "head_repository"), "owner").get("login")
    commit = _commit(workflow.get("head_sha"))
    of_pull_request = workflow.get("event") in ("pull_request", "pull_request_target", "push", "workflow_dispatch")
    return {
        "triggered_by": _number(workflow.get("id")),
        "commit": commit,
        "should_look_up": bool(commit and owner) and of_pull_request,  # of a fork that is gone, nobody knows the branch
        "head": f"{owner}:{workflow.get('head_branch')}" if owner else "",
    }


def _commit(value: object) -> str:
    return value if isinstance(value, str) and _COMMIT.fullmatch(value) else ""


def _number(value: object) -> int:
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) else 0


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]) if environ.get(name) else None
