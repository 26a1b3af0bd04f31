"""The load engine at its limits: saturated, hopeless, spread over processes and machines."""

from __future__ import annotations

import os
import signal
import socket
import ssl
from pathlib import Path

import pytest
import servers
from hosts import workers
from processes import wait_for
from projects import Project, free_port

ONE = """
version: 1
target: {target}
load: {{{load}}}
endpoints:
  home: {{request: GET /, budget: {{p95: 5s, errors: 10%}}}}
"""

BURNER = """
from time import perf_counter
from locust import HttpUser, task

class Burner(HttpUser):
    @task
    def burn(self):
        until = perf_counter() + 0.08
        while perf_counter() < until:
            pass
        self.client.get("/")
"""


def outcomes(project: Project) -> set[str]:
    return {one["outcome"] for one in project.verdict()["findings"]}


def test_a_saturated_generator_says_so_and_decides_nothing(project: Project):
    with servers.serving(servers.answering(200)) as (url, _):
        project.write(ONE.format(target=url, load="rate: 60/s, duration: 3s") + "scenarios: [burner.py]\n")
        project.write(BURNER, "burner.py")
        done = project.perfgate("run")

    assert done.returncode == 0, done.stderr
    assert outcomes(project) == {"inconclusive"}
    assert "of the planned starts; use --processes 2" in " ".join(done.stdout.split())
    generator = project.run()["generator"]
    assert generator["sent"] < 0.95 * generator["due"] == 0.95 * 180


def test_a_hopeless_load_is_ended_early_and_fails(project: Project):
    with servers.serving(servers.answering(500)) as (url, server):
        project.write(ONE.format(target=url, load="rate: 50/s, duration: 100s, abort: {errors: 50%, for: 1s}"))
        done = project.perfgate("run")

    assert done.returncode == 1, done.stderr
    run = project.run()
    assert run["aborted"] == "at least 50% of the requests failed for 1 s"
    assert run["duration"] < 100
    assert run["endpoints"][0]["requests"] + run["warmup_requests"] == server.requests
    assert "ended early" in done.stdout


def test_arrivals_are_exact_over_processes(project: Project):
    for processes, arrivals in (("1", "even"), ("2", "poisson")):
        with servers.serving(servers.answering(200)) as (url, server):
            load = f"stages: [{{rate: 100/s, for: 1s}}, {{rate: 300/s, for: 1s}}], arrivals: {arrivals}"
            project.write(ONE.format(target=url, load=load))
            done = project.perfgate("run", "--processes", processes)

        assert done.returncode == 0, done.stderr
        generator = project.run()["generator"]
        assert generator["sent"] == generator["due"] == server.requests == 400


@pytest.mark.load
def test_1500_users_keep_1500_connections(project: Project):
    with servers.serving(servers.answering(200, after=0.05)) as (url, server):
        project.write(ONE.format(target=url, load="users: 1500, warmup: 2s, duration: 3s"))
        done = project.perfgate("run")

    assert done.returncode == 0, done.stdout
    run = project.run()
    assert run["generator"]["connections"] == run["generator"]["users"] == 1500
    assert run["endpoints"][0]["failures"] == 0
    assert run["endpoints"][0]["requests"] + run["warmup_requests"] + run["after_requests"] == server.requests


def test_workers_share_the_load_and_end_with_the_run(project: Project):
    port = free_port()
    with servers.serving(servers.answering(200)) as (url, server), workers(2, port) as both:
        project.write(ONE.format(target=url, load="rate: 200/s, warmup: 1s, duration: 2s"))
        done = project.perfgate("run", "--workers", "2", "--master-host", "127.0.0.1", "--master-port", str(port))
        codes = [process.wait(60) for process in both]

    assert done.returncode == 0, done.stderr
    assert codes == [0, 0]
    run = project.run()
    assert 200 < run["generator"]["sent"] <= run["generator"]["due"] == 400
    assert run["endpoints"][0]["requests"] + run["warmup_requests"] == server.requests
    assert (run["generator"]["workers"], run["generator"]["workers_lost"]) == (2, 0)


