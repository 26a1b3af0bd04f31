"""Suites of two arms, side by side: simulated, dealt from recorded runs, and recorded duets.

- simulated: log-normal latencies (sigma 0.5) of ten endpoints, 300 s; with instance effects each arm of each endpoint
  is slower or faster by so much (standard deviation).
- dealt: recorded runs one after the other, in a random order, every request dealt to a random arm. What happened on the
  machine is real, the dealing is not.
- duets: recorded with two servers side by side.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.gate.paired_calibration import arm_of, result
from perfgate.measure import precision
from perfgate.model.run import EndpointResult

ENDPOINTS, SIGMA, LEVEL, SECONDS = 10, 0.5, 0.1, 300
WINDOWS = 30  # of each arm, for rules that look at series of windows
FEWEST = 20  # requests in a window on average: a p95 of fewer is their maximum
Floats = NDArray[np.float64]
Dealt = Callable[[np.random.Generator, float], "Pair"]


@dataclass(frozen=True, kw_only=True)
class Requests:
    t: Floats  # s
    latency: Floats  # s

    def windows(self, number: int, duration: float) -> Floats:
        """The p95 of each window in time; of an empty one that of the whole."""
        place = np.minimum((self.t / duration * number).astype(int), number - 1)
        parts = (self.latency[place == at] for at in range(number))
        return np.array([_p95(one if len(one) else self.latency) for one in parts])


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The same endpoints in both arms; `changed` is the one that is slower in the head, if any is."""

    base: tuple[EndpointResult, ...]
    head: tuple[EndpointResult, ...]
    base_windows: Floats  # (E, W) p95
    head_windows: Floats
    duration: float
    changed: int = 0


def simulated(requests: int, instance: float = 0.0) -> Dealt:
    """`requests` per endpoint and arm on average."""

    def deal(random: np.random.Generator, change: float) -> Pair:
        arms: list[tuple[Requests, ...]] = []
        for number in range(ENDPOINTS):
            size = random.binomial(2 * requests, 0.5)
            level = LEVEL * np.exp(instance * random.standard_normal(2))
            level[1] *= 1 + (change if number == 0 else 0)
            both = (size, 2 * requests - size)
            arms.append(
                tuple(
                    Requests(t=SECONDS * np.arange(n) / n, latency=one * np.exp(SIGMA * random.standard_normal(n)))
                    for one, n in zip(level, both, strict=True)
                )
            )
        return Pair(
            base=tuple(replace(result(one.latency), name=f"e{at}") for at, (one, _) in enumerate(arms)),
            head=tuple(replace(result(two.latency), name=f"e{at}") for at, (_, two) in enumerate(arms)),
            base_windows=np.array([one.windows(WINDOWS, SECONDS) for one, _ in arms]),
            head_windows=np.array([two.windows(WINDOWS, SECONDS) for _, two in arms]),
            duration=SECONDS,
        )

    return deal


def dealt(paths: Sequence[Path], runs: int, seconds: int = 15) -> Dealt:
    files = [samples(path) for path in paths]

    def deal(random: np.random.Generator, change: float) -> Pair:
        chosen = [files[at] for at in random.choice(len(files), runs, replace=False)]
        names = [str(name) for name in random.permutation(sorted(chosen[0]))]
        arms = {}
        for number, name in enumerate(names):
            t = np.concatenate([at * seconds + one[name].t for at, one in enumerate(chosen)])
            latency = np.concatenate([one[name].latency for one in chosen])
            head = random.random(len(t)) < 0.5
            latency[head] *= 1 + (change if number == 0 else 0)
            arms[name] = tuple(Requests(t=t[side], latency=latency[side]) for side in (~head, head))
        return _pair(arms, runs * seconds)

    return deal


def duets(folder: Path, pattern: str) -> Iterator[Pair]:
    for path in sorted(folder.glob(pattern)):
        base, head = samples(path, "A"), samples(path, "B")
        arms = {name: (base[name], head[name]) for name in base}
        yield _pair(arms, int(np.ceil(max(one.t.max() for both in arms.values() for one in both))))


def samples(path: Path, arm: str = "") -> dict[str, Requests]:
    """The successful requests of a recording, by endpoint."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [
            (row["endpoint"], float(row["t"]), float(row["ms"]) / 1000)
            for row in csv.DictReader(file)
            if row["status"].startswith("2") and row.get("arm", "") == arm
        ]
    found = {}
    for name in sorted({endpoint for endpoint, _, _ in rows}):
        mine = np.array([(t, seconds) for endpoint, t, seconds in rows if endpoint == name])
        found[name] = Requests(t=np.maximum(mine[:, 0], 0.0), latency=mine[:, 1])
    return found


def _p95(latency: Floats) -> float:
    rank = int(np.ceil(0.95 * len(latency))) - 1
    return float(np.partition(latency, rank)[rank])


def _pair(arms: Mapping[str, tuple[Requests, ...]], duration: int) -> Pair:
    """With windows of a second and design effects, as perfgate measures them."""
    clock = precision.Clock(width=1, duration=duration)
    base, head = [], []
    for name, both in arms.items():
        one, two = (arm_of(side.t, side.latency, clock) for side in both)
        effects = precision.paired_effects((one, two), clock, 0)
        base.append(replace(one.result, name=name))
        head.append(replace(two.result, name=name, paired_effects=effects))
    fewest = min(len(side.t) for both in arms.values() for side in both)
    number = max(2, min(WINDOWS, fewest // FEWEST))
    windows = [np.array([both[side].windows(number, duration) for both in arms.values()]) for side in (0, 1)]
    return Pair(base=tuple(base), head=tuple(head), base_windows=windows[0], head_windows=windows[1], duration=duration)
