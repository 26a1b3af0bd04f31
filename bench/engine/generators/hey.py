"""hey (Go): a fixed request as fast as it goes. It has no warm-up and checks nothing, but counts statuses."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from bench.engine.job import Job, Said
from bench.engine.machine import run


class Hey:
    name = "hey"

    def absent(self) -> str:
        return "" if shutil.which("hey") else "no hey on the PATH (apt install hey)"

    def run(self, job: Job, folder: Path) -> Said:
        if job.capture or not job.users or job.burn:
            raise NotImplementedError
        command = ["hey", "-c", str(job.users), "-z", f"{job.seconds:g}s", f"{job.target}/json"]
        finished = run(command, folder=folder, timeout=job.seconds + 30)
        counts = {int(status): int(number) for status, number in re.findall(r"\[(\d+)\]\s+(\d+) resp", finished.output)}
        if not counts:
            raise RuntimeError(f"hey said nothing of use: {finished.output[-600:]}")
        sent = sum(counts.values())
        return Said(requests=sent, sent=sent, seconds=job.seconds, cpu=finished.cpu, failures=sent - counts.get(200, 0))
