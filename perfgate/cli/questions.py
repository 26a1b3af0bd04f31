"""Questions of `perfgate init` on a terminal, where the folder has nothing to begin with."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass

Ask = Callable[[str], str | None]  # the answer, empty where it is left to us; None at the end of the input

DEFAULT_URL = "http://127.0.0.1:8000"
WHERE = f"Where does the application listen? [{DEFAULT_URL}] "
WHICH = "Paths to measure, like: / /items?page=2 [what its OpenAPI document or its page shows] "


@dataclass(frozen=True, kw_only=True)
class Answers:
    url: str
    commands: str = ""  # curl commands; empty where the application shows its requests itself


def is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_terminal(question: str) -> str | None:
    print(question, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    return line.strip() if line else None


def answers(ask: Ask) -> Answers | None:
    """Where the application is and what is to be requested; None where the input ended before."""
    where = ask(WHERE)
    if where is None:
        return None
    which = ask(WHICH)
    if which is None:
        return None
    url = (where or DEFAULT_URL).rstrip("/")
    url = url if "://" in url else f"http://{url}"
    paths = [path if path.startswith("/") else f"/{path}" for path in which.split()]
    return Answers(url=url, commands="\n".join(f"curl {shlex.quote(url + path)}" for path in paths))
