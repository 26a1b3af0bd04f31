"""What recording one request costs, against bare dict counting in the same run. `python bench/recorder.py`"""

from __future__ import annotations

import random
import time

from perfgate.runtime.record.recorder import ROW, Recorder

REQUESTS = 200_000


def main() -> None:
    values = [int(random.lognormvariate(16.8, 0.5)) for _ in range(REQUESTS)]
    recorder = Recorder()
    began = time.process_time()
    for number, value in enumerate(values):
        recorder.rows["endpoint", "search"] += ROW(number * 100_000, value, value, value, 30_000, 100, 100, 200)
    recorder.take()
    recorded = (time.process_time() - began) / REQUESTS
    counts: dict[int, int] = {}
    began = time.process_time()
    for value in values:
        counts[value >> 16] = counts.get(value >> 16, 0) + 1
    bare = (time.process_time() - began) / REQUESTS
    print(f"{'recording, ' + format(REQUESTS, ',') + ' requests':34}{'CPU per request':>18}")
    print(f"{'perfgate: 4 histograms, a sample':34}{recorded * 1e6:>15.2f} us")
    print(f"{'one dict count':34}{bare * 1e6:>15.2f} us{recorded / bare:>8.1f} x")


if __name__ == "__main__":
    main()
