"""Writes the tables of the last full runs into docs/engine.md: python -m bench.engine.docs"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.engine import growth, loss, omission, results, short, speed, truth
from bench.engine.tables import Table

PAGE = Path(__file__).parent.parent.parent / "docs" / "engine.md"
TABLES: dict[str, Callable[[dict[str, Any]], Table]] = {
    "speed-status": speed.table,
    "speed-capture": speed.table,
    "truth": truth.table,
    "short": short.table,
    "omission": omission.table,
    "loss": loss.table,
    "growth": growth.table,
}
MARKED = re.compile(r"(<!-- bench: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(MARKED.sub(_filled, page), encoding="utf-8")


def _filled(found: re.Match[str]) -> str:
    try:
        content = results.read(found[2])
    except FileNotFoundError:  # not measured on this machine: what is there stays
        return found[0]
    measured = f"Measured {content['measured'][:16].replace('T', ' ')} UTC on {content['machine']['cpu']}, "
    measured += f"{content['machine']['cores']} cores, commit {content['versions'].get('commit', '?')}."
    return f"{found[1]}{TABLES[found[2]](content).markdown()}\n{measured}\n{found[3]}"


if __name__ == "__main__":
    main()
