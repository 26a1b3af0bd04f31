"""A stranger's text made fit for terminals, logs and comments."""

from __future__ import annotations


def one_line(text: str, most: int) -> str:
    """At most `most` visible characters, on one line; whatever is not printable ends a word."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:most]
