"""Photographs report.html in light and dark, for docs/report.md: python docs/report_pictures.py [FOLDER]

Needs `chromium`. The run is the one that the report's tests tell.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT = 1240, 1640  # pixels


def main() -> int:
    sys.path.insert(0, str(ROOT / "tests"))
    from report.browser import browsing
    from report.samples import recorded, shop_facts

    from perfgate.report.html import page

    target = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    facts = shop_facts()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch, browsing(Path(scratch)) as tab:
        source = Path(scratch) / "report.html"
        source.write_text(page.render(facts, recorded(facts, 30)), encoding="utf-8")
        for theme in ("light", "dark"):
            tab.open(source, width=WIDTH, height=HEIGHT, dark=theme == "dark")
            tab.photograph(target / f"report-{theme}.png", whole=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
