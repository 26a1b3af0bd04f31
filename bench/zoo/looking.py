"""One look: a sound service beside a sick one, and what the diagnosis says of the second."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from bench.zoo import limiting
from bench.zoo.cases import Case
from bench.zoo.observed import Observed, recording
from bench.zoo.patient import store
from perfgate import budgets, loadtest
from perfgate.diagnose import rules
from perfgate.loadtest.service.ports import free_ports
from perfgate.middleware.secret import VARIABLE
from perfgate.model.budget_file import Service
from perfgate.model.diagnosis import Diagnosed
from perfgate.model.run import Arm
from perfgate.workflows import diagnose as diagnosing

ARMS = ("base", "head")
PATIENT = """
version: 1
name: zoo
target: http://127.0.0.1:1
service: {{command: unused, port: 1, ready: /healthz}}
load: {{users: 5, duration: 5s}}
endpoints:
  ping: GET /ping
  orders: {{request: "GET /orders?n={{n}}", with: {{n: {{between: [1, 1000]}}}}}}
  report: {{request: "GET /report?n={{n}}", with: {{n: {{between: [1, 1000]}}}}}}
  product: {{request: "GET /product?n={{n}}", with: {{n: {{between: [1, 1000]}}}}}}
  stock: {{request: "GET /stock?n={{n}}", with: {{n: {{between: [1, 1000]}}}}}}
  ledger: GET /ledger
  quote: GET /quote
  export: {{request: GET /export, expect: {{status: 202}}}}
  render: GET /render
diagnose: {{for: {seconds:g}s{probes}}}
"""
SHOP = """
version: 1
name: zoo
target: http://127.0.0.1:1
service: {{command: unused, port: 1, ready: /healthz}}
load: {{users: 5, duration: 5s}}
endpoints:
  home: GET /
  products: {{request: "GET /products?page={{page}}", with: {{page: {{between: [1, 60]}}}}}}
  product: {{request: "GET /products/{{id}}", with: {{id: {{between: [1, 500]}}}}}}
  search: {{request: "GET /search?q={{word}}", with: {{word: {{choice: [lamp, chair, oak, blue, garden]}}}}}}
diagnose: {{for: {seconds:g}s}}
"""
PROBES = ", postgres: '${ZOO_DATABASE}', redis: '${ZOO_REDIS}', celery: '${ZOO_REDIS}', queue: [jobs-base, jobs-head]"
KEYS = {"blind": "", "0": PROBES, "1": f"{PROBES}, traces: otlp", "2": PROBES}  # of `diagnose`, by tier


@dataclass(frozen=True)
class World:
    """What the patients need, running: PostgreSQL, Redis, and another service."""

    postgres: str
    redis: str
    prices: str
    ports: Mapping[str, int]

    def schema(self, arm: str) -> str:
        return f"side_{self.ports[arm]}"

    def database(self, arm: str) -> str:
        return f"{self.postgres}?options=-csearch_path%3D{self.schema(arm)}"


@contextmanager
def world(postgres: str, redis: str) -> Iterator[World]:
    base, head, prices = free_ports(3)
    made = World(postgres, redis, f"http://127.0.0.1:{prices}", {"base": base, "head": head})
    for arm in ARMS:
        store.build(postgres, made.schema(arm))
    service = subprocess.Popen([sys.executable, "-m", "bench.zoo.patient.prices", str(prices)])
    try:
        yield made
    finally:
        service.kill()
        service.wait()


@dataclass(frozen=True)
class Look:
    patient: str
    case: Case
    tier: str
    found: Diagnosed
    warnings: tuple[str, ...]
    asked: rules.Case  # what the rules were asked

    @property
    def said(self) -> tuple[str, str, str]:
        first = self.found.causes[0]
        return first.layer, first.code, first.confidence

    def kept(self, date: str, seconds: float) -> Observed:
        """What the tests ask the rules about."""
        case = self.case
        return Observed(self.patient, case.disease, case.endpoint, self.tier, date, seconds, self.asked)


def look(patient: str, case: Case, tier: str, here: World, folder: Path, seconds: float) -> Look:
    sick = not case.disease.startswith(("healthy", "slow runner"))
    if patient != "shop":
        store.set_index(here.postgres, here.schema("head"), exists=case.disease != "dropped index")
    path = folder / "budgets.yaml"
    text = SHOP if patient == "shop" else PATIENT
    path.write_text(text.format(seconds=seconds, probes=KEYS[tier]), encoding="utf-8")
    environ = _environ(here, tier)
    with ExitStack() as stack:
        if case.disease.startswith("slow runner"):
            stack.enter_context(limiting.limited(here.ports["head"], by_stops="stops" in case.disease))
        starts = tuple(
            loadtest.Start(
                service=Service(
                    command=_command(patient, here.ports[arm], is_traced=tier == "1"),
                    port=here.ports[arm],
                    ready="/healthz",
                ),
                folder=Path.cwd(),
                log=folder / f"service-{arm}.log",
                environ={
                    **environ,
                    "ZOO_DATABASE": here.database(arm),
                    "ZOO_SIDE": arm,
                    "ZOO_PREFIX": f"{case.name}-{tier}-{arm}-{monotonic()}",
                    "ZOO_DISEASE": case.disease if arm == "head" and sick else "",
                    "PERFGATE_DEMO_FAULTS": case.faults if arm == "head" else "",
                },
            )
            for arm in ARMS
        )
        arms = tuple(Arm(name=arm, target=f"http://127.0.0.1:{here.ports[arm]}") for arm in ARMS)  # type: ignore[arg-type]
        control = next(name for name in ("home" if patient == "shop" else "ping", "orders") if name != case.endpoint)
        request = diagnosing.DiagnosisRequest(
            budget_file=budgets.read(path, environ),
            sides=loadtest.Sides(target=arms[1].target, starts=starts, arms=arms),
            wanted={case.endpoint: "p95"},
            control=control,
            run_id="zoo",
            folder=folder,
            environ=environ,
        )
        with recording() as asked:
            diagnosis = diagnosing.diagnose(request, lambda _: None)
    if not diagnosis.findings:
        raise RuntimeError(f"{patient}, {case.name}: {diagnosis.warnings}")
    return Look(patient, case, tier, diagnosis.findings[0], diagnosis.warnings, asked[-1])


def _environ(here: World, tier: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": os.getcwd(),
        "ZOO_DATABASE": f"{here.postgres}?options=-csearch_path%3Dside_${{PORT}}",
        "ZOO_REDIS": here.redis,
        "ZOO_PRICES": here.prices,
        "DJANGO_SETTINGS_MODULE": "bench.zoo.patient.settings",
    }
    if tier == "2":
        return {**environ, "ZOO_MIDDLEWARE": "1", VARIABLE: "0123456789abcdef"}
    return environ


def _command(patient: str, port: int, *, is_traced: bool) -> str:
    if patient == "node":
        register = "--require @opentelemetry/auto-instrumentations-node/register " if is_traced else ""
        return f"node {register}{installed() / 'server.js'} {port}"
    module = "perfgate.demo --port" if patient == "shop" else f"bench.zoo.patient.{patient}"
    return f"{'opentelemetry-instrument ' if is_traced else ''}python -m {module} {port}"


def installed() -> Path:
    """The folder of the patient that runs on Node, with what it needs from npm."""
    folder = Path("bench/zoo/patient/node").resolve()
    if not (folder / "node_modules").is_dir():
        npm = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        subprocess.run(npm, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder
