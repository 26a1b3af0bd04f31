"""`python -m bench.gate [--quick] [--recordings FOLDER]`: errors of perfgate's verdicts and of its peers'."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.engine import machine
from bench.engine.results import FOLDER
from bench.engine.results import QUICK as QUICK_FOLDER
from bench.engine.rounds import note
from bench.gate import figures
from bench.gate.docs import NAME
from bench.gate.recorded import numbered
from bench.gate.table import table

RECORDINGS = "PERFGATE_BENCH_RECORDINGS"
KEPT = Path(__file__).parent.parent.parent / "tests" / "end_to_end" / "recorded"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gate", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look at whether all is in order, not for quoting")
    parser.add_argument(
        "--recordings",
        type=Path,
        default=Path(os.environ.get(RECORDINGS) or KEPT),
        help=f"folder of aa-NNN.csv.gz and duet-*.csv.gz (${RECORDINGS}); the repository's few by default",
    )
    arguments = parser.parse_args()
    print(table(measured(arguments.recordings, quick=arguments.quick)).text())


def measured(recordings: Path, *, quick: bool) -> dict[str, Any]:
    """What it measured and saved. Raises ValueError with too few recordings."""
    stormy = [number < figures.STORMY_BELOW for _, number in numbered(recordings, "aa-*.csv.gz")]
    if stormy.count(False) <= figures.RUNS:
        raise ValueError(f"{recordings} has {stormy.count(False)} calm recordings; {figures.RUNS + 1} are needed")
    began, sweeps = time.monotonic(), {}
    for name, counts in figures.measure(recordings, figures.QUICK if quick else figures.FULL):
        sweeps[name] = counts
        note(f"{time.monotonic() - began:5.0f} s  {name}: {counts['suites']} suites")
    content = {
        "bench": "gate",
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "seconds": round(time.monotonic() - began),
        "recordings": {"calm": stormy.count(False), "stormy": stormy.count(True)},
        "machine": machine.facts(),
        "versions": {name: version(name) for name in ("perfgate", "numpy", "scipy")} | {"commit": _commit()},
        "sweeps": sweeps,
    }
    folder = QUICK_FOLDER if quick else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAME).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return content


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    main()
