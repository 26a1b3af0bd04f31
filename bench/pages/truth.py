"""What each fault of the shop's front page does to it: the metric that moves, and the part of it that does, with the
least and the most on a machine that has nothing else to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from perfgate.model.page import PageDetail
from perfgate.pages import view


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Changes against the page without it, in the metric's own unit. `part` is what the report says of the page."""

    metric: str
    least: float
    most: float
    name: str  # of the part
    part: Callable[[PageDetail], float]
    least_part: float
    most_part: float


def layer(name: str) -> Callable[[PageDetail], float]:
    return lambda detail: detail.lcp_layers.get(name, 0.0)


def load_delay(detail: PageDetail) -> float:
    return detail.lcp.load_delay if detail.lcp else 0.0


def handlers(detail: PageDetail) -> float:
    return detail.inp_parts.get("processingDuration", 0.0)


def worst_shift(detail: PageDetail) -> float:
    """The score of what was inserted."""
    return sum(score for text, score in detail.shift_causes if text.endswith("was inserted"))


def unused_bundle(detail: PageDetail) -> float:
    return float(sum(item.unused for item in detail.resources if "/bundle.js" in item.url))


def long_tasks(detail: PageDetail) -> float:
    return sum(seconds for _, seconds in detail.long_tasks)


TRUTH: Mapping[str, Fault] = {
    "late-image": Fault(
        metric="lcp", least=0.4, most=1.2, name="load delay", part=load_delay, least_part=0.55, most_part=1.0
    ),
    "shift": Fault(
        metric="cls",
        least=0.1,
        most=0.13,
        name="by what was inserted",
        part=worst_shift,
        least_part=0.1,
        most_part=0.13,
    ),
    "slow-handler": Fault(
        metric="inp", least=0.25, most=0.5, name="handlers", part=handlers, least_part=0.29, most_part=0.35
    ),
    "blocking-script": Fault(
        metric="fcp", least=0.6, most=1.2, name="backend", part=layer(view.BACKEND), least_part=0.6, most_part=1.0
    ),
    "big-bundle": Fault(
        metric="unused_js",
        least=350_000,
        most=400_000,
        name="never used of bundle.js",
        part=unused_bundle,
        least_part=350_000,
        most_part=400_000,
    ),
    "slow-api": Fault(
        metric="lcp", least=0.4, most=1.2, name="backend", part=layer(view.BACKEND), least_part=0.5, most_part=0.9
    ),
    "third-party": Fault(
        metric="fcp",
        least=0.4,
        most=1.0,
        name="third party",
        part=layer(view.THIRD_PARTY),
        least_part=0.45,
        most_part=0.9,
    ),
    "long-tasks": Fault(
        metric="tbt", least=0.38, most=0.8, name="long tasks", part=long_tasks, least_part=0.45, most_part=0.9
    ),
}
