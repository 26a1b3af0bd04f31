"""Budget files -> scenarios -> one real Locust process that performs every task -> what the server got."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scenarios.expected import turns
from scenarios.recording_server import Recorded, recording_server

from perfgate import budgets, scenarios
from perfgate.model.budget_file import BudgetFile

DRIVER = Path(__file__).parent / "send_all.py"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What one scenario sent: the requests of each task, the names under which they were reported, what failed."""

    budget_file: BudgetFile
    scenario: str
    requests: list[list[Recorded]]
    names: list[str]
    failures: list[str]


def send_all(texts: Iterable[str], folder: Path, environ: Mapping[str, str]) -> list[Sent]:
    """Every task of every budget file, once. The files may say `${PROP_TARGET}`."""
    with recording_server() as server:
        environ = {**environ, "PROP_TARGET": server.url}
        files, sources = [], []
        for number, text in enumerate(texts):
            path = folder / f"budgets-{number}.yaml"
            path.write_text(text, encoding="utf-8")
            files.append(budgets.read(path, environ))
            scenario = folder / f"scenario_{number}.py"
            sources.append(scenarios.generate(scenarios.plan(files[-1]), scenario=scenario))
            scenario.write_text(sources[-1], encoding="utf-8")
        paths = [str(folder / f"scenario_{number}.py") for number in range(len(files))]
        done = subprocess.run(
            [sys.executable, str(DRIVER), server.url, *paths],
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        groups = iter(server.groups[1:])
    return [
        Sent(budget_file=file, scenario=source, requests=[next(groups) for _ in turns(file)], **reported)
        for file, source, reported in zip(files, sources, json.loads(done.stdout), strict=True)
    ]
