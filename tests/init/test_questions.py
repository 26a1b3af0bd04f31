"""`perfgate init` on a terminal, in a folder that shows no requests: questions, and a budget file of the answers."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from projects import free_port
from services.page_server import serving

from perfgate.cli import questions

REPOSITORY = Path(__file__).parents[2]
SILENCE_S = 60.0  # s
FIRST_PROMPT = b"Address of the application"
AT_A_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)  # which a shell's background job ignores
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "perfgate", "init", *sys.argv[1:]])
"""


def answered(folder: Path, answers: str, *options: str) -> tuple[int, str]:
    """Exit code and everything that the terminal shows. The answers are typed once there is a question."""
    leader, terminal = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if name != "CI"}
    command = [sys.executable, "-c", AT_A_TERMINAL, *options]
    environ |= {"TERM": "dumb", "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdin=terminal, stdout=terminal, stderr=terminal
    ) as process:
        os.close(terminal)
        shown = b""
        while data := _read(leader):
            shown += data
            if answers and FIRST_PROMPT in shown:
                os.write(leader, answers.encode())
                answers = ""
        os.close(leader)  # hangs up where it waits
    return process.returncode, shown.decode().replace("\r\n", "\n")


def _read(leader: int) -> bytes:
    """What the terminal shows next; empty at the end, or where it waits for more answers than there are."""
    if not select.select([leader], [], [], SILENCE_S)[0]:
        return b""
    try:
        return os.read(leader, 65536)
    except OSError:  # nobody has the other side open any more
        return b""


def test_requests_that_are_typed(tmp_path: Path):
    target = f"http://127.0.0.1:{free_port()}"
    typed = [
        "no",  # it is not started now
        "not a request",
        "GET /products?page=1",
        'POST /orders {"id": 1',
        'POST /orders {"id": 1}',
        "head /",
        "",
        "",
    ]

    code, shown = answered(tmp_path, "\n".join([target, *typed]))

    assert code == 0, shown
    assert shown.count(questions.HOW_TO_WRITE) == 2
    assert f"{target} does not answer" in shown
    written = yaml.safe_load((tmp_path / "budgets.yaml").read_text(encoding="utf-8"))
    assert written["target"] == f"${{PERFGATE_TARGET:-{target}}}"
    assert sorted(one["request"] for one in written["endpoints"].values()) == [
        "GET /products?page=1",
        "HEAD /",
        "POST /orders",
    ]
    assert {"id": 1} in [one.get("json") for one in written["endpoints"].values()]


def test_an_address_that_shows_its_requests_needs_no_more(tmp_path: Path):
    (tmp_path / "Procfile").write_text("web: python serve.py --port $PORT\n", encoding="utf-8")
    (tmp_path / ".github").mkdir()
    page = "<html><body><a href='/about'>about</a></body></html>"
    with serving({"/": page, "/about": page}) as address:
        code, shown = answered(tmp_path, f"nowhere:x\n{address}\nperhaps\nyes\n\n")

    assert code == 0, shown
    assert "nowhere:x is no address" in shown
    assert "Which requests" not in shown
    written = yaml.safe_load((tmp_path / "budgets.yaml").read_text(encoding="utf-8"))
    assert sorted(one["request"] for one in written["endpoints"].values()) == ["GET /", "GET /about"]
    assert written["service"]["command"] == "python serve.py --port ${PORT}"
    assert (tmp_path / ".github/workflows/performance.yml").exists()


@pytest.mark.parametrize("typed", ["\x03", "\x04", "127.0.0.1:1\n\x03"], ids=["ctrl-c", "ctrl-d", "ctrl-c later"])
def test_an_end_writes_nothing(tmp_path: Path, typed: str):
    code, shown = answered(tmp_path, typed)

    assert code == 130, shown
    assert "interrupted" in shown
    assert not (tmp_path / "budgets.yaml").exists()


def test_nobody_is_asked_where_the_folder_has_a_source(tmp_path: Path):
    (tmp_path / "openapi.json").write_text(
        '{"openapi": "3.1.0", "paths": {"/items": {"get": {"responses": {"200": {"description": "ok"}}}}}}',
        encoding="utf-8",
    )

    code, shown = answered(tmp_path, "", "--dry-run")

    assert code == 0, shown
    assert "Address of" not in shown
    assert "GET /items" in shown
