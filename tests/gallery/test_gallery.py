"""A gallery of mistakes and what perfgate says of each: where, what, how to mend. Golden texts, to be read aloud.

The command line runs in a folder of its own, with an environment that the case names.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import forked
import pytest
from gallery.cases import CASES, GOOD, Case

CODE = re.compile(r"\[(PG-[A-Z][0-9]{3})\]")
KEPT = ("PATH", "HOME", "LANG", "VIRTUAL_ENV", "SYSTEMROOT", "TMPDIR")


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def said(case: Case, folder: Path, ports: dict[str, str]) -> str:
    """What the commands print, with folder and ports by name."""

    def filled(text: str) -> str:
        for name, value in ports.items():
            text = text.replace(name, value)
        return text

    (folder / "budgets.yaml").write_text(GOOD)
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else filled(content).encode())
    for name in case.without:
        (folder / name).unlink()
    environ = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(forked.INTERPRETER)}
    environ |= {
        "NO_COLOR": "1",
        "COLUMNS": "120",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CEILING_DIRECTORIES": str(folder.parent),
    }
    environ |= {name: filled(value).replace("FOLDER", str(folder)) for name, value in case.environ.items()}
    lines = []
    for command in case.commands:
        words = [filled(word) for word in command]
        if words[0] != "perfgate":
            subprocess.run(words, cwd=folder, env=environ, capture_output=True, timeout=120, check=False)
            continue
        done = forked.perfgate(*words[1:], cwd=folder, env=environ)
        lines += [
            f"$ {' '.join(command)}",
            *(done.stdout + done.stderr).splitlines(),
            f"exit code {done.returncode}",
        ]
    text = "\n".join(line.rstrip() for line in lines)
    for name, value in ports.items():
        text = text.replace(value, name)
    text = text.replace(str(folder.resolve()), "FOLDER").replace(str(folder), "FOLDER")
    return re.sub(r"after \d+ ms", "after N ms", re.sub(r"\d{8}-\d{6}-[0-9a-f]{4}", "RUN", text))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_named_with_its_place_and_its_cure(
    case: Case, tmp_path: Path, golden: Callable[[str, str], None], busy_port: int, free_port: int
):
    text = said(case, tmp_path, {"BUSY_PORT": str(busy_port), "FREE_PORT": str(free_port)})

    assert "Traceback" not in text
    assert CODE.search(text), text
    golden(f"{case.room}-{case.name.replace(' ', '-')}.txt", text + "\n")


def test_there_are_eighty_in_five_rooms():
    assert len(CASES) >= 80
    assert {case.room for case in CASES} == {"budget", "command", "environment", "target", "ci"}
    assert len({case.name for case in CASES}) == len(CASES)
