"""The branch of a job whose checkout is a commit without one: Jenkins, Azure Pipelines and Buildkite leave it so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CiSystem:
    """Names of variables: the one that says that a job runs there, those of its branch, and that of a pull request."""

    mark: str
    branches: tuple[str, ...]  # the first that is set counts
    pull_request: str


SYSTEMS = (
    CiSystem(mark="JENKINS_URL", branches=("BRANCH_NAME", "GIT_BRANCH"), pull_request="CHANGE_ID"),
    CiSystem(mark="TF_BUILD", branches=("BUILD_SOURCEBRANCH",), pull_request="SYSTEM_PULLREQUEST_PULLREQUESTID"),
    CiSystem(mark="BUILDKITE", branches=("BUILDKITE_BRANCH",), pull_request="BUILDKITE_PULL_REQUEST"),
    CiSystem(mark="CIRCLECI", branches=("CIRCLE_BRANCH",), pull_request="CIRCLE_PULL_REQUEST"),
    CiSystem(mark="BITBUCKET_BUILD_NUMBER", branches=("BITBUCKET_BRANCH",), pull_request="BITBUCKET_PR_ID"),
)
NO = ("", "false")


def branch_of_job(environ: Mapping[str, str]) -> str:
    """Empty for a pull request, which is on no branch of the repository, for tags, and where no CI says it."""
    system = next((system for system in SYSTEMS if environ.get(system.mark)), None)
    if system is None or environ.get(system.pull_request, "") not in NO:
        return ""
    name = next((value for key in system.branches if (value := environ.get(key, ""))), "")
    if name.startswith("refs/") and not name.startswith("refs/heads/"):
        return ""
    return name.removeprefix("refs/heads/").removeprefix("origin/")
