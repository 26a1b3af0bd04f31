"""Makes the README's pictures from real runs of the demo shop: python docs/pictures.py

Runs `perfgate run` on the sound shop for several commits and then with a slow search; keeps what the terminal shows
of the last run, and its chart. Takes some five minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from perfgate import history
from perfgate.files import run_folder
from perfgate.report.facts import Facts
from perfgate.report.terminal import console

ROOT = Path(__file__).parent.parent
IMAGES = Path(__file__).parent / "images"
COLUMNS = 92
COMMITS = 7
FAULT = "search:slow=3"
GIT = {f"GIT_{who}_{what}": "perfgate" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def measured(folder: Path, commit: str, **environment: str) -> int:
    """The exit code of a run on a new commit."""
    known = {**os.environ, **GIT, "GIT_CONFIG_GLOBAL": os.devnull, **environment}
    subprocess.run(["git", "commit", "--quiet", "--allow-empty", "-m", commit], cwd=folder, env=known, check=True)
    perfgate = str(Path(sys.executable).parent / "perfgate")
    return subprocess.run([perfgate, "run", "--budget", "budgets.yaml"], cwd=folder, env=known, check=False).returncode


def terminal(folder: Path) -> str:
    """What a terminal shows of the newest run, as SVG."""
    newest = run_folder.find("latest", folder)
    assert newest is not None
    with history.open("sqlite:///.perfgate/history.db", root=folder) as store:
        past_runs = store.runs("shop")
    facts = Facts(verdict=run_folder.read_verdict(newest), run=run_folder.read_run(newest), past_runs=past_runs)
    screen = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor")
    screen.print(Text(f'$ PERFGATE_DEMO_FAULTS="{FAULT}" perfgate run --budget budgets.yaml', style="bold"))
    console.show(facts, screen)
    return screen.export_svg(title="perfgate")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        subprocess.run(["git", "init", "--quiet", "--initial-branch", "main"], cwd=folder, check=True)
        shutil.copy(ROOT / "budgets.yaml", folder)
        subprocess.run(["git", "add", "budgets.yaml"], cwd=folder, check=True)  # so that no run has uncommitted changes
        assert [measured(folder, f"commit {number}") for number in range(COMMITS)] == [0] * COMMITS
        assert measured(folder, "slower search", PERFGATE_DEMO_FAULTS=FAULT) == 1
        (IMAGES / "terminal.svg").write_text(terminal(folder), encoding="utf-8")
        newest = run_folder.find("latest", folder)
        assert newest is not None
        for theme in ("light", "dark"):
            shutil.copy(newest / "charts" / f"search-p95-{theme}.png", IMAGES)


if __name__ == "__main__":
    main()
