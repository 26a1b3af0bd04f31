"""Facts of base and head -> causes, most certain first. Pure. Counts decide; times only say how much."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import log

from perfgate.diagnose.codes import CODES
from perfgate.diagnose.facts import PassFacts, Statement
from perfgate.model.diagnosis import Cause, Confidence, Layer, LayerChange

MANY = 5  # calls per request from which a repeated one is worth a word
MOVED = 1.25  # times as long: less is what machines do
SHARE = 0.15  # of the difference, that a layer must have to explain it
CANARY = 5.0  # times as long as idle
CLOSE = 0.5  # of the endpoint's movement (in logarithms), by which the control moved too: the machine
COLD = 0.1  # of the hits, at most which a cache counts as gone
LEAK = 20_000  # bytes per request, in every round
TINY = 0.001  # s
ORDER: dict[Confidence, int] = {"environment": 0, "confirmed": 1, "likely": 2, "unexplained": 3}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One endpoint. `control` is (base, head) of an endpoint that did not fail."""

    base: PassFacts | None
    head: PassFacts
    layers: Sequence[LayerChange] = ()
    difference: float | None = None
    control: tuple[PassFacts, PassFacts] | None = None

    def share(self, *layers: Layer) -> float:
        """The share of the difference (of the whole, without a base) that the layers have."""
        whole = self.difference if self.difference is not None else sum(layer.now for layer in self.layers)
        part = sum(
            (layer.now if self.difference is None else layer.change or 0.0)
            for layer in self.layers
            if layer.layer in layers
        )
        return part / whole if whole and whole > 0 else 0.0

    def change(self, layer: Layer) -> LayerChange | None:
        return next((item for item in self.layers if item.layer == layer), None)


Rule = Callable[[Case], Iterator[Cause]]


def explain(case: Case) -> tuple[Cause, ...]:
    """At least one cause; the one that is named first explains most."""
    if not has_moved(case) and (memory := tuple(_memory(case))):
        return memory
    if not has_moved(case):
        counted = [replace(cause, confidence="likely") for rule in (_payload, _queries, _rows) for cause in rule(case)]
        return tuple(counted) or (_cause("healthy", "confirmed", "The second pass saw no difference beyond noise."),)
    matches = [cause for rule in RULES for cause in rule(case)]
    if not any(cause.confidence == "confirmed" for cause in matches) and (environment := _environment(case)):
        return (environment,)
    if not matches:
        return (_unexplained(case),)
    return tuple(sorted(matches, key=lambda cause: (ORDER[cause.confidence], -case.share(cause.layer))))


def has_moved(case: Case) -> bool:
    """Whether head is slower than base, alone or under load, by more than noise. Without a base: always."""
    base, head = case.base, case.head
    if base is None:
        return True
    return any(
        before is not None and now is not None and now > before * MOVED and now - before > TINY
        for before, now in ((base.alone, head.alone), (base.loaded, head.loaded))
    )


