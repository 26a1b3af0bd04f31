"""HdrHistogram's interval log (version 1.1 to 1.3): a line per interval and tag with a packed histogram.

    #[StartTime: 1767600000.000 (seconds since epoch), ...]
    "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
    Tag=search,0.127,1.007,2.769,HISTFAAAAEV42pNpmSz...

Values are taken for nanoseconds, as the format's users record them; requests are spread evenly over their interval, and
all of them succeeded. Format: HdrHistogram's V2 encoding (ZigZag LEB128, zlib, base64).
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
import zlib
from collections.abc import Iterator

import numpy as np

from perfgate.measure.importers import rows
from perfgate.measure.importers.samples import MAX_REQUEST_MS, BadLines, RecordingSource, RequestLabel, SampleBatch
from perfgate.measure.importers.timeline import settled

HINT = "Expected: a log of HdrHistogram's HistogramLogWriter, values in nanoseconds (else: --unit us)."
COMPRESSED, PLAIN = 0x1C849304, 0x1C849303  # cookies of V2, without the word size
WORD_SIZE = 0xF0
MAX_BYTES = 64 << 20  # of a histogram, unpacked
CLOCK_ZERO_S = 1.0  # s that are added to times: a recording's own clock begins at 0, which is no Unix time
YEAR_S = 365 * 86_400.0  # s
_START = re.compile(r"#\[StartTime: ([\d.]+)")
_BASE = re.compile(r"#\[BaseTime: ([\d.]+)")

MAX_INTERVAL_REQUESTS = 10_000_000


class HdrLog:
    """See Importer."""

    latency = "as recorded in the HdrHistogram log"
    lacks = (
        "runner probe",
        "health of the load generator",
        "response sizes",
        "times to the first byte",
        "failures (all requests count as good)",
    )
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return b"Interval_Compressed_Histogram" in beginning or beginning.startswith(b"#[Histogram log format")

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch]:
        started = base = 0.0
        timeline = settled(source, lambda line: _begins(line.decode()) + CLOCK_ZERO_S)
        unit_ns = 1.0 if source.unit is None else source.unit * 1e9
        with source.opened() as stream:
            for number, raw in enumerate(stream, start=1):
                bad.lines += 1
                line = raw.decode("utf-8-sig", "replace").strip()
                if line.startswith("#"):
                    started = float(match[1]) if (match := _START.match(line)) else started
                    base = float(match[1]) if (match := _BASE.match(line)) else base
                    continue
                if not line or line.startswith('"StartTimestamp"'):
                    continue
                try:
                    tag, begins, length, values, counts = _interval(line, unit_ns)
                    timeline.check(begins + CLOCK_ZERO_S)
                except (ValueError, struct.error, zlib.error, binascii.Error, IndexError, OverflowError) as error:
                    bad.add(number, f"not an interval of HdrHistogram: {error}")
                    continue
                if counts.sum():
                    first = (timeline.origin or 0.0) - CLOCK_ZERO_S
                    yield _samples(tag, begins - first, length, values, counts, _moment(first, started, base))


def _moment(first: float, started: float, base: float) -> float | None:
    """Unix time of the first interval: as HdrHistogram's own reader has it, times far before StartTime count from
    there where no BaseTime says otherwise."""
    zero = base or (started if first < started - YEAR_S else 0.0)
    return zero + first if zero + first >= YEAR_S else None


def _samples(
    tag: str, begins: float, length: float, values: rows.Integers, counts: rows.Integers, origin: float | None
) -> SampleBatch:
    took = np.repeat(values, counts)
    zeros = np.zeros(len(took), dtype=np.int64)
    began = begins + length * np.arange(len(took)) / len(took)
    return rows.to_batch([RequestLabel(tag)], zeros, began, took, rows.AnswerColumns(zeros + 200), origin)


def _interval(line: str, unit_ns: float) -> tuple[str, float, float, rows.Integers, rows.Integers]:
    """Tag, beginning and length in seconds, values in ns and how often they were seen."""
    tag, line = _tagged(line)
    begins, length, _, packed = line.split(",", 3)
    written, counts = decoded(packed.strip().strip('"'))
    if written.size and not 0 <= written.max() * unit_ns <= MAX_REQUEST_MS * 1e6:
        raise ValueError(f"a value of {written.max() * unit_ns:.0f} ns")
    values = np.rint(written * unit_ns).astype(np.int64)
    if sum(counts.tolist()) > MAX_INTERVAL_REQUESTS:
        raise ValueError(f"more than {MAX_INTERVAL_REQUESTS:,} requests in one interval")
    if not 0 <= float(length) < 1e9:
        raise ValueError(f"an interval of {length} s")
    return tag, float(begins), float(length), values, counts


def _tagged(line: str) -> tuple[str, str]:
    """The tag of a line, which may have none, and what stands behind it."""
    if not line.startswith("Tag="):
        return "", line
    tag, _, rest = line.removeprefix("Tag=").partition(",")
    return tag, rest


def _begins(line: str) -> float:
    """When the interval of a line begins, in seconds. Raises ValueError for what is none."""
    return float(_tagged(line)[1].partition(",")[0])


def decoded(text: str) -> tuple[rows.Integers, rows.Integers]:
    """The values of a packed histogram (the middle of what counts as the same) and their counts. Raises ValueError and
    what struct, zlib and base64 raise."""
    packed = base64.b64decode(text, validate=True)
    cookie, length = struct.unpack_from(">ii", packed)
    if cookie & ~WORD_SIZE != COMPRESSED & ~WORD_SIZE:
        raise ValueError("not a compressed histogram of version 2")
    inflate = zlib.decompressobj()
    plain = inflate.decompress(packed[8 : 8 + length], MAX_BYTES)
    if inflate.unconsumed_tail:
        raise ValueError("the histogram is too large")
    cookie, size, offset, digits, lowest, _, ratio = struct.unpack_from(">iiiiqqd", plain)
    if cookie & ~WORD_SIZE != PLAIN & ~WORD_SIZE or offset or ratio != 1.0 or not 0 <= digits <= 5 or lowest < 1:
        raise ValueError("a histogram of another kind: doubles or a shifted one")
    observed = list(_counts(plain[40 : 40 + size]))
    index = np.array([at for at, _ in observed], dtype=np.int64)
    return _values(index, digits, lowest), np.array([number for _, number in observed], dtype=np.int64)


def _counts(payload: bytes) -> Iterator[tuple[int, int]]:
    """(index, count) of what was seen: ZigZag LEB128, in which a negative count is that many zeros."""
    at = index = 0
    while at < len(payload):
        number = shift = 0
        for used in range(9):
            byte = payload[at]
            at += 1
            number |= byte << shift if used == 8 else (byte & 0x7F) << shift
            shift += 7
            if used < 8 and not byte & 0x80:
                break
        count = (number >> 1) ^ -(number & 1)
        if count < 0:
            index -= count
        else:
            if count:
                yield index, count
            index += 1


def _values(index: rows.Integers, digits: int, lowest: int) -> rows.Integers:
    """The middle value of each slot."""
    largest = 2 * 10**digits
    half_bits = max(1, (largest - 1).bit_length()) - 1
    unit = lowest.bit_length() - 1
    bucket = (index >> half_bits) - 1
    sub = (index & ((1 << half_bits) - 1)) + (1 << half_bits)
    low = bucket < 0
    sub, bucket = np.where(low, sub - (1 << half_bits), sub), np.where(low, 0, bucket)
    middle: rows.Integers = (sub << (bucket + unit)) + ((1 << (bucket + unit)) >> 1)
    return middle
