"""Background jobs that call back: their completion is measured, and what is no good call is counted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from job_service import Job, job_service
from projects import Project

FILE = """
version: 1
target: {target}
load: {{rate: 20/s, duration: 1s, arrivals: even}}
gate: {{probe: false}}
endpoints:
  export:
    request: POST /jobs
    json: {{notify: "{{callback}}"}}
    callback: {{until: {{$.state: done}}, fails: {{$.state: failed}}, timeout: {timeout}, {more}}}
    budget: {{completion_p95: {timeout} -0.1%, errors: 1%}}
"""


def unusual_calls(number: int, url: str, job: Job) -> Sequence[tuple[str, Job]]:
    """Of five jobs one each: twice done, first running, a wrong token first, failed, and none at all."""
    return (
        [(url, job), (url, job)],
        [(url, {"state": "running"}), (url, job)],
        [(f"{url}x", job), (url, job)],
        [(url, {"state": "failed"})],
        [],
    )[number % 5]


@pytest.mark.load
def test_the_completion_of_jobs_that_call_back(project: Project):
    with job_service(workers=16, work=0.05) as (url, jobs):
        more = "queued: [$.created, $.started], work: [$.started, $.finished]"
        text = FILE.format(target=url, timeout="30s", more=more).replace(
            "30s -0.1%", "20s, queued_p95: 20s, work_p95: 20s"
        )
        project.write(text)
        done = project.perfgate("run")

        assert done.returncode == 0, done.stdout + done.stderr
        [export] = project.run()["endpoints"]
        assert export["requests"] == len(jobs.jobs) == 20
        assert jobs.statuses == [204] * 20
        assert sum(export["phases"]["completion"]["buckets"].values()) == 20
        # Each ends after its job, whose own times are stated in the call.
        truth = sorted(job["finished"] - job["created"] for job in jobs.jobs.values())
        assert export["metrics"]["completion_p50"] > truth[9] * 0.995
        assert export["metrics"]["work_p50"] > 0.05 * 0.995
        assert not [one for one in project.run()["warnings"] if "callback" in str(one)]


@pytest.mark.load
def test_failed_missing_repeated_and_foreign_calls_are_counted(project: Project):
    with job_service(workers=16, work=0.0, calls=unusual_calls) as (url, jobs):
        project.write(FILE.format(target=url, timeout="3s", more="listen: 127.0.0.1").replace("3s -0.1%", "2900ms"))
        done = project.perfgate("run")

    assert done.returncode == 1, done.stdout + done.stderr
    [export] = project.run()["endpoints"]
    assert (export["requests"], export["failures"], export["failures_by_kind"]) == (20, 8, {"job": 8})
    assert sorted(export["failure_examples"]) == ["its job failed, by its status", "no callback within 3 s"]
    assert sorted(jobs.statuses) == [204] * 24 + [404] * 4
    warnings = str(project.run()["warnings"])
    assert "export 4 times: its callback came again after the job was done" in warnings
    assert "callbacks 4 times: a callback carried an unknown token and was answered 404" in warnings


@pytest.mark.slow
def test_an_address_that_cannot_be_listened_on_is_no_fault_of_the_target(project: Project):
    with job_service(workers=1, work=0.0) as (url, jobs):
        project.write(FILE.format(target=url, timeout="3s", more="listen: 192.0.2.7").replace("3s -0.1%", "2900ms"))
        done = project.perfgate("run")

    assert done.returncode != 0
    assert jobs.jobs == {}
    assert "the address for callbacks could not be listened on" in " ".join((done.stdout + done.stderr).split())
