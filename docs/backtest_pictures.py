"""Makes the pictures of docs/backtest.md from real runs: python docs/backtest_pictures.py [HISTORY]

Thirty commits of the demo shop, three of them slower: a search that somebody accepts, orders that are mended at once,
and a list of products that stays slow for two commits. Takes some five minutes. Keeps the history for a test; with
HISTORY, such a file, it draws only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
IMAGES = Path(__file__).parent / "images"
KEPT = ROOT / "tests" / "end_to_end" / "recorded" / "backtest-history.jsonl.gz"
GIT = {f"GIT_{who}_{what}": "perfgate" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
COMMITS = 30
ACCEPTED, MENDED, UNNOTICED = 12, 18, 24
MESSAGES = {ACCEPTED: "A better ranking\n\nPerfgate-Accept: search - the new ranking is worth it"}
SHORT = {"warmup: 3s # never judged": "warmup: 1s", "duration: 25s": "duration: 4s", "min_runs: 1": "min_runs: 5"}


def faults(commit: int) -> str:
    broken = ["search:slow=3"] if commit >= ACCEPTED else []
    broken += ["orders:slow=5"] if commit == MENDED else []
    broken += ["products:slow=6"] if commit in (UNNOTICED, UNNOTICED + 1) else []
    return ",".join(broken)


def perfgate(folder: Path, *arguments: str, **environment: str) -> int:
    """The exit code."""
    command = [str(Path(sys.executable).parent / "perfgate"), *arguments]
    return subprocess.run(command, cwd=folder, env={**os.environ, **GIT, **environment}, check=False).returncode


def budgets() -> str:
    text = (ROOT / "budgets.yaml").read_text(encoding="utf-8")
    for old, new in SHORT.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def record(folder: Path) -> None:
    """Thirty runs, one per commit."""
    for number in range(1, COMMITS + 1):
        message = MESSAGES.get(number, f"commit {number}")
        known = {**os.environ, **GIT, "GIT_CONFIG_GLOBAL": os.devnull}
        subprocess.run(["git", "commit", "--quiet", "--allow-empty", "-m", message], cwd=folder, env=known, check=True)
        code = perfgate(folder, "run", "--save", PERFGATE_DEMO_FAULTS=faults(number))
        assert code in (0, 1), f"commit {number}: exit code {code}"
    assert perfgate(folder, "history", "export", str(KEPT)) == 0


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        subprocess.run(["git", "init", "--quiet", "--initial-branch", "main"], cwd=folder, check=True)
        (folder / "budgets.yaml").write_text(budgets(), encoding="utf-8")
        subprocess.run(["git", "add", "budgets.yaml"], cwd=folder, check=True)  # so that no run has uncommitted changes
        if len(sys.argv) > 1:
            shutil.copy(sys.argv[1], folder / "kept.jsonl.gz")
            assert perfgate(folder, "history", "import", "kept.jsonl.gz") == 0
        else:
            record(folder)
        for theme in ("light", "dark"):
            dark = ["--dark"] if theme == "dark" else []
            picture = IMAGES / f"backtest-{theme}.png"
            assert perfgate(folder, "backtest", "--accepted", "--output", str(picture), *dark) == 0


if __name__ == "__main__":
    main()
