"""What the diagnosis says of sick applications: a sound service beside one with a disease, for each disease.

    python -m bench.zoo [--times N] [--seconds S] [--patient NAME] [--only DISEASE] [--tier 0,1,2] [--write]
    python -m bench.zoo --judge [--write]

Tiers: `blind` sees only the answers and the processes, `0` may read PostgreSQL and Redis too, `1` has traces by
OpenTelemetry as well, `2` perfgate's middleware instead of them. The demo shop sends a Server-Timing header of its own
at every tier. What a look saw is kept, and the tests ask the rules about it: `--judge` says what they make of it now.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep, strftime

sys.path.insert(0, "tests")

from services import needs, postgresql

from bench.zoo import observed, table
from bench.zoo.cases import CASES
from bench.zoo.looking import KEYS, Look, look, world
from bench.zoo.observed import Observed
from perfgate.loadtest.service.ports import free_ports, is_free

PAGE = Path("docs/diagnosis.md")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--patient", default=",".join(CASES))
    parser.add_argument("--only", default="")
    parser.add_argument("--tier", default="0,1,2")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument(
        "--write", action="store_true", help=f"into {observed.FILE.name} and {PAGE}, instead of the same"
    )
    parser.add_argument("--missing", action="store_true", help=f"only what {observed.FILE.name} does not have")
    parser.add_argument("--judge", action="store_true", help=f"no look: what the rules say of {observed.FILE.name} now")
    arguments = parser.parse_args()
    earlier = observed.read()
    if arguments.judge:
        show(earlier, is_written=arguments.write)
        return 0
    now: list[Observed] = []
    done = {look.key for look in earlier} if arguments.missing else set()
    for seen in looks(arguments, done):
        check_sum(seen)
        tell(seen, is_verbose=arguments.verbose)
        now.append(seen.kept(strftime("%-d %B %Y"), arguments.seconds))
        if arguments.write:  # what was measured is kept, whatever ends it
            observed.write(observed.joined(earlier, now))
    show(observed.read() if arguments.write else now, is_written=arguments.write)
    return 0


def show(looks: list[Observed], *, is_written: bool) -> None:
    rows = table.judged(looks)
    text = table.markdown(rows)
    if is_written:
        PAGE.write_text(table.inserted(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
    print(text)
    for row in rows:
        if not row.is_right:
            print(*row.look.key, row.said.layer, row.said.code, row.said.sentence)


def looks(arguments: argparse.Namespace, done: set[tuple[str, ...]]) -> Iterator[Look]:
    with postgresql.serving() as server, redis_serving() as redis, world(server, redis) as here:
        for patient in arguments.patient.split(","):
            for case in CASES[patient]:
                if arguments.only not in case.name:
                    continue
                for tier in tiers(patient, arguments.tier) * arguments.times:
                    if (patient, case.disease, case.endpoint, tier) in done:
                        continue
                    with TemporaryDirectory() as folder:
                        yield look(patient, case, tier, here, Path(folder), arguments.seconds)


def tiers(patient: str, wanted: str) -> list[str]:
    """The shop has its own header and no PostgreSQL: all tiers are the same for it. The middleware is for Python."""
    chosen = [tier for tier in wanted.split(",") if tier in KEYS and (patient, tier) != ("node", "2")]
    return chosen[:1] if patient == "shop" else chosen


def check_sum(seen: Look) -> None:
    total = sum(layer.change or 0.0 for layer in seen.found.layers)
    if seen.found.difference is None or abs(total - seen.found.difference) >= 1e-9:
        raise RuntimeError(f"{seen.case.name}: layers add up to {total}, the difference is {seen.found.difference}")


def tell(seen: Look, *, is_verbose: bool) -> None:
    layer, code, confidence = seen.said
    mark = "" if code in seen.case.causes and layer in seen.case.layers else "   <-- WRONG"
    print(f"{seen.patient} {seen.tier} {seen.case.name}: {layer}, {code} ({confidence}){mark}", flush=True)
    if is_verbose or mark:
        for cause in seen.found.causes:
            print("     ", cause.code, cause.confidence, cause.sentence, cause.evidence)
        print("     ", {item.layer: round((item.change or 0) * 1e3, 2) for item in seen.found.layers})
        print(
            "     ",
            {
                key: tuple(None if v is None else float(f"{v:.3g}") for v in pair)
                for key, pair in seen.found.facts.items()
            },
        )
        print("     ", seen.warnings, flush=True)


@contextmanager
def redis_serving() -> Iterator[str]:
    program = needs.program("redis") or needs.lacking("redis-server")
    [port] = free_ports(1)
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server, until = subprocess.Popen(command, stdout=subprocess.DEVNULL), monotonic() + 20
    try:
        while is_free(port):
            if monotonic() > until:
                raise RuntimeError("Redis did not start")
            sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
