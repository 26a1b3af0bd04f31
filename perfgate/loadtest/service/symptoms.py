"""What a service shows when it does not start: its exit code, its last lines, and the port it listens on instead."""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Iterable
from contextlib import suppress

from perfgate.runner import process_tree

MAX_SHOWN_LINES = 6  # of its output that a message shows
MAX_LINE_CHARS = 200
# The last line of a Python traceback, the first of a Node error, or what `python -m` says: the whole line, as a logged
# warning may speak of a missing package that the service does well without.
_EXCEPTION = re.compile(
    r"(?:[\w.-]+ +\| )?"  # of docker compose
    r"(?:(?:\w+\.)*\w*(?:Error|Exception)(?: \[\w+\])?(?::|$)|(?:\w+\.)+[A-Z]\w*(?::|$)|\S*(?:python|pypy)[\w.]*: )"
)
_MISSING_PYTHON = re.compile(r"No module named '?(?P<name>[\w.]+)|ImportError: Couldn't import (?P<other>\w+)")
_MISSING_NODE = re.compile(r"Error(?: \[\w+\])?: Cannot find (?:module|package) '(?P<name>[^']+)'")
_IN_USE = re.compile(r"EADDRINUSE|(?:address|port) (?:\S+ )?(?:is )?already in use", re.IGNORECASE)


def last_output(tail: Iterable[str]) -> str:
    """The end of what it wrote, without empty lines; long lines are cut."""
    written = [line for line in tail if line.strip()]
    return "\n".join(f"  | {_cut(line)}" for line in written[-MAX_SHOWN_LINES:]) or "It wrote nothing."


def _cut(line: str) -> str:
    return line if len(line) <= MAX_LINE_CHARS else f"{line[:MAX_LINE_CHARS]}..."


def exit_code(code: int) -> str:
    """ "7", or "143 (SIGTERM)": what a shell's exit code means when it is none of the program's own."""
    known = {number.value for number in signal.Signals}
    name = signal.Signals(code - 128).name if code - 128 in known else ""
    if name == "SIGKILL":  # nobody but the system sends it unasked
        name = "SIGKILL; most likely memory ran out: see dmesg, or the container's limit"
    return f"{code} ({name})" if name else str(code)


def why_ended(code: int, tail: Iterable[str], port: int) -> str:
    """What to do about a service that ended before it was ready; `port` is where it was to listen."""
    if code == 0:
        return (
            "A command that puts the service into the background ends at once: keep it in the foreground (no `&`, "
            "`-d`, `--daemon`)."
        )
    if any(_IN_USE.search(line) for line in tail):
        return f"The port it takes is in use. Let `service.command` listen on ${{PORT}}, which is {port} this time."
    return _missing_package(tail) or "Run `service.command` by hand to see why."


def _missing_package(tail: Iterable[str]) -> str:
    """What to do where a package of Python or Node is missing: often it is there, but for another interpreter. Only
    the last exception ended the service."""
    text = next((line for line in reversed([*tail]) if _EXCEPTION.match(line)), "")
    if match := _MISSING_PYTHON.search(text):
        return (
            f"Its Python has no {match['name'] or match['other']}. Activate the application's virtual environment "
            "first, or name its Python in `service.command` (.venv/bin/python ...); for --base-ref, `service.setup` "
            "installs it."
        )
    if match := _MISSING_NODE.search(text):
        return f"{match['name']} is not there. Install the packages first (npm ci); for --base-ref, in `service.setup`."
    return ""


def where_it_listens(pid: int, port: int) -> str:
    """Says where a service listens instead of 127.0.0.1:`port`. `pid` is the process above all those of the service."""
    if _is_listening_on_ipv6(port):
        return f"it listens on [::1]:{port} only; let it listen on 127.0.0.1"
    others = process_tree.listening_ports(pid) - {port}
    if not others:
        return f"nothing listened on port {port}"
    elsewhere = f"it listens on port {', '.join(map(str, sorted(others)))}, not on {port}"
    return f"{elsewhere}: let `service.command` listen on ${{PORT}}"


def _is_listening_on_ipv6(port: int) -> bool:
    """Whether it listens on the other loopback address, as servers do for which `localhost` is that one."""
    with suppress(OSError):
        socket.create_connection(("::1", port), timeout=1.0).close()
        return True
    return False
