"""How true the reported percentiles are: against a server that knows what it served, of the very same requests."""

from __future__ import annotations

import tempfile
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
from bench.engine.servers import Certificate
from bench.engine.tables import Raw, Table, calm, on_calm, percent, spread

DISTRIBUTION = "lognormal:20ms:0.5"
NAMES = ("perfgate", "Locust FastHttpUser", "k6")
PERCENTILES = ("p50", "p95", "p99")
ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class Load:
    users: int = 0
    rate: float = 0.0
    tls: bool = False
    burn: float = 0.0

    @property
    def text(self) -> str:
        words = f"{self.users} users" if self.users else f"{self.rate:,.0f}/s open"
        return words + ", TLS" * self.tls + f", {self.burn * 1000:g} ms of Python each" * bool(self.burn)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One run. Times in seconds; `served` is the truth, `said` what the generator reports."""

    generator: str
    load: str
    rate: float
    requests: int
    failures: int
    cpu_share: float
    said: dict[str, float]
    served: dict[str, float]
    served_count: int
    server_read_lag_p99: float
    notes: dict[str, float]


QUICK_LOADS = (Load(users=64), Load(rate=2000), Load(users=64, burn=0.0005))
LOADS = (
    *(Load(users=users) for users in (32, 64, 128, 256, 512)),
    *(Load(rate=rate) for rate in (1000, 2000, 5000, 10000)),
    Load(users=64, tls=True),
    Load(users=256, tls=True),
    Load(rate=2000, tls=True),
    Load(rate=5000, tls=True),
    Load(users=64, burn=0.0005),
)


def main(effort: Effort, only: Collection[str]) -> None:
    names = [name for name in NAMES if (not only or name in only) and not ALL[name].absent()]
    with tempfile.TemporaryDirectory(prefix="perfgate-tls-") as folder:
        certificate = servers.certificate(Path(folder))
        cells = {
            f"{load.text} | {name}": partial(compare, ALL[name], load, effort, certificate)
            for load in (QUICK_LOADS if effort.quick else LOADS)
            for name in names
            if not (load.burn and name == "k6")  # its scripts are not Python
        }
        measured = interleaved(cells, effort.rounds(ROUNDS), effort.patience)
    content = results.save("truth", effort, measured, distribution=DISTRIBUTION, duration=effort.duration)
    print(table(content).text())


def compare(generator: Generator, load: Load, effort: Effort, certificate: Certificate, folder: Path) -> Compared:
    """Runs one load on a fresh reference server and asks that server what it served."""
    with servers.reference("--dist", DISTRIBUTION, certificate=certificate if load.tls else None) as reference:
        job = Job(
            target=reference.url,
            users=load.users,
            rate=load.rate,
            warmup=effort.warmup,
            duration=effort.duration,
            burn=load.burn,
            trusted=certificate.file if load.tls else None,
        )
        said = generator.run(job, folder)
        truth = reference.summary(said.window, said.path)
    return Compared(
        generator=generator.name,
        load=load.text,
        rate=said.requests / said.seconds,
        requests=said.requests,
        failures=said.failures,
        cpu_share=said.cpu / job.seconds,
        said=said.percentiles,
        served={name: truth["served"][name] / 1e9 for name in PERCENTILES},
        served_count=truth["count"],
        server_read_lag_p99=truth["read_lag"]["p99"] / 1e9,
        notes=said.notes,
    )


def table(content: dict[str, Any]) -> Table:
    cells: dict[str, list[Raw]] = {name: several for name, several in content["cells"].items() if several}
    rows, last = [], ""
    for several in cells.values():
        quiet = calm(several)
        load, last = ("" if quiet[0]["load"] == last else quiet[0]["load"]), quiet[0]["load"]
        rate = spread([one["rate"] for one in quiet]).text()
        rows.append([load, quiet[0]["generator"], rate, *(cell for name in PERCENTILES for cell in _off(quiet, name))])
    settings = content["settings"]
    head = ["load", "generator", "requests/s", *(cell for name in PERCENTILES for cell in (f"{name}, ms", "off"))]
    return Table(
        title=f"Truth: said / served, and how far off ({settings['distribution']}, {settings['duration']:g} s each)",
        head=head,
        rows=rows,
        notes=on_calm(cells),
    )


def _off(several: list[Raw], percentile: str) -> tuple[str, str]:
    """The run in the middle, and the difference in all of them."""

    def off(one: Raw) -> float:
        return float(one["said"][percentile] / one["served"][percentile] - 1)

    if not all(one["served"][percentile] for one in several):
        return "", "nothing served"
    middle = sorted(several, key=off)[len(several) // 2]
    said, served = 1000 * middle["said"][percentile], 1000 * middle["served"][percentile]
    return f"{said:.1f} / {served:.1f}", percent([off(one) for one in several])
