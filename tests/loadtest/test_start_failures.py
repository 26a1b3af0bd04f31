"""What perfgate says of a service that does not start: which port it took instead, and what to do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from perfgate.loadtest.service import symptoms

LISTEN = """
import socket
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
input()
"""


def test_a_service_on_another_port_is_told_which():
    """A start script with its own `--port 3000` never sees ${PORT}. The shell above it is what perfgate starts."""
    command = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {LISTEN!r}])"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout
        taken = service.stdout.readline().strip()
        said = symptoms.where_it_listens(service.pid, 1)
        service.communicate("\n")

    assert said == f"it listens on port {taken}, not on 1: let `service.command` listen on ${{PORT}}"


def test_a_service_that_listens_nowhere_is_told_so():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as service:
        said = symptoms.where_it_listens(service.pid, 1)
        service.communicate(b"\n")

    assert said == "nothing listened on port 1"


@pytest.mark.parametrize(
    "line",
    [
        "  code: 'EADDRINUSE',",
        "OSError: [Errno 98] Address already in use",
        "Error: That port is already in use.",
        "listen tcp 127.0.0.1:3000: bind: address already in use",
    ],
)
def test_a_port_that_is_taken_is_seen_in_the_last_lines(line: str):
    assert symptoms.why_ended(1, ["a", line, "b"], 4321) == (
        "The port it takes is in use. Let `service.command` listen on ${PORT}, which is 4321 this time."
    )


def test_any_other_end_is_to_be_tried_by_hand():
    assert symptoms.why_ended(1, ["KeyError: 'HOME'"], 4321) == "Run `service.command` by hand to see why."


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ModuleNotFoundError: No module named 'flask'", "Its Python has no flask."),
        ("/usr/bin/python: No module named uvicorn", "Its Python has no uvicorn."),
        ("ImportError: Couldn't import Django. Are you sure it's installed", "Its Python has no Django."),
        ("Error: Cannot find module 'express'", "express is not there."),
        (
            "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'fastify' imported from /app/x.js",
            "fastify is not there.",
        ),
    ],
)
def test_a_package_that_is_missing_is_named_with_where_it_comes_from(line: str, words: str):
    hint = symptoms.why_ended(1, ["Traceback (most recent call last):", line, "  at x"], 4321)

    assert hint.startswith(words)
    assert "`service.setup`" in hint


@pytest.mark.parametrize(
    "lines",
    [
        ["WARNING No module named 'uvloop', using asyncio", "psycopg.OperationalError: connection refused"],
        ["WARNING: No module named 'uvloop', using asyncio"],
        ["ModuleNotFoundError: No module named 'uvloop'", "During handling", "django.core.ImproperlyConfigured: DB"],
        ["Error: Cannot find module 'dotenv'", "Error: connect ECONNREFUSED 127.0.0.1:5432"],
    ],
)
def test_a_missing_package_that_did_not_end_the_service_is_not_its_cause(lines: list[str]):
    assert symptoms.why_ended(1, lines, 4321) == "Run `service.command` by hand to see why."


def test_a_long_line_is_cut():
    assert symptoms.last_output(["x" * 5000]) == f"  | {'x' * 200}..."


def test_empty_lines_take_no_room():
    assert symptoms.last_output(["1", "", *"234567", "  "]) == "\n".join(f"  | {n}" for n in "234567")
