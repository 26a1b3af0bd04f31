"""probe.csv.gz."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from perfgate.model.errors import RecordError
from perfgate.recording import handover
from perfgate.runner.reference import samples
from perfgate.runner.reference.samples import Sample


def test_what_is_written_is_read_again(tmp_path: Path):
    written = (Sample(-0.5, 0.001), Sample(0.0123, 0.0025))

    samples.write(tmp_path / handover.PROBE, written)

    assert samples.read(tmp_path / handover.PROBE) == written
    assert gzip.decompress((tmp_path / handover.PROBE).read_bytes()).splitlines()[:2] == [b"t,ms", b"-0.5000,1.0000"]


@pytest.mark.parametrize(
    "content",
    [b"t,ms\n", gzip.compress(b"a,b\n1,2\n"), gzip.compress(b"t,ms\n1\n"), b""],
    ids=["plain", "columns", "row", "empty"],
)
def test_another_file_is_an_error(tmp_path: Path, content: bytes):
    path = tmp_path / handover.PROBE
    path.write_bytes(content)

    with pytest.raises(RecordError, match="probe"):
        samples.read(path)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path):
    with pytest.raises(RecordError, match="Cannot write"):
        samples.write(tmp_path / "none" / handover.PROBE, [])
