"""How often the 95 % intervals of a run hold the truth, when latencies drift: python -m bench.gate.coverage [--runs N]

Log-normal latencies (sigma 0.5) whose level drifts from second to second, AR(1), and 1 % errors that do not. Poisson
arrivals. Prints the share of runs whose interval holds the true value, and the mean design effect, per metric.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np

from bench.rows import print_head, print_row
from perfgate.measure import precision
from perfgate.model.metric import LATENCY_QUANTILES
from perfgate.model.run import EndpointResult
from perfgate.recording import counting, histogram
from perfgate.recording.windows import Window
from perfgate.stats.distributions import normal_quantile

SIGMA, LEVEL, ERRORS = 0.5, 0.1, 0.01


@dataclass(frozen=True)
class Setting:
    seconds: int
    rate: float  # requests per second
    drift: float  # standard deviation of the level's logarithm
    memory: float  # correlation of one second's level with the next
    width: int = 1  # of the windows, s

    @property
    def truth(self) -> dict[str, float]:
        spread = sqrt(SIGMA**2 + self.drift**2)
        values = {name: LEVEL * exp(spread * normal_quantile(q)) for name, q in LATENCY_QUANTILES.items()}
        return values | {"mean": LEVEL * exp(spread**2 / 2), "errors": ERRORS}


SETTINGS = (
    Setting(60, 10, 0.0, 0.0),
    Setting(60, 10, 0.1, 0.5),
    Setting(60, 10, 0.1, 0.9),
    Setting(300, 2, 0.1, 0.9),
    Setting(300, 10, 0.1, 0.9),
    Setting(300, 10, 0.25, 0.9),
    Setting(3600, 10, 0.1, 0.9, width=15),
)


def measured(setting: Setting, random: np.random.Generator) -> EndpointResult:
    level = np.empty(setting.seconds)
    level[0] = random.normal(0, setting.drift)
    for at in range(1, setting.seconds):
        step = random.normal(0, setting.drift * sqrt(1 - setting.memory**2))
        level[at] = setting.memory * level[at - 1] + step
    parts: dict[int, Window] = {}
    whole = Window()
    for second in range(setting.seconds):
        number = int(random.poisson(setting.rate))
        window = Window()
        failures = int(random.binomial(number, ERRORS))
        latency = LEVEL * np.exp(level[second] + SIGMA * random.standard_normal(number - failures))
        counting.add_many(window.latency, np.round(latency * 1e9).astype(np.int64))
        window.successes, window.failures = number - failures, {"status": failures} if failures else {}
        whole.merge(window)
        parts.setdefault(second // setting.width * setting.width, Window()).merge(window)
    clock = precision.Clock(width=setting.width, duration=setting.seconds)
    return precision.precise(_result(whole), parts, clock)


def _result(whole: Window) -> EndpointResult:
    latency = whole.latency.freeze()
    metrics = {name: histogram.quantile(latency, q) or 0.0 for name, q in LATENCY_QUANTILES.items()}
    failures = whole.requests - whole.successes
    metrics |= {"mean": histogram.mean(latency) or 0.0, "errors": failures / whole.requests}
    return EndpointResult(
        name="endpoint",
        requests=whole.requests,
        failures=failures,
        samples=whole.successes,
        metrics=metrics,
        latency=latency,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400)
    runs = parser.parse_args().runs
    names = [*LATENCY_QUANTILES, "mean", "errors"]
    print_head("seconds", "per s", "drift", "memory", "window", *names)
    for setting in SETTINGS:
        random = np.random.default_rng(1)
        results = [measured(setting, random) for _ in range(runs)]
        cells = [_cell(results, name, setting.truth[name]) for name in names]
        shape = (setting.seconds, f"{setting.rate:g}", f"{setting.drift:.0%}", setting.memory, f"{setting.width} s")
        print_row(*shape, *cells)


def _cell(results: list[EndpointResult], name: str, truth: float) -> str:
    known = [one.intervals[name] for one in results if name in one.intervals]
    effect = np.mean([one.design_effects[name] for one in results])
    held = np.mean([low <= truth <= high for low, high in known]) if known else float("nan")
    return f"{held:.3f} (x{effect:.1f})"


if __name__ == "__main__":
    main()
