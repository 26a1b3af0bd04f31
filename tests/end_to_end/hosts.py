"""Other hosts: workers, and network namespaces with a link of their own, which stand in for machines."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from projects import ENVIRONMENT
from services.needs import lacking


@contextmanager
def workers(number: int, port: int, *prefix: str, master: str = "127.0.0.1") -> Iterator[list[subprocess.Popen[str]]]:
    """Workers of a master, ended with the block. What they say is in their `stdout` once they have ended."""
    command = [*prefix, sys.executable, "-m", "perfgate", "worker", "--master-host", master, "--master-port", str(port)]
    started = [
        subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(number)
    ]
    try:
        yield started
    except BaseException as error:
        for process in started:
            error.add_note(f"worker {process.pid}: {_end(process)}")
        raise
    for process in started:
        _end(process)


def _end(process: subprocess.Popen[str]) -> str:
    """Ends the process; returns what it said."""
    if process.poll() is None:
        process.terminate()
    return process.communicate(timeout=60)[0]


@dataclass(frozen=True)
class Host:
    """A network namespace. `ours` is this machine's address on the link between the two."""

    name: str
    address: str
    ours: str

    @property
    def prefix(self) -> tuple[str, ...]:
        """What makes a command run there."""
        return ("ip", "netns", "exec", self.name)

    def narrow(self, rate: str) -> None:
        """Limits the link, in both directions. Skips the test where the kernel cannot."""
        shape = f"root tbf rate {rate} burst 5kb latency 300ms"
        if not (
            _run("tc", f"qdisc add dev {self.name}a {shape}")
            and _run("tc", f"qdisc add dev {self.name}b {shape}", self)
        ):
            lacking("a kernel that can limit a link (tc qdisc tbf)")

    def cut_off(self) -> None:
        """Nothing gets through any more, and nobody is told."""
        assert _run("ip", f"link set {self.name}b down", self)


@contextmanager
def another_host() -> Iterator[Host]:
    """Skips the test where that is not allowed."""
    host = Host(f"pg{os.getpid() % 10000}", "10.213.77.2", "10.213.77.1")
    name = host.name
    if shutil.which("ip") is None or os.geteuid() != 0 or not _run("ip", f"netns add {name}"):
        lacking("root and network namespaces (iproute2)")
    try:
        assert _run("ip", f"link add {name}a type veth peer name {name}b netns {name}")
        assert _run("ip", f"addr add {host.ours}/30 dev {name}a")
        assert _run("ip", f"link set {name}a up")
        assert _run("ip", f"addr add {host.address}/30 dev {name}b", host)
        assert _run("ip", f"link set {name}b up", host)
        assert _run("ip", "link set lo up", host)
        yield host
    finally:
        _run("ip", f"link del {name}a")  # else it stays for as long as anything in the namespace has a socket open
        _run("ip", f"netns del {name}")


def _run(program: str, arguments: str, host: Host | None = None) -> bool:
    command = [*(host.prefix if host else ()), program, *arguments.split()]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