def _cause(
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


def _grew(before: float | None, now: float | None, factor: float, least: float) -> bool:
    return before is not None and now is not None and now >= before * factor and now - before >= least


def _pair(case: Case, name: str) -> tuple[float | None, float | None]:
    return (getattr(case.base, name) if case.base else None), getattr(case.head, name)


def _slower(case: Case, *layers: Layer) -> Confidence:
    """A count that agrees with the layer that took the time is confirmed; alone it is likely."""
    known = any(case.change(layer) is not None for layer in layers)
    return "confirmed" if not known or case.share(*layers) >= SHARE else "likely"


def _queries(case: Case) -> Iterator[Cause]:
    before, now = _pair(case, "queries")
    worst = _repeated(case)
    if _grew(before, now, 1.5, 2) and now is not None and now >= MANY:
        evidence = [f"`{worst.fingerprint}` {worst.calls:.4g} times per request"] if worst else []
        sentence = f"{now:.4g} queries per request instead of {before:.4g}"
        yield _cause("repeated-statement", _slower(case, "database"), sentence, evidence)
    elif case.base is None and now is not None and now >= 4 * MANY:
        sentence = f"{now:.4g} queries per request"
        evidence = [f"`{worst.fingerprint}` {worst.calls:.4g} times per request"] if worst else []
        yield _cause("repeated-statement", "likely", sentence, evidence)


def _repeated(case: Case) -> Statement | None:
    return max(
        (statement for statement in case.head.statements if statement.calls >= MANY),
        key=lambda statement: statement.calls,
        default=None,
    )


def _statements(case: Case) -> Iterator[Cause]:
    """A statement that reads more of a table, or slower ones."""
    before = {statement.fingerprint: statement for statement in case.base.statements} if case.base else {}
    for statement in case.head.statements:
        old = before.get(statement.fingerprint)
        new_scans = [table for table in statement.scans if old is None or table not in old.scans]
        heavy = statement.calls * statement.seconds >= SHARE * (case.head.alone or 0)
        if new_scans and heavy and (case.base is not None or statement.seconds > TINY):
            table, columns = new_scans[0], ", ".join(statement.columns)
            remedy = f"CREATE INDEX ON {table} ({columns});" if columns else ""
            evidence = [
                f"`{statement.fingerprint}` {statement.seconds * 1e3:.3g} ms per call, "
                f"{statement.calls:.3g} times per request"
            ]
            yield _cause("sequential-scan", "confirmed", f"sequential scan of {table}", evidence, remedy)
            return
    (was, now), (queries, requested) = _pair(case, "query_seconds"), _pair(case, "queries")
    same = queries is not None and requested is not None and requested < 1.5 * queries + 1
    if (
        same
        and _grew(was, now, 1.5, TINY / 4)
        and case.share("database") >= SHARE
        and was is not None
        and now is not None
    ):
        sentence = f"{now * 1e3:.3g} ms per query instead of {was * 1e3:.3g} ms, {requested:.3g} per request as before"
        yield _cause("slower-statement", "confirmed", sentence)


def _rows(case: Case) -> Iterator[Cause]:
    before, now = _pair(case, "rows")
    queries = _pair(case, "queries")
    if _grew(before, now, 2, 20) and not _grew(*queries, 1.5, 2):
        yield _cause("more-rows", _slower(case, "database"), f"{now:.4g} rows per request instead of {before:.4g}")


def _cache(case: Case) -> Iterator[Cause]:
    for name, what in (("cached", "answers from the cache"), ("cache_hits", "cache hits")):
        before, now = _pair(case, name)
        if before is None or now is None:
            continue
        is_gone = before >= 0.2 and now <= COLD * before
        if is_gone or before - now >= 0.5:  # fewer hits may be a cache that is still cold: a slow side fills it later
            sentence = f"{now:.0%} {what} instead of {before:.0%}"
            yield _cause("cache-lost", "confirmed" if is_gone else "likely", sentence)
            return
    before, now = _pair(case, "cacheable")
    if before is not None and now is not None and before - now >= 0.5:
        yield _cause("cache-lost", "likely", "Cache-Control or ETag that allowed caching are gone")
    calls, each = _pair(case, "cache_calls"), _pair(case, "cache_call_seconds")
    if _grew(*calls, 2, 3) and (calls[1] or 0) >= MANY:
        sentence = f"{calls[1]:.4g} cache commands per request instead of {calls[0]:.4g}"
        yield _cause("cache-repeated", _slower(case, "cache"), sentence)
    elif _grew(*each, 1.5, TINY / 4) and case.share("cache") >= SHARE:
        yield _cause(
            "cache-slower",
            "confirmed",
            f"{(each[1] or 0) * 1e3:.3g} ms per cache command instead of {(each[0] or 0) * 1e3:.3g} ms",
        )


def _external(case: Case) -> Iterator[Cause]:
    calls, seconds = _pair(case, "external_calls"), _pair(case, "external_seconds")
    if _grew(*calls, 1.5, 1):
        sentence = f"{calls[1]:.4g} calls of other services per request instead of {calls[0]:.4g}"
        yield _cause("external-repeated", _slower(case, "external"), sentence)
    elif _grew(*seconds, 1.3, TINY) and case.share("external") >= SHARE:
        sentence = (
            f"calls of other services take {(seconds[1] or 0) * 1e3:.3g} ms instead of {(seconds[0] or 0) * 1e3:.3g} ms"
        )
        yield _cause("external-slower", "confirmed", sentence)


def _blocking(case: Case) -> Iterator[Cause]:
    """A trivial request waits for this endpoint's, though the machine computes no more."""
    idle, loaded = case.head.canary_idle, case.head.canary_loaded
    if (
        not idle
        or not loaded
        or loaded < CANARY * idle
        or loaded - idle < 5 * TINY
        or _grew(*_pair(case, "cpu"), 1.5, TINY)
    ):
        return
    was_idle, was = _pair(case, "canary_idle")[0], _pair(case, "canary_loaded")[0]
    if case.base is not None and (not was or not was_idle or was / was_idle * 2 > loaded / idle):
        return
    sentence = (
        f"every request waits: a trivial one takes {loaded * 1e3:.3g} ms beside this one, {idle * 1e3:.3g} ms alone"
    )
    yield _cause("blocking-call", "confirmed" if case.base else "likely", sentence)


def _cpu(case: Case) -> Iterator[Cause]:
    before, now = _pair(case, "cpu")
    if _grew(before, now, 1.3, TINY) and before is not None and now is not None and not _others(case):
        enough = now - before >= SHARE * (case.difference or 0.0)
        sentence = f"{now * 1e3:.3g} ms CPU per request instead of {before * 1e3:.3g} ms"
        yield _cause("cpu", "confirmed" if enough else "likely", sentence)


def _others(case: Case) -> bool:
    """Whether something else explains the CPU: an ORM that reads more computes more."""
    return case.share("database", "cache", "external") > 0.5 or any(_payload(case)) or any(_queries(case))


def _payload(case: Case) -> Iterator[Cause]:
    size, decoded, compressed = _pair(case, "size"), _pair(case, "decoded"), _pair(case, "compressed")
    if compressed[0] is not None and compressed[1] is not None and compressed[0] - compressed[1] >= 0.5:
        yield _cause(
            "compression-lost", "confirmed", f"{_kb(size[1])} per answer instead of {_kb(size[0])}, not compressed"
        )
    elif _grew(*(decoded if None not in decoded else size), 1.5, 10_000):
        yield _cause("payload", "confirmed", f"{_kb(size[1])} per answer instead of {_kb(size[0])}")


def _kb(size: float | None) -> str:
    return f"{(size or 0) / 1000:,.3g} kB"


def _connections(case: Case) -> Iterator[Cause]:
    before, now = _pair(case, "connections")
    if before is not None and now is not None and now - before >= 0.5:
        yield _cause(
            "connections-closed", "confirmed", f"{now:.0%} of requests open a connection instead of {before:.0%}"
        )


def _memory(case: Case) -> Iterator[Cause]:
    before, now = _pair(case, "memory")
    if now is not None and now >= LEAK and (before is None or now >= 5 * max(before, 0.0)) and case.base is not None:
        yield _cause("memory-growth", "confirmed", f"{_kb(now)} per request stay in memory instead of {_kb(before)}")


def _waiting(case: Case) -> Iterator[Cause]:
    """Where no count has moved, the shape of the movement still says what kind of thing it is."""
    if case.base is None:
        return
    if any(cause for rule in _COUNTED for cause in rule(case)):
        return
    (alone_was, alone), (was, now) = _pair(case, "alone"), _pair(case, "loaded")
    if not alone or not alone_was or not now or not was:
        return
    cpu = _pair(case, "cpu")
    if alone <= alone_was * 1.15 and now > was * MOVED:
        sentence = f"{alone * 1e3:.3g} ms alone as before, under load {now * 1e3:.3g} ms instead of {was * 1e3:.3g} ms"
        yield _cause("contention", "likely", sentence)
    elif None not in cpu and alone > alone_was * MOVED and (cpu[1] or 0) - (cpu[0] or 0) < SHARE * (alone - alone_was):
        layer: Layer = "application" if case.share("database", "cache", "external") < 0.5 else "database"
        sentence = f"{alone * 1e3:.3g} ms instead of {alone_was * 1e3:.3g} ms without more CPU"
        yield _cause("waiting", "likely", sentence, layer=layer)


def _environment(case: Case) -> Cause | None:
    if case.control is None or case.base is None:
        return None
    movements = []
    for base, head in ((case.base, case.head), case.control):
        if not base.alone or not head.alone:
            return None
        movements.append(log(head.alone / base.alone))
    own, control = movements
    if own <= log(1.1) or control < CLOSE * own:
        return None
    sentence = f"the control endpoint moved too: {_factor(control)}, this one {_factor(own)}"
    return _cause("environment", "environment", sentence)


def _factor(movement: float) -> str:
    return f"{2.718281828459045**movement:.2f} times as long"


def _unexplained(case: Case) -> Cause:
    biggest = case.layers[0].layer if case.layers else "unattributed"
    return _cause(
        "unexplained", "unexplained", f"most of it is {biggest}; nothing that was seen explains it", layer=biggest
    )


_COUNTED: tuple[Rule, ...] = (_queries, _statements, _rows, _cache, _external, _blocking, _cpu, _payload, _connections)
RULES: tuple[Rule, ...] = (*_COUNTED, _memory, _waiting)
