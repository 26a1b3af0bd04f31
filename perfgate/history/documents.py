"""A run as the bytes that a store keeps, compressed by zlib, whose checksum finds damage.

In two parts, because judging needs hundreds of runs but never their distributions, which are nine tenths of them: the
document is JSON by `codec`, with empty distributions; those are JSON of their own, with buckets as `histogram` texts.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from perfgate.files import codec
from perfgate.history import ids, times
from perfgate.model.errors import HistoryError, RecordError
from perfgate.model.run import Distribution, EndpointResult, PastRun, Run
from perfgate.recording import histogram

NONE = Distribution()


@dataclass(frozen=True, kw_only=True)
class Packed:
    """`distributions` is None in documents of older versions, which hold them themselves."""

    document: bytes
    distributions: bytes | None


def lean(past_run: PastRun) -> PastRun:
    """The run without distributions."""
    if not any(result.latency.buckets or result.phases for result in _results(past_run.run)):
        return past_run
    return replace(past_run, run=_mapped(past_run.run, lambda item: replace(item, latency=NONE, phases={})))


def pack(past_run: PastRun, *, origin: str) -> Packed:
    """Packs a run without its acceptances: stores keep those apart, because they come later and from several people.

    Raises HistoryError, naming `origin`, unless any store can keep this run: one bad value must not spoil it.
    """
    ids.check(past_run.run.id)
    times.parse(past_run.run.started, origin=origin)
    bare = replace(past_run, acceptances=())
    try:
        text, parts = codec.encode(lean(bare)), _parts(past_run.run)
        packed = Packed(document=zlib.compress(text.encode()), distributions=zlib.compress(parts.encode()))
        again = codec.decode(PastRun, text, origin=origin)
        is_same = codec.encode(again) == text
        is_same = is_same and list(_distributions(_whole(again.run, parts))) == list(_distributions(past_run.run))
        codec.encode(replace(past_run, run=replace(past_run.run, endpoints=(), arms=()))).encode()  # the acceptances
    except (RecordError, ValueError) as error:  # ValueError: text that is not Unicode, values that are not JSON
        raise HistoryError(f"{origin} cannot be stored, it could not be read again: {error}", code="PG-H006") from error
    if not is_same:
        raise HistoryError(f"{origin} cannot be stored, it would not be the same when read again", code="PG-H006")
    return packed


def unpack(data: bytes, *, run_id: str, origin: str, hint: str) -> PastRun:
    """The run without distributions. Raises HistoryError, naming `origin`, when these are not the bytes of that run.
    `hint` says how to recover."""
    return lean(_unpacked(data, run_id=run_id, origin=origin, hint=hint))


def unpack_whole(packed: Packed, *, run_id: str, origin: str, hint: str) -> PastRun:
    """The run with everything. Raises as `unpack`."""
    past_run = _unpacked(packed.document, run_id=run_id, origin=origin, hint=hint)
    if packed.distributions is None:
        return past_run
    try:
        return replace(past_run, run=_whole(past_run.run, zlib.decompress(packed.distributions).decode()))
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise HistoryError(f"{origin} is damaged: {error}", hint=hint, code="PG-H004") from error


def is_same_run(item: PastRun, other: PastRun) -> bool:
    """Whether they are the same run, whatever was said about it since."""
    item, other = (replace(each, acceptances=()) for each in (item, other))
    return item == other or codec.encode(item) == codec.encode(other)  # the latter for NaN, which never equals itself


def _unpacked(data: bytes, *, run_id: str, origin: str, hint: str) -> PastRun:
    try:
        past_run = codec.decode(PastRun, zlib.decompress(data), origin=origin)
    except zlib.error as error:
        raise HistoryError(f"{origin} is damaged: {error}", hint=hint, code="PG-H004") from error
    except RecordError as error:
        raise HistoryError(error.message, hint=f"{error.hint}\n{hint}".strip(), code=error.code) from error
    if past_run.run.id != run_id:
        raise HistoryError(f"{origin} is damaged: it holds another run", hint=hint, code="PG-H004")
    return past_run


def _mapped(run: Run, change: Callable[[EndpointResult], EndpointResult]) -> Run:
    return replace(
        run,
        endpoints=tuple(map(change, run.endpoints)),
        arms=tuple(replace(arm, endpoints=tuple(map(change, arm.endpoints))) for arm in run.arms),
    )


def _results(run: Run) -> Iterator[EndpointResult]:
    """Results in a fixed order: the run's own, then those of its arms."""
    yield from run.endpoints
    for arm in run.arms:
        yield from arm.endpoints


def _distributions(run: Run) -> Iterator[tuple[Distribution, dict[str, Distribution]]]:
    for result in _results(run):
        yield result.latency, dict(result.phases)


def _parts(run: Run) -> str:
    """JSON: of each result its latency and its phases; a distribution is [buckets, total, minimum, maximum]."""
    parts = [
        [_plain(latency), {name: _plain(phase) for name, phase in phases.items()}]
        for latency, phases in _distributions(run)
    ]
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def _whole(run: Run, parts: str) -> Run:
    """Raises ValueError and its like when `parts` are not of this run."""
    distributions = json.loads(parts)
    if len(distributions) != sum(1 for _ in _results(run)):
        raise ValueError("its distributions are another run's")
    following = iter(distributions)

    def whole(result: EndpointResult) -> EndpointResult:
        latency, phases = next(following)
        return replace(
            result,
            latency=_distribution(latency),
            phases={name: _distribution(phase) for name, phase in phases.items()},
        )

    return _mapped(run, whole)


def _plain(distribution: Distribution) -> list[Any]:
    return [
        histogram.to_text(distribution.buckets),
        distribution.total,
        distribution.minimum,
        distribution.maximum,
    ]


def _distribution(plain: list[Any]) -> Distribution:
    text, total, minimum, maximum = plain
    if not all(isinstance(number, int) for number in (total, minimum, maximum)):
        raise ValueError(f"not a distribution: {plain[1:]!r:.80}")
    return Distribution(buckets=histogram.from_text(text), total=total, minimum=minimum, maximum=maximum)
