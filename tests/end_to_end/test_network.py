"""Load from several hosts, made of network namespaces: narrow links, links that break, TLS between hosts."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import servers
from hosts import Host, another_host, workers
from processes import wait_for
from projects import Project, free_port

BUDGETS = """
version: 1
target: {target}
allow: [{host}]
load: {{{load}}}
defaults: {{timeout: 30s}}
endpoints:
  home: {{request: GET /, budget: {{p95: 20s, errors: 10%}}}}
"""


@pytest.fixture
def host() -> Iterator[Host]:
    with another_host() as host:
        yield host


def written(url: str, host: Host, load: str, *, is_short: bool = False) -> str:
    """The budget file; `is_short`: with a time-out of one second."""
    text = BUDGETS.format(target=url, host=host.ours, load=load)
    return text.replace("timeout: 30s", "timeout: 1s").replace("p95: 20s", "p95: 900ms") if is_short else text


def outcomes(project: Project) -> set[str]:
    return {one["outcome"] for one in project.verdict()["findings"]}


def run(project: Project, host: Host, url: str, load: str, *, number: int = 1, is_short: bool = False) -> Any:
    """A run with one worker on the other host, and the rest on this one; done."""
    port = free_port()
    project.write(written(url, host, load, is_short=is_short))
    with (
        workers(1, port, *host.prefix, master=host.ours) as there,
        workers(number - 1, port, master=host.ours) as here,
    ):
        done = project.perfgate("run", "--workers", str(number), "--master-host", host.ours, "--master-port", str(port))
        assert [process.wait(120) for process in (*there, *here)] == [0] * number
    return done


def test_a_worker_on_another_host(project: Project, host: Host):
    with servers.serving(servers.answering(200), host=host.ours) as (url, server):
        done = run(project, host, url, "rate: 100/s, duration: 2s")

    assert done.returncode == 0, done.stderr
    generator = project.run()["generator"]
    assert generator["sent"] == server.requests <= generator["due"] == 200


def test_a_narrow_link_between_hosts_loses_no_count(project: Project, host: Host):
    """Wide enough for the load: 100 answers of 2 kB a second are 1.6 Mbit/s."""
    host.narrow("4mbit")
    with servers.serving(servers.answering(200, b"x" * 2000), host=host.ours) as (url, server):
        done = run(project, host, url, "rate: 100/s, duration: 2s", number=2)

    assert done.returncode == 0, done.stderr
    (home,) = project.run()["endpoints"]
    generator = project.run()["generator"]
    assert generator["sent"] == home["requests"] == server.requests <= generator["due"] == 200
    assert home["failures"] == 0


def test_a_link_too_narrow_for_the_load_is_the_targets_failure_and_not_the_records(project: Project, host: Host):
    """40 answers of 40 kB a second are 12.8 Mbit/s: most time out, and every one of them is counted."""
    host.narrow("1mbit")
    with servers.serving(servers.answering(200, b"x" * 40_000), host=host.ours) as (url, server):
        done = run(project, host, url, "rate: 40/s, duration: 2s", is_short=True)

    assert done.returncode == 1, done.stdout + done.stderr
    (home,) = project.run()["endpoints"]
    generator = project.run()["generator"]
    assert server.requests <= generator["sent"] == home["requests"] <= generator["due"] == 80
    assert set(home["failures_by_kind"]) <= {"timeout", "connection"}
    assert home["failures_by_kind"]["timeout"] > 20


def test_a_link_that_breaks_is_a_lost_worker_here_and_a_lost_master_there(project: Project, host: Host):
    port = free_port()
    with (
        servers.serving(servers.answering(200), host=host.ours) as (url, server),
        workers(1, port, *host.prefix, master=host.ours) as (there,),
        workers(1, port, master=host.ours) as (here,),
    ):
        project.write(written(url, host, "rate: 60/s, duration: 8s", is_short=True))
        process = project.start("run", "--workers", "2", "--master-host", host.ours, "--master-port", str(port))
        wait_for(lambda: server.requests > 120, "load")
        host.cut_off()
        output, errors = process.communicate(timeout=120)
        said, _ = there.communicate(timeout=120)
        assert here.wait(120) == 0

    assert process.returncode == 0, errors
    generator = project.run()["generator"]
    assert (generator["workers"], generator["workers_lost"]) == (2, 1)
    assert project.run()["endpoints"][0]["requests"] <= server.requests < generator["due"] == 480
    assert outcomes(project) == {"inconclusive"}
    assert "1 of 2 load-generator processes were lost" in " ".join(output.split())
    assert there.returncode == 3
    assert "Nothing was heard from the machine of `perfgate run` for 15 s" in said


@pytest.mark.load
@pytest.mark.needs("openssl")
def test_tls_between_hosts_is_timed_by_the_kernel(project: Project, host: Host, tmp_path: Path):
    """Every answer is held back for 50 ms, which is the least that can have been measured."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*servers.self_signed(tmp_path, host.ours))
    held_back = servers.answering(200, after=0.05)

    def secure(behaviour: servers.Behaviour, connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            held_back(behaviour, wrapped)

    with servers.serving(secure, host=host.ours) as (url, server):
        load = f"rate: 50/s, duration: 2s}}\ntls: {{ca: {tmp_path}/cert.pem"
        done = run(project, host, url.replace("http:", "https:"), load)

    assert done.returncode == 0, done.stdout + done.stderr
    run_record = project.run()
    (home,) = run_record["endpoints"]
    assert run_record["conditions"]["clock"] == "kernel receive timestamp"
    assert (home["requests"], home["failures"]) == (server.requests, 0) == (100, 0)
    assert home["latency"]["minimum"] >= 49_000_000
    assert home["metrics"]["p50"] >= 0.049
