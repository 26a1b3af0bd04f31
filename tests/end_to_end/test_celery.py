"""The Celery application of the documentation, as it stands there: real workers on Redis and on RabbitMQ."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import Celery
from processes import wait_for
from projects import ENVIRONMENT, Project, free_port
from services import rabbitmq

from perfgate.loadtest.service.ports import is_free

PAGE = (Path(__file__).parents[2] / "docs" / "jobs.md").read_text(encoding="utf-8")
[APPLICATION] = re.findall(r"```python\n(# shop\.py.*?)```", PAGE, re.DOTALL)
[BUDGETS] = re.findall(r"```yaml\n(# budgets\.yaml.*?)```", PAGE, re.DOTALL)
WORKER = (
    "-A",
    "shop:celery",
    "worker",
    "--without-gossip",
    "--without-mingle",
    "--without-heartbeat",
    "--loglevel",
    "ERROR",
)
LIMITS = ("completion_p95", "queued_p95", "work_p95")


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str:
    return f"redis://127.0.0.1:{request.getfixturevalue('redis_port')}/9"


@pytest.fixture
def rabbitmq_url() -> Iterator[str]:
    with rabbitmq.serving() as broker:
        yield broker.url


@contextmanager
def running(folder: Path, broker: str, *, workers: int, work: float) -> Iterator[str]:
    """The application and its worker; the queue is empty at the end, and so at the next beginning."""
    port = free_port()
    environ = {**ENVIRONMENT, "BROKER_URL": broker, "WORK_S": str(work)}
    pool = ("--pool", "threads", "--concurrency", str(workers))
    commands = (
        ("uvicorn", "shop:app", "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"),
        ("celery", *WORKER, *pool),
    )
    processes = [subprocess.Popen([sys.executable, "-m", *command], cwd=folder, env=environ) for command in commands]
    try:
        with Celery("shop", broker=broker) as celery:
            wait_for(lambda: processes[1].poll() is not None or celery.control.ping(timeout=1.0), "the worker")
        assert processes[1].poll() is None
        wait_for(lambda: not is_free(port), "the application")
        yield f"http://127.0.0.1:{port}"
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(60)


def broken(project: Project, broker: str, *wide: str, workers: int, work: float) -> set[str]:
    """Which of completion, time in the queue and time at work fail, after three seconds of the documentation's load.
    Limits of the metrics in `wide` leave room for a busy machine; the others are the documentation's."""
    project.write(APPLICATION, "shop.py")
    with running(project.folder, broker, workers=workers, work=work) as url:
        text = BUDGETS.replace("http://127.0.0.1:8000", url)
        text = re.sub(r"load: .*", "load: {rate: 10/s, duration: 3s, arrivals: even}\ngate: {probe: false}", text)
        project.write(re.sub(rf"({'|'.join(wide)}): \w+", r"\1: 15s", text))
        done = project.perfgate("run")
    [export] = project.run()["endpoints"]
    assert (export["requests"], export["failures"]) == (30, 0), done.stdout + done.stderr
    found = {item["metric"]: item for item in project.verdict()["findings"]}
    assert done.returncode == int("fail" in {item["outcome"] for item in found.values()})
    assert "in the queue" in found["completion_p95"]["sentence"] or found["completion_p95"]["outcome"] != "fail"
    assert set(LIMITS) < set(found)
    return {name for name in LIMITS if found[name]["outcome"] == "fail"}


BROKERS = [
    pytest.param("redis_url", marks=pytest.mark.needs("redis")),
    pytest.param("rabbitmq_url", marks=pytest.mark.needs("rabbitmq")),
]


@pytest.mark.slow
@pytest.mark.load
@pytest.mark.parametrize("broker", BROKERS)
def test_a_backlog_of_a_worker_is_told_from_slow_work(project: Project, broker: str, request: pytest.FixtureRequest):
    url = request.getfixturevalue(broker)
    assert broken(project, url, "work_p95", workers=1, work=0.25) == {"completion_p95", "queued_p95"}


@pytest.mark.slow
@pytest.mark.load
@pytest.mark.parametrize("broker", BROKERS)
def test_a_budget_is_kept_and_slow_work_is_told_from_a_backlog(
    project: Project, broker: str, request: pytest.FixtureRequest
):
    url = request.getfixturevalue(broker)
    assert broken(project, url, *LIMITS, workers=30, work=0.02) == set()
    assert broken(project, url, "queued_p95", workers=40, work=2.5) == {"completion_p95", "work_p95"}
