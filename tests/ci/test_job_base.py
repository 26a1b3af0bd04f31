"""What a job's change is to be compared with, by the environments of GitHub and GitLab."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perfgate.ci.eligibility import PULL_REQUESTS, why_not
from perfgate.ci.job_base import job_base
from perfgate.ci.systems import job_of
from perfgate.model.revision import JobBase

A, B, C = "a" * 40, "b" * 40, "c" * 40


def github(folder: Path, event: dict[str, Any], **environment: str) -> JobBase:
    path = folder / "event.json"
    path.write_text(json.dumps(event))
    return job_base({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(path), **environment}, "trunk")


def test_a_pull_request_is_checked_out_as_merged_into_its_target(tmp_path):
    event = {"pull_request": {"base": {"ref": "release", "sha": B}, "head": {"sha": A}}}
    found = github(tmp_path, event, GITHUB_REF="refs/pull/7/merge", GITHUB_SHA=C)
    assert found == JobBase(branch="release", merge=C)


def test_pull_request_target_runs_on_the_base(tmp_path):
    event = {"pull_request": {"base": {"ref": "release", "sha": B}, "head": {"sha": A}}}
    found = github(tmp_path, event, GITHUB_REF="refs/heads/release", GITHUB_SHA=B)
    assert found == JobBase(branch="release")


def test_a_merge_group_names_its_base(tmp_path):
    assert github(tmp_path, {"merge_group": {"base_sha": B}}) == JobBase(branch="trunk", commit=B)


@pytest.mark.parametrize("event", [{}, {"pull_request": {"base": {"ref": 7}}}, {"merge_group": {"base_sha": "--evil"}}])
def test_other_events_are_compared_with_the_baselines_branch(tmp_path, event):
    assert github(tmp_path, event, GITHUB_REF="refs/heads/topic", GITHUB_SHA=A) == JobBase(branch="trunk")


@pytest.mark.parametrize(("target", "commit"), [("", B), (C, C)])
def test_a_merge_request_of_gitlab_names_its_base(target, commit):
    environment = {
        "GITLAB_CI": "true",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "release",
        "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": target,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": B,
    }
    assert job_base(environment, "trunk") == JobBase(branch="release", commit=commit)


def test_elsewhere_it_is_the_baselines_branch():
    assert job_base({}, "trunk") == job_base({"GITLAB_CI": "true"}, "trunk") == JobBase(branch="trunk")


JOBS = {
    "Jenkins": {"JENKINS_URL": "x", "CHANGE_ID": "5", "CHANGE_TARGET": "release"},
    "Jenkins' plug-in for GitHub": {"JENKINS_URL": "x", "ghprbPullId": "5", "ghprbTargetBranch": "release"},
    "Jenkins' plug-in for GitLab": {"JENKINS_URL": "x", "gitlabMergeRequestIid": "5", "gitlabTargetBranch": "release"},
    "CodeBuild": {
        "CODEBUILD_BUILD_ID": "9",
        "CODEBUILD_WEBHOOK_TRIGGER": "pr/5",
        "CODEBUILD_WEBHOOK_BASE_REF": "refs/heads/release",
    },
    "Azure Repos": {
        "TF_BUILD": "True",
        "SYSTEM_PULLREQUEST_PULLREQUESTID": "5",
        "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/release",
    },
    "Azure Pipelines for GitHub": {
        "TF_BUILD": "True",
        "SYSTEM_PULLREQUEST_PULLREQUESTID": "1234567890",
        "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "5",
        "SYSTEM_PULLREQUEST_TARGETBRANCH": "release",
    },
    "Buildkite": {
        "BUILDKITE": "true",
        "BUILDKITE_PULL_REQUEST": "5",
        "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "release",
    },
    "Bitbucket": {
        "BITBUCKET_BUILD_NUMBER": "9",
        "BITBUCKET_PR_ID": "5",
        "BITBUCKET_PR_DESTINATION_BRANCH": "release",
    },
    "Drone": {"DRONE": "true", "DRONE_PULL_REQUEST": "5", "DRONE_TARGET_BRANCH": "release"},
    "Woodpecker": {
        "CI_PIPELINE_EVENT": "pull_request",
        "CI_COMMIT_PULL_REQUEST": "5",
        "CI_COMMIT_TARGET_BRANCH": "release",
    },
    "Cirrus": {"CIRRUS_CI": "true", "CIRRUS_PR": "5", "CIRRUS_BASE_BRANCH": "release"},
    "Travis": {"TRAVIS": "true", "TRAVIS_PULL_REQUEST": "5", "TRAVIS_BRANCH": "release"},
    "Semaphore": {"SEMAPHORE": "true", "SEMAPHORE_GIT_PR_NUMBER": "5", "SEMAPHORE_GIT_BRANCH": "release"},
    "AppVeyor": {"APPVEYOR": "True", "APPVEYOR_PULL_REQUEST_NUMBER": "5", "APPVEYOR_REPO_BRANCH": "release"},
}


@pytest.mark.parametrize("system", JOBS)
def test_a_pull_request_of_other_ci_systems_names_its_target(system):
    assert job_base(JOBS[system], "trunk") == JobBase(branch="release")
    assert job_of(JOBS[system]).pull_request == "5"
    assert why_not(JOBS[system], "trunk") == why_not(JOBS[system], "release") == PULL_REQUESTS


@pytest.mark.parametrize(
    "job",
    [
        {"BUILDKITE": "true", "BUILDKITE_PULL_REQUEST": "false", "BUILDKITE_PULL_REQUEST_BASE_BRANCH": ""},
        {"TRAVIS": "true", "TRAVIS_PULL_REQUEST": "false", "TRAVIS_BRANCH": "release"},
        {"DRONE": "true", "DRONE_TARGET_BRANCH": "release"},  # of pushes Drone says the branch itself
        {"CI_PIPELINE_EVENT": "push", "CI_COMMIT_TARGET_BRANCH": ""},
        {"CODEBUILD_BUILD_ID": "9", "CODEBUILD_WEBHOOK_TRIGGER": "branch/main"},
        {"CIRCLECI": "true", "CIRCLE_PULL_REQUEST": "https://github.com/ada/shop/pull/5", "CIRCLE_BRANCH": "main"},
    ],
)
def test_their_pushes_are_compared_with_the_baselines_branch_and_remembered(job):
    assert job_base(job, "trunk") == JobBase(branch="trunk")
    assert why_not(job, "trunk") == ""
