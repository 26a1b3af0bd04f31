"""When requests of the open model are due: pure, seeded, and exact in number.

Poisson arrivals are drawn conditioned on their number, as sorted uniform times (the order-statistics property of the
Poisson process: Ross, Stochastic Processes, theorem 2.3.1), so that a run sends exactly rate x time requests and two
runs of one plan send the same ones at the same times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from perfgate.model.budget_file import Stage

BLOCK_S = 10.0  # s of arrivals drawn at a time: a long run must not be held in memory


@dataclass(frozen=True, slots=True)
class Arrival:
    number: int
    due: float  # s since the start of the warm-up
    choice: int  # which of the weighted choices it starts


def schedule(
    stages: Sequence[Stage], *, warmup: float, arrivals: Literal["poisson", "even"], choices: int, seed: int
) -> Iterator[Arrival]:
    """All arrivals in order of time. Each run of `choices` arrivals starts every choice once, in random order, so
    that weights are kept exactly and not only on average."""
    random = np.random.default_rng(seed)
    deck: list[int] = []
    for number, due in enumerate(_due_times(stages, warmup, arrivals, random)):
        if not deck:
            deck = random.permutation(choices).tolist()
        yield Arrival(number, due, deck.pop())


def _due_times(
    stages: Sequence[Stage], warmup: float, arrivals: Literal["poisson", "even"], random: np.random.Generator
) -> Iterator[float]:
    start = 0.0
    for stage in ([Stage(level=stages[0].level, duration=warmup)] if warmup else []) + list(stages):
        yield from _even(stage, start) if arrivals == "even" else _poisson(stage, start, random)
        start += stage.duration


def number_due(stage: Stage) -> int:
    return round(stage.level * stage.duration)


def number_due_until(stages: Sequence[Stage], seconds: float) -> int:
    """How many arrivals are due in so much of the measured time; on average, where that cuts a stage."""
    number = 0.0
    for stage in stages:
        share = min(1.0, max(0.0, seconds / stage.duration))
        number += number_due(stage) * share
        seconds -= stage.duration
    return round(number)


def _even(stage: Stage, start: float) -> Iterator[float]:
    for number in range(number_due(stage)):
        yield start + number / stage.level


def _poisson(stage: Stage, start: float, random: np.random.Generator) -> Iterator[float]:
    edges = np.append(np.arange(0.0, stage.duration, BLOCK_S), stage.duration)
    widths = np.diff(edges)
    numbers = random.multinomial(number_due(stage), widths / stage.duration)
    for edge, width, number in zip(edges, widths, numbers, strict=False):
        yield from (start + edge + np.sort(random.random(number)) * width).tolist()
