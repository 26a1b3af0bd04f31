"""Runs whose talk nobody hears: what is lost ends no load and changes no verdict."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import servers
from projects import ENVIRONMENT, Project


def closed_pipe() -> int:
    """The end to write of a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    return write


@pytest.mark.parametrize(("broken", "status", "code"), [("full disk", 200, 0), ("closed pipe", 500, 1)])
def test_a_run_whose_talk_nobody_hears_is_judged(project: Project, broken: str, status: int, code: int):
    """`perfgate run 2>&1 | head -1` ended with 0 before anything was judged."""
    unheard = os.open("/dev/full", os.O_WRONLY) if broken == "full disk" else closed_pipe()
    with servers.serving(servers.answering(status)) as (url, _):
        project.write(
            f"version: 1\ntarget: {url}\nload: {{users: 2, duration: 1s}}\ngate: {{probe: false}}\n"
            "endpoints:\n  home: {request: GET /, budget: {errors: 1%}}\n"
        )
        done = subprocess.run(
            [sys.executable, "-m", "perfgate", "run"],
            cwd=project.folder,
            env=ENVIRONMENT,
            stdout=unheard if broken == "closed pipe" else subprocess.DEVNULL,
            stderr=unheard,
            check=False,
        )
    os.close(unheard)

    assert done.returncode == code
    assert project.verdict()["outcome"] == ("pass" if status == 200 else "fail")
