"""What answers and connections show."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.diagnose.rules.case import Case, cause, grew, kb
from perfgate.model.diagnosis import Cause


def compression(case: Case) -> Iterator[Cause]:
    before, now = case.pair("compressed")
    if before is not None and now is not None and before - now >= 0.5:
        was, size = case.pair("size")
        yield cause("compression-lost", "confirmed", f"{kb(size)} per answer instead of {kb(was)}, not compressed")


def payload(case: Case) -> Iterator[Cause]:
    size, decoded = case.pair("size"), case.pair("decoded")
    is_unpacked = None not in decoded
    whole = decoded if is_unpacked else size
    if (is_unpacked or not any(compression(case))) and grew(whole, 1.5, 10_000):
        yield cause("payload", "confirmed", f"{kb(whole[1])} per answer instead of {kb(whole[0])}")


def connections(case: Case) -> Iterator[Cause]:
    before, now = case.pair("connections")
    if before is not None and now is not None and now - before >= 0.5:
        sentence = f"{now:.0%} of requests open a connection instead of {before:.0%}"
        yield cause("connections-closed", "confirmed", sentence)
