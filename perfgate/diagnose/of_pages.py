"""The layers of a page's LCP, and of its difference. Pure: a view tells them exactly, and no second pass is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perfgate.model.diagnosis import ALL_LAYERS, Diagnosed, Layer, LayerChange
from perfgate.model.page import PageDetail

METRIC = "lcp"
LAYERS: Mapping[str, Layer] = {layer: layer for layer in ALL_LAYERS}


def lcp(detail: PageDetail) -> float:
    """Seconds: what its layers add up to."""
    return sum(detail.lcp_layers.values())


def usual(details: Sequence[PageDetail]) -> PageDetail | None:
    """The view of earlier runs with the median LCP; the worse of two in the middle."""
    ranked = sorted((detail for detail in details if detail.lcp_layers), key=lcp)
    return ranked[len(ranked) // 2] if ranked else None


def diagnosed(now: PageDetail, before: PageDetail | None, samples: tuple[int, int]) -> Diagnosed | None:
    """The layers of the view with the median LCP, largest change first (largest part, without one to compare with).
    `samples` are the views of both. None where nothing is known of them."""
    if not now.lcp_layers:
        return None
    earlier = before.lcp_layers if before and before.lcp_layers else None
    names = [name for name in LAYERS if name in now.lcp_layers or name in (earlier or {})]
    layers = [_change(name, now.lcp_layers, earlier) for name in names]
    return Diagnosed(
        endpoint=now.name,
        metric=METRIC,
        difference=sum(layer.change or 0.0 for layer in layers) if earlier else None,
        layers=tuple(sorted(layers, key=lambda layer: -abs(layer.now if layer.change is None else layer.change))),
        samples=samples[0],
        baseline_samples=samples[1] if earlier else 0,
    )


def _change(name: str, now: Mapping[str, float], earlier: Mapping[str, float] | None) -> LayerChange:
    value, before = now.get(name, 0.0), earlier.get(name, 0.0) if earlier is not None else None
    change = value - before if before is not None else None
    return LayerChange(layer=LAYERS[name], baseline=before, now=value, change=change)
