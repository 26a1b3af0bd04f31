"""Real processes: what /proc shows of a program that was given secrets, and what its children get."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perfgate.ci import concealment

ROOT = Path(__file__).parents[2]
SECRET = "ghs_secret"
PROGRAM = """
import ctypes, json, os, stat, subprocess, sys
from perfgate.ci import concealment
before = os.getpid()
concealment.conceal(os.environ)
reads = "import os; print(open(f'/proc/{os.getppid()}/environ').read()); print(os.listdir(f'/proc/{os.getppid()}/fd'))"
child = subprocess.run([sys.executable, "-c", reads], env=concealment.shown(os.environ), capture_output=True, text=True)
def is_pipe(number):
    try:
        return stat.S_ISFIFO(os.fstat(number).st_mode)
    except OSError:
        return False
print(json.dumps({
    "pid": os.getpid(), "arguments": sys.argv[1:], "environ": dict(os.environ), "read": child.stdout,
    "pipes": [number for number in range(3, 50) if is_pipe(number)], "dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
}))
"""

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="this system has no /proc")


def program(environ: dict[str, str], **options: object) -> dict[str, object]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--name", "a b"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "OTHER": "visible", **environ},
        stdout=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    known: dict[str, object] = json.loads(said)
    assert known["pid"] == process.pid
    assert known["arguments"] == ["--name", "a b"]
    return known


@pytest.mark.parametrize("name", sorted(concealment.NAMES))
def test_no_child_can_read_the_secret_of_its_parent(name: str):
    seen = program({name: SECRET})

    assert seen["environ"][name] == SECRET  # type: ignore[index]
    assert "OTHER=visible" in str(seen["read"])
    assert SECRET not in str(seen["read"])
    assert seen["pipes"] == []
    assert seen["dumpable"] == 0
    assert concealment.PIPE not in seen["environ"]  # type: ignore[operator]


def test_without_secrets_nothing_changes():
    seen = program({"PERFGATE_GITHUB_TOKEN": ""})

    assert seen["dumpable"] == 1


def test_a_secret_is_handed_on_to_another_program():
    shown, descriptor = concealment.handed_over({"PERFGATE_GITHUB_TOKEN": SECRET, "A": "b"})

    assert descriptor is not None
    assert SECRET not in str(shown)
    seen = program(shown, pass_fds=(descriptor,))
    os.close(descriptor)
    assert seen["environ"]["PERFGATE_GITHUB_TOKEN"] == SECRET  # type: ignore[index]
    assert SECRET not in str(seen["read"])


def test_a_worker_becomes_locust_without_them(tmp_path: Path):
    """It replaces itself by Locust, which runs scenarios: what Locust was started with has none of the secrets."""
    process = subprocess.Popen(
        [sys.executable, "-m", "perfgate", "worker", "--master-port", "1"],
        cwd=tmp_path,
        env={**os.environ, "PERFGATE_GITHUB_TOKEN": SECRET, "OTHER": "visible"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        proc = Path(f"/proc/{process.pid}")
        deadline = time.monotonic() + 60
        while b"perfgate.runtime" not in (proc / "cmdline").read_bytes():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        environ = (proc / "environ").read_bytes()
    finally:
        process.kill()
        process.wait()

    assert b"OTHER=visible" in environ
    assert SECRET.encode() not in environ


def test_more_than_a_pipe_takes_still_arrives():
    seen = program({"PERFGATE_WEBHOOK_SECRET": "x" * 100_000})

    assert len(seen["environ"]["PERFGATE_WEBHOOK_SECRET"]) == 100_000  # type: ignore[index]
