"""Memory that a request leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from perfgate.diagnose.codes import CODES
from perfgate.diagnose.profile import FunctionBytes
from perfgate.diagnose.rules.case import Case, Pair, cause, kb
from perfgate.model.diagnosis import Cause

MIN_LEAK_BYTES = 20_000  # bytes per request, in every round
MIN_LEAK_FACTOR = 5.0  # times as much as on the base
MIN_SUSPECT_BYTES = 5_000  # bytes per request more than on the base
UNCOLLECTED_BYTES = 32_000_000  # bytes that a heap grows by before it is collected
MAX_RETAINERS = 3
MIN_RETAINED_SHARE = 0.2  # of what stays, that a function must have allocated


def may_leak(before: float | None, now: float | None) -> bool:
    """Whether processes grow by so many bytes per request more that it is worth a look at what stays on the heap."""
    return before is not None and now is not None and now - before >= MIN_SUSPECT_BYTES


def growth(case: Case) -> Iterator[Cause]:
    if None not in (pair := case.pair("retained")):
        return _retained(case, pair)
    return _of_processes(case)


def _retained(case: Case, pair: Pair) -> Iterator[Cause]:
    """What stays after the heap was collected: no garbage is in it. It is compared as it is: a base that keeps almost
    as much as noise is not one that keeps nothing."""
    before, now = (value or 0.0 for value in pair)
    was_noise, noise = (value or 0.0 for value in case.pair("retained_noise"))
    if now - before - noise < MIN_LEAK_BYTES or now - noise < MIN_LEAK_FACTOR * max(0.0, before - was_noise):
        return
    sentence, remedy = f"{kb(now)} per request stay in memory instead of {kb(before)}", ""
    places = list(_allocating(case, MIN_RETAINED_SHARE * (now - before)))  # none for buffers, which are beside the heap
    if places:
        first = places[0].name
        sentence += f", allocated in `{first}`"
        remedy = f"See what keeps what `{first}` allocates. {CODES['memory-growth'].remedy}"
    evidence = [f"`{item.name}` allocates {kb(item.size)} per request of what stays" for item in places]
    yield cause("memory-growth", "confirmed", sentence, evidence, remedy)


def _allocating(case: Case, least: float) -> Iterator[FunctionBytes]:
    """The functions that have allocated so many bytes more per request of what stays, largest first."""
    before = {item.key: item.size for item in case.base.retainers} if case.base else {}
    more = [replace(item, size=item.size - before.get(item.key, 0.0)) for item in case.head.retainers]
    yield from sorted((item for item in more if item.size >= least), key=lambda item: -item.size)[:MAX_RETAINERS]


def _of_processes(case: Case) -> Iterator[Cause]:
    before, now = case.pair("memory")
    is_collected_late = case.language in ("node", "other")  # Python counts references
    if is_collected_late and (now or 0.0) * case.head.samples < UNCOLLECTED_BYTES:
        return
    if before is not None and now is not None and now >= MIN_LEAK_BYTES and now >= MIN_LEAK_FACTOR * max(before, 0.0):
        sentence = f"{kb(now)} per request stay in memory instead of {kb(max(before, 0.0))}"
        yield cause("memory-growth", "confirmed", sentence)
