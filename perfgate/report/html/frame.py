"""The frame of all HTML pages: one file each, without a network, its own style and script allowed by their hashes."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files

from markupsafe import Markup

from perfgate.report.html.page_data import Data
from perfgate.report.templates import template
from perfgate.report.words import MARKS


def render(name: str, values: Mapping[str, object], data: Data) -> str:
    """The whole page; `data` is for its script. Everything in `values` is escaped."""
    style, script = _own("page.css"), _own("page.js")
    return template(name).render(
        values,
        marks={outcome.value: mark for outcome, mark in MARKS.items()},
        policy=_policy(style, script),
        style=Markup(style),
        script=Markup(script),
        data=Markup(inert(data)),
    )


def inert(data: Data) -> str:
    """JSON in ASCII that cannot end its <script> element or begin a comment in it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _own(name: str) -> str:
    return (files("perfgate.report") / "templates" / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Content-Security-Policy, level 3: this style, this script, an empty icon, and nothing else from anywhere.

    The script places its tooltips through the object model, which `style-src` does not forbid.
    """
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
