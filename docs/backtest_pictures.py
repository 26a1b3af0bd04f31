"""Makes the pictures of docs/backtest.md: python docs/backtest_pictures.py [FOLDER]

Without FOLDER from the simulated builds of tests/workflows/test_backtesting.py. With FOLDER into it, from real runs:

thirty commits of the demo shop, three of them slower: a search that somebody accepts, orders that are mended at once,
and a list of products that stays slow for two commits. That takes some eight minutes. The history is kept in FOLDER,
and the table as backtest.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
IMAGES = Path(__file__).parent / "images"
GIT = {f"GIT_{who}_{what}": "perfgate" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
COMMITS = 30
ACCEPTED, MENDED, UNNOTICED = 12, 18, 24
MESSAGES = {ACCEPTED: "A better ranking\n\nPerfgate-Accept: search - the new ranking is worth it"}
SHORT = {"warmup: 3s # never judged": "warmup: 1s", "duration: 25s": "duration: 8s", "min_runs: 1": "min_runs: 5"}
FIXED = ("80ms ", "30ms ")  # limits that a busy machine breaks by itself


def faults(commit: int) -> str:
    broken = ["search:slow=2"] if commit >= ACCEPTED else []
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
    for limit in FIXED:
        assert f"p95: {limit}+" in text, limit
        text = text.replace(f"p95: {limit}+", "p95: +")
    return text


def record(folder: Path) -> None:
    """Thirty runs of the demo shop, one per commit."""
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main"], cwd=folder, check=True)
    (folder / "budgets.yaml").write_text(budgets(), encoding="utf-8")
    subprocess.run(["git", "add", "budgets.yaml"], cwd=folder, check=True)  # so that no run has uncommitted changes
    for number in range(1, COMMITS + 1):
        message = MESSAGES.get(number, f"commit {number}")
        known = {**os.environ, **GIT, "GIT_CONFIG_GLOBAL": os.devnull}
        subprocess.run(["git", "commit", "--quiet", "--allow-empty", "-m", message], cwd=folder, env=known, check=True)
        code = perfgate(folder, "run", "--save", PERFGATE_DEMO_FAULTS=faults(number))
        assert code in (0, 1), f"commit {number}: exit code {code}"


def write_table(folder: Path, path: Path) -> None:
    command = [str(Path(sys.executable).parent / "perfgate"), "backtest", "--accepted", "--format", "markdown"]
    with path.open("w", encoding="utf-8") as file:
        subprocess.run(command, cwd=folder, stdout=file, check=True)


def simulate(folder: Path) -> None:
    sys.path[:0] = [str(ROOT / "tests" / "workflows"), str(ROOT / "tests")]
    from test_backtesting import BUDGETS, build

    from perfgate import history

    (folder / "budgets.yaml").write_text(BUDGETS, encoding="utf-8")
    with history.open("sqlite:///.perfgate/history.db", root=folder) as store:
        store.save_all([build(number) for number in range(1, COMMITS + 1)])


def main() -> None:
    target = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else IMAGES
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if target == IMAGES else target / "shop"
        if target == IMAGES:
            simulate(folder)
        else:
            folder.mkdir(parents=True)
            record(folder)
            write_table(folder, target / "backtest.md")
        for theme in ("light", "dark"):
            dark = ["--dark"] if theme == "dark" else []
            picture = target / f"backtest-{theme}.png"
            assert perfgate(folder, "backtest", "--accepted", "--output", str(picture), *dark) == 0


if __name__ == "__main__":
    main()
