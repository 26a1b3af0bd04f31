"""The program of the runner probe as perfgate starts it: it samples, and it never outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from processes import alive, wait_for

from perfgate.loadtest.locust.runner_probe import COMMAND
from perfgate.runner.reference.workload import Workload


@pytest.fixture
def program() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def server_of(process: subprocess.Popen[str]) -> int:
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


def test_the_work_is_the_same_in_every_process():
    code = "from perfgate.runner.reference.workload import Workload as W; w = W(); print(w.answer(0).hex(), w.answer(7).hex())"
    environ = {**os.environ, "PYTHONHASHSEED": "1"}
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)

    here = Workload()

    assert other.stdout.split() == [here.answer(0).hex(), here.answer(7).hex()]
    assert here.answer(0) != here.answer(7)


def test_samples_have_a_time_and_a_duration(program: subprocess.Popen[str]):
    began = time.monotonic()

    rows = [program.stdout.readline().split() for _ in range(4)]

    times = [float(at) for at, _ in rows]
    assert times == sorted(times)
    assert began - 1 < times[0] < times[-1] < time.monotonic()
    assert all(float(ms) > 0.01 for _, ms in rows)


def test_its_pauses_are_jittered(program: subprocess.Popen[str]):
    times = [float(program.stdout.readline().split()[0]) for _ in range(6)]

    pauses = [after - before for before, after in pairwise(times)]

    assert max(pauses) - min(pauses) > 0.02


def test_both_processes_end_when_nobody_reads(program: subprocess.Popen[str]):
    program.stdout.readline()
    server = server_of(program)

    program.stdout.close()

    assert program.wait(60) == 0
    wait_for(lambda: not alive(server), "the end of the server")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_server_ends_with_the_process_that_asks(program: subprocess.Popen[str], number: signal.Signals):
    program.stdout.readline()
    server = server_of(program)

    program.send_signal(number)

    assert program.wait(60) == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    wait_for(lambda: not alive(server), "the end of the server")


def test_a_server_that_ends_is_told(program: subprocess.Popen[str]):
    program.stdout.readline()

    os.kill(server_of(program), signal.SIGKILL)

    assert program.wait(60) == 1


def test_it_imports_nothing_heavy():
    code = "import sys, perfgate.runner.reference.__main__; print(sorted(m for m in sys.modules if m.startswith('perfgate')), len(sys.modules))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    names, _, number = loaded.stdout.rpartition(" ")
    assert (
        names
        == "['perfgate', 'perfgate.runner', 'perfgate.runner.reference', 'perfgate.runner.reference.__main__', 'perfgate.runner.reference.workload']"
    )
    assert int(number) < 150
