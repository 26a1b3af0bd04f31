"""Raw figures as JSON, with what they depend on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import perfgate
from bench.engine import machine
from bench.engine.tables import Raw

FOLDER = Path(__file__).parent.parent / "results"
QUICK = FOLDER / "quick"  # ignored by git
COMMANDS = {"k6": ["k6", "version"], "nginx": ["nginx", "-v"], "wrk": ["wrk", "-v"]}


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How long and how often. `quick` is for seeing that all is in order, not for quoting."""

    quick: bool
    most: int | None = None  # rounds, where time is short

    def rounds(self, usual: int) -> int:
        return 1 if self.quick else min(usual, self.most or usual)

    @property
    def duration(self) -> float:
        return 2.0 if self.quick else 10.0

    @property
    def warmup(self) -> float:
        return 1.0 if self.quick else 2.0

    @property
    def patience(self) -> float:
        """s to wait for a calm machine before each measurement."""
        return 0.0 if self.quick else 60.0


def save(name: str, effort: Effort, cells: Mapping[str, Sequence[Raw]], **settings: Any) -> dict[str, Any]:
    """Everything measured, calm or not, by cell. Returns what `read` gives."""
    folder = QUICK if effort.quick else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "bench": name,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": effort.quick,
        "settings": settings,
        "machine": machine.facts(),
        "versions": _versions(),
        "cells": cells,
    }
    (folder / f"engine-{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return content


def read(name: str) -> dict[str, Any]:
    """The results of the last full run."""
    content: dict[str, Any] = json.loads((FOLDER / f"engine-{name}.json").read_text(encoding="utf-8"))
    return content


def _versions() -> dict[str, str]:
    found = {name: version(name) for name in ("perfgate", "locust", "gevent", "httptools")}
    measured = str(Path(perfgate.__file__).parent)
    for name, command in {**COMMANDS, "commit": ["git", "-C", measured, "describe", "--always", "--dirty"]}.items():
        try:
            said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
        except OSError:
            continue
        found[name] = ((said.stdout or said.stderr).strip().splitlines() or [""])[0][:80]
    return found
