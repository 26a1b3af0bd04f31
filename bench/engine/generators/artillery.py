"""Artillery (Node): virtual users that loop until the time is over, since it knows no closed model."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

from bench.engine.job import Job, Said
from bench.engine.machine import run

END_TIMEOUT_S = 90.0
PROCESSOR = """const end = Date.now() + {milliseconds} + 1000;
module.exports = {{
  goOn: (context, next) => next(Date.now() < end),
  number: (context, events, done) => {{ context.vars.number = Math.floor(Math.random() * 1000) + 1; done(); }},
}};
"""


def script(job: Job) -> dict[str, Any]:
    request: dict[str, Any] = {"url": "/json"}
    steps: list[dict[str, Any]] = [{"get": request}]
    if job.capture:
        request |= {"url": "/items/{{ number }}", "capture": {"json": "$.id", "as": "id"}}
        steps.insert(0, {"function": "number"})
    return {
        "config": {
            "target": job.target,
            "processor": "./processor.js",
            "phases": [{"duration": 1, "arrivalCount": job.users}],
            "http": {"pool": job.users},
        },
        "scenarios": [{"flow": [{"loop": steps, "whileTrue": "goOn"}]}],
    }


class Artillery:
    name = "Artillery"

    def absent(self) -> str:
        return "" if shutil.which("artillery") else "no artillery on the PATH (npm install artillery)"

    def run(self, job: Job, folder: Path) -> Said:
        if not job.users or job.burn:
            raise NotImplementedError
        (folder / "script.json").write_text(json.dumps(script(job)), encoding="utf-8")
        processor = PROCESSOR.format(milliseconds=math.ceil(job.seconds * 1000))
        (folder / "processor.js").write_text(processor, encoding="utf-8")
        finished = run(
            ["artillery", "run", "--quiet", "--output", "said.json", "script.json"],
            folder=folder,
            environ={"ARTILLERY_DISABLE_TELEMETRY": "true"},
            timeout=job.seconds + END_TIMEOUT_S,
        )
        result = folder / "said.json"
        if not result.exists():
            raise RuntimeError(f"Artillery left no report (exit code {finished.code}): {finished.output[-600:]}")
        total = json.loads(result.read_text(encoding="utf-8"))["aggregate"]
        sent = total["counters"]["http.responses"]
        return Said(
            requests=sent,
            sent=sent,
            seconds=(total["lastCounterAt"] - total["firstCounterAt"]) / 1000,
            cpu=finished.cpu,
            failures=sent - total["counters"].get("http.codes.200", 0),
        )
