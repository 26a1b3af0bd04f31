"""One table of the gate's errors beside its peers', made from the raw counts alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.engine.tables import Table
from perfgate.stats.proportions import exact_upper

OURS = "perfgate"
PROOF = "proof at the limit"  # perfgate with `sensitivity: limit`
RULES = (OURS, PROOF, "k6 1.1x", "k6 2x", "g-a-b", "Keptn", "Bencher", "Kayenta", "Otava")
ABSENT = "-"


@dataclass(frozen=True, kw_only=True)
class Row:
    """`what` is counted in the sweep of that name: alarms, kept, found or missed."""

    text: str
    sweep: str
    what: str


def _row(sweep: str, what: str, text: str) -> Row:
    return Row(text=text, sweep=sweep, what=what)


def _both(sweep: str, what: str, text: str) -> tuple[Row, ...]:
    kinds = ("recorded", "simulated")
    return tuple(_row(f"history {kind} {sweep}", what, f"history, {kind}: {text}") for kind in kinds)


WRONG, KEPT, TIGHT = "false alarms", "unchanged that pass", "12,000, limit +5 %"
ROWS = (
    _row("history real", "alarms", f"history, real, in order: {WRONG}"),
    _row("history recorded calm", "alarms", f"history, recorded, calm: {WRONG}"),
    _row("history recorded stormy now", "alarms", f"history, recorded, this run stormy: {WRONG}"),
    _row("history recorded stormy history", "alarms", f"history, recorded, earlier ones stormy: {WRONG}"),
    _row("history recorded mixed", "alarms", f"history, recorded, any runs: {WRONG}"),
    _row("history recorded stalled", "alarms", f"history, recorded, a stall of 1.2 s: {WRONG}"),
    _row("history simulated calm", "alarms", f"history, simulated, calm: {WRONG}"),
    _row("history simulated stormy", "alarms", f"history, simulated, stormy: {WRONG}"),
    *_both("+20%", "found", "+20 % found"),
    *_both("+30%", "found", "+30 % found"),
    *_both("+50%", "found", "+50 % found"),
    *_both("calm", "kept", KEPT),
    _row("history recorded calm p50", "kept", f"history, recorded, p50: {KEPT}"),
    _row("history recorded stormy now", "kept", f"history, recorded, this run stormy: {KEPT}"),
    _row("history reference calm", "kept", f"history, with runner reference: {KEPT}"),
    _row("history reference calm", "alarms", f"history, with runner reference: {WRONG}"),
    _row("history reference stormy now", "alarms", f"history, with runner reference, this run stormy: {WRONG}"),
    *_both("+20%", "missed", "+20 % passes"),
    *_both("+50%", "missed", "+50 % passes"),
    _row("sides real aa", "alarms", f"A/B, real duets: {WRONG}"),
    _row("sides dealt calm", "alarms", f"A/B, dealt, calm: {WRONG}"),
    _row("sides dealt stormy", "alarms", f"A/B, dealt, stormy: {WRONG}"),
    _row("sides 3000", "alarms", f"A/B, 3,000: {WRONG}"),
    _row("sides 3000 uneven", "alarms", f"A/B, 3,000, uneven instances: {WRONG}"),
    _row("sides 12000", "alarms", f"A/B, {TIGHT}: {WRONG}"),
    _row("sides 200", "alarms", f"A/B, 200: {WRONG}"),
    _row("sides dealt calm +20%", "found", "A/B, dealt, calm: +20 % found"),
    _row("sides dealt stormy +20%", "found", "A/B, dealt, stormy: +20 % found"),
    _row("sides 3000 +20%", "found", "A/B, 3,000: +20 % found"),
    _row("sides 12000 +10%", "found", f"A/B, {TIGHT}: +10 % found"),
    _row("sides dealt calm", "kept", f"A/B, dealt, calm: {KEPT}"),
    _row("sides 3000", "kept", f"A/B, 3,000: {KEPT}"),
    _row("sides 12000", "kept", f"A/B, {TIGHT}: {KEPT}"),
    _row("sides dealt stormy", "kept", f"A/B, dealt, stormy: {KEPT}"),
    _row("sides 200", "kept", f"A/B, 200: {KEPT}"),
    _row("sides 200 +50%", "found", "A/B, 200: +50 % found"),
    _row("sides 200 +50%", "missed", "A/B, 200: +50 % passes"),
    _row("sides 3000 +20%", "missed", "A/B, 3,000: +20 % passes"),
    _row("sides dealt calm +20%", "missed", "A/B, dealt, calm: +20 % passes"),
    *(
        row
        for requests in (30, 60, 200, 1000)
        for row in (
            _row(f"absolute {requests}", "missed", f"fixed limit, {requests:,} requests, 1.5 times over: passes"),
            _row(f"absolute {requests}", "alarms", f"fixed limit, {requests:,} requests, just at it: fails"),
        )
    ),
)


def table(content: dict[str, Any]) -> Table:
    sweeps = content["sweeps"]
    rows = [
        [row.text, f"{_tries(row, sweeps[row.sweep]):,}", *_cells(row, sweeps[row.sweep])]
        for row in ROWS
        if row.sweep in sweeps and sweeps[row.sweep]["suites"]
    ]
    return Table(
        title="Verdicts on p95, limit +10 % unless told",
        head=["", "tries", *RULES],
        rows=rows,
        notes=tuple(_notes(content)),
    )


def _tries(row: Row, sweep: dict[str, Any]) -> int:
    return int(sweep["unchanged"] if row.what == "kept" else sweep["suites"])


def _cells(row: Row, sweep: dict[str, Any]) -> Iterator[str]:
    tries = _tries(row, sweep)
    for rule in RULES:
        if rule not in sweep["alarms"]:
            yield ABSENT
            continue
        hits = sweep[row.what].get(rule, 0)
        share = f"{hits / tries:.1%}" if 0 < hits < tries else f"{hits / tries:.0%}"
        bounded = rule == OURS and row.what in ("alarms", "missed")
        yield f"{share} (≤ {exact_upper(hits / tries, tries):.1%})" if bounded else share


def _notes(content: dict[str, Any]) -> Iterator[str]:
    calm, stormy = content["recordings"]["calm"], content["recordings"]["stormy"]
    yield (
        "False alarms: suites in which any unchanged endpoint failed (4 endpoints when recorded, 10 when simulated). "
        "In brackets the one-sided 95 % upper bound that this number of tries gives (Clopper and Pearson)."
    )
    yield (
        f"Recorded: {calm} calm and {stormy} stormy runs of one shop on one shared machine, 15 s each. A suite is one "
        "of them beside ten others, drawn at random: draws share runs, so a bound is that of the draws. Apart: each "
        "run beside the ten before it, and real duets. A change multiplies all latencies of one endpoint. A stall: the "
        "whole application stands still once, and a runner probe is there that saw nothing of it."
    )
    yield (
        "Simulated history: 10 runs, 600 requests per endpoint, 5 % between runs, most of it common; stormy: one run "
        "in five on a runner 1.35 times as slow."
    )
    yield (
        "A/B: requests per endpoint and arm, simulated; instances are uneven by 1.5 % each. Dealt: recorded runs in a "
        "row, every request dealt to an arm at random (about 1,500 per arm of the rarest endpoint when calm, 750 when "
        "stormy)."
    )
    yield (
        "Peers judge by their documented rules (`bench/gate/peers.py`) and know no third verdict: what does not fail, "
        "passes. k6: thresholds at 1.1 and 2 times the usual p95. Side by side Bencher's docs advise 25 %. "
        f"`{ABSENT}`: not made for it."
    )
