"""The records of a run's parts become one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

from perfgate.model.run import Generator, LoadTest
from perfgate.recording import handover, windows
from perfgate.recording.windows import Record
from perfgate.runner.reference import samples

ADDED_UP = ("due", "sent", "late", "dropped", "without_rows", "exceptions", "connections", "resends")
COUNTED = ("unsent", "addresses")
SHARES_OF_TIME = ("cpu_pressure", "cpu_stolen")
WORST = (
    *("lateness_p50", "lateness_p95", "lateness_p99", "delay_p50", "delay_p99", "cpu"),
    *("users", "workers", "workers_lost"),
)


def merge(parts: Sequence[LoadTest], folder: Path) -> LoadTest:
    """One load test, as if the parts had followed each other without a pause. All warm-ups come before it.

    Raises RecordError when a part's windows cannot be read.
    """
    if len(parts) == 1 and parts[0].folder == folder:
        return parts[0]
    duration = sum(part.duration for part in parts)
    windows.write(folder / handover.WINDOWS, _record(parts, duration), duration=duration)
    return LoadTest(
        folder=folder,
        windows=folder / handover.WINDOWS,
        started=parts[0].started,
        duration=duration,
        generator=_generator(parts, duration),
        failure_examples=_examples([part.failure_examples for part in parts]),
        base_examples=_examples([part.base_examples for part in parts]),
        base_failures=_statuses([part.base_failures for part in parts]),
        restarts=len(parts) - 1,
        unfinished=sum(part.unfinished for part in parts),
        interrupted=any(part.interrupted for part in parts),
        aborted=next((part.aborted for part in parts if part.aborted), ""),
        seed=parts[0].seed,
        numbers=parts[-1].numbers,
        probe=_probe(parts, folder),
        beside_target=parts[0].beside_target,
        memory={arm: tuple(item for part in parts for item in part.memory.get(arm, ())) for arm in parts[0].memory},
        warnings=tuple(dict.fromkeys(warning for part in parts for warning in part.warnings)),
    )


def _record(parts: Sequence[LoadTest], duration: float) -> Record:
    records = [windows.read(part.windows) for part in parts]
    whole = Record(max(record.width for record in records))
    # What began after a part's measured time counts as after it all; a run cut short has no such time, only before.
    cut_short = parts[-1].interrupted or parts[-1].aborted
    outside = -whole.width if cut_short else ceil(duration / whole.width) * whole.width
    began = 0
    for part, record in zip(parts, records, strict=True):
        for (kind, name, arm, second), window in record.windows.items():
            if second >= part.duration and not (part.interrupted or part.aborted):
                at = outside
            else:
                at = second if second < 0 else began + second
            whole.add((kind, name, arm, at), window)
        for series, phases in record.phases.items():
            whole.add_phases(series, phases)
        began += round(part.duration)
    return whole


def _probe(parts: Sequence[LoadTest], folder: Path) -> Path | None:
    """The runner probe's samples, where all parts have some; those outside of a part's measured time are left out."""
    moved, began = [], 0.0
    for part in parts:
        if part.probe is None:
            return None
        inside = (sample for sample in samples.read(part.probe) if 0 <= sample.at < part.duration)
        moved += [replace(sample, at=began + sample.at) for sample in inside]
        began += part.duration
    samples.write(folder / handover.PROBE, moved)
    return folder / handover.PROBE


def _generator(parts: Sequence[LoadTest], duration: float) -> Generator:
    each = [part.generator for part in parts]
    shares: dict[str, Any] = {
        name: sum(getattr(part.generator, name) * part.duration for part in parts) / duration if duration else 0.0
        for name in SHARES_OF_TIME
    }
    sums: dict[str, Any] = {name: sum(getattr(item, name) for item in each) for name in ADDED_UP}
    worst: dict[str, Any] = {name: max(getattr(item, name) for item in each) for name in WORST}
    counts: dict[str, Any] = {name: _total(getattr(item, name) for item in each) for name in COUNTED}
    return replace(each[0], **sums, **worst, **shares, **counts)


def _total(each: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for item in each:
        total.update(item)
    return dict(total)


def _examples(parts: Sequence[Mapping[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    """The first part's that has any."""
    return {name: texts for part in reversed(parts) for name, texts in part.items()}


def _statuses(parts: Sequence[Mapping[str, tuple[int, ...]]]) -> dict[str, tuple[int, ...]]:
    """Statuses by endpoint, the different ones of all parts."""
    names = {name for part in parts for name in part}
    return {name: tuple(sorted({status for part in parts for status in part.get(name, ())})) for name in names}
