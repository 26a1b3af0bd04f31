"""How true the reported percentiles are: against a server that knows what it served, of the very same requests."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.engine import results, servers
from bench.engine.generators import ALL
from bench.engine.job import Generator, Job
from bench.engine.results import Effort
from bench.engine.rounds import calm, disturbed, interleaved, note, spread, table
from bench.engine.servers import Certificate

DISTRIBUTION = "lognormal:20ms:0.5"
NAMES = ("perfgate", "Locust FastHttpUser", "k6")
PERCENTILES = ("p50", "p95", "p99")


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

    def off(self, percentile: str) -> float:
        return self.said[percentile] / self.served[percentile] - 1


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
        taken = interleaved(cells, 1 if effort.quick else 3, effort.patience)
    results.save("truth", effort, taken, distribution=DISTRIBUTION, duration=effort.duration)
    print(_table([calm(several) for several in taken.values()], effort))
    print(disturbed(taken))
    note("said / served of the same requests; k6 leaves connecting out, Locust rounds to two digits")


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
        rate=said.rate,
        requests=said.requests,
        failures=said.failures,
        cpu_share=said.cpu / job.seconds,
        said=said.percentiles,
        served={name: truth["served"][name] / 1e9 for name in PERCENTILES},
        served_count=truth["count"],
        server_read_lag_p99=truth["read_lag"]["p99"] / 1e9,
        notes=said.notes,
    )


def _table(groups: Collection[Sequence[Compared]], effort: Effort) -> str:
    rows = []
    last = ""
    for runs in groups:
        if not runs:
            continue
        middle = sorted(runs, key=lambda one: one.off("p95"))[len(runs) // 2]
        load, last = ("" if runs[0].load == last else runs[0].load), runs[0].load
        cells = []
        for name in PERCENTILES:
            off = spread([100 * one.off(name) for one in runs])
            cells.append(f"{1000 * middle.said[name]:.1f} / {1000 * middle.served[name]:.1f}  {off.text('{:+.1f}')} %")
        rows.append([load, runs[0].generator, spread([one.rate for one in runs]).text(), *cells])
    rounds = max((len(runs) for runs in groups), default=0)
    title = f"Truth: said / served in ms, and how far off ({DISTRIBUTION}, {rounds} rounds of {effort.duration:g} s)"
    return table(title, ["load", "generator", "requests/s", *PERCENTILES], rows)
