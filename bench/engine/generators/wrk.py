"""wrk (C): a fixed request as fast as it goes, and the least that a generator can cost."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from bench.engine.job import Job, Said
from bench.engine.machine import run


class Wrk:
    name = "wrk"

    def absent(self) -> str:
        return "" if shutil.which("wrk") else "no wrk on the PATH (apt install wrk)"

    def run(self, job: Job, folder: Path) -> Said:
        if job.capture or not job.users or job.burn:
            raise NotImplementedError
        command = ["wrk", "-t1", f"-c{job.users}", f"-d{job.seconds:g}s", f"{job.target}/json"]
        finished = run(command, folder=folder, timeout=job.seconds + 30)
        found = re.search(r"(\d+) requests in", finished.output)
        if not found:
            raise RuntimeError(f"wrk said nothing of use: {finished.output[-600:]}")
        failed = re.search(r"Non-2xx or 3xx responses: (\d+)", finished.output)
        sent = int(found[1])
        return Said(
            requests=sent, sent=sent, seconds=job.seconds, cpu=finished.cpu, failures=int(failed[1]) if failed else 0
        )
