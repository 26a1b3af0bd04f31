"""What an hour at 10,000 requests/s over 20 endpoints costs in memory and on disk, without sending it.

Feeds the recorder and the collection as a real test would: 250 ms of requests at a time. `python bench/memory.py`
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from perfgate.recording import windows
from perfgate.runtime.record.recorder import COLUMNS, NS_PER_SECOND, Recorder
from perfgate.runtime.record.result import Collection

RATE, ENDPOINTS, SECONDS, TICK = 10_000, 20, 3600, 0.25
WIDTH = 30  # s: what the conductor takes for an hour


def main() -> None:
    random = np.random.default_rng(1)
    recorder = Recorder((), SECONDS * NS_PER_SECOND)
    collection = Collection(WIDTH)
    each = int(RATE * TICK / ENDPOINTS)
    began = time.process_time()
    for tick in range(int(SECONDS / TICK)):
        for endpoint in range(ENDPOINTS):
            latency = random.lognormal(17 + endpoint / 10, 0.5, each).astype(np.int64)
            table = np.empty((each, COLUMNS), dtype=np.int64)
            table[:, 0] = int(tick * TICK * NS_PER_SECOND)
            table[:, 1] = table[:, 2] = latency
            table[:, 3], table[:, 4], table[:, 5], table[:, 6], table[:, 7] = latency // 2, 30_000, 2_000, 2_000, 200
            recorder.rows["endpoint", f"endpoint {endpoint}"].extend(table.tobytes())
        collection.add("local", recorder.take())
        collection.samples.merge(recorder.samples.take())
    spent = time.process_time() - began
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "windows.jsonl.gz"
        windows.write(path, collection.record, duration=SECONDS)
        size = path.stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"an hour at {RATE:,}/s over {ENDPOINTS} endpoints: {collection.record.requests:,} requests")
    print(
        f"peak memory {peak:.0f} MB, windows on disk {size / 1e6:.2f} MB, "
        f"CPU {spent / recorder.recorded * 1e6:.2f} us a request, making it up included"
    )


if __name__ == "__main__":
    main()
