"""What the second pass has seen -> Diagnosed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from perfgate.diagnose import attribution, rules
from perfgate.diagnose.codes import CODES, Language
from perfgate.diagnose.facts import PassFacts, numbers
from perfgate.diagnose.partition import Delay, Known, ReplaySample, network_floor, partition, standing_wait
from perfgate.diagnose.profile import FunctionTime
from perfgate.diagnose.rules import RunMovement, functions
from perfgate.diagnose.second_pass import PassRecord
from perfgate.model.diagnosis import Cause, Diagnosed, Layer


@dataclass(frozen=True, kw_only=True)
class CaseContext:
    """What is known besides the endpoint's own samples: base and head of the control, how the run that failed moved,
    where the time of the control's functions goes, and the service's language."""

    control: tuple[PassFacts, PassFacts] | None = None
    movement: RunMovement | None = None
    usual_functions: Sequence[FunctionTime] = ()
    language: Language = ""


NO_CONTEXT = CaseContext()


def explain(
    endpoint: str, metric: str, head: PassRecord, base: PassRecord | None, context: CaseContext = NO_CONTEXT
) -> Diagnosed:
    """Splits the endpoint's difference into layers, with their causes. `metric` is "mean" or a quantile. The sides are
    compared under the same load, which most of their samples are of."""
    now, before = head.facts(), base.facts() if base else None
    head_parts, clipped = _parts(head, now)
    base_parts, clipped_base = _parts(base, before) if base and before else (None, 0)
    layers = attribution.split(head_parts, base_parts, metric)
    difference = sum(layer.change or 0.0 for layer in layers) if base and layers else None
    case = rules.Case(
        base=before,
        head=now,
        layers=layers,
        difference=difference,
        control=context.control,
        movement=context.movement,
        usual_functions=context.usual_functions,
        language=context.language,
    ).with_symptoms_last()
    return Diagnosed(
        endpoint=endpoint,
        metric=metric,
        difference=difference,
        layers=tuple(case.layers),
        causes=tuple(_in_words_of(context.language, cause) for cause in rules.explain(case)),
        samples=head_parts.count,
        baseline_samples=base_parts.count if base_parts else 0,
        clipped=clipped + clipped_base,
        facts=numbers(before, now),
        functions=tuple(functions.evidence(case)),
    )


def _in_words_of(language: Language, cause: Cause) -> Cause:
    """The cause with what its remedy is called in that language, where it is not one of its own."""
    known = CODES[cause.code]
    if not cause.remedy.endswith(known.remedy):
        return cause
    return replace(cause, remedy=cause.remedy.removesuffix(known.remedy) + known.remedy_in(language))


def _parts(observed: PassRecord, known: PassFacts) -> tuple[attribution.Parts, int]:
    samples = observed.samples
    alone = [sample for sample in samples if sample.users == 1]
    loaded = [sample for sample in samples if sample.users > 1] or list(samples)
    of_side = Known(
        floor=network_floor(alone),
        standing=standing_wait(alone),
        seen=_known_seconds(known),
        delays=dict(_delays(alone, loaded, known)),
    )
    split: Sequence[tuple[dict[Layer, float], bool]] = [partition(sample, of_side) for sample in loaded]
    rows = [parts for parts, _ in split]
    return attribution.parts(rows, [sample.round for sample in loaded]), sum(clipped for _, clipped in split)


def _known_seconds(known: PassFacts) -> dict[Layer, float]:
    """Seconds per request under load, as far as probes know them from outside the application."""
    written = min(known.serialising or 0.0, known.cpu_loaded or 0.0)
    seconds: dict[Layer, float | None] = {
        "queue": known.unread_loaded,
        "database": max((known.database_loaded, _of_one(known, "database")), key=lambda value: value or 0.0),
        "cache": _of_one(known, "cache"),
        "external": _of_one(known, "external"),
        "application": None if known.cpu_loaded is None else max(0.0, known.cpu_loaded - written),
        "serialisation": written,
    }
    return {layer: value for layer, value in seconds.items() if value}


def _of_one(known: PassFacts, layer: str) -> float | None:
    """Seconds that a request waits under load: waiting for several side by side is no longer than for one of them."""
    loaded: float | None = getattr(known, f"{layer}_wait_loaded")
    wait, span = getattr(known, f"{layer}_wait"), getattr(known, f"{layer}_span")
    return loaded * min(1.0, span / wait) if loaded and wait and span else loaded


def _delays(
    alone: Sequence[ReplaySample], loaded: Sequence[ReplaySample], known: PassFacts
) -> Iterator[tuple[Layer, Delay]]:
    """Delays that the application's own clock shows, and databases and sockets do not: they were answered, and nobody
    took the answer."""
    grown: dict[Layer, tuple[tuple[float | None, float | None], ...]] = {
        "database": (
            (known.database, known.database_loaded),
            (known.database_wait, known.database_wait_loaded),
        ),
        "cache": ((known.cache_wait, known.cache_wait_loaded),),
        "external": ((known.external_wait, known.external_wait_loaded),),
    }
    is_elsewhere = {  # a database in the service itself, such as SQLite, has no socket
        "database": bool(known.database_messages or known.database),
        "cache": bool(known.cache_messages),
        "external": bool(known.external_messages),
    }
    for layer, pairs in grown.items():
        if not is_elsewhere[layer]:
            continue
        before, now = _mean_of(layer, alone), _mean_of(layer, loaded)
        real = [later - earlier for earlier, later in pairs if earlier is not None and later is not None]
        if before is not None and now is not None and now > before and real:
            yield layer, Delay(alone=before, share=1 - min(1.0, max(0.0, *real, 0.0) / (now - before)))


def _mean_of(layer: Layer, samples: Sequence[ReplaySample]) -> float | None:
    stated = [sample.timing.seconds[layer] for sample in samples if layer in sample.timing.seconds]
    return fmean(stated) if stated else None
