"""What rules are asked about: one endpoint, as it was seen on base and head."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from perfgate.diagnose.codes import CODES, Language
from perfgate.diagnose.facts import PassFacts
from perfgate.diagnose.profile import FunctionTime
from perfgate.model.diagnosis import Cause, Confidence, Layer, LayerChange

MIN_REPEATED_CALLS = 5  # calls per request from which a repeated one is worth a word
MIN_SLOWDOWN_FACTOR = 1.25  # times as long: less is what machines do
MIN_TAIL_SLOWDOWN_FACTOR = 1.5  # times as long, of the slowest twentieth
MAX_EQUAL_FACTOR = 1.15  # times as long, which is no difference yet
MIN_EXPLAINING_SHARE = 0.15  # of the difference, that a layer must have to explain it
MIN_TIME_S = 0.001  # s: a smaller rise means nothing
UNTIMED_S = 0.004  # s: sockets do not time a quicker answer
CPU_TURN_S = 0.005  # s for which a thread waits while another has its turn on the CPU
MIN_ALONE_SHARE = 0.2  # of what it is slower under load: four users make a queue of at most three times the rest
_TIMES = (  # of PassFacts, which a slower machine makes longer
    "alone loaded alone_tail loaded_tail download canary_idle canary_loaded query_seconds query_seconds_loaded "
    "cache_call_seconds cache_seconds external_seconds database database_loaded cpu cpu_loaded computing serialisation "
    "serialising application application_loaded database_wait database_wait_loaded cache_wait cache_wait_loaded "
    "external_wait external_wait_loaded broker_wait broker_wait_loaded commit_wait commit_wait_loaded unread_loaded "
    "database_span cache_span external_span database_connect_seconds cache_connect_seconds"
).split()
Pair = tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class RunMovement:
    """How far the run that failed is from earlier ones: `own` the endpoint, `others` all other endpoints (their
    median), `reference` the runner's reference workload; factors, None where they are not known."""

    own: float | None = None
    others: float | None = None
    reference: float | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One endpoint. `control` is (base, head) of an endpoint that did not fail."""

    base: PassFacts | None
    head: PassFacts
    layers: Sequence[LayerChange] = ()
    difference: float | None = None
    control: tuple[PassFacts, PassFacts] | None = None
    movement: RunMovement | None = None
    usual_functions: Sequence[FunctionTime] = ()  # of the control, where there is no base to compare a profile with
    language: Language = ""  # of the service

    def share(self, *layers: Layer) -> float:
        """The share of the difference (of the whole, without a base) that the layers have. A queue that follows from
        what each request takes alone is left out, unless it is asked for."""
        whole = self.difference if self.difference is not None else sum(layer.now for layer in self.layers)
        if self.difference is not None and "queue" not in layers and self.is_queue_symptom:
            whole -= sum(max(0.0, layer.change or 0.0) for layer in self.layers if layer.layer == "queue")
        part = sum(
            (layer.now if self.difference is None else layer.change or 0.0)
            for layer in self.layers
            if layer.layer in layers
        )
        return part / whole if whole and whole > 0 else 0.0

    def knows(self, *layers: Layer) -> bool:
        return any(layer.layer in layers for layer in self.layers)

    def pair(self, name: str) -> Pair:
        return (getattr(self.base, name) if self.base else None), getattr(self.head, name)

    def growth(self, name: str) -> float | None:
        """Head less base; None where one is not known."""
        before, now = self.pair(name)
        return now - before if before is not None and now is not None else None

    def grew(self, name: str, factor: float, least: float) -> bool:
        return grew(self.pair(name), factor, least)

    @cached_property
    def slower_alone(self) -> float:
        """Seconds by which a request that is alone takes longer."""
        return max(0.0, self.growth("alone") or 0.0)

    @cached_property
    def is_queue_symptom(self) -> bool:
        """Whether requests queue because each of them takes longer: it is slower alone too, by a good part of what it
        is slower under load. In a service that is busy for longer everybody waits for longer."""
        is_slower = self.grew("alone", MIN_SLOWDOWN_FACTOR, MIN_TIME_S)
        return is_slower and self.slower_alone >= MIN_ALONE_SHARE * max(0.0, self.growth("loaded") or 0.0)

    def with_symptoms_last(self) -> Case:
        """Layers in the order in which they explain: a queue that follows comes after what it follows from."""
        if not self.is_queue_symptom:
            return self
        causes = [
            item for item in self.layers if item.layer != "queue" and self.share(item.layer) >= MIN_EXPLAINING_SHARE
        ]
        others = [item for item in self.layers if item not in causes]
        return replace(self, layers=(*causes, *others))

    def takes(self, seconds: float | None, *, loaded: bool = False) -> bool:
        """Whether so many seconds explain a good part of the difference, alone or (`loaded`) under load."""
        is_loaded = loaded or self.slower_alone <= MIN_TIME_S  # as fast as before alone
        whole = (self.growth("loaded") or 0.0) if is_loaded else self.slower_alone
        return seconds is not None and seconds > 0 and seconds >= 2 * MIN_EXPLAINING_SHARE * whole

    def with_tails(self) -> Case:
        """The slowest requests instead of the usual ones, where only they are slower."""
        if self.base is None:
            return self
        base = replace(self.base, alone=self.base.alone_tail, loaded=self.base.loaded_tail)
        return replace(
            self, base=base, head=replace(self.head, alone=self.head.alone_tail, loaded=self.head.loaded_tail)
        )

    def on_slower_machine(self, factor: float) -> Case:
        """The base as it would be on a machine that takes so many times as long."""
        if self.base is None or factor <= 1:
            return self
        times = {name: value * factor for name in _TIMES if (value := getattr(self.base, name)) is not None}
        slower = [replace(item, seconds=item.seconds * factor) for item in self.base.functions]
        return replace(self, base=replace(self.base, **times, functions=tuple(slower)))


Rule = Callable[[Case], Iterator[Cause]]


def grew(pair: Pair, factor: float, least: float) -> bool:
    before, now = pair
    return before is not None and now is not None and now >= before * factor and now - before >= least


def cause(
    code: str,
    confidence: Confidence,
    sentence: str,
    evidence: Sequence[str] = (),
    remedy: str = "",
    layer: Layer | None = None,
) -> Cause:
    known = CODES[code]
    return Cause(
        code=code,
        layer=layer or known.layer,
        confidence=confidence,
        sentence=sentence,
        evidence=tuple(evidence),
        remedy=remedy or known.remedy,
    )


def has_moved(case: Case) -> bool:
    """Whether head is slower than base, alone or under load, by more than noise: in each round of one of them, or
    in all rounds but one of both. Without a base: always."""
    if case.base is None:
        return True
    names = ("alone", "loaded")
    return any(_is_slower(case, name, MIN_SLOWDOWN_FACTOR) for name in names) or all(
        _is_slower(case, name, MIN_SLOWDOWN_FACTOR, odd_rounds=1) for name in names
    )


def has_tail_moved(case: Case) -> bool:
    """Whether the slowest requests are slower, by more than one that waits for its turn on a busy CPU, and more than
    those of the control. A few of one round are no tail: those of the others differ as well."""
    return any(
        _is_slower(case, name, MIN_TAIL_SLOWDOWN_FACTOR, least=CPU_TURN_S, in_rounds=MAX_EQUAL_FACTOR)
        and not _has_control_moved(case, name)
        for name in ("alone_tail", "loaded_tail")
    )


def _has_control_moved(case: Case, name: str) -> bool:
    if case.control is None:
        return False
    (was, now), (before, after) = case.pair(name), (getattr(facts, name) for facts in case.control)
    own = (now or 0.0) / was if was else 1.0
    return bool(before and after) and after / before >= own**0.5


def _is_slower(
    case: Case, name: str, factor: float, odd_rounds: int = 0, least: float = MIN_TIME_S, in_rounds: float = 1.0
) -> bool:
    before, now = case.pair(name)
    if case.base is None or before is None or now is None:
        return False
    if now <= before * factor or now - before <= max(least, case.base.cpu_delay or 0.0):
        return False  # a request waits so long for a busy CPU anyway
    return is_in_each_round(case.base, case.head, name, odd_rounds, in_rounds)


def is_in_each_round(base: PassFacts, head: PassFacts, name: str, odd_rounds: int = 0, factor: float = 1.0) -> bool:
    """Whether head takes more than so many times as long in each round but `odd_rounds`: what is in some of them alone
    is noise."""
    before, now = getattr(base, name) or 0.0, getattr(head, name) or 0.0
    rounds = list(zip(base.rounds.get(name, ()), head.rounds.get(name, ()), strict=False))
    slower = sum(later > earlier * factor for earlier, later in rounds)
    return slower >= len(rounds) - max(
        odd_rounds, now > 2 * MIN_SLOWDOWN_FACTOR * before
    )  # one round may be odd where the difference is plain


def ms(seconds: float | None) -> str:
    return f"{(seconds or 0.0) * 1e3:.3g} ms"


def kb(size: float | None) -> str:
    value = size or 0.0
    return f"{value / 1e6:,.3g} MB" if value >= 1e6 else f"{value / 1000:,.3g} kB"


def number(value: float | None) -> str:
    return f"{value or 0.0:.3g}" if (value or 0.0) < 1000 else f"{value:,.0f}"


def counted(value: float | None, noun: str) -> str:
    """A number of them: `1 query`, `2.5 queries`."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number(value)} {noun if number(value) == '1' else many}"


def peers_of(case: Case, kind: str) -> list[str]:
    """Evidence: the servers of that kind, as the connections to them show."""
    before: Mapping[str, float] = {peer.address: peer.seconds for peer in case.base.peers} if case.base else {}
    return [
        f"{peer.address}: {ms(peer.seconds)}"
        + (f" instead of {ms(before[peer.address])}" if peer.address in before else "")
        + f", {counted(peer.messages, 'message')} per request"
        for peer in case.head.peers
        if peer.kind == kind and peer.messages
    ]
