"""What a job's change is to be compared with, by the environments of GitHub and GitLab."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perfgate.ci.job_base import job_base
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
