"""Whether anything is lost at the end: two processes, answers that take a second, stopped in the middle of it all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.engine import results, servers
from bench.engine.generators import ALL
from bench.engine.job import Generator, Job
from bench.engine.results import Effort
from bench.engine.rounds import interleaved, table

NAMES = ("perfgate", "Locust FastHttpUser")
RATE = 100.0
USERS = 100


@dataclass(frozen=True, kw_only=True)
class Loss:
    generator: str
    load: str
    received: int  # by the server
    served: int  # of these, answered to a client that was still there
    recorded: int
    unfinished: int

    @property
    def lost(self) -> int:
        return self.received - self.recorded


def main(effort: Effort, only: Collection[str]) -> None:
    names = [name for name in NAMES if not only or name in only]
    cells = {
        f"{name}, {load}": partial(measure, ALL[name], load)
        for load in ("open", "closed")
        for name in names
        if load == "closed" or name == "perfgate"  # Locust has no open model
    }
    taken = interleaved(cells, 3 if effort.quick else 20, patience=0)  # no figure of it depends on calm
    results.save("loss", effort, taken, rate=RATE, users=USERS)
    rows = []
    for name, several in ((name, [one.value for one in those]) for name, those in taken.items()):
        whole = sum(one.lost == 0 for one in several)
        lost = [str(one.lost) for one in several]
        rows.append([name, f"{whole} of {len(several)}", str(sum(one.received for one in several)), " ".join(lost)])
    print(
        table(
            f"Loss: --processes 2, answers of 1 s, {len(next(iter(taken.values()), []))} runs of 5 s",
            ["generator", "runs that lost nothing", "sent", "lost in each run"],
            rows,
        )
    )


def measure(generator: Generator, load: str, folder: Path) -> Loss:
    """Warm-up and all: whatever the server got should have been written down."""
    with servers.reference("--dist", "constant:1s") as reference:
        model = {"rate": RATE} if load == "open" else {"users": USERS}
        job = Job(target=reference.url, warmup=1.0, duration=4.0, processes=2, **model)  # type: ignore[arg-type]
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
