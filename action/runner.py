"""How the action's steps talk with the runner: inputs, outputs, and a log in which others' words are no commands."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(1, str(Path(__file__).resolve().parent.parent))  # that of this action, whichever is installed

from perfgate.ci import concealment

HISTORY = "git:perfgate-data"  # where neither the action nor the budget file says anything


def word(name: str) -> str:
    return os.environ.get(f"INPUT_{name.upper().replace('-', '_')}", "").strip()


def words(name: str) -> list[str]:
    """The lines of an input."""
    return [line.strip() for line in word(name).splitlines() if line.strip()]


def option(name: str, value: str) -> list[str]:
    return [name, value] if value else []


def say(text: str) -> None:
    """A line of the log that is no command, whatever it quotes."""
    with commands_stopped():
        print(text, flush=True)


@contextmanager
def commands_stopped() -> Iterator[None]:
    """What others print in here is no command to the runner. Nobody can guess the word that ends it."""
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", flush=True)
    try:
        yield
    finally:
        sys.stdout.flush()
        print(f"\n::{token}::", flush=True)


def note(text: str, kind: str = "warning") -> None:
    """A warning or an error, in the summary too."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::{kind} title=perfgate::{escaped}", flush=True)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            quoted = text.replace("`", " ").replace("\r", " ").replace("\n", " ")
            file.write(f"\n`{quoted}`\n")


def output(values: Mapping[str, str]) -> None:
    """In the form for values of several lines: a name cannot end its own part and begin another."""
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        for name, value in values.items():
            end = f"end-{secrets.token_hex(16)}"
            file.write(f"{name}<<{end}\n{value}\n{end}\n")


def conceal() -> None:
    """From here on no other process sees this one's secrets."""
    concealment.conceal(os.environ)


def perfgate(verb: str, budget: Path) -> list[str]:
    """The beginning of a command. Addresses that may hold a password are no part of it: everybody sees commands."""
    return [os.environ["PERFGATE"], verb, "--budget", str(budget)]


def start(command: Sequence[str], environ: Mapping[str, str], **streams: Any) -> subprocess.Popen[str]:
    """Starts perfgate, which takes its secrets from a pipe. Raises OSError."""
    shown, descriptor = concealment.handed_over(environ)
    inherited = () if descriptor is None else (descriptor,)
    try:
        return subprocess.Popen(command, env=shown, pass_fds=inherited, text=True, errors="replace", **streams)
    finally:
        for each in inherited:
            os.close(each)


def history(budget: Path) -> dict[str, str]:
    """As a variable; none where the budget file has its own."""
    given = word("history") or os.environ.get("PERFGATE_HISTORY", "")
    if given:
        return {"PERFGATE_HISTORY": given}
    written = re.search(r"^history\s*:", budget.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return {} if written else {"PERFGATE_HISTORY": HISTORY}
