"""Seconds and memory of `perfgate import` for a JMeter table of ten million rows: `python bench/importing.py`

The goal: under 60 s and 1 GB.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLUMNS = (
    "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,bytes,grpThreads,allThreads,"
    "URL,Latency,Connect"
)
ROW = "{at},{elapsed},search,200,OK,tg 1-{thread},,true,1840,8,8,http://127.0.0.1:8000/search?q=lamp,{elapsed},1\n"
BUDGETS = """version: 1
target: http://127.0.0.1:8000
load: {rate: 2000/s, duration: 30s}
endpoints:
  search: {request: "GET /search?q=lamp", budget: {p95: 1s}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="perfgate-import-") as folder:
        table = Path(folder) / "results.jtl"
        write(table, rows)
        (Path(folder) / "budgets.yaml").write_text(BUDGETS, encoding="utf-8")
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "perfgate", "import", str(table)], cwd=folder, check=True)
        seconds = time.perf_counter() - began
        size = table.stat().st_size
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{rows:,} rows, {size / 1e6:,.0f} MB: {seconds:.1f} s, {used.ru_utime + used.ru_stime:.1f} s of CPU,")
    print(f"peak memory {used.ru_maxrss / 1024:.0f} MB")


def write(path: Path, rows: int) -> None:
    """A table of requests at 2,000/s, which took 5 to 300 ms."""
    generator = random.Random(1)
    with path.open("w", encoding="utf-8", buffering=1 << 20) as file:
        file.write(f"{COLUMNS}\n")
        for row in range(rows):
            at = 1_700_000_000_000 + row // 2
            file.write(ROW.format(at=at, elapsed=generator.randrange(5, 300), thread=row % 8))


if __name__ == "__main__":
    main()
