"""A stranger's text made fit for terminals, logs and comments."""

from __future__ import annotations

import re

# In the log of a job GitHub takes `##[name]...` for a command wherever it is in a line, Azure `##vso[...]`, and GitHub
# `::name ...::` at its beginning (`ActionCommand.cs` of actions/runner), where any word of a wrapped line may end up.
_COMMAND = re.compile(r"##(?=[\w.-]*\[)|(?<!\S)::(?=.*::)")


def one_line(text: str, max_chars: int) -> str:
    """One line of at most `max_chars` visible characters; whatever is not printable ends a word."""
    return no_command(" ".join("".join(character if character.isprintable() else " " for character in text).split()))[
        :max_chars
    ]


def no_command(text: str) -> str:
    """Text that reads alike to people and means nothing to the program that runs the job."""
    return _COMMAND.sub(lambda match: " ".join(match[0]), text)
