"""What `perfgate report RUN --format ...` can write: a format is a function and a line here.

On a terminal, `console.show` has colours and the terminal's width; the text here is for files and pipes.
"""

from __future__ import annotations

from collections.abc import Callable

from perfgate.files.codec import encode
from perfgate.report import junit, load_performance
from perfgate.report.facts import Facts
from perfgate.report.html import page
from perfgate.report.markdown import report_md
from perfgate.report.terminal import console

Renderer = Callable[[Facts], str]


def _json(facts: Facts) -> str:
    return f"{encode(facts.verdict, indent=1)}\n"


FORMATS: dict[str, Renderer] = {
    "console": console.text,
    "markdown": report_md.render,
    "html": page.render,
    "json": _json,
    "junit": junit.render,
    "gitlab": load_performance.render,
}
