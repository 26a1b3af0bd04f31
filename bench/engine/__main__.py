"""`python -m bench.engine [speed truth short omission loss growth] [--quick] [--rounds N]`: the engine."""

from __future__ import annotations

import argparse
import importlib

from bench.engine.generators import ALL
from bench.engine.results import Effort
from bench.engine.rounds import note

BENCHES = ("speed", "truth", "short", "omission", "loss", "growth")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__)
    parser.add_argument("benches", nargs="*", metavar="BENCH", help=f"some of {', '.join(BENCHES)}; all by default")
    parser.add_argument("--quick", action="store_true", help="a look at whether all is in order, not for quoting")
    parser.add_argument("--only", action="append", default=[], metavar="GENERATOR", help=f"some of {', '.join(ALL)}")
    parser.add_argument("--rounds", type=int, metavar="N", help="at most so many rounds of each")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.benches if name not in BENCHES]:
        parser.error(f"no such bench: {', '.join(unknown)}")
    if unknown := [name for name in arguments.only if name not in ALL]:
        parser.error(f"no such generator: {', '.join(unknown)}")
    effort = Effort(quick=arguments.quick, most=arguments.rounds)
    for name in arguments.benches or BENCHES:
        note(f"== {name}")
        importlib.import_module(f"bench.engine.{name}").main(effort, arguments.only)


if __name__ == "__main__":
    main()
