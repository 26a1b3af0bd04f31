"""A stranger's run -> the same numbers in our own words.

Of its texts those stay that this repository has written itself, in its budget file or in an earlier run: what makes two
runs comparable has to be compared. Every other one gives way to a fixed word, so that nobody can post through it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from perfgate.model.metric import ASPECTS, METRICS
from perfgate.model.run import Conditions, EndpointResult, Generator, PastRun, Probe, Run, Runner
from perfgate.recording.shortages import SHORTAGES
from perfgate.recording.windows import PHASES

FAILURE_KINDS = ("status", "expectation", "timeout", "connection", "protocol", "job", "crash")
PAGE_FAILURE_KINDS = ("host", "download", "step", "navigation", "scripts", "browser")  # of views, beside these
SYSTEMS = ("Linux", "Darwin", "Windows")
VERSIONED = ("perfgate", "locust", "python", "chromium")
UNKNOWN = "unknown"
OTHER_LOAD = "another load than that of the budget file"
OTHER_HOST = "another host"
OTHER_CPU = "another CPU model"
OTHER_LATENCY = "another definition"
ENDED = "ended early"
Value = TypeVar("Value")
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,3}")


@dataclass(frozen=True, kw_only=True)
class OwnKnowledge:
    """What this repository says itself. `conditions`: those that its budget file leads to, and of its earlier runs."""

    target: str
    names: frozenset[str]  # of endpoints, journeys and pages
    pages: frozenset[str]  # of these, the pages
    conditions: tuple[Conditions, ...]
    workloads: frozenset[str]  # of runner probes
    looks: int


def own_knowledge(
    target: str,
    names: tuple[Iterable[str], Iterable[str]],
    planned: Conditions,
    past_runs: Sequence[PastRun],
    looks: int,
) -> OwnKnowledge:
    """`names` are those of what is sent, and of pages. `planned`: the conditions of the budget file's plan on a machine
    that nobody knows yet."""
    sent, pages = (frozenset(part) for part in names)
    runs = [past.run for past in past_runs]
    return OwnKnowledge(
        target=target,
        names=sent | pages,
        pages=pages,
        conditions=(planned, *(run.conditions for run in runs)),
        workloads=frozenset(run.probe.workload for run in runs if run.probe),
        looks=looks,
    )


def reworded(run: Run, known: OwnKnowledge, began: datetime) -> Run:
    """The run in our own words. `began` is what its `started` says, with a zone."""
    return replace(
        run,
        started=f"{began.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z",
        target=known.target,
        conditions=_conditions(run.conditions, known),
        generator=_generator(run.generator, known),
        endpoints=_results(run.endpoints, known),
        arms=tuple(
            replace(
                arm,
                target=known.target,
                ref="",
                commit="",
                endpoints=_results(arm.endpoints, known),
                absent=tuple(name for name in arm.absent if name in known.names),
            )
            for arm in run.arms
        ),
        looks=known.looks,
        probe=_probe(run.probe, known),
        pages=(),  # selectors, addresses and notes: every one a page's own words
        warnings=(),
        aborted=ENDED if run.aborted else "",
    )


def _conditions(theirs: Conditions, known: OwnKnowledge) -> Conditions:
    loads = {
        condition.load_digest: condition.load for condition in reversed(known.conditions)
    }  # the budget file's words come last
    is_known = theirs.load_digest in loads
    return Conditions(
        load_digest=theirs.load_digest if is_known else UNKNOWN,
        load=loads[theirs.load_digest] if is_known else OTHER_LOAD,
        endpoint_digests={
            name: _digests(theirs.endpoint_digests[name], name, known)
            for name in theirs.endpoint_digests
            if name in known.names
        },
        runner=_runner(theirs.runner, [condition.runner for condition in known.conditions]),
        clock=_known(theirs.clock, [condition.clock for condition in known.conditions], Conditions.clock),
        latency=_known(theirs.latency, [condition.latency for condition in known.conditions], OTHER_LATENCY),
        versions={
            name: version
            for name, version in theirs.versions.items()
            if name in VERSIONED and _VERSION.fullmatch(version)
        },
        processes=theirs.processes,
        host=_known(theirs.host, [condition.host for condition in known.conditions], OTHER_HOST),
        rates=_of(theirs.rates, known.names),
    )


def _digests(theirs: Mapping[str, str], endpoint: str, known: OwnKnowledge) -> dict[str, str]:
    """Digests of an endpoint's parts. One that we have never seen is another one, whatever it is."""
    ours: dict[str, set[str]] = {}
    for condition in known.conditions:
        for part, digest in condition.endpoint_digests.get(endpoint, {}).items():
            ours.setdefault(part, set()).add(digest)
    return {part: _known(digest, ours[part], UNKNOWN) for part, digest in theirs.items() if part in ours}


def _runner(theirs: Runner, ours: Sequence[Runner]) -> Runner:
    system = next((name for name in SYSTEMS if theirs.os.startswith(name)), "")
    return Runner(
        os=_known(theirs.os, [our.os for our in ours], system),
        cpu=_known(theirs.cpu, [our.cpu for our in ours], OTHER_CPU),
        cores=theirs.cores,
        memory=theirs.memory,
    )


def _generator(theirs: Generator, known: OwnKnowledge) -> Generator:
    clocks = [condition.clock for condition in known.conditions]
    return replace(
        theirs,
        clock=_known(theirs.clock, clocks, Generator.clock),
        unsent=_of(theirs.unsent, SHORTAGES),
        addresses={},
    )


def _probe(theirs: Probe | None, known: OwnKnowledge) -> Probe | None:
    """Only probes of the same workload compare: one of another workload is of no use."""
    return theirs if theirs and theirs.workload in known.workloads else None


def _known(text: str, ours: Collection[str], otherwise: str) -> str:
    return text if text in ours or not text else otherwise


def _results(theirs: Sequence[EndpointResult], known: OwnKnowledge) -> tuple[EndpointResult, ...]:
    """Results under names of ours; a page is what the budget file calls one."""
    return tuple(
        replace(
            result,
            failures_by_kind=_of(result.failures_by_kind, (*FAILURE_KINDS, *PAGE_FAILURE_KINDS)),
            failure_examples=(),
            timeouts=_of(result.timeouts, ASPECTS),
            metrics=_of(result.metrics, METRICS),
            intervals=_of(result.intervals, METRICS),
            design_effects=_of(result.design_effects, METRICS),
            paired_effects=_of(result.paired_effects, METRICS),
            phases=_of(result.phases, (*PHASES, *ASPECTS)),
        )
        for result in theirs
        if result.name in known.names and (result.kind == "page") == (result.name in known.pages)
    )


def _of(named: Mapping[str, Value], names: Collection[str]) -> dict[str, Value]:
    return {name: value for name, value in named.items() if name in names}
