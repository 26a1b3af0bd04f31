"""The documentation says what is true: generated parts are fresh, links lead somewhere, examples are valid."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob(".github/*.md"), ROOT / "perfgate" / "README.md"]
)


def test_generated_pages_are_fresh_else_run_make_docs():
    done = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#\s]+)|(?:src|href|srcset)=\"([^\"#]+)\"", page.read_text(encoding="utf-8"))

    broken = [
        link for pair in links for link in pair if link and "://" not in link and not (page.parent / link).exists()
    ]

    assert broken == []


def test_files_named_in_the_map_of_the_house_exist():
    text = (ROOT / "perfgate" / "README.md").read_text(encoding="utf-8")

    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*/?(?:[a-z_]*\*?[a-z_]*\.(?:py|md\.j2))?)`", text))
    missing = [
        name
        for name in named
        if ("/" in name or name.endswith(".py"))
        and not list((ROOT / "perfgate").rglob(name.rstrip("/")))
        and not (ROOT / name).exists()
    ]

    assert missing == []
