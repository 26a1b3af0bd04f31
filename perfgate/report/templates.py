"""The templates, which only lay out; kept once read, because a page that is too long is laid out again."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


@cache
def template(name: str) -> Template:
    """Loads a template. Of HTML everything is escaped; for Markdown text.py has done so already."""
    environment = Environment(
        loader=PackageLoader("perfgate.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=".html" in name,
    )
    return environment.get_template(name)
