"""How long the command line takes to answer, against bare Python in the same run. `python bench/startup.py`"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 15
ROOT = Path(__file__).parent.parent
PERFGATE = str(Path(sys.executable).parent / "perfgate")
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "perfgate --help": [PERFGATE, "--help"],
    "perfgate check": [PERFGATE, "check"],
    "locust --help": [str(Path(sys.executable).parent / "locust"), "--help"],
}


def seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):  # interleaved, so that a busy moment hits all alike
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    bare = statistics.median(times["python -c pass"])
    print(f"{'start-up, ' + str(ROUNDS) + ' rounds':26}{'median':>10}{'min':>10}{'x bare Python':>16}")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:26}{median * 1000:>7.0f} ms{min(values) * 1000:>7.0f} ms{median / bare:>16.1f}")


if __name__ == "__main__":
    main()
