"""What CI systems other than GitHub and GitLab say of a job: its branch, its pull request, and where that goes.

Their checkout does not: it is a commit without a branch (Jenkins, Azure Pipelines, Buildkite), or on a local branch
that bears the name of the target (Woodpecker).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CiSystem:
    """Names of variables; of several the first that is set counts. `mark` says that a job runs there; without `targets`
    none says where a change goes."""

    mark: str
    branches: tuple[str, ...]
    tag: str = ""
    pull_requests: tuple[str, ...]
    targets: tuple[str, ...] = ()
    default_branch: str = ""


SYSTEMS = (
    CiSystem(
        mark="JENKINS_URL",
        branches=("BRANCH_NAME", "GIT_BRANCH"),
        tag="TAG_NAME",
        # Of multibranch pipelines, and of the plug-ins for GitHub's pull requests and for GitLab.
        pull_requests=("CHANGE_ID", "ghprbPullId", "gitlabMergeRequestIid"),
        targets=("CHANGE_TARGET", "ghprbTargetBranch", "gitlabTargetBranch"),
    ),
    CiSystem(
        mark="TF_BUILD",  # Azure Pipelines, whose BUILD_SOURCEBRANCH says that it is a tag
        branches=("BUILD_SOURCEBRANCH",),
        pull_requests=(
            "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER",
            "SYSTEM_PULLREQUEST_PULLREQUESTID",
        ),  # GitHub's: its own id
        targets=("SYSTEM_PULLREQUEST_TARGETBRANCH",),
    ),
    CiSystem(
        mark="BUILDKITE",
        branches=("BUILDKITE_BRANCH",),
        tag="BUILDKITE_TAG",
        pull_requests=("BUILDKITE_PULL_REQUEST",),
        targets=("BUILDKITE_PULL_REQUEST_BASE_BRANCH",),
    ),
    CiSystem(
        mark="CIRCLECI",
        branches=("CIRCLE_BRANCH",),
        tag="CIRCLE_TAG",
        pull_requests=("CIRCLE_PR_NUMBER",),  # of forks alone: CIRCLE_PULL_REQUEST is also there for pushes to main
    ),
    CiSystem(
        mark="BITBUCKET_BUILD_NUMBER",
        branches=("BITBUCKET_BRANCH",),
        tag="BITBUCKET_TAG",
        pull_requests=("BITBUCKET_PR_ID",),
        targets=("BITBUCKET_PR_DESTINATION_BRANCH",),
    ),
    CiSystem(
        mark="DRONE",
        branches=("DRONE_BRANCH",),
        tag="DRONE_TAG",
        pull_requests=("DRONE_PULL_REQUEST",),
        targets=("DRONE_TARGET_BRANCH",),
        default_branch="DRONE_REPO_BRANCH",
    ),
    CiSystem(
        mark="CI_PIPELINE_EVENT",  # Woodpecker
        branches=("CI_COMMIT_BRANCH",),
        tag="CI_COMMIT_TAG",
        pull_requests=("CI_COMMIT_PULL_REQUEST",),
        targets=("CI_COMMIT_TARGET_BRANCH",),
        default_branch="CI_REPO_DEFAULT_BRANCH",
    ),
    CiSystem(
        mark="CIRRUS_CI",
        branches=("CIRRUS_BRANCH",),
        tag="CIRRUS_TAG",
        pull_requests=("CIRRUS_PR",),
        targets=("CIRRUS_BASE_BRANCH",),
        default_branch="CIRRUS_DEFAULT_BRANCH",
    ),
    CiSystem(
        mark="TRAVIS",
        branches=("TRAVIS_BRANCH",),
        tag="TRAVIS_TAG",
        pull_requests=("TRAVIS_PULL_REQUEST",),
        targets=("TRAVIS_BRANCH",),
    ),
    CiSystem(
        mark="SEMAPHORE",
        branches=("SEMAPHORE_GIT_BRANCH",),
        tag="SEMAPHORE_GIT_TAG_NAME",
        pull_requests=("SEMAPHORE_GIT_PR_NUMBER",),
        targets=("SEMAPHORE_GIT_BRANCH",),
    ),
    CiSystem(
        mark="APPVEYOR",
        branches=("APPVEYOR_REPO_BRANCH",),
        tag="APPVEYOR_REPO_TAG_NAME",
        pull_requests=("APPVEYOR_PULL_REQUEST_NUMBER",),
        targets=("APPVEYOR_REPO_BRANCH",),
    ),
    CiSystem(
        mark="CODEBUILD_BUILD_ID",
        branches=("CODEBUILD_WEBHOOK_HEAD_REF",),
        pull_requests=("CODEBUILD_WEBHOOK_TRIGGER",),  # "pr/12", "branch/main", "tag/v1"
        targets=("CODEBUILD_WEBHOOK_BASE_REF",),
    ),
)
FALSE_TEXTS = ("", "false", "0")
PULL_REQUEST, OTHER_TRIGGERS = "pr/", ("branch/", "tag/")  # how CodeBuild says what a job is for
BRANCH_REFS = "refs/heads/"


@dataclass(frozen=True, kw_only=True)
class CiJob:
    """What a CI system says of a job; empty where it says nothing. Pull requests and tags are on no branch of the
    repository, whatever the local branch is called."""

    branch: str = ""
    is_tag: bool = False
    pull_request: str = ""  # as the system names it, most often a number
    target: str = ""  # the branch that the pull request wants to enter
    default_branch: str = ""


def job_of(environ: Mapping[str, str]) -> CiJob:
    """The job of the first system whose mark is there; of GitHub and GitLab nothing."""
    system = next((system for system in SYSTEMS if environ.get(system.mark)), None)
    if system is None:
        return CiJob()
    default = environ.get(system.default_branch, "")
    pull_request = _first(environ, system.pull_requests)
    if pull_request not in FALSE_TEXTS and not pull_request.startswith(OTHER_TRIGGERS):
        target = _first(environ, system.targets).removeprefix(BRANCH_REFS)
        return CiJob(pull_request=pull_request.removeprefix(PULL_REQUEST), target=target, default_branch=default)
    name = _first(environ, system.branches)
    if environ.get(system.tag) or (name.startswith("refs/") and not name.startswith(BRANCH_REFS)):
        return CiJob(is_tag=True, default_branch=default)
    return CiJob(branch=name.removeprefix(BRANCH_REFS).removeprefix("origin/"), default_branch=default)


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := environ.get(name, ""))), "")
