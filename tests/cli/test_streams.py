"""Output that nobody reads, or no disk takes, changes no exit code for the better."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

VERB = """
import sys
from rich.console import Console
from perfgate.cli.guard import guarded, say
import typer

def verb():
    for _ in range(3):
        say("talk")
        Console(stderr=True).print("progress")
        print("table")
        Console().print("verdict")
    {end}

try:
    guarded(verb)()
except typer.Exit as end:
    sys.exit(end.exit_code)
"""


def closed_pipe() -> int:
    """The end to write of a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    return write


def full_disk() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def nowhere() -> int:
    return os.open(os.devnull, os.O_WRONLY)


@pytest.mark.parametrize(
    ("end", "opened", "code"),
    [
        ("return 0", closed_pipe, 0),
        ("return 1", closed_pipe, 1),
        ("return 0", full_disk, 3),
        ("return 1", full_disk, 1),
        ("raise BrokenPipeError", nowhere, 3),  # of a child or a socket: no verdict was reached
    ],
)
@pytest.mark.parametrize("buffered", ["", "1"])
def test_output_that_is_lost_leaves_the_exit_code(end: str, opened: Callable[[], int], code: int, buffered: str):
    out = opened()
    environment = {**os.environ, "PYTHONUNBUFFERED": buffered}
    done = subprocess.run(
        [sys.executable, "-c", VERB.format(end=end)],
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=environment,
    )
    os.close(out)

    assert done.returncode == code, done.stderr
    assert ("the output could not be written" in done.stderr) == (opened is full_disk)
    assert done.stderr.count("talk") == 3
