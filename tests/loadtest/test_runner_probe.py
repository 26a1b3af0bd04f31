"""The runner probe beside a load test: it adds to it, and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from processes import alive, wait_for

from perfgate.loadtest import Options
from perfgate.loadtest.locust import runner_probe
from perfgate.loadtest.locust.joining import _probe as joined_probe
from perfgate.loadtest.service.target import is_here
from perfgate.measure.probed import probed
from perfgate.model.run import Generator, LoadTest
from perfgate.recording import handover
from perfgate.runner.reference import samples
from perfgate.runner.reference.samples import Sample

DURATION = 2.0
HERE = "http://127.0.0.1:8765"


def options(folder: Path, *, probe: bool = True, **environ: str) -> Options:
    return Options(target=HERE, root=folder, environ=environ, has_probe=probe)


def keepers() -> list[psutil.Process]:
    """The processes of which each keeps a child of this one."""
    found = []
    for process in psutil.Process().children():
        with suppress(psutil.Error):  # ended meanwhile
            if any(word.endswith("keeper.py") for word in process.cmdline()):
                found.append(process)
    return found


def has_ended_or_gone(process: psutil.Process) -> bool:
    """Asks for no command line, which a process does not have at once."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def is_sampling() -> bool:
    """Whether the probe has started the server that it asks."""
    return any(len(keeper.children(recursive=True)) == 2 for keeper in keepers())


def loaded(folder: Path, until: Callable[[], bool] = lambda: True, duration: float = 0.0) -> LoadTest:
    """A load test that begins when something is so, lasts a while, and sends nothing."""
    wait_for(until, "what is waited for before the load")
    began = time.monotonic()
    time.sleep(duration)
    plain = LoadTest(
        folder=folder, windows=folder, started="2026-01-05T09:00:00", duration=duration, generator=Generator()
    )
    return replace(plain, began=began)


def test_only_samples_of_the_measured_time_count(tmp_path: Path):
    load_test = runner_probe.beside(lambda: loaded(tmp_path, is_sampling, DURATION), tmp_path, options(tmp_path))

    kept = samples.read(tmp_path / handover.PROBE)
    probe = probed(load_test)

    assert load_test.warnings == ()
    assert probe is not None
    assert probe.samples == sum(0 <= sample.at < DURATION for sample in kept) > 0
    assert 0 < probe.p50 <= probe.p95
    assert probe.workload.startswith("1 on Python 3.")
    assert probe.beside_target


def test_it_can_be_left_out(tmp_path: Path):
    load_test = runner_probe.beside(lambda: loaded(tmp_path), tmp_path, options(tmp_path, probe=False))

    assert load_test.probe is None
    assert load_test.warnings == ()
    assert probed(load_test) is None
    assert not (tmp_path / handover.PROBE).exists()


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("/no/such/program",), "No such file"),
        ((sys.executable, "-c", "import sys; sys.exit('no sockets here')"), "no sockets here"),
        ((sys.executable, "-c", "pass"), "it ended early"),
    ],
)
def test_a_probe_that_cannot_run_is_a_warning(tmp_path: Path, command: tuple[str, ...], reason: str):
    before = {child.pid for child in psutil.Process().children()}

    def has_ended() -> bool:
        return all(has_ended_or_gone(child) for child in psutil.Process().children() if child.pid not in before)

    load_test = runner_probe.beside(lambda: loaded(tmp_path, has_ended), tmp_path, options(tmp_path), command)

    [warning] = load_test.warnings
    assert warning.startswith("No runner probe: ")
    assert reason in warning
    assert load_test.probe is None


def test_it_ends_when_the_load_fails(tmp_path: Path):
    def broken() -> LoadTest:
        wait_for(lambda: pid.exists() and pid.read_text(), "the probe")
        raise KeyboardInterrupt

    pid = tmp_path / "pid"
    command = (
        sys.executable,
        "-c",
        f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)",
    )

    with pytest.raises(KeyboardInterrupt):
        runner_probe.beside(broken, tmp_path, options(tmp_path), command)

    assert not Path(f"/proc/{pid.read_text()}").exists()


def test_it_ends_when_perfgate_is_killed():
    code = (
        "import time; from perfgate.loadtest.locust.runner_probe import RunnerProbe; "
        "probe = RunnerProbe({}); print(probe._process.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)

    wait_for(lambda: not alive(pid), "the end of the probe")


def test_parts_are_joined_without_what_is_outside_of_them(tmp_path: Path):
    parts = []
    for number in (1, 2):
        place = tmp_path / f"part-{number}"
        place.mkdir()
        samples.write(place / handover.PROBE, [Sample(-0.1, 1.0), Sample(1.0, number / 1000), Sample(2.5, 1.0)])
        plain = LoadTest(folder=place, windows=place, started="", duration=2.0, generator=Generator())
        parts.append(replace(plain, probe=place / handover.PROBE))

    path = joined_probe(parts, tmp_path)

    assert path is not None
    assert samples.read(path) == (Sample(1.0, 0.001), Sample(3.0, 0.002))
    assert joined_probe([parts[0], replace(parts[1], probe=None)], tmp_path) is None


@pytest.mark.parametrize(
    ("target", "here"),
    [(HERE, True), ("http://localhost:1/shop", True), ("http://192.0.2.1:80", False), ("http://shop.invalid", False)],
)
def test_whether_the_target_is_on_this_machine(target: str, here: bool):
    assert is_here(target) is here
