"""Pages of the demo shop, as perfgate sees them.

    python -m bench.pages                         # all four: an hour
    python -m bench.pages faults --rounds 5       # each fault against the page without it: what moved, and by how much
    python -m bench.pages healthy --rounds 20     # A/B of two shops that do not differ: how many fail
    python -m bench.pages history --rounds 20     # the same shop again and again, compared with the earlier runs
    python -m bench.pages lighthouse --rounds 10 --lighthouse node_modules/.bin/lighthouse

`--lighthouse` names the program (npm install lighthouse); without one on the PATH that part is left out, and named.
Everything goes to bench/results/pages.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.pages import lighthouse, shop
from bench.pages.truth import TRUTH
from perfgate.model.budget_file import Interaction, PageSpec
from perfgate.pages import browser, measuring, summary, view
from perfgate.pages.browser import Browser
from perfgate.pages.options import PageOptions, PageSide
from perfgate.pages.visit import PageVisit, Purpose

RESULTS = Path(__file__).parent.parent / "results" / "pages.json"
PAGE = PageSpec(name="home", path="/", interact=(Interaction(act="click", target="#buy"),))
LOADED = Purpose(interacts=False)
COMPARED = ("", "late-image", "shift", "long-tasks")
BUDGETS = """
version: 1
name: healthy
target: {target}
pages:
  home:
    path: /
    interact: [{{click: "#buy"}}]
    budget: {{lcp: 2.5s +50%, cls: 0.1, inp: 200ms, fcp: 1.8s +50%, requests: 30 +0%, transfer: 1MB +0%}}
"""
Values = dict[str, float]
Column = dict[str, list[float]]


def viewed(chromium: Browser, url: str, purpose: Purpose) -> view.View:
    looked = chromium.view(PageVisit(page=PAGE, target=url, path="/"), purpose)
    if looked.failure:
        sys.exit(f"{url}: {looked.failure}")
    return looked


def one_view(url: str) -> Values:
    """A view in a browser that is started for it: its second, as no run counts a browser's first."""
    with browser.launch(os.environ) as chromium:
        viewed(chromium, url, LOADED)
        return view.metrics(viewed(chromium, url, LOADED))


def median_of_five(url: str) -> Values:
    """The page as `perfgate run` measures it: seven views, of which five count."""
    page = replace(PAGE, interact=(), fewest=5, most=5)
    with TemporaryDirectory(prefix="perfgate-bench-") as folder:
        options = PageOptions(folder=Path(folder), root=Path(folder), environ=os.environ)
        [result] = measuring.measure([page], [PageSide(arm="", target=url)], options).results[""]
    if result.failures:
        sys.exit(f"{url}: {result.failure_examples}")
    return dict(result.metrics)


def faults(rounds: int) -> dict[str, object]:
    """Each fault and the page without it in turn: how far the metric moved, and its part, by the medians."""
    measured: dict[str, object] = {}
    for name, fault in TRUTH.items():
        columns: dict[str, Column] = {"healthy": {}, "faulty": {}}
        purpose = Purpose(coverage=fault.metric in ("unused_js", "cls"))
        with shop.running() as without, shop.running(name) as spoiled, browser.launch(os.environ) as chromium:
            viewed(chromium, without, purpose)
            for _ in range(rounds):
                for side, url in (("healthy", without), ("faulty", spoiled)):
                    looked = viewed(chromium, url, purpose)
                    columns[side].setdefault("metric", []).append(view.metrics(looked).get(fault.metric, 0.0))
                    columns[side].setdefault("part", []).append(
                        fault.part(summary.detail("home", "", [replace(looked, coverage=None)]))
                    )
        moved, part = (median(columns["faulty"][it]) - median(columns["healthy"][it]) for it in ("metric", "part"))
        is_right = fault.least <= moved <= fault.most and fault.least_part <= part <= fault.most_part
        print(
            f"{name:16} {fault.metric:10} +{moved:10.3f}  {fault.name:24} +{part:10.3f}  {'ok' if is_right else 'NOT'}"
        )
        measured[name] = {
            "metric": fault.metric,
            "part": fault.name,
            "expected": [fault.least, fault.most],
            "expected_part": [fault.least_part, fault.most_part],
            "is_right": is_right,
            **columns,
        }
    return measured


