"""Connections: what servers do to them is counted as it was; what the generator itself lacks is told as its own."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import breaking
import pytest
import servers
from projects import ENVIRONMENT, Project, free_port

AMISS = 2  # requests: on a busy machine an answer is late, and so is the end of a connection
LOADS = {"closed": "users: 6, duration: 2s", "open": "rate: 300/s, duration: 4s"}


@pytest.mark.load
@pytest.mark.parametrize("client", ["fast", "locust"])
@pytest.mark.parametrize("model", LOADS)
def test_a_target_that_breaks_connections_in_many_ways(project: Project, client: str, model: str):
    endpoints = "\n".join(
        f"  {name}: {{request: GET {breaking.path(name)}}}" for name in breaking.FAILING | breaking.HARMLESS
    )
    target = breaking.Breaking()
    with servers.serving(target) as (url, _):
        project.write(
            f"version: 1\ntarget: {url}\nclient: {client}\nload: {{{LOADS[model]}}}\ngate: {{probe: false}}\n"
            f"defaults: {{timeout: 400ms, budget: {{errors: 1%}}}}\nendpoints:\n{endpoints}\n"
        )
        project.perfgate("run", "--no-save")

    run = project.run()
    assert len(run["endpoints"]) == len(breaking.FAILING | breaking.HARMLESS)
    for one in run["endpoints"]:
        name = one["name"]
        truth = target.broken[name] if name in breaking.FAILING else 0
        assert abs(one["failures"] - truth) <= AMISS, (name, one["failures_by_kind"])
    expected = sum(target.broken.values()) / sum(target.received.values())
    assert sum(target.received.values()) > 500
    assert expected > 0.03
    assert run["generator"]["resends"] <= sum(target.broken[name] for name in breaking.HARMLESS)


SLOW = """
import socket, sys, threading, time

def serve(connection):
    with connection:
        while connection.recv(65536):
            time.sleep(0.2)
            connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi")

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=2048)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


def trouble(project: Project, *prefix: str, client: str = "fast") -> subprocess.CompletedProcess[str]:
    """A run of 100 users, with its service, behind a command that makes something scarce."""
    port = free_port()
    (project.folder / "slow.py").write_text(SLOW, encoding="utf-8")
    project.write(
        f"version: 1\ntarget: http://127.0.0.1:{port}\nclient: {client}\n"
        f"service: {{command: '{sys.executable} slow.py ${{PORT}}', port: {port}}}\n"
        "load: {users: 100, duration: 3s}\ngate: {probe: false}\n"
        "endpoints:\n  home: {request: GET /, budget: {errors: 10%}}\n"
        "journeys:\n  visit: {steps: [home, home], budget: {errors: 10%}}\n"
    )
    command = [*prefix, sys.executable, "-m", "perfgate", "run", "--no-save"]
    return subprocess.run(
        command, cwd=project.folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False
    )


def unshared(options: str, script: str) -> tuple[str, ...]:
    """A prefix that runs a command in namespaces of its own, after a script."""
    probe = ["unshare", *options.split(), "sh", "-c", script]
    if shutil.which("unshare") is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("needs root and namespaces (util-linux, iproute2)")
    return ("unshare", *options.split(), "sh", "-c", f'{script}; exec "$@"', "sh")


FEW_PORTS = "ip link set lo up && sysctl -qw net.ipv4.ip_local_port_range='40000 40040'"


@pytest.mark.parametrize("client", ["fast", pytest.param("locust", marks=pytest.mark.slow)])
@pytest.mark.parametrize("shortage", ["ports", "files"])
def test_what_the_generator_lacks_is_no_failure_of_the_target(project: Project, shortage: str, client: str):
    prefix = unshared("-n", FEW_PORTS) if shortage == "ports" else ("sh", "-c", 'ulimit -n 80; exec "$@"', "sh")
    done = trouble(project, *prefix, client=client)

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr + (project.runs[-1] / "locust.log").read_text()
    run = project.run()
    assert [(one["name"], one["failures"]) for one in run["endpoints"]] == [("home", 0), ("visit", 0)]
    assert run["generator"]["unsent"][shortage] > 0
    assert {one["outcome"] for one in project.verdict()["findings"]} == {"inconclusive"}
    cure = {"ports": "net.ipv4.ip_local_port_range", "files": "ulimit -n 65536"}[shortage]
    (warning,) = run["warnings"]
    assert cure in warning
    assert any("could not send" in one["sentence"] and cure in one["sentence"] for one in project.verdict()["findings"])


def test_the_soft_limit_of_open_files_is_raised(project: Project):
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 400:
        pytest.skip("needs a hard limit above the soft one")
    with servers.serving(servers.answering(200, after=0.2)) as (url, _):
        project.write(
            f"version: 1\ntarget: {url}\nload: {{users: 150, duration: 3s}}\ngate: {{probe: false}}\n"
            "endpoints:\n  home: {request: GET /, budget: {errors: 10%}}\n"
        )
        command = ["sh", "-c", 'ulimit -S -n 80; exec "$@"', "sh", sys.executable, "-m", "perfgate", "run", "--no-save"]
        done = subprocess.run(
            command, cwd=project.folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.run()["generator"]["unsent"] == {}
    assert project.run()["generator"]["connections"] == 150


@pytest.mark.parametrize("client", ["fast", "locust"])
def test_connections_are_spread_over_the_addresses_of_a_name(project: Project, tmp_path: Path, client: str):
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n127.0.0.2 shop.test\n127.0.0.3 shop.test\n", encoding="ascii")
    prefix = unshared("-m", f"mount --bind {hosts} /etc/hosts")
    with servers.serving(servers.answering(200), host="0.0.0.0") as (url, _):
        target = url.replace("0.0.0.0", "shop.test")
        project.write(
            f"version: 1\ntarget: {target}\nallow: [shop.test]\nclient: {client}\nload: {{users: 10, duration: 2s}}\n"
            "gate: {probe: false}\nendpoints:\n  home: {request: GET /, budget: {errors: 10%}}\n"
        )
        command = [*prefix, sys.executable, "-m", "perfgate", "run", "--no-save"]
        done = subprocess.run(
            command, cwd=project.folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    run = project.run()
    assert run["generator"]["addresses"] == {"127.0.0.2": 5, "127.0.0.3": 5}
    assert run["warnings"] == [
        "The target has 2 addresses; connections were spread over them: 127.0.0.2 (5), 127.0.0.3 (5). [PG-G012]"
    ]
