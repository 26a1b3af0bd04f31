"""A stranger's text made fit for terminals, logs and comments."""

from __future__ import annotations

import re

# In the log of a job GitHub takes `##[name]...` for a command wherever it is in a line, Azure `##vso[...]`, and GitHub
# `::name ...::` at its beginning (`ActionCommand.cs` of actions/runner), where any word of a wrapped line may end up.
_COMMAND = re.compile(r"##(?=[\w.-]*\[)|(?<!\S)::(?=.*::)")
TERMINAL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI as one C1 character
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC, DCS, ...: titles, links, clipboard
    r"|\x1b."
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")  # and directions


def one_line(text: str, max_chars: int) -> str:
    """One line of at most `max_chars` visible characters; whatever is not printable ends a word."""
    return no_command(" ".join("".join(character if character.isprintable() else " " for character in text).split()))[
        :max_chars
    ]


def no_command(text: str) -> str:
    """Text that reads alike to people and means nothing to the program that runs the job."""
    return _COMMAND.sub(lambda match: " ".join(match[0]), text)


def visible_lines(text: str) -> str:
    """Lines that only show what they say: without terminal sequences, controls and marks of text direction."""
    return text if text.isascii() and text.isprintable() else _CONTROLS.sub("", TERMINAL.sub("", text))
