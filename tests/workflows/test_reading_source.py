"""Sources as they lie in a folder."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from perfgate.model.errors import UsageError
from perfgate.workflows.reading_source import read_source

LINE = '10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "GET /a HTTP/1.1" 200 2\n'


def test_a_rotated_log_may_be_gzipped(tmp_path: Path):
    log = tmp_path / "access.log.1.gz"
    log.write_bytes(gzip.compress(LINE.encode()))

    assert read_source(str(log), tmp_path, print)[0].text == LINE


def test_a_damaged_one_says_so(tmp_path: Path):
    log = tmp_path / "access.log.1.gz"
    log.write_bytes(gzip.compress(LINE.encode())[:-12])

    with pytest.raises(UsageError, match="gzipped, and damaged"):
        read_source(str(log), tmp_path, print)
