"""How many requests a generator makes of a second of CPU: 32 users, closed loop, against nginx, one core each."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from functools import partial
from pathlib import Path

from bench.engine import results, servers
from bench.engine.generators import ALL
from bench.engine.job import Generator, Job, Said
from bench.engine.results import Effort
from bench.engine.rounds import Taken, calm, disturbed, interleaved, note, spread, table

USERS = 32
REFERENCES = ("Locust FastHttpUser", "k6")
TITLES = {
    "status": "Speed: the status checked, everything recorded",
    "capture": "Speed: a formatted path, and a value taken from the JSON of every answer",
}
CANNOT_CAPTURE = ("hey", "wrk")
SLOW_TO_START = ("Locust HttpUser", "Artillery")  # for scale only: left out of quick rounds with captures


def main(effort: Effort, only: Collection[str]) -> None:
    if not servers.has_nginx():
        note("speed: no nginx on the PATH (apt install nginx-light): left out")
        return
    with tempfile.TemporaryDirectory(prefix="perfgate-nginx-") as folder, servers.nginx(Path(folder)) as url:
        for scenario in TITLES:
            measure(scenario, url, effort, only)


def measure(scenario: str, url: str, effort: Effort, only: Collection[str]) -> None:
    absent = {name: why for name, generator in ALL.items() if (why := generator.absent())}
    names = [name for name in only or ALL if name not in absent and _takes_part(name, scenario, effort)]
    job = Job(target=url, users=USERS, warmup=effort.warmup, duration=effort.duration, capture=scenario == "capture")
    taken = interleaved({name: partial(_run, ALL[name], job) for name in names}, effort.rounds, effort.patience)
    results.save(f"speed-{scenario}", effort, taken, users=USERS, duration=job.duration, absent=absent)
    print(_table(scenario, effort, taken))
    print(disturbed(taken))
    for name, why in absent.items():
        print(f"left out: {name}: {why}")


def _run(generator: Generator, job: Job, folder: Path) -> Said:
    return generator.run(job, folder)


def _takes_part(name: str, scenario: str, effort: Effort) -> bool:
    if scenario == "capture" and name in CANNOT_CAPTURE:
        return False
    return not (effort.quick and name in SLOW_TO_START)


def _table(scenario: str, effort: Effort, taken: dict[str, list[Taken[Said]]]) -> str:
    said = {name: calm(several) for name, several in taken.items()}
    medians = {name: spread([one.per_cpu_second for one in rounds]).median for name, rounds in said.items() if rounds}
    rows = []
    for name, rounds in said.items():
        if not rounds:
            rows.append([name, "failed", *[""] * (3 + len(REFERENCES))])
            continue
        efficiency = spread([one.per_cpu_second for one in rounds])
        times = [f"{efficiency.median / medians[other]:.1f}x" if other in medians else "" for other in REFERENCES]
        failures = sum(one.failures for one in rounds)
        rows.append(
            [
                name,
                spread([one.rate for one in rounds]).text(),
                efficiency.text(),
                f"{1e6 / efficiency.median:,.1f}",
                *times,
                str(failures),
            ]
        )
    title = f"{TITLES[scenario]} ({effort.rounds} rounds of {effort.duration:g} s, {USERS} users, one core)"
    head = ["generator", "requests/s", "per CPU second", "CPU us", *(f"x {name}" for name in REFERENCES), "failures"]
    return table(title, head, rows)
