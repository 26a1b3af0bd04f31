"""What CI systems other than GitHub and GitLab say of a job: its branch, its pull request, and where that goes.

Their checkout does not: it is a commit without a branch (Jenkins, Azure Pipelines, Buildkite), or on a local branch
that bears the name of the target (Woodpecker).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CiSystem:
    """Names of variables. `mark` says that a job runs there; an empty `target` that none says where a change goes."""

    mark: str
    branches: tuple[str, ...]  # the first that is set counts
    tag: str
    pull_request: str
    target: str = ""
    default_branch: str = ""


SYSTEMS = (
    CiSystem(
        mark="JENKINS_URL",
        branches=("BRANCH_NAME", "GIT_BRANCH"),
        tag="TAG_NAME",
        pull_request="CHANGE_ID",
        target="CHANGE_TARGET",
    ),
    CiSystem(
        mark="TF_BUILD",  # Azure Pipelines, whose BUILD_SOURCEBRANCH says that it is a tag
        branches=("BUILD_SOURCEBRANCH",),
        tag="",
        pull_request="SYSTEM_PULLREQUEST_PULLREQUESTID",
        target="SYSTEM_PULLREQUEST_TARGETBRANCH",
    ),
    CiSystem(
        mark="BUILDKITE",
        branches=("BUILDKITE_BRANCH",),
        tag="BUILDKITE_TAG",
        pull_request="BUILDKITE_PULL_REQUEST",
        target="BUILDKITE_PULL_REQUEST_BASE_BRANCH",
    ),
    CiSystem(
        mark="CIRCLECI",
        branches=("CIRCLE_BRANCH",),
        tag="CIRCLE_TAG",
        pull_request="CIRCLE_PR_NUMBER",  # of forks alone: CIRCLE_PULL_REQUEST is also there for pushes to main
    ),
    CiSystem(
        mark="BITBUCKET_BUILD_NUMBER",
        branches=("BITBUCKET_BRANCH",),
        tag="BITBUCKET_TAG",
        pull_request="BITBUCKET_PR_ID",
        target="BITBUCKET_PR_DESTINATION_BRANCH",
    ),
    CiSystem(
        mark="DRONE",
        branches=("DRONE_BRANCH",),
        tag="DRONE_TAG",
        pull_request="DRONE_PULL_REQUEST",
        target="DRONE_TARGET_BRANCH",
        default_branch="DRONE_REPO_BRANCH",
    ),
    CiSystem(
        mark="CI_PIPELINE_EVENT",  # Woodpecker
        branches=("CI_COMMIT_BRANCH",),
        tag="CI_COMMIT_TAG",
        pull_request="CI_COMMIT_PULL_REQUEST",
        target="CI_COMMIT_TARGET_BRANCH",
        default_branch="CI_REPO_DEFAULT_BRANCH",
    ),
    CiSystem(
        mark="CIRRUS_CI",
        branches=("CIRRUS_BRANCH",),
        tag="CIRRUS_TAG",
        pull_request="CIRRUS_PR",
        target="CIRRUS_BASE_BRANCH",
        default_branch="CIRRUS_DEFAULT_BRANCH",
    ),
    CiSystem(
        mark="TRAVIS",
        branches=("TRAVIS_BRANCH",),
        tag="TRAVIS_TAG",
        pull_request="TRAVIS_PULL_REQUEST",
        target="TRAVIS_BRANCH",
    ),
    CiSystem(
        mark="SEMAPHORE",
        branches=("SEMAPHORE_GIT_BRANCH",),
        tag="SEMAPHORE_GIT_TAG_NAME",
        pull_request="SEMAPHORE_GIT_PR_NUMBER",
        target="SEMAPHORE_GIT_BRANCH",
    ),
    CiSystem(
        mark="APPVEYOR",
        branches=("APPVEYOR_REPO_BRANCH",),
        tag="APPVEYOR_REPO_TAG_NAME",
        pull_request="APPVEYOR_PULL_REQUEST_NUMBER",
        target="APPVEYOR_REPO_BRANCH",
    ),
)
NO = ("", "false", "0")
BRANCHES = "refs/heads/"


@dataclass(frozen=True, kw_only=True)
class CiJob:
    """What a CI system says of a job; empty where it says nothing. A pull request is on no branch of the repository."""

    branch: str = ""
    pull_request: str = ""  # as the system names it, most often a number
    target: str = ""  # the branch that the pull request wants to enter
    default_branch: str = ""


def job_of(environ: Mapping[str, str]) -> CiJob:
    """The job of the first system whose mark is there; of GitHub and GitLab nothing."""
    system = next((system for system in SYSTEMS if environ.get(system.mark)), None)
    if system is None:
        return CiJob()
    default = environ.get(system.default_branch, "")
    pull_request = environ.get(system.pull_request, "")
    if pull_request not in NO:
        target = environ.get(system.target, "").removeprefix(BRANCHES)
        return CiJob(pull_request=pull_request, target=target, default_branch=default)
    if environ.get(system.tag):
        return CiJob(default_branch=default)
    name = next((value for key in system.branches if (value := environ.get(key, ""))), "")
    if name.startswith("refs/") and not name.startswith(BRANCHES):
        return CiJob(default_branch=default)
    return CiJob(branch=name.removeprefix(BRANCHES).removeprefix("origin/"), default_branch=default)
