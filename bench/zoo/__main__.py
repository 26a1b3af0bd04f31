"""What the diagnosis says of the demo shop's faults: a sound shop beside a broken one, for each fault several times.

    python -m bench.zoo [--times N] [--only NAME]

The shop tells its database time and cache hits itself (Server-Timing); nothing else is installed in it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from perfgate import budgets, loadtest
from perfgate.loadtest.service.ports import free_ports
from perfgate.model.budget_file import Service
from perfgate.model.diagnosis import Diagnosed
from perfgate.model.run import Arm
from perfgate.workflows import diagnose as diagnosing

BUDGETS = """
version: 1
name: zoo
target: http://127.0.0.1:8765
service: {command: "python -m perfgate.demo --port ${PORT}", port: 8765, ready: /healthz}
load: {users: 5, duration: 5s}
endpoints:
  home: GET /
  products: {request: "GET /products?page={page}", with: {page: {between: [1, 60]}}}
  product: {request: "GET /products/{id}", with: {id: {between: [1, 500]}}}
  search: {request: "GET /search?q={word}", with: {word: {choice: [lamp, chair, oak, blue, garden]}}}
diagnose: {for: 20s}
"""
CONTROL = "home"


@dataclass(frozen=True)
class Case:
    """A fault, where it is looked at, and what may be said of it."""

    name: str
    faults: str
    endpoint: str
    layers: tuple[str, ...]
    causes: tuple[str, ...]


CASES = (
    Case("N+1", "products:n+1", "products", ("database",), ("repeated-statement",)),
    Case("N+1 in search", "search:n+1", "search", ("database",), ("repeated-statement",)),
    Case("no index", "search:no-index", "search", ("database",), ("slower-statement", "sequential-scan")),
    Case("no cache", "product:no-cache", "product", ("cache", "database"), ("cache-lost",)),
    Case("blocking call", "product:block", "product", ("application", "queue"), ("blocking-call",)),
    Case("big answers", "product:big", "product", ("download", "application"), ("payload",)),
    Case("sleeps", "product:slow=4", "product", ("application", "database"), ("waiting",)),
    Case("healthy", "", "products", ("unattributed",), ("healthy",)),
    Case("healthy again", "", "search", ("unattributed",), ("healthy",)),
)


def look(case: Case, folder: Path, seconds: float) -> tuple[Diagnosed, tuple[str, ...]]:
    path = folder / "budgets.yaml"
    path.write_text(BUDGETS.replace("20s", f"{seconds:g}s"), encoding="utf-8")
    budget_file = budgets.read(path, os.environ)
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    ports = dict(zip(("base", "head"), free_ports(2), strict=True))
    assert budget_file.service is not None
    starts = tuple(
        loadtest.Start(
            service=Service(command=budget_file.service.command, port=ports[arm], ready=budget_file.service.ready),
            folder=folder,
            log=folder / f"service-{arm}.log",
            environ={**environ, "PERFGATE_DEMO_FAULTS": case.faults if arm == "head" else ""},
        )
        for arm in ("base", "head")
    )
    arms = tuple(Arm(name=name, target=f"http://127.0.0.1:{ports[name]}") for name in ("base", "head"))
    request = diagnosing.Request(
        budget_file=budget_file,
        sides=loadtest.Sides(target=arms[1].target, starts=starts, arms=arms),
        wanted={case.endpoint: "p95"},
        control=CONTROL,
        run_id="zoo",
        folder=folder,
        environ=environ,
    )
    diagnosis = diagnosing.diagnose(request, lambda _: None)
    return diagnosis.findings[0], diagnosis.warnings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    right: Counter[str] = Counter()
    print("| fault | layer named | cause named | layer right | cause right |\n|-|-|-|-:|-:|")
    cases = [case for case in CASES if arguments.only in case.name]
    for case in cases:
        layers, causes, counts = Counter[str](), Counter[str](), Counter[str]()
        for _ in range(arguments.times):
            with TemporaryDirectory() as folder:
                found, warnings = look(case, Path(folder), arguments.seconds)
            first = found.causes[0]
            total = sum(one.change or 0.0 for one in found.layers)
            assert found.difference is not None
            assert abs(total - found.difference) < 1e-9
            layers[first.layer] += 1
            causes[f"{first.code} ({first.confidence})"] += 1
            counts["layer"] += first.layer in case.layers
            counts["cause"] += first.code in case.causes
            if arguments.verbose:
                print(found, warnings, file=sys.stderr)
        right.update(counts)
        named = [", ".join(f"{name} {n}x" for name, n in which.most_common()) for which in (layers, causes)]
        shares = [f"{counts[what]}/{arguments.times}" for what in ("layer", "cause")]
        print(f"| {case.name} | {' | '.join([*named, *shares])} |", flush=True)
    number = arguments.times * len(cases)
    print(f"\nlayer right {right['layer']}/{number}, cause right {right['cause']}/{number}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
