"""A run as the bytes that a store keeps: JSON by `codec`, compressed by zlib, whose checksum finds damage."""

from __future__ import annotations

import zlib
from dataclasses import replace

from perfgate import codec
from perfgate.history import ids, times
from perfgate.model.errors import HistoryError, RecordError
from perfgate.model.run import PastRun


def check(past_run: PastRun, *, origin: str) -> None:
    """Raises HistoryError, naming `origin`, unless any store can keep this run: one bad value must not spoil it."""
    ids.check(past_run.run.id)
    times.parse(past_run.run.started, origin=origin)
    try:
        text = codec.encode(past_run)
        text.encode()
        again = codec.encode(codec.decode(PastRun, text, origin=origin))
    except (RecordError, ValueError) as error:  # ValueError: text that is not Unicode, values that are not JSON
        raise HistoryError(f"{origin} cannot be stored, it could not be read again: {error}") from error
    if again != text:
        raise HistoryError(f"{origin} cannot be stored, it would not be the same when read again")


def pack(past_run: PastRun) -> bytes:
    """Without the acceptances: stores keep those apart, because they come later and from several people."""
    return zlib.compress(codec.encode(replace(past_run, acceptances=())).encode())


def unpack(data: bytes, *, run_id: str, origin: str, hint: str) -> PastRun:
    """Raises HistoryError, naming `origin`, when these are not the bytes of that run. `hint` says how to recover."""
    try:
        past_run = codec.decode(PastRun, zlib.decompress(data), origin=origin)
    except zlib.error as error:
        raise HistoryError(f"{origin} is damaged: {error}", hint=hint) from error
    except RecordError as error:
        raise HistoryError(error.message, hint=f"{error.hint}\n{hint}".strip()) from error
    if past_run.run.id != run_id:
        raise HistoryError(f"{origin} is damaged: it holds another run", hint=hint)
    return past_run


def same(one: PastRun, other: PastRun) -> bool:
    """Whether they are the same run, whatever was said about it since."""
    one, other = (replace(each, acceptances=()) for each in (one, other))
    return one == other or codec.encode(one) == codec.encode(other)  # the latter for NaN, which never equals itself
