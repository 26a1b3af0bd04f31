"""The runner probe beside a load test: started before the load, ended after it, its samples kept in the run folder.

It only ever adds to a run. When it cannot be started or ends early, the run has a warning, and no probe.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread

from perfgate.loadtest.locust.locust_process import Options
from perfgate.loadtest.process import keeping
from perfgate.loadtest.service.target import is_here
from perfgate.model.run import LoadTest
from perfgate.recording import handover
from perfgate.runner.deferred_signals import defer_signals
from perfgate.runner.reference import samples
from perfgate.runner.reference.samples import Sample
from perfgate.text.notes import note

COMMAND = (sys.executable, "-P", "-m", "perfgate.runner.reference")
SAME_HASHES = {"PYTHONHASHSEED": "0"}  # the same work needs the same dictionaries
STOP_TIMEOUT_S = 2.0  # s until it is killed


class RunnerProbe:
    """Starts at once, and does not outlive perfgate."""

    def __init__(self, environ: Mapping[str, str], command: Sequence[str] = COMMAND) -> None:
        """Raises OSError when it cannot be started."""
        self._lines: list[str] = []
        self.ended_early = False
        self._process = keeping.start(command, environ={**environ, **SAME_HASHES}, stderr=subprocess.PIPE)
        self._readers = (Thread(target=self._read, daemon=True), Thread(target=self._listen, daemon=True))
        self._said = ""
        for reader in self._readers:
            reader.start()

    def stop(self) -> None:
        self.ended_early = self._process.poll() is not None
        with defer_signals():
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_TIMEOUT_S)
            keeping.kill(self._process)
            for reader in self._readers:
                reader.join(STOP_TIMEOUT_S)

    def samples(self, began: float) -> tuple[Sample, ...]:
        """Samples with times from `began` on (monotonic s)."""
        numbers = (line.split() for line in self._lines if line.endswith("\n"))
        return tuple(Sample(float(at) - began, float(ms) / 1000) for at, ms in numbers)

    @property
    def last_words(self) -> str:
        return self._said.strip().rpartition("\n")[2][:200]

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            self._lines.extend(lines)

    def _listen(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as errors:
            self._said = errors.read()


def beside(load: Callable[[], LoadTest], folder: Path, options: Options, command: Sequence[str] = COMMAND) -> LoadTest:
    """What `load` returns, with the probe's samples. Raises what it raises, the probe being ended."""
    if not options.has_probe:
        return load()
    try:
        probe = RunnerProbe(options.environ, command)
    except OSError as error:
        return _without(load(), str(error))
    try:
        load_test = load()
    finally:
        probe.stop()
    if probe.ended_early:
        return _without(load_test, probe.last_words or "it ended early")
    measured = probe.samples(load_test.began)
    samples.write(folder / handover.PROBE, measured)
    return replace(load_test, probe=folder / handover.PROBE, beside_target=is_here(options.target))


def _without(load_test: LoadTest, reason: str) -> LoadTest:
    if load_test.interrupted:
        return load_test
    text = f"No runner probe: {reason}. Without one, a slow runner cannot be told from a slow application."
    return replace(load_test, warnings=(*load_test.warnings, note("PG-G015", text)))
