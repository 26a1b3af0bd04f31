"""Questions of `perfgate init` on a terminal, where neither the command line nor the folder names a source."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from perfgate.cli.guard import say

if TYPE_CHECKING:
    from perfgate.workflows.proposing import ProposalRequest, Proposed

DEFAULT_ADDRESS = "http://127.0.0.1:8000"
NO_ANSWER = "PG-N009"  # the code of an address that does not answer
NO_DOCUMENT = "PG-N004"  # of one that shows no requests
NOT_LOCAL = "PG-T001"  # of a host that is not this machine
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
REQUEST = re.compile(rf"(?:(?P<method>{'|'.join(METHODS)})\s+)?(?P<path>/\S*)(?:\s+(?P<body>.+))?", re.IGNORECASE)
HOW_TO_WRITE = 'Write a method and a path, and JSON where it sends some: POST /orders {"id": 1}'
INTRODUCTION = """Nothing in this folder shows the application's requests: some questions instead.
Enter takes what is in brackets, Ctrl-C ends. Files that perfgate reads: perfgate init --help"""


def can_ask() -> bool:
    """Whether a person sits at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def propose(request: ProposalRequest, *, asks_service: bool) -> Proposed:
    """A budget file from what a person answers: of an address that shows its requests, else of the requests that are
    typed. Raises UsageError as `proposing.propose`, KeyboardInterrupt at Ctrl-C."""
    from perfgate.model.errors import PerfgateError
    from perfgate.workflows import proposing

    say(INTRODUCTION)
    target = request.target or _address()
    request = replace(request, target=target)
    services = proposing.start_commands(request.budget.parent)
    start = f" ({services[0][0]}: {services[0][1].removeprefix('exec ')})" if services else ""
    if services and asks_service and _is_yes(f"May perfgate start the application for a run{start}?"):
        request = replace(request, should_start_service=True)
    while True:
        try:
            return proposing.propose(replace(request, source=target), say)
        except PerfgateError as error:
            if error.code not in (NO_ANSWER, NO_DOCUMENT, NOT_LOCAL):
                raise
            say(f"{error.message}.")
            if error.code != NO_ANSWER or not _is_yes("Start it now, then Enter. Try again?"):
                return proposing.propose(replace(request, commands="\n".join(_requests(target))), say)


def ci_service(folder: Path) -> str:
    """The CI service that the folder's files name and that is to get a workflow file; empty for none."""
    for name, file, shown in (("github", ".github", "GitHub"), ("gitlab", ".gitlab-ci.yml", "GitLab")):
        if (folder / file).exists() and _is_yes(f"Write the workflow file for {shown}?"):
            return name
    return ""


def _address() -> str:
    """The address of the application: scheme, host and port."""
    while True:
        answer = _line(f"Address of the application [{DEFAULT_ADDRESS}]: ") or DEFAULT_ADDRESS
        address = answer if "://" in answer else f"http://{answer}"
        try:
            parts = urlsplit(address)
            is_right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_right = False
        if is_right and not re.search(r"\s", address):
            return address.rstrip("/")
        say(f"{answer} is no address. Write it like {DEFAULT_ADDRESS}.")


def _requests(target: str) -> Iterator[str]:
    """The requests that are typed, as curl commands. At least one."""
    say("Which requests are to be measured? One per line, such as GET /products. An empty line ends.")
    number = 0
    while True:
        line = _line("> ", ends=number > 0)
        if not line and number:
            return
        request = REQUEST.fullmatch(line)
        if request is None or not _is_json(request["body"]):
            say(HOW_TO_WRITE)
            continue
        number += 1
        body = ["-H", "Content-Type: application/json", "--data", request["body"]] if request["body"] else []
        method = (request["method"] or ("POST" if body else "GET")).upper()
        way = ["--head"] if method == "HEAD" else ["-X", method]
        yield shlex.join(["curl", *way, target + request["path"], *body])


def _is_json(text: str | None) -> bool:
    try:
        json.loads(text or "null")
    except ValueError:
        return False
    return True


def _is_yes(question: str) -> bool:
    while True:
        answer = _line(f"{question} [Y/n]: ").lower()
        if answer in ("", "y", "yes", "n", "no"):
            return answer in ("", "y", "yes")


def _line(prompt: str, *, ends: bool = False) -> str:
    """What is typed, without blanks around it. The end of input (Ctrl-D) `ends` a list, and interrupts elsewhere."""
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        print(file=sys.stderr)
        if not ends:
            raise KeyboardInterrupt
    return line.strip()
