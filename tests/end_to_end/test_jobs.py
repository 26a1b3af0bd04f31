"""Background jobs: their completion has a budget, failed ones are errors, and a backlog is told from slow work."""

from __future__ import annotations

import pytest
from job_service import job_service
from projects import Project

FILE = """
version: 1
target: {target}
load: {{rate: 10/s, duration: 3s, arrivals: even}}
gate: {{probe: false}}
endpoints:
  export:
    request: POST /jobs
    capture: {{location: {{header: Location}}}}
    poll:
      request: GET {{location}}
      until: {{$.state: done}}
      fails: {{$.state: failed}}
      every: 20ms
      timeout: {timeout}
      queued: [$.created, $.started]
      work: [$.started, $.finished]
    budget: {{completion_p95: {limit}, queued_p95: {limit}, work_p95: 9s, errors: 10%}}
"""


def written(url: str, *, limit: str = "9s", timeout: str = "60s") -> str:
    return FILE.format(target=url, limit=limit, timeout=timeout)


def outcomes(project: Project) -> dict[str, str]:
    return {finding["metric"]: finding["outcome"] for finding in project.verdict()["findings"]}


@pytest.mark.load
def test_the_completion_of_jobs_is_measured_and_judged(project: Project):
    with job_service(workers=8, work=0.2) as (url, jobs):
        project.write(written(url))
        done = project.perfgate("run")

        assert done.returncode == 0, done.stdout + done.stderr
        assert "pass" in outcomes(project).values()
        [export] = project.run()["endpoints"]
        truth = sorted(job["finished"] - job["created"] for job in jobs.jobs.values())
        assert export["requests"] == len(jobs.jobs) == 30
        worked = sorted(job["finished"] - job["started"] for job in jobs.jobs.values())
        assert export["metrics"]["completion_p50"] >= truth[14] * 0.995  # the histogram's precision
        assert worked[14] * 0.995 <= export["metrics"]["work_p50"] <= worked[15] * 1.005
        assert export["metrics"]["p50"] < export["metrics"]["completion_p50"]  # of the request itself
        assert sum(export["phases"]["completion"]["buckets"].values()) == 30
        assert "completion_p95" in done.stdout


@pytest.mark.load
def test_a_backlog_is_told_from_slow_work(project: Project):
    with job_service(workers=1, work=0.2) as (url, _):
        project.write(written(url, limit="400ms"))
        done = project.perfgate("run")

    assert done.returncode == 1, done.stdout + done.stderr
    found = outcomes(project)
    assert (found["completion_p95"], found["queued_p95"], found["work_p95"]) == ("fail", "fail", "pass")
    completion = next(one for one in project.verdict()["findings"] if one["metric"] == "completion_p95")
    assert "in the queue" in completion["sentence"]


def test_a_job_that_fails_or_never_ends_is_an_error(project: Project):
    with job_service(workers=8, work=0.2, failing=3) as (url, _):
        project.write(written(url))
        assert project.perfgate("run").returncode == 1

    [export] = project.run()["endpoints"]
    assert (export["failures"], export["failures_by_kind"]) == (10, {"job": 10})
    assert export["failure_examples"] == ["its job failed, by its status"]
    assert outcomes(project)["errors"] == "fail"

    with job_service(workers=8, work=600.0) as (url, _):
        project.write(written(url, limit="400ms", timeout="500ms"))
        assert project.perfgate("run").returncode == 1

    [export] = project.run()["endpoints"]
    assert export["failures_by_kind"] == {"job": 30}
    assert export["metrics"]["completion_p95"] >= 0.5 * 0.995  # when it was given up; its job needs ten minutes
