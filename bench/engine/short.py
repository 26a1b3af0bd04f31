"""How close it is for short answers, where microseconds count: said minus served, on answers of one fixed time."""

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
from bench.engine.tables import Raw, Table, calm, on_calm, spread

NAMES = ("perfgate", "Locust FastHttpUser", "k6")
PERCENTILES = ("p50", "p95", "p99")
DELAY = "1ms"
ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class Short:
    """One run. Seconds."""

    generator: str
    load: str
    rate: float
    said: dict[str, float]
    served: dict[str, float]


def main(effort: Effort, only: Collection[str]) -> None:
    names = [name for name in NAMES if (not only or name in only) and not ALL[name].absent()]
    loads = [(users, tls) for users in (1, 16) for tls in (False, True) if not (effort.quick and tls)]
    with tempfile.TemporaryDirectory(prefix="perfgate-tls-") as folder:
        certificate = servers.certificate(Path(folder))
        cells = {
            f"{users} | {'TLS' if tls else 'plain'} | {name}": partial(
                measure, ALL[name], users, effort, certificate if tls else None
            )
            for users, tls in loads
            for name in names
        }
        measured = interleaved(cells, effort.rounds(ROUNDS), effort.patience)
    print(table(results.save("short", effort, measured, delay=DELAY)).text())


def measure(generator: Generator, users: int, effort: Effort, certificate: Certificate | None, folder: Path) -> Short:
    with servers.reference("--dist", f"constant:{DELAY}", certificate=certificate) as reference:
        trusted = certificate.file if certificate else None
        duration = effort.duration / 2
        job = Job(target=reference.url, users=users, warmup=1.0, duration=duration, trusted=trusted)
        said = generator.run(job, folder)
        served = reference.summary(said.window, said.path)["served"]
    return Short(
        generator=generator.name,
        load=f"{users} user{'s' * (users > 1)}{', TLS' * bool(certificate)}",
        rate=said.requests / said.seconds,
        said=said.percentiles,
        served={name: served[name] / 1e9 for name in PERCENTILES},
    )


def table(content: dict[str, Any]) -> Table:
    cells: dict[str, list[Raw]] = {name: several for name, several in content["cells"].items() if several}
    rows, last = [], ""
    for several in cells.values():
        quiet = calm(several)
        load, last = ("" if quiet[0]["load"] == last else quiet[0]["load"]), quiet[0]["load"]
        rate = spread([one["rate"] for one in quiet]).text()
        off = {name: [1e6 * (one["said"][name] - one["served"][name]) for one in quiet] for name in PERCENTILES}
        rows.append([load, quiet[0]["generator"], rate, *(spread(off[name]).text("{:+,.0f}") for name in PERCENTILES)])
    return Table(
        title=f"Short answers: microseconds by which the said is above the served (all answers take "
        f"{content['settings']['delay']})",
        head=["load", "generator", "requests/s", *(f"{name}, us" for name in PERCENTILES)],
        rows=rows,
        notes=on_calm(cells),
    )