def healthy(rounds: int) -> dict[str, object]:
    """Outcomes of whole A/B runs of two shops that do not differ, by finding and by run."""
    with shop.running() as base, shop.running() as head:
        return _runs(rounds, head, ["--base", base, "--no-save"], "A/B runs of the same page")


def history(rounds: int) -> dict[str, object]:
    """Outcomes of whole runs of one shop, each beside those before it."""
    with shop.running() as url:
        return _runs(rounds, url, ["--save"], "runs of the same page beside their history")


def _runs(rounds: int, target: str, options: list[str], what: str) -> dict[str, object]:
    codes: Counter[int] = Counter()
    outcomes: Counter[str] = Counter()
    took: list[float] = []
    views: list[int] = []
    with TemporaryDirectory(prefix="perfgate-bench-") as text:
        folder = Path(text)
        (folder / "budgets.yaml").write_text(BUDGETS.format(target=target), encoding="utf-8")
        for number in range(rounds):
            out = folder / str(number)
            command = [sys.executable, "-m", "perfgate", "run", "--out", str(out), *options]
            began = perf_counter()
            done = subprocess.run(command, cwd=folder, env=_environ(), capture_output=True, text=True, check=False)
            took.append(perf_counter() - began)
            codes[done.returncode] += 1
            if not (out / "verdict.json").exists():
                print(done.stderr[-1000:], file=sys.stderr)
                continue
            findings = json.loads((out / "verdict.json").read_text(encoding="utf-8"))["findings"]
            outcomes.update(f"{item['metric']} {item['outcome']}" for item in findings)
            views.append(json.loads((out / "run.json").read_text(encoding="utf-8"))["endpoints"][0]["requests"])
    print(f"{rounds} {what}, {median(took):.0f} s and {median(views):g} views each: exit codes {dict(codes)}")
    for name, number in sorted(outcomes.items()):
        print(f"  {name:24} {number}")
    return {"exit_codes": dict(codes), "findings": dict(outcomes), "seconds": took, "views": views}


def _environ() -> dict[str, str]:
    root = str(Path(__file__).parent.parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)}


def beside_lighthouse(rounds: int, program: str) -> dict[str, object]:
    """The same pages on the same Chromium, in turn; each starts a browser of its own, and its start is in the time."""
    chromium = browser.executable(os.environ)
    looks: dict[str, Callable[[str], Values]] = {
        "perfgate, one view": one_view,
        "perfgate, median of 5": median_of_five,
        "Lighthouse": lambda url: lighthouse.view(program, url, chromium),
    }
    found: dict[str, object] = {}
    for fault in COMPARED:
        columns: dict[str, Column] = {name: {} for name in looks}
        with shop.running(fault) as url:
            for _ in range(rounds):
                for name, look in looks.items():
                    began = perf_counter()
                    values = look(url)
                    values["seconds"] = perf_counter() - began
                    for metric in ("lcp", "cls", "tbt", "seconds"):
                        columns[name].setdefault(metric, []).append(values.get(metric, 0.0))
        for name, column in columns.items():
            print(f"{fault or 'healthy':16} {name:21}", *(_spread(metric, values) for metric, values in column.items()))
        found[fault or "healthy"] = columns
    return found


def _spread(metric: str, values: list[float]) -> str:
    """Median and range."""
    return f"| {metric} {median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="faults, healthy, history, lighthouse")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--lighthouse", default=shutil.which("lighthouse") or "", metavar="PROGRAM")
    arguments = parser.parse_args()
    for part in arguments.parts or ("faults", "healthy", "history", "lighthouse"):
        if part == "faults":
            _keep(part, faults(arguments.rounds or 5))
        elif part == "healthy":
            _keep(part, healthy(arguments.rounds or 20))
        elif part == "history":
            _keep(part, history(arguments.rounds or 20))
        elif arguments.lighthouse:
            _keep(part, beside_lighthouse(arguments.rounds or 10, arguments.lighthouse))
        else:
            print("Lighthouse is not here: npm install lighthouse, then --lighthouse node_modules/.bin/lighthouse")


def _keep(part: str, found: dict[str, object]) -> None:
    """Puts one part into the results, beside the latest of the others."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results[part] = {"date": datetime.now(UTC).date().isoformat(), **found}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
