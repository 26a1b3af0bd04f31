"""What a Locust operator of Kubernetes does, without Kubernetes: the image's entry point, with its arguments."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import servers
from projects import ENVIRONMENT, Project, free_port

ENTRY = Path(__file__).parents[2] / "deploy" / "entrypoint"
BUDGETS = """
version: 1
target: {target}
load: {{rate: 100/s, duration: 2s}}
endpoints:
  home: {{request: GET /, budget: {{p95: 5s, errors: 10%}}}}
"""


def started(project: Project, arguments: str) -> subprocess.Popen[str]:
    environ = ENVIRONMENT | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [str(ENTRY), *shlex.split(arguments)]
    out = subprocess.PIPE
    return subprocess.Popen(command, cwd=project.folder, env=environ, stdout=out, stderr=subprocess.STDOUT, text=True)


def test_pods_as_an_operator_starts_them_come_to_a_verdict(project: Project):
    port = free_port()
    own = "--autostart --autoquit 60 --enable-rebalancing --only-summary"
    with servers.serving(servers.answering(200)) as (url, server):
        project.write(BUDGETS.format(target=url))
        given = f"--budget budgets.yaml --out perf --master --master-port={port} --expect-workers=2 {own}"
        pods = [started(project, given)]
        pods += [started(project, f"--worker --master-port={port} --master-host=127.0.0.1") for _ in range(2)]
        said = [pod.communicate(timeout=120)[0] for pod in pods]

    assert [pod.returncode for pod in pods] == [0, 0, 0], said
    assert server.requests == 200
    assert (project.folder / "perf" / "report.md").exists()
