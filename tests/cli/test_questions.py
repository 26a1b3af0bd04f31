"""`perfgate init` in a folder that has nothing to begin with: it asks who sits at the terminal, and nobody else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perfgate.cli.questions import Answers, answers

COMMAND = [sys.executable, "-m", "perfgate", "init"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["", ""], Answers(url="http://127.0.0.1:8000")),
        (["localhost:3000/", ""], Answers(url="http://localhost:3000")),
        (
            ["http://127.0.0.1:9", "/ items?page=2"],
            Answers(
                url="http://127.0.0.1:9", commands="curl http://127.0.0.1:9/\ncurl 'http://127.0.0.1:9/items?page=2'"
            ),
        ),
        ([None], None),
        (["", None], None),
    ],
)
def test_answers_become_a_source(given: list[str | None], expected: Answers | None):
    waiting = iter(given)

    assert answers(lambda _: next(waiting)) == expected


def test_on_a_terminal_two_questions_make_the_file(tmp_path: Path):
    terminal, end = os.openpty()
    os.write(terminal, b"127.0.0.1:3000\n/ /items?page=2\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PERFGATE_")}

    done = subprocess.run(COMMAND, cwd=tmp_path, env=environ, stdin=end, stderr=end, stdout=subprocess.PIPE, text=True)

    os.close(end)
    os.close(terminal)
    text = (tmp_path / "budgets.yaml").read_text()
    assert done.returncode == 0
    assert "http://127.0.0.1:3000" in text
    assert "request: GET /items?page=2" in text


def test_without_a_terminal_nothing_is_asked(tmp_path: Path):
    done = subprocess.run(COMMAND, cwd=tmp_path, input="127.0.0.1:3000\n/\n", capture_output=True, text=True)

    assert done.returncode == 2
    assert "There is nothing here to begin with. [PG-N001]" in done.stderr
