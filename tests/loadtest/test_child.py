"""Children of perfgate: their last words, their end, and that nothing of them is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from processes import alive, wait_for

from perfgate.loadtest.process.child import Child
from perfgate.text.redaction import Redactor


@contextmanager
def child(command: list[str] | str, tmp_path: Path) -> Iterator[Child]:
    started = Child(command, environ=dict(os.environ), log=tmp_path / "child.log", redact=Redactor(), folder=tmp_path)
    try:
        yield started
    finally:
        started.end(5.0)


def test_the_exit_code_comes_with_the_last_words(tmp_path: Path):
    """Many lines: whoever looks the moment it ends would miss the last of them."""
    for _ in range(20):
        with child([sys.executable, "-c", "print('x\\n' * 20_000 + 'the last word'); exit(7)"], tmp_path) as started:
            while (code := started.poll()) is None:
                pass
            assert (code, started.tail[-1]) == (7, "the last word")


def test_a_full_disk_stops_the_log_and_not_the_child(tmp_path: Path):
    """Far more than a pipe takes: a child whose output nobody reads would wait for ever."""
    (tmp_path / "child.log").symlink_to("/dev/full")
    with child([sys.executable, "-c", "print('x\\n' * 200_000 + 'the last word')"], tmp_path) as started:
        assert started.wait(60)
        assert (started.poll(), started.tail[-1]) == (0, "the last word")


def test_its_signal_is_told_as_shells_do(tmp_path: Path):
    with child("kill -9 $$", tmp_path) as started:
        assert started.wait(60)
        assert started.poll() == 137


def test_a_command_that_is_not_there(tmp_path: Path):
    with child(["no-such-program"], tmp_path) as started:
        assert started.wait(60)
        assert (started.poll(), started.tail[-1]) == (
            127,
            "no-such-program cannot be started: No such file or directory",
        )


def test_what_it_started_ends_with_it_though_it_left_its_group(tmp_path: Path):
    with child("setsid sleep 600 & echo $!; exec sleep 600", tmp_path) as started:
        wait_for(lambda: started.tail, "the daemon")
        daemon = int(started.tail[0])
        assert alive(daemon)
    assert not alive(daemon)


def test_what_a_setup_starts_lives_on(tmp_path: Path):
    daemon = "setsid sh -c 'touch apart; exec sleep 600' > /dev/null 2>&1 & echo $!"
    started = Child(
        f"{daemon}; until [ -e apart ]; do sleep 0.01; done",
        environ=dict(os.environ),
        log=tmp_path / "child.log",
        redact=Redactor(),
        folder=tmp_path,
        daemons=True,
    )
    assert started.wait(60)
    assert started.poll() == 0
    started.end(5.0)
    daemon = int(started.tail[0])
    assert alive(daemon)
    os.kill(daemon, signal.SIGKILL)


STARTER = """
import os, sys, time
from pathlib import Path
from perfgate.loadtest.process.child import Child
from perfgate.text.redaction import Redactor
folder = Path(sys.argv[1])
Child(sys.argv[2], environ=dict(os.environ), log=folder / "log", redact=Redactor(), folder=folder)
os.kill(os.getpid(), 9)
"""


def test_it_ends_with_its_parent_at_its_very_first_moment(tmp_path: Path):
    command = f"echo $$ > {tmp_path}/pid; setsid sleep 601 & sleep 601"
    subprocess.run([sys.executable, "-c", STARTER, str(tmp_path), command], check=False, timeout=60)
    wait_for(lambda: not processes_in(tmp_path), "the end of all that works in the folder")


def processes_in(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").resolve(strict=True) == folder.resolve():
                found.append(int(entry.name))
    return found


def test_listening_to_a_child_that_says_no_more_waits_for_its_end(tmp_path: Path):
    with child("exec > /dev/null 2>&1; sleep 0.5; exit 3", tmp_path) as started:
        for _ in range(20):
            started.listen(2.0)
            if (code := started.poll()) is not None:
                break
        assert code == 3
