"""What the second pass has seen -> Diagnosed. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from perfgate.diagnose import attribution, rules
from perfgate.diagnose.facts import PassFacts, numbers
from perfgate.diagnose.partition import network_floor, partition
from perfgate.diagnose.second_pass import Seen
from perfgate.model.diagnosis import Diagnosed, Layer


def diagnosed(
    endpoint: str, metric: str, head: Seen, base: Seen | None, control: tuple[PassFacts, PassFacts] | None = None
) -> Diagnosed:
    """`metric` is "mean" or a quantile. The sides are compared under the same load, which most of their samples are
    of."""
    now, before = head.facts(), base.facts() if base else None
    head_parts, clipped = _parts(head)
    base_parts, clipped_base = _parts(base) if base else (None, 0)
    layers = attribution.split(head_parts, base_parts, metric)
    difference = sum(layer.change or 0.0 for layer in layers) if base and layers else None
    case = rules.Case(base=before, head=now, layers=layers, difference=difference, control=control)
    return Diagnosed(
        endpoint=endpoint,
        metric=metric,
        difference=difference,
        layers=layers,
        causes=rules.explain(case),
        samples=head_parts.count,
        baseline_samples=base_parts.count if base_parts else 0,
        clipped=clipped + clipped_base,
        facts=numbers(before, now),
    )


def _parts(observed: Seen) -> tuple[attribution.Parts, int]:
    samples = observed.samples
    floor = network_floor([sample for sample in samples if sample.users == 1])
    loaded = [sample for sample in samples if sample.users > 1] or list(samples)
    database = _database(observed)
    split: Sequence[tuple[dict[Layer, float], bool]] = [partition(sample, floor, database) for sample in loaded]
    rows = [parts for parts, _ in split]
    return attribution.parts(rows, [sample.round for sample in loaded]), sum(clipped for _, clipped in split)


def _database(observed: Seen) -> float:
    """Seconds per request, by the database's own count; 0 where it is not known."""
    known = [count.values["database"] for count in observed.counts if "database" in count.values]
    return sum(known) / len(known) if known else 0.0
