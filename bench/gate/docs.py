"""Writes the table of the last full run into docs/gate-statistics.md: python -m bench.gate.docs"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from bench.engine.results import FOLDER
from bench.gate.table import table

NAME = "gate.json"
PAGE = Path(__file__).parent.parent.parent / "docs" / "gate-statistics.md"
MARKED = re.compile(r"(<!-- bench: gate -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    content = json.loads((FOLDER / NAME).read_text(encoding="utf-8"))
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), content), encoding="utf-8")


def filled(page: str, content: dict[str, Any]) -> str:
    """Raises ValueError when the page has no place for the table."""
    measured = f"Measured {content['measured'][:10]}, commit {content['versions']['commit']}."
    page, places = MARKED.subn(lambda found: f"{found[1]}{table(content).markdown()}\n{measured}\n{found[2]}", page)
    if places != 1:
        raise ValueError(f"{PAGE.name} needs one place for the table, between its markers; it has {places}")
    return page


if __name__ == "__main__":
    main()
