"""What a CI job's change is to be compared with: by the environment and the event, before git is asked for anything."""

from __future__ import annotations

import re

from perfgate.ci.git_questions import Environment
from perfgate.ci.revision import part_of, read_event
from perfgate.ci.systems import job_of
from perfgate.model.revision import JobBase


def job_base(environ: Environment, branch: str) -> JobBase:
    """`branch` is where changes go that are no pull request's."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return _github(environ, branch)
    if environ.get("GITLAB_CI") and environ.get("CI_MERGE_REQUEST_IID"):
        return _gitlab(environ, branch)
    return JobBase(branch=job_of(environ).target or branch)


def _github(environ: Environment, branch: str) -> JobBase:
    """What runs for a pull request is checked out as GitHub merged it, unless the workflow asks for something else."""
    event = read_event(environ.get("GITHUB_EVENT_PATH", ""))
    target = part_of(part_of(event, "pull_request"), "base").get("ref") or environ.get("GITHUB_BASE_REF")
    merge = re.fullmatch(r"refs/pull/[0-9]+/merge", environ.get("GITHUB_REF", ""))
    return JobBase(
        branch=target if isinstance(target, str) and target else branch,
        commit=_sha(part_of(event, "merge_group").get("base_sha")),
        merge=_sha(environ.get("GITHUB_SHA")) if merge else "",
    )


def _gitlab(environ: Environment, branch: str) -> JobBase:
    """The target's commit is there in pipelines for merged results only, whose checkout contains it."""
    commits = (environ.get(f"CI_MERGE_REQUEST_{key}_SHA") for key in ("TARGET_BRANCH", "DIFF_BASE"))
    return JobBase(
        branch=environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME") or branch,
        commit=next((sha for sha in map(_sha, commits) if sha), ""),
    )


def _sha(value: object) -> str:
    return value if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{40,64}", value) else ""
