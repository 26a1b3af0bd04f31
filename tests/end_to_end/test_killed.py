"""`kill -9` of perfgate, at any moment of a run: nothing of it is left, and the next run works."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from processes import alive, wait_for
from projects import Project, free_port

from perfgate.loadtest.service.ports import is_free

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc to see what is left")

MARK = "KILLED_TEST"  # in the environment of all that a run starts
SERVICE = """
import http.server, os, subprocess, sys
subprocess.Popen(["sleep", "600"], start_new_session=True)  # a grandchild that leaves its group
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
BUDGETS = """
version: 1
target: http://127.0.0.1:{port}
service: {{command: "python3 service.py {port}; true", port: {port}}}
load: {{rate: 20/s, duration: 1s}}
endpoints:
  home: {{request: GET /, budget: {{errors: 40%}}}}
"""


def marked(mark: str) -> list[str]:
    """The commands of all processes with the mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environ, command = (entry / "environ").read_bytes(), (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if f"{MARK}={mark}".encode() in environ and alive(int(entry.name)):
                found.append(command.replace(b"\0", b" ").decode())
    return found


@pytest.mark.parametrize("moments", [4, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_kill_9_at_random_moments_leaves_nothing_behind(project: Project, moments: int):
    port, mark = free_port(), uuid4().hex
    project.write(SERVICE, "service.py")
    project.write(BUDGETS.format(port=port))
    began = time.monotonic()
    whole = project.perfgate("run", "--no-save", **{MARK: mark})
    lasts = time.monotonic() - began
    assert whole.returncode == 0, whole.stderr
    assert marked(mark) == []

    chance = Random(moments)
    for number in range(moments):
        moment = 0.1 + (lasts - 0.1) * (number + chance.random()) / moments
        process = project.start("run", "--no-save", "--processes", str(1 + number % 2), **{MARK: mark})
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, 9)
        process.communicate(timeout=120)
        wait_for(lambda: not marked(mark), f"the end of what was started before {moment:.2f} s")
        assert is_free(port), moment

    again = project.perfgate("run", "--no-save", **{MARK: mark})
    assert again.returncode == 0, again.stderr
