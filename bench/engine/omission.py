"""Coordinated omission: the server stalls for 500 ms every 5 s, and visitors keep coming.

The truth is what visitors who come at a steady rate, whether or not the server answers, wait for: simulated from the
stalls that the server really made and the delays it draws. A generator that waits for its answers before it sends more
does not see most of them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.engine import results, servers
from bench.engine.generators import ALL
from bench.engine.job import Generator, Job
from bench.engine.results import Effort
from bench.engine.rounds import interleaved
from bench.engine.tables import Raw, Table, calm, on_calm, percent, spread

MEDIAN, SIGMA = 0.005, 0.5  # of the lognormal delay, in s
STALL, PERIOD = "500ms", 5  # s
RATE = 500.0
NAMES = ("perfgate", "Locust FastHttpUser", "k6")
PERCENTILES = ("p50", "p95", "p99")
ROUNDS = 3
FINE = 20  # simulated visitors for every real one: the truth has no sampling noise of its own


@dataclass(frozen=True, kw_only=True)
class Omission:
    """One run. Seconds. `true` for all who came, `served` as the server saw those who were sent."""

    generator: str
    rate: float
    said: dict[str, float]
    true: dict[str, float]
    served: dict[str, float]
    notes: dict[str, float]


def main(effort: Effort, only: Collection[str]) -> None:
    names = [name for name in NAMES if (not only or name in only) and not ALL[name].absent()]
    duration = float(PERIOD * (1 if effort.quick else 4))
    measured = interleaved(
        {name: partial(measure, ALL[name], duration) for name in names}, effort.rounds(ROUNDS), effort.patience
    )
    settings = {"rate": RATE, "stall": STALL, "period": PERIOD, "median": MEDIAN, "sigma": SIGMA, "duration": duration}
    print(table(results.save("omission", effort, measured, **settings)).text())


def measure(generator: Generator, duration: float, folder: Path) -> Omission:
    options = ["--dist", f"lognormal:{MEDIAN * 1000:g}ms:{SIGMA}", "--stall", f"{STALL}/{PERIOD}s"]
    with servers.reference(*options) as reference:
        said = generator.run(Job(target=reference.url, rate=RATE, warmup=1.0, duration=duration, even=True), folder)
        served = reference.summary(said.window, said.path)
    window = said.window or (served["first"], served["last"])
    return Omission(
        generator=generator.name,
        rate=said.requests / said.seconds,
        said=said.percentiles,
        true=truth(window, served["stalls"]),
        served={name: served["served"][name] / 1e9 for name in PERCENTILES},
        notes=said.notes,
    )


def truth(window: tuple[int, int], stalls: Sequence[Sequence[int]]) -> dict[str, float]:
    """Waiting times of visitors who come evenly through the window; answers that fall into a stall come at its end."""
    random = np.random.default_rng(1)
    came = np.arange(0, (window[1] - window[0]) / 1e9, 1 / (RATE * FINE))
    left = came + np.maximum(0, random.lognormal(math.log(MEDIAN), SIGMA, came.size))
    for begin, end in stalls:
        begun, ended = (begin - window[0]) / 1e9, (end - window[0]) / 1e9
        left = np.where((left >= begun) & (left < ended), ended, left)
    waited: Any = left - came
    return {name: float(np.quantile(waited, int(name[1:]) / 100)) for name in PERCENTILES}


def table(content: dict[str, Any]) -> Table:
    cells: dict[str, list[Raw]] = {name: several for name, several in content["cells"].items() if several}
    rows = []
    for name, several in cells.items():
        quiet = calm(several)
        columns = []
        for percentile in PERCENTILES:
            off = [one["said"][percentile] / one["true"][percentile] - 1 for one in quiet]
            middle = quiet[off.index(sorted(off)[len(off) // 2])]
            said, true = 1000 * middle["said"][percentile], 1000 * middle["true"][percentile]
            columns += [f"{said:.1f} / {true:.1f}", percent(off)]
        rows.append([name, spread([one["rate"] for one in quiet]).text(), *columns])
    settings = content["settings"]
    return Table(
        title=f"Coordinated omission: {settings['rate']:g}/s, the server stalls {settings['stall']} every "
        f"{settings['period']} s; said / true ({settings['duration']:g} s each)",
        head=["generator", "requests/s", *(cell for name in PERCENTILES for cell in (f"{name}, ms", "off"))],
        rows=rows,
        notes=on_calm(cells),
    )
