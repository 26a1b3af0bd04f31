"""Raw figures as JSON, with what they depend on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.engine import machine
from bench.engine.rounds import Taken

FOLDER = Path(__file__).parent.parent / "results"
QUICK = FOLDER / "quick"  # ignored by git
COMMANDS = {"k6": ["k6", "version"], "nginx": ["nginx", "-v"], "wrk": ["wrk", "-v"]}


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How long and how often. `quick` is for seeing that all is in order, not for quoting."""

    quick: bool

    @property
    def rounds(self) -> int:
        return 1 if self.quick else 5

    @property
    def duration(self) -> float:
        return 2.0 if self.quick else 10.0

    @property
    def patience(self) -> float:
        """s to wait for a calm machine before each measurement."""
        return 0.0 if self.quick else 40.0

    @property
    def warmup(self) -> float:
        return 1.0 if self.quick else 2.0


def save(name: str, effort: Effort, taken: Mapping[str, Sequence[Taken[Any]]], **settings: Any) -> Path:
    """Everything measured, calm or not. `taken` by cell; its values are dataclasses."""
    folder = QUICK if effort.quick else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "bench": name,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": effort.quick,
        "settings": settings,
        "machine": machine.facts(),
        "versions": _versions(),
        "cells": {
            name: [{"others": one.others, **asdict(one.value)} for one in several] for name, several in taken.items()
        },
    }
    path = folder / f"engine-{name}.json"
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


def read(name: str, effort: Effort) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(((QUICK if effort.quick else FOLDER) / f"engine-{name}.json").read_text())
    return content


def _versions() -> dict[str, str]:
    found = {name: version(name) for name in ("perfgate", "locust", "gevent", "httptools")}
    for name, command in COMMANDS.items():
        try:
            said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
        except OSError:
            continue
        found[name] = ((said.stdout or said.stderr).strip().splitlines() or [""])[0][:80]
    return found
