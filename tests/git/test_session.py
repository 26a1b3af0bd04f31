"""Git in a session of its own ends with whoever waits for it."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from perfgate.git import session
from perfgate.git.session import run_in_session

WAITS = ("-c", "alias.wait=!exec sleep 600", "wait")


@pytest.fixture
def started(monkeypatch):
    """The processes that are started, each interrupted by Ctrl-C as soon as it runs."""
    processes = []

    class Interrupted(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            processes.append(self)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(session.subprocess, "Popen", Interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield processes
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_right_after_the_start_ends_git(started, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_in_session(WAITS, folder=tmp_path, environ=os.environ)
    assert [process.returncode for process in started] == [-signal.SIGKILL]


def test_a_wait_that_takes_too_long_ends_git(tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        run_in_session(WAITS, folder=tmp_path, environ=os.environ, timeout_s=0.2)


def test_what_git_prints_and_its_exit_code(tmp_path):
    answer = run_in_session(
        ["-c", "alias.say=!echo out; echo err >&2; exit 3", "say"], folder=tmp_path, environ=os.environ
    )
    assert (answer.stdout, answer.stderr, answer.returncode) == (b"out\n", b"err\n", 3)
