"""How many requests a generator makes of a second of CPU: 32 users, closed loop, against nginx, one core each."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

from bench.engine import results, servers
from bench.engine.generators import ALL
from bench.engine.job import Job
from bench.engine.results import Effort
from bench.engine.rounds import interleaved, note
from bench.engine.tables import Raw, Table, calm, on_calm, spread

USERS = 32
ROUNDS = 5
REFERENCES = ("Locust FastHttpUser", "k6")
TITLES = {
    "status": "Speed: the status checked, everything recorded",
    "capture": "Speed: a formatted path, and a value taken from the JSON of every answer",
}
CANNOT_CAPTURE = ("hey", "wrk")
FOR_SCALE = ("Locust HttpUser", "Artillery")  # slow to start: left out of quick rounds


def main(effort: Effort, only: Collection[str]) -> None:
    if not servers.has_nginx():
        note("speed: no nginx on the PATH (apt install nginx-light): left out")
        return
    with tempfile.TemporaryDirectory(prefix="perfgate-nginx-") as folder, servers.nginx(Path(folder)) as url:
        for scenario in TITLES:
            print(table(measure(scenario, url, effort, only)).text())


def measure(scenario: str, url: str, effort: Effort, only: Collection[str]) -> dict[str, Any]:
    absent = {name: why for name, generator in ALL.items() if (why := generator.absent())}
    names = [name for name in only or ALL if name not in absent and _takes_part(name, scenario, effort)]
    job = Job(target=url, users=USERS, warmup=effort.warmup, duration=effort.duration, capture=scenario == "capture")
    cells = interleaved({name: partial(ALL[name].run, job) for name in names}, effort.rounds(ROUNDS), effort.patience)
    return results.save(
        f"speed-{scenario}", effort, cells, scenario=scenario, users=USERS, duration=job.duration, absent=absent
    )


def _takes_part(name: str, scenario: str, effort: Effort) -> bool:
    if scenario == "capture" and name in CANNOT_CAPTURE:
        return False
    return not (effort.quick and name in FOR_SCALE)


def table(content: dict[str, Any]) -> Table:
    cells: dict[str, list[Raw]] = {name: several for name, several in content["cells"].items() if several}
    efficiency = {name: spread([one["sent"] / one["cpu"] for one in calm(several)]) for name, several in cells.items()}
    rows = []
    for name, several in cells.items():
        rate = spread([one["requests"] / one["seconds"] for one in calm(several)])
        own = efficiency[name]
        times = [f"{own.median / efficiency[other].median:.1f}" if other in cells else "" for other in REFERENCES]
        failures = sum(one["failures"] for one in several)
        rows.append([name, rate.text(), own.text(), f"{1e6 / own.median:,.1f}", *times, str(failures)])
    settings = content["settings"]
    rounds = max(len(calm(several)) for several in cells.values())
    return Table(
        title=f"{TITLES[settings['scenario']]} ({settings['users']} users, one core, {rounds} x "
        f"{settings['duration']:g} s)",
        head=["generator", "requests/s", "per CPU second", "CPU us", *(f"x {name}" for name in REFERENCES), "failures"],
        rows=rows,
        notes=[*on_calm(cells), *(f"{name} left out: {why}." for name, why in settings["absent"].items())],
    )
