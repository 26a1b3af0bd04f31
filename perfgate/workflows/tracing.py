"""Traces of the second pass: the receiver and the environment block while it runs, and what the spans say after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from perfgate import loadtest
from perfgate.diagnose.facts import ProbeCounts
from perfgate.diagnose.second_pass import Name, Pass
from perfgate.diagnose.traces import environment, evidence, joining
from perfgate.diagnose.traces.forwarding import Forwarder
from perfgate.diagnose.traces.receiver import Receiver
from perfgate.model.budget_file import TracesPolicy
from perfgate.model.diagnosis import Diagnosis, TraceEvidence
from perfgate.model.errors import DiagnosisError
from perfgate.text import template


@dataclass(kw_only=True)
class Tracing:
    """`receiver` is None where no traces are wanted, or they cannot be had. `spans` are there after `collect`."""

    policy: TracesPolicy | None = None
    receiver: Receiver | None = None
    spans: joining.Spans = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """Begins the trace ids of requests that are to be traced; empty: none are."""
        return self.receiver.prefix if self.receiver else ""

    @property
    def ports(self) -> frozenset[int]:
        """Where the service sends nothing of its own."""
        return frozenset({self.receiver.port} if self.receiver else ())

    def with_tracing(self, start: loadtest.Start) -> loadtest.Start:
        """The service's start, with the environment block: also where its own `env` says otherwise."""
        if self.receiver is None:
            return start
        block = environment.block(self.receiver.url, start.environ)
        own = {name: value for name, value in start.service.env.items() if name not in block}
        return replace(start, environ={**start.environ, **block}, service=replace(start.service, env=own))

    def collect(self, observed: Pass) -> None:
        """Waits for the last spans: the services still have to be up."""
        if self.receiver is None:
            return
        ids = [sample.trace for seen in observed.seen.values() for sample in seen.samples if sample.trace]
        self.spans = self.receiver.spans(ids)
        observed.warnings += evidence.refusals(self.receiver.refusals, has_grpc=self.receiver.has_grpc)
        if self.receiver.dropped:
            observed.warnings.append(
                f"diagnose.traces: {self.receiver.dropped} spans were left out, beyond those that are kept; "
                "a shorter `diagnose: {for: ...}` makes fewer"
            )

    def join(self, observed: Pass) -> Mapping[str, TraceEvidence]:
        """Gives samples the parts of their traces. The result is by endpoint."""
        if self.receiver is None:
            return {}
        splits = joining.split_traces(
            (sample for seen in observed.seen.values() for sample in seen.samples), self.spans
        )
        known = joining.layers_of(splits.values())
        sides: dict[tuple[str, Name], joining.TracedSide] = {}
        for key, seen in observed.seen.items():
            sides[key] = side = joining.joined(seen.samples, splits, known)
            by_id = {sample.trace: sample for sample in side.samples if sample.trace}
            seen.answers = [
                replace(answer, samples=tuple(by_id.get(sample.trace, sample) for sample in answer.samples))
                for answer in seen.answers
            ]
            if not any(counts.statements for counts in seen.counts):  # a database's own count knows more
                seen.counts.append(_unless_counted(side, seen.counts))
            observed.warnings.extend(evidence.problems(key[0], side))
        link = self.policy.link if self.policy else ""
        return {
            endpoint: evidence.evidence(side, sides.get((endpoint, "base")), link)
            for (endpoint, name), side in sides.items()
            if name == "head"
        }


def _unless_counted(side: joining.TracedSide, counts: list[ProbeCounts]) -> ProbeCounts:
    own = side.counts()
    return replace(own, values={}) if any("rows" in item.values for item in counts) else own


@contextmanager
def tracing(
    policy: TracesPolicy | None, environ: Mapping[str, str], warnings: list[str], *, is_own: bool
) -> Iterator[Tracing]:
    """`is_own`: perfgate starts the service, and gives it the environment. What keeps traces away is a warning."""
    if policy is None:
        yield Tracing()
        return
    if not is_own and not policy.port:
        warnings.append(
            "diagnose.traces: perfgate does not start the service. Give it OTEL_EXPORTER_OTLP_ENDPOINT="
            "http://127.0.0.1:4318, and say `diagnose: {traces: {port: 4318}}`"
        )
        yield Tracing()
        return
    with ExitStack() as stack:
        forwarder = _forwarder(policy, environ, stack, warnings)
        try:
            receiver = Receiver(port=policy.port, forward=forwarder.forward if forwarder else None)
        except DiagnosisError as error:
            warnings.append(str(error))
            yield Tracing()
            return
        yield Tracing(policy=policy, receiver=stack.enter_context(receiver))
        stack.close()
        if forwarder and forwarder.problem:
            warnings.append(f"diagnose.traces.forward: {forwarder.problem}; not all traces are there")


def _forwarder(
    policy: TracesPolicy, environ: Mapping[str, str], stack: ExitStack, warnings: list[str]
) -> Forwarder | None:
    try:
        url = template.expand(policy.forward, environ)
    except template.TemplateError as error:
        warnings.append(f"diagnose.traces.forward: {error}")
        return None
    return stack.enter_context(Forwarder(url)) if url else None


def with_traces(diagnosis: Diagnosis, traces: Mapping[str, TraceEvidence]) -> Diagnosis:
    return replace(
        diagnosis, findings=tuple(replace(item, traces=traces.get(item.endpoint)) for item in diagnosis.findings)
    )
