"""Whether a run may become part of the history, by what started the job.

A pull request's code measures itself, so its runs are compared and never remembered: nothing that is not merged yet
can move the baseline. Rules by GitHub's and GitLab's own names of events; elsewhere every run counts that is no pull
request's.
"""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.ci.revision import part_of, read_event
from perfgate.ci.systems import job_of

GITHUB_TRUSTED = ("schedule", "merge_group", "workflow_dispatch", "repository_dispatch")
GITLAB_UNTRUSTED = ("merge_request_event", "external_pull_request_event")
PULL_REQUESTS = "runs of pull requests are compared with the baseline, and never part of it"


def why_not(environ: Mapping[str, str], baseline_branch: str) -> str:
    """Why a run of this job is not remembered; empty if it is. Outside of CI every run is."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return _github(environ, baseline_branch)
    if environ.get("GITLAB_CI"):
        return _gitlab(environ, baseline_branch)
    return PULL_REQUESTS if job_of(environ).pull_request else ""


def _github(environ: Mapping[str, str], baseline_branch: str) -> str:
    event = environ.get("GITHUB_EVENT_NAME", "")
    if event in GITHUB_TRUSTED:
        return ""
    if event != "push":
        return PULL_REQUESTS if "pull_request" in event else f"events of the kind {event or 'unknown'} are not trusted"
    repository = part_of(read_event(environ.get("GITHUB_EVENT_PATH", "")), "repository")
    return _pushed(environ.get("GITHUB_REF", ""), repository.get("default_branch"), baseline_branch)


def _gitlab(environ: Mapping[str, str], baseline_branch: str) -> str:
    source = environ.get("CI_PIPELINE_SOURCE", "")
    if source in GITLAB_UNTRUSTED or environ.get("CI_MERGE_REQUEST_IID"):
        return PULL_REQUESTS.replace("pull", "merge")
    if source != "push":
        return ""
    return _pushed(f"refs/heads/{environ.get('CI_COMMIT_BRANCH')}", environ.get("CI_DEFAULT_BRANCH"), baseline_branch)


def _pushed(ref: str, default_branch: object, baseline_branch: str) -> str:
    if ref in [f"refs/heads/{branch}" for branch in (default_branch, baseline_branch) if branch]:
        return ""
    return f"of pushes, only those to {baseline_branch} are"
