"""Whether anything is lost at the end: two processes, answers that take a second, stopped in the middle of it all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.engine import results, servers
from bench.engine.generators import ALL
from bench.engine.job import Generator, Job
from bench.engine.results import Effort
from bench.engine.rounds import interleaved
from bench.engine.tables import Raw, Table

NAMES = ("perfgate", "Locust FastHttpUser")
RATE = 100.0
USERS = 100
RUNS, QUICK_RUNS = 20, 1


@dataclass(frozen=True, kw_only=True)
class Loss:
    generator: str
    load: str
    received: int  # by the server
    served: int  # of these, answered to a client that was still there
    recorded: int
    unfinished: int


def main(effort: Effort, only: Collection[str]) -> None:
    names = [name for name in NAMES if not only or name in only]
    cells = {
        f"{name}, {load}": partial(measure, ALL[name], load)
        for load in ("open", "closed")
        for name in names
        if load == "closed" or name == "perfgate"  # Locust has no open model
    }
    measured = interleaved(cells, QUICK_RUNS if effort.quick else RUNS, patience=0)  # nothing here depends on calm
    print(table(results.save("loss", effort, measured, rate=RATE, users=USERS)).text())


def measure(generator: Generator, load: str, folder: Path) -> Loss:
    """Warm-up and all: whatever the server got should have been written down."""
    with servers.reference("--dist", "constant:1s") as reference:
        model = {"rate": RATE} if load == "open" else {"users": USERS}
        job = Job(target=reference.url, warmup=1.0, duration=4.0, processes=2, **model)
        said = generator.run(job, folder)
        served = reference.summary()
    return Loss(
        generator=generator.name,
        load=load,
        received=served["received"],
        served=served["count"],
        recorded=said.sent,
        unfinished=int(said.notes.get("unfinished", 0)),
    )


def table(content: dict[str, Any]) -> Table:
    cells: dict[str, list[Raw]] = content["cells"]
    rows = []
    for name, several in cells.items():
        lost = [one["received"] - one["recorded"] for one in several]
        sent = sum(one["received"] for one in several)
        rows.append([name, f"{lost.count(0)} of {len(lost)}", f"{sent:,}", f"{sum(lost):,}", f"{max(lost, default=0)}"])
    return Table(
        title="Loss: --processes 2, answers of 1 s, runs of 5 s",
        head=["generator", "runs that lost nothing", "received by the server", "not recorded", "worst run"],
        rows=rows,
    )
