"""`python -m bench.gate.real [--unchanged 30] [--slower 10] [--hog 10]`: real A/B runs of the demo shop, each told.

- unchanged: base and head are the same commit. Nothing may fail.
- slower: the head's `search` takes 20 % longer. It must fail, or be inconclusive; nothing else may fail.
- hog: as unchanged, while another program burns a whole core for 2 s of every 4 s. Nothing may fail.

Each run starts both shops anew in a git repository of its own: `perfgate run --base-ref main`, as in a pull request.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent / "results" / "gate-real.json"
SLOWER = "search"
HOG = """
import time
while True:
    until = time.monotonic() + 2
    while time.monotonic() < until:
        pass
    time.sleep(2)
"""
COMMAND_TIMEOUT_S = 240.0  # s


def budget(duration: float, rate: float, fault: str) -> dict[str, Any]:
    """A budget file (JSON is YAML). perfgate tells each service which arm it is."""
    shop = f"exec {shlex.quote(sys.executable)} -m perfgate.demo --port ${{PORT}}"
    faulty = f'if [ "$PERFGATE_ARM" = head ]; then export PERFGATE_DEMO_FAULTS={fault}; fi; {shop}'
    limits = {"p50": "+10%", "p95": "+10%", "errors": "1% +0.5pp"}
    requests = {"home": "/", "products": "/products?page={n}", "product": "/products/{n}", "search": "/search?q={word}"}
    drawn = {"home": {}, "search": {"word": {"choice": ["lamp", "chair", "oak", "blue", "garden"]}}}
    return {
        "version": 1,
        "name": "shop",
        "target": "http://127.0.0.1:8765",
        "service": {"command": f"sh -c {shlex.quote(faulty if fault else shop)}", "port": 8765, "ready": "/healthz"},
        "load": {"rate": f"{rate:g}/s", "warmup": "3s", "duration": f"{duration:g}s"},
        "defaults": {"budget": limits},
        "gate": {"floor": {"time": "0.2ms"}},
        "endpoints": {
            name: {"request": f"GET {path}"} | ({"with": values} if values else {})
            for name, path in requests.items()
            for values in [drawn.get(name, {"n": {"between": [1, 60]}})]
        },
    }


@contextmanager
def hogging(wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    hog = subprocess.Popen([sys.executable, "-c", HOG])
    try:
        yield
    finally:
        hog.kill()
        hog.wait()


def run(kind: str, folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """One A/B run in a fresh repository: what came of every budget, and how long it took."""
    content = budget(arguments.duration, arguments.rate, f"{SLOWER}:slow=1.2" if kind == "slower" else "")
    (folder / "budgets.yaml").write_text(json.dumps(content, indent=1), encoding="utf-8")
    identity = {f"GIT_{who}_{what}": "bench" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "shop"]):
        subprocess.run(["git", *command], cwd=folder, env={**os.environ, **identity}, check=True)
    command = [sys.executable, "-m", "perfgate", "run", "--base-ref", "main", "--no-save", "--out", "out"]
    began = time.monotonic()
    with hogging(kind == "hog"):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S)
    took = time.monotonic() - began
    verdict_file = folder / "out" / "verdict.json"
    if not verdict_file.exists():
        raise RuntimeError(f"no verdict (exit code {done.returncode}): {done.stderr[-800:]}")
    verdict = json.loads(verdict_file.read_text(encoding="utf-8"))
    measured = json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))
    findings = {f"{one['endpoint']} {one['metric']}": one for one in verdict["findings"]}
    return {
        "kind": kind,
        "exit": done.returncode,
        "verdict": verdict["outcome"],
        "seconds": round(took, 1),
        "pressure": round(measured["generator"]["cpu_pressure"], 2),
        "requests": [endpoint["requests"] for endpoint in measured["endpoints"]],
        "outcomes": {name: one["outcome"] for name, one in findings.items()},
        "changes": {name: one["change"] for name, one in findings.items()},
        "told": [one["sentence"] for one in findings.values() if one["outcome"] == "fail"],
    }


def right(one: dict[str, Any]) -> bool:
    """Nothing failed or improved that did not change, and what got slower did not pass."""
    slower = {
        name for name in one["outcomes"] if one["kind"] == "slower" and name in (f"{SLOWER} p50", f"{SLOWER} p95")
    }
    return all(
        outcome in ("fail", "inconclusive") if name in slower else outcome in ("pass", "inconclusive")
        for name, outcome in one["outcomes"].items()
    )


def summary(kind: str, several: list[dict[str, Any]]) -> str:
    outcomes = Counter(outcome for one in several for outcome in one["outcomes"].values())
    wrong = sum(not right(one) for one in several)
    found = sum("fail" in (one["outcomes"][f"{SLOWER} p50"], one["outcomes"][f"{SLOWER} p95"]) for one in several)
    took = sorted(one["seconds"] for one in several)
    text = f"{kind}: {len(several)} runs, {wrong} with a wrong finding; findings: "
    text += ", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common())
    if kind == "slower":
        text += f"; the slower endpoint failed in {found} of {len(several)}"
    return f"{text}; {took[len(took) // 2]:.0f} s a run ({took[0]:.0f} to {took[-1]:.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gate.real", description=__doc__.splitlines()[0])
    for kind, number in (("unchanged", 30), ("slower", 10), ("hog", 10)):
        parser.add_argument(f"--{kind}", type=int, default=number)
    parser.add_argument("--duration", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=300.0, help="of both arms together")
    arguments = parser.parse_args()
    told: dict[str, list[dict[str, Any]]] = {}
    for kind in ("unchanged", "slower", "hog"):
        for number in range(getattr(arguments, kind)):
            with tempfile.TemporaryDirectory(prefix="perfgate-real-") as folder:
                one = run(kind, Path(folder), arguments)
            told.setdefault(kind, []).append(one)
            outcomes = ", ".join(f"{name} {outcome}" for name, outcome in one["outcomes"].items() if outcome != "pass")
            print(
                f"{kind} {number + 1}: {one['verdict']}, {one['seconds']:.0f} s, {outcomes or 'all pass'}", flush=True
            )
            RESULTS.write_text(json.dumps({**vars(arguments), "runs": told}, indent=1), encoding="utf-8")
    print("\n".join(summary(kind, several) for kind, several in told.items()))


if __name__ == "__main__":
    main()