SLOW_TO_LISTEN = """
from gevent import sleep
from locust import HttpUser, constant, events, task
from locust.runners import WorkerRunner

def prepare(environment, **_):
    if isinstance(environment.runner, WorkerRunner):
        sleep(2)  # for Locust it is ready all the same

events.init._handlers.insert(0, prepare)  # before perfgate listens

class Visitor(HttpUser):
    wait_time = constant(0.02)

    @task
    def visit(self):
        self.client.get("/")
"""


def test_workers_that_still_prepare_when_the_load_begins_miss_nothing(project: Project):
    port = free_port()
    with servers.serving(servers.answering(200)) as (url, server), workers(2, port):
        project.write(ONE.format(target=url, load="users: 4, duration: 3s") + "scenarios: [slow.py]\n")
        project.write(SLOW_TO_LISTEN, "slow.py")
        done = project.perfgate("run", "--workers", "2", "--master-host", "127.0.0.1", "--master-port", str(port))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Waiting until 2 x `perfgate worker` have connected" in done.stderr
    run = project.run()
    assert (run["generator"]["workers"], run["generator"]["workers_lost"]) == (2, 0)
    recorded = sum(one["requests"] for one in run["endpoints"])
    assert recorded + run["warmup_requests"] + run["after_requests"] == server.requests > 0


def test_a_worker_lost_in_the_middle_is_counted_told_and_leaves_nothing_decided(project: Project):
    port = free_port()
    with servers.serving(servers.answering(200)) as (url, server), workers(2, port) as both:
        project.write(ONE.format(target=url, load="rate: 100/s, duration: 8s"))
        process = project.start("run", "--workers", "2", "--master-host", "127.0.0.1", "--master-port", str(port))
        wait_for(lambda: server.requests > 100, "load")
        os.kill(both[0].pid, signal.SIGKILL)
        output, errors = process.communicate(timeout=90)

    assert process.returncode == 0, errors
    assert project.run()["generator"]["workers_lost"] == 1
    assert outcomes(project) == {"inconclusive"}
    assert "1 of 2 load-generator processes were lost" in " ".join(output.split())


def test_workers_whose_master_is_lost_leave_the_target_alone(project: Project):
    port = free_port()
    with servers.serving(servers.answering(200)) as (url, server), workers(1, port) as (worker,):
        project.write(ONE.format(target=url, load="rate: 50/s, duration: 120s"))
        process = project.start("run", "--workers", "1", "--master-host", "127.0.0.1", "--master-port", str(port))
        wait_for(lambda: server.requests > 20, "load")
        process.kill()
        process.wait(60)
        assert worker.wait(60) is not None
        process.stdout.close()
        process.stderr.close()


def test_locusts_own_client_behind_the_same_recorder(project: Project):
    with servers.serving(servers.answering(200, b'{"id": 7}')) as (url, server):
        text = ONE.format(target=url, load="users: 3, duration: 1s").replace("GET /,", "GET /, capture: {id: $.id},")
        project.write(f"{text}client: locust\n")
        done = project.perfgate("run")

    assert done.returncode == 0, done.stdout + done.stderr
    run = project.run()
    assert run["conditions"]["clock"] == run["generator"]["clock"] == "user space"
    assert run["generator"]["connections"] == run["generator"]["users"] == 3
    assert run["endpoints"][0]["requests"] + run["after_requests"] == server.requests > 0
    assert 'client = "locust"' in (project.runs[-1] / "scenario.py").read_text()


@pytest.mark.needs("openssl")
def test_https_needs_a_trusted_certificate(project: Project, tmp_path: Path):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*servers.self_signed(tmp_path))

    def secure(behaviour: servers.Behaviour, connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            servers.answering(200)(behaviour, wrapped)

    with servers.serving(secure) as (url, server):
        text = ONE.format(target=url.replace("http:", "https:"), load="rate: 20/s, duration: 1s")
        codes = {}
        for trust in ("", "tls: {ca: cert.pem}\n", "tls: {insecure: true}\n"):
            project.write(text + trust)
            codes[trust] = project.perfgate("run").returncode
            if trust:
                assert project.run()["endpoints"][0]["failures_by_kind"] == {}

    assert list(codes.values()) == [3, 0, 0]  # nothing is sent to whom nobody trusts
    assert server.requests == 40
