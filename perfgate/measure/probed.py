"""The runner probe's samples of the measured time, in two numbers."""

from __future__ import annotations

from perfgate.model.run import LoadTest, Probe
from perfgate.runner.reference import samples
from perfgate.runner.reference.workload import NAME


def probed(load_test: LoadTest) -> Probe | None:
    """Returns None when the probe did not run. Raises RecordError when its samples cannot be read."""
    if load_test.probe is None:
        return None
    took = sorted(sample.took for sample in samples.read(load_test.probe) if 0 <= sample.at < load_test.duration)
    if not took:
        return None
    return Probe(
        samples=len(took),
        p50=_quantile(took, 0.50),
        p95=_quantile(took, 0.95),
        workload=NAME,
        beside_target=load_test.beside_target,
    )


def _quantile(ordered: list[float], q: float) -> float:
    """Linear between neighbours (type 7 of Hyndman and Fan 1996, Sample quantiles in statistical packages)."""
    place = q * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
