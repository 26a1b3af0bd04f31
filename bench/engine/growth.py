"""How perfgate's cost grows: with processes, endpoints, the size of bodies, and what is asked of an answer."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.engine import growth_chart, results, servers
from bench.engine.generators import perfgate
from bench.engine.job import Job, Said
from bench.engine.results import Effort
from bench.engine.rounds import interleaved, note
from bench.engine.tables import Raw, Table, calm, on_calm, spread

USERS = 32
ROUNDS = 3
SIZES = {"100 B": 100, "1 kB": 1_000, "10 kB": 10_000, "100 kB": 100_000, "1 MB": 1_000_000}
EXPECTATIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "status": {"expect": {"status": 200}},
    "status, header": {"expect": {"status": 200, "header": {"content-type": "application/json"}}},
    "status, JSON value": {"expect": {"status": 200, "json": {"$.id": 12345}}},
    "status, path, capture": {
        "request": "GET /items/{number}",
        "with": {"number": {"between": [1, 1000]}},
        "expect": {"status": 200},
        "capture": {"id": "$.id"},
    },
}
CHECKED: dict[str, Any] = EXPECTATIONS["status"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One bar of one panel."""

    panel: str
    label: str
    endpoints: dict[str, dict[str, Any]]
    processes: int = 1


def cells(quick: bool) -> list[Cell]:
    found = [
        Cell(panel="processes", label=str(number), endpoints={"answer": _endpoint("/json", CHECKED)}, processes=number)
        for number in (1, 2)
    ]
    found += [
        Cell(
            panel="endpoints",
            label=str(number),
            endpoints={f"endpoint {at}": _endpoint(f"/json/{at}", CHECKED) for at in range(number)},
        )
        for number in (1, 10, 100, 500)
    ]
    found += [
        Cell(panel="body", label=label, endpoints={"file": _endpoint(f"/bytes/{size}", CHECKED)})
        for label, size in SIZES.items()
    ]
    found += [
        Cell(panel="expectations", label=label, endpoints={"answer": _endpoint("/json", what)})
        for label, what in EXPECTATIONS.items()
    ]
    return [cell for cell in found if cell.label in ("500", "1 MB")] if quick else found


def _endpoint(path: str, what: dict[str, Any]) -> dict[str, Any]:
    return {"request": f"GET {path}", **what}


def main(effort: Effort, only: Collection[str]) -> None:
    if not servers.has_nginx():
        note("growth: no nginx on the PATH (apt install nginx-light): left out")
        return
    if only and "perfgate" not in only:
        return
    sizes = tuple(SIZES.values())
    with tempfile.TemporaryDirectory(prefix="perfgate-nginx-") as folder, servers.nginx(Path(folder), sizes) as url:
        each = {f"{cell.panel}: {cell.label}": partial(measure, cell, url, effort) for cell in cells(effort.quick)}
        measured = interleaved(each, effort.rounds(ROUNDS), effort.patience)
    print(table(results.save("growth", effort, measured, users=USERS)).text())
    if not effort.quick:
        growth_chart.main()


def measure(cell: Cell, url: str, effort: Effort, folder: Path) -> Said:
    job = Job(target=url, users=USERS, warmup=1.0, duration=max(2.0, effort.duration / 2), processes=cell.processes)
    return perfgate.measure(perfgate.budget(job) | {"endpoints": cell.endpoints}, job, folder)


def table(content: dict[str, Any]) -> Table:
    measured: dict[str, list[Raw]] = {name: several for name, several in content["cells"].items() if several}
    rows = []
    for name, several in measured.items():
        quiet = calm(several)
        rate = spread([one["requests"] / one["seconds"] for one in quiet]).text()
        each = spread([1e6 * one["cpu"] / one["sent"] for one in quiet]).text("{:,.1f}")
        rows.append([name, rate, each, str(sum(one["failures"] for one in several))])
    return Table(
        title=f"Growth of perfgate's cost ({content['settings']['users']} users, closed loop, nginx)",
        head=["", "requests/s", "CPU us each", "failures"],
        rows=rows,
        notes=on_calm(measured),
    )
