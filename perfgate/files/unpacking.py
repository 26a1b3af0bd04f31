"""An artifact that a stranger's pull request has made -> RunsArtifact, or an error.

Everything in it may be an attack: names that lead out of a folder, bombs, figures that no arithmetic survives, texts
that look like commands to the CI service. Nothing is written to disk, and no word of it gets into an error.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from perfgate.files import codec
from perfgate.model.errors import RecordError
from perfgate.model.publication import RunsArtifact
from perfgate.model.run import Distribution, EndpointResult, Run
from perfgate.recording.windows import BASE, HEAD

FILE = "perfgate-runs.json"  # the only one
MAX_PACKED_BYTES = 16 * 2**20  # bytes of the artifact
MAX_UNPACKED_BYTES = 32 * 2**20  # bytes of the file in it
MAX_VALUES = 3 * 10**6  # of the file: as objects they take a hundred times the room that they take as text
MAX_RUNS = 50
MAX_ENDPOINTS = 2_000  # of a run
MAX_TEXT_CHARS = 10_000  # characters
SHRINKING = "memory_growth"  # the only metric that may be below zero
MAX_NUMBER = 2**62  # of any number
MAX_BUCKETS = 1 << 14  # of histograms: those of 64-bit nanoseconds
ADVICE = "It is ignored. perfgate's own action makes such artifacts; look at who opened the pull request."


def unpack(artifact: bytes) -> RunsArtifact:
    """Raises RecordError."""
    raw = _only_file(artifact)
    _check_values(raw)
    try:
        manifest = codec.decode(RunsArtifact, raw, origin=FILE)
    except RecordError as error:
        reason = "is of a newer perfgate" if "schema" in error.message else "does not have the shape of run records"
        raise _refused(reason) from None  # the error itself quotes the file
    if len(manifest.runs) > MAX_RUNS:
        raise _refused(f"has more than {MAX_RUNS} runs")
    if len({measured.budget for measured in manifest.runs}) < len(manifest.runs):
        raise _refused("has two runs of one budget file")
    for measured in manifest.runs:
        for run in (measured.run, measured.earlier):
            if run:
                _check_run(run)
    return manifest


def _only_file(artifact: bytes) -> bytes:
    if len(artifact) > MAX_PACKED_BYTES:
        raise _refused(f"has more than {MAX_PACKED_BYTES:,} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(artifact)) as archive:
            if [entry.filename for entry in archive.infolist()] != [FILE]:
                raise _refused(f"holds something else than {FILE}")
            entry = archive.infolist()[0]
            if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise _refused("is packed in a way that GitHub does not use")
            with archive.open(entry) as file:
                raw = file.read(MAX_UNPACKED_BYTES + 1)  # whatever size it claims to have
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError):
        raise _refused("is not a sound zip file") from None
    if len(raw) > MAX_UNPACKED_BYTES:
        raise _refused(f"unpacks to more than {MAX_UNPACKED_BYTES:,} bytes")
    return raw


def _check_values(raw: bytes) -> None:
    if sum(map(raw.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise _refused(f"has more than {MAX_VALUES:,} values")
    try:
        data = json.loads(raw)
        values = list(_values(data))
    except (ValueError, RecursionError):
        raise _refused("is not JSON") from None
    for value in values:
        if isinstance(value, str) and len(value) > MAX_TEXT_CHARS:
            raise _refused(f"has a text of more than {MAX_TEXT_CHARS:,} characters")
        if isinstance(value, int | float) and not -MAX_NUMBER <= value <= MAX_NUMBER:
            raise _refused("has a number that no measurement has")
        if isinstance(value, int) and value < 0:
            raise _refused("has a negative count")


def _values(data: Any) -> Iterator[Any]:
    """Keys and values at every depth."""
    todo = [data]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            yield from item
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
        else:
            yield item


def _check_run(run: Run) -> None:
    results = [*run.endpoints, *(result for arm in run.arms for result in arm.endpoints)]
    if len(results) > MAX_ENDPOINTS:
        raise _refused(f"has a run with more than {MAX_ENDPOINTS:,} endpoints")
    for side in (run.endpoints, *(arm.endpoints for arm in run.arms)):
        if len({(result.kind, result.name) for result in side}) < len(side):
            raise _refused("has an endpoint twice")
    if [arm.name for arm in run.arms] not in ([], [BASE, HEAD]):
        raise _refused("has arms that no A/B test has")
    if any(value < 0 and name != SHRINKING for result in results for name, value in result.metrics.items()):
        raise _refused("has a metric below zero")
    if any(
        index not in range(MAX_BUCKETS) for result in results for spread in _spreads(result) for index in spread.buckets
    ):
        raise _refused("has latencies that no clock can measure")


def _spreads(result: EndpointResult) -> tuple[Distribution, ...]:
    return (result.latency, *result.phases.values())


def _refused(reason: str) -> RecordError:
    return RecordError(f"The artifact of the pull request's workflow {reason}.", hint=ADVICE, code="PG-R008")
