"""Judging a run of 50 endpoints against 1,000 stored runs, as a user starts it. `python bench/history.py`

A SQLite history of made-up runs with everything that real ones hold: distributions, phases, intervals.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from perfgate import budgets, history, scenarios
from perfgate.files import codec
from perfgate.model.metric import LATENCY_QUANTILES
from perfgate.model.outcome import Outcome
from perfgate.model.plan import Plan
from perfgate.model.revision import Revision
from perfgate.model.run import Conditions, Distribution, EndpointResult, Generator, PastRun, Run, Runner
from perfgate.recording import counting, histogram
from perfgate.recording.histogram import Histogram

RUNS, ENDPOINTS, REQUESTS = 1000, 50, 600  # the last: per endpoint and run
DIFFERENT = 20  # runs whose distributions are made; the others have theirs, with metrics of their own
ROUNDS = 5
DURATION = 30.0
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DATABASE = "history.db"
PHASES = ("service", "first_byte", "download")
LAUNCH = """
import atexit, sys
peak = lambda: next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
atexit.register(lambda: sys.stderr.write(peak()))
from perfgate.cli import main
main()
"""  # and tells the most memory it used: what the system counts for a child begins with its parent's
COMMANDS = {
    "perfgate gate RUN": ("gate", "latest"),
    "perfgate gate RUN --charts": ("gate", "latest", "--charts"),
    "perfgate trend ENDPOINT": ("trend", "endpoint 7"),
    "perfgate history list": ("history", "list"),
    "perfgate --help": ("--help",),
}


def budget_file() -> str:
    names = "\n".join(f"  endpoint {number}: {{request: GET /{number}}}" for number in range(ENDPOINTS))
    return (
        "version: 1\nname: shop\ntarget: http://127.0.0.1:1\nload: {rate: 1000/s, duration: 30s}\n"
        f"defaults: {{budget: {{p95: 500ms +10%, errors: 1% +0.5pp}}}}\nendpoints:\n{names}\n"
    )


def distribution(random: np.random.Generator, centre: float) -> Distribution:
    made = Histogram()
    counting.add_many(made, (random.lognormal(0, 0.5, REQUESTS) * centre * 1e9).astype(np.int64))
    return made.freeze()


def endpoint(random: np.random.Generator, name: str, centre: float) -> EndpointResult:
    latency = distribution(random, centre)
    metrics = {metric: histogram.quantile(latency, q) or 0.0 for metric, q in LATENCY_QUANTILES.items()}
    metrics |= {"mean": histogram.mean(latency) or 0.0, "max": latency.maximum / 1e9, "ttfb_p95": metrics["p90"]}
    intervals = {metric: (value * 0.95, value * 1.05) for metric, value in metrics.items()}
    counts = {"errors": 0.0, "rate": REQUESTS / DURATION, "size": 4321.5}
    return EndpointResult(
        name=name,
        requests=REQUESTS,
        samples=REQUESTS,
        bytes=REQUESTS * 4321,
        metrics=metrics | counts,
        intervals=intervals | {"errors": (0.0, 0.006)},
        design_effects=dict.fromkeys(metrics, 1.3),
        latency=latency,
        phases={phase: distribution(random, centre / 2) for phase in PHASES},
    )


def made_up(plan: Plan) -> Iterator[Run]:
    """Oldest first; the last one is to be judged. Runs differ as a whole, and a little by endpoint."""
    random = np.random.default_rng(1)
    own = random.lognormal(-3.5, 0.6, ENDPOINTS)
    pool = [
        [endpoint(random, one.name, centre) for one, centre in zip(plan.endpoints, own, strict=True)]
        for _ in range(DIFFERENT)
    ]
    for number in range(RUNS + 1):
        common = random.lognormal(0, 0.1)
        yield Run(
            id=f"run-{number:05d}",
            name=plan.name,
            started=(FIRST + timedelta(hours=number)).isoformat(),
            duration=DURATION,
            target=plan.target,
            **asdict(Revision(commit=f"{number:040x}", branch="main")),
            conditions=Conditions(
                load_digest=plan.digests.load,
                load=plan.load_words,
                endpoint_digests=plan.digests.endpoints,
                runner=Runner(os="Linux", cpu="Bench", cores=4, memory=2**34),
                versions={"perfgate": "0.1.0"},
            ),
            generator=Generator(due=30_000, sent=30_000, users=50),
            endpoints=tuple(scaled(one, common * random.lognormal(0, 0.03)) for one in pool[number % DIFFERENT]),
        )


def scaled(result: EndpointResult, factor: float) -> EndpointResult:
    """Slower by a factor, as far as metrics tell."""
    times = {name: value * factor for name, value in result.metrics.items() if name in result.design_effects}
    intervals = {name: (value * 0.95, value * 1.05) for name, value in times.items()}
    return replace(result, metrics={**result.metrics, **times}, intervals={**result.intervals, **intervals})


def fill(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "budgets.yaml"
    path.write_text(budget_file(), encoding="utf-8")
    plan = scenarios.plan(budgets.read(path, None))
    with history.open(f"sqlite:///{DATABASE}", root=folder) as store:
        for number, run in enumerate(made_up(plan)):
            if number == RUNS:
                codec.write(run, folder / ".perfgate" / "runs" / run.id / "run.json")
            else:
                store.save(PastRun(run=run, outcome=Outcome.PASS))


def measured(folder: Path, arguments: tuple[str, ...]) -> tuple[float, float, float]:
    """Seconds by the clock and of CPU, and the most memory in MB."""
    environment = {**os.environ, "PERFGATE_HISTORY": f"sqlite:///{DATABASE}", "NO_COLOR": "1"}
    command = [sys.executable, "-c", LAUNCH, *arguments]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(arguments)}: exit code {done.returncode}\n{done.stderr}")
    memory = int(done.stderr.splitlines()[-1].split()[1]) / 1024
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, memory


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="perfgate-bench-") as scratch:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else scratch)  # a named one is kept, and used again
        if not (folder / DATABASE).exists():
            began = time.perf_counter()
            fill(folder)
            print(f"made in {time.perf_counter() - began:.0f} s")
        size = sum(file.stat().st_size for file in folder.glob(f"{DATABASE}*")) / 2**20
        print(f"{RUNS:,} stored runs of {ENDPOINTS} endpoints: {size:.0f} MB")
        print(f"{'':28}{'median':>10}{'slowest':>10}{'CPU':>10}{'memory':>10}   each round, s")
        for command, arguments in COMMANDS.items():
            seconds, cpu, memory = zip(*(measured(folder, arguments) for _ in range(ROUNDS)), strict=True)
            figures = f"{statistics.median(seconds):>8.2f} s{max(seconds):>8.2f} s{statistics.median(cpu):>8.2f} s"
            print(f"{command:28}{figures}{max(memory):>7.0f} MB   {' '.join(f'{value:.2f}' for value in seconds)}")


if __name__ == "__main__":
    main()
