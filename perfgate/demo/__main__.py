"""`python -m perfgate.demo --port 8765`: the demo shop without the rest of perfgate."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from perfgate.demo import serve
from perfgate.demo.faults import ACCEPTED, FORMS, VARIABLE


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m perfgate.demo",
        description="A small shop to run load tests against.",
        epilog=(
            f"{VARIABLE}=search:slow=3,products:n+1 switches on faults. "
            f"Endpoints: {', '.join(ACCEPTED)}, or * for all. Faults: {'; '.join(FORMS.values())}."
        ),
    )
    parser.add_argument("--port", type=_port, default=8765, help="0 takes a free one (default: 8765)")
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only")
    parser.add_argument("--database", type=Path, metavar="PATH", help="keep the data in this file")
    arguments = parser.parse_args()
    return serve(arguments.port, arguments.host, database=arguments.database)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
