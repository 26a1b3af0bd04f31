"""Which events may add to the history: one row, one event."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perfgate.ci import eligibility

EVENT = {"repository": {"default_branch": "trunk"}}
GITHUB = [
    ("push", "refs/heads/trunk", True),
    ("push", "refs/heads/main", True),  # the baseline branch
    ("push", "refs/heads/feature", False),
    ("push", "refs/tags/v1", False),
    ("push", "refs/tags/main", False),
    ("schedule", "refs/heads/trunk", True),
    ("merge_group", "refs/heads/gh-readonly-queue/trunk/pr-1-abc", True),
    ("workflow_dispatch", "refs/heads/feature", True),
    ("repository_dispatch", "refs/heads/trunk", True),
    ("pull_request", "refs/pull/1/merge", False),
    ("pull_request", "refs/heads/main", False),
    ("pull_request_target", "refs/heads/trunk", False),
    ("pull_request_review", "refs/pull/1/merge", False),
    ("issue_comment", "refs/heads/trunk", False),
    ("workflow_run", "refs/heads/trunk", False),
    ("", "refs/heads/trunk", False),
]
GITLAB = [
    ({"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "trunk"}, True),
    ({"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}, True),
    ({"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "feature"}, False),
    ({"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "trunk"}, True),
    ({"CI_PIPELINE_SOURCE": "web", "CI_COMMIT_BRANCH": "feature"}, True),
    ({"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7"}, False),
    ({"CI_PIPELINE_SOURCE": "parent_pipeline", "CI_MERGE_REQUEST_IID": "7"}, False),
    ({"CI_PIPELINE_SOURCE": "external_pull_request_event"}, False),
]


@pytest.mark.parametrize(("event", "ref", "remembered"), GITHUB)
def test_github(tmp_path: Path, event: str, ref: str, remembered: bool):
    path = tmp_path / "event.json"
    path.write_text(json.dumps(EVENT))
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_REF": ref, "GITHUB_EVENT_PATH": str(path)}

    assert (eligibility.why_not(environ, "main") == "") is remembered


def test_without_its_event_file_a_push_counts_for_the_baseline_branch_alone():
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/"}

    assert eligibility.why_not({**environ, "GITHUB_REF": "refs/heads/main"}, "main") == ""
    for branch in ("trunk", "None", ""):
        assert eligibility.why_not({**environ, "GITHUB_REF": f"refs/heads/{branch}"}, "main")


@pytest.mark.parametrize(("environ", "remembered"), GITLAB)
def test_gitlab(environ: dict[str, str], remembered: bool):
    known = {"GITLAB_CI": "true", "CI_DEFAULT_BRANCH": "trunk", **environ}

    assert (eligibility.why_not(known, "main") == "") is remembered


def test_elsewhere_every_run_is_remembered():
    assert eligibility.why_not({}, "main") == ""
