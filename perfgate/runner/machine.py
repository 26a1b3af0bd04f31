"""Which machine the load comes from."""

from __future__ import annotations

import platform
from pathlib import Path

from perfgate.model.run import Runner


def runner() -> Runner:
    """Unknown parts are empty or 0."""
    import psutil

    return Runner(
        os=f"{platform.system()} {platform.release()}",
        cpu=_cpu_model() or platform.processor() or platform.machine(),
        cores=psutil.cpu_count() or 0,
        memory=psutil.virtual_memory().total,
    )


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return ""
