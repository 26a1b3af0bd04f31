"""A Celery application on Redis, with a worker of its own: `celery -A bench.zoo.patient.jobs worker`."""

from __future__ import annotations

import os
import time

from celery import Celery

from bench.zoo.patient import ailments
from bench.zoo.patient.ailments import is_on

os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # of another patient: Celery would set Django up
QUEUE = f"jobs-{ailments.SIDE}"
THREADS = 8
celery = Celery("jobs", broker=ailments.REDIS, backend=ailments.REDIS)
celery.conf.update(
    task_default_queue=QUEUE, result_expires=60, worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True
)
WORKER = (
    *("-A", "bench.zoo.patient.jobs", "worker", "--pool", "threads", "--concurrency", str(THREADS), "-Q", QUEUE),
    *(
        "--hostname",
        f"{QUEUE}@%h",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        "--loglevel",
        "ERROR",
    ),
)


@celery.task(ignore_result=True)
def export() -> None:
    time.sleep(0.400 if is_on("queue backlog") else 0.002)


@celery.task
def render() -> str:
    time.sleep(0.060 if is_on("slow job") else 0.002)
    return "page"
