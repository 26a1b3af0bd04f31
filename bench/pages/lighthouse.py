"""One view of a page by Lighthouse, a process of its own, without throttling: what it saw is what it reports."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

AUDITS = {"lcp": "largest-contentful-paint", "cls": "cumulative-layout-shift", "tbt": "total-blocking-time"}
TIMEOUT_S = 180


def view(program: str, url: str, chromium: str) -> dict[str, float]:
    """LCP and TBT in seconds, CLS. What has no value is left out."""
    flags = "--headless=new --no-sandbox" if os.geteuid() == 0 else "--headless=new"
    with TemporaryDirectory(prefix="perfgate-lighthouse-") as folder:
        report = Path(folder) / "report.json"
        command = [program, url, "--quiet", "--output=json", f"--output-path={report}", f"--chrome-flags={flags}"]
        options = ["--preset=desktop", "--only-categories=performance", "--throttling-method=provided"]
        subprocess.run(
            [*command, *options],
            env={**os.environ, "CHROME_PATH": chromium},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            check=True,
        )
        audits = json.loads(report.read_text(encoding="utf-8"))["audits"]
    values = {name: audits[audit].get("numericValue") for name, audit in AUDITS.items()}
    return {name: value / (1 if name == "cls" else 1000) for name, value in values.items() if value is not None}
