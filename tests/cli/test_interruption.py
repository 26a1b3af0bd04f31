"""Ctrl-C at any moment ends a run, even where Python ignores what a signal's handler raises."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os, signal, time
from perfgate.cli.guard import Interrupted, Signals

class Closing:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)  # the handler raises in here, and Python ignores that

signals = Signals().listen()
try:
    closing = Closing()
    del closing
    time.sleep(600)
except Interrupted as interrupted:
    raise SystemExit(interrupted.exit_code)
"""


def test_a_signal_in_a_destructor_is_not_lost():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 130
    assert done.stderr == ""
