"""What to do is told in the words of the service's own language."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from perfgate.diagnose import explaining
from perfgate.diagnose.codes import CODES, Language, language_of
from perfgate.diagnose.facts import ProbeCounts
from perfgate.diagnose.partition import ReplaySample
from perfgate.diagnose.probes import answers_elsewhere, programs
from perfgate.diagnose.replaying import Answer
from perfgate.diagnose.second_pass import PassRecord

WORDS = {"python": ("Django", "SQLAlchemy", "asyncio", "psycopg"), "node": ("Prisma", "Promise", "worker_threads")}


def seen(queries: float, seconds: float) -> PassRecord:
    rounds = [
        Answer(
            samples=tuple(ReplaySample(wait=0.0, first_byte=seconds, service=seconds, round=n, users=u) for _ in "abc")
        )
        for n in range(4)
        for u in (1, 4)
    ]
    return PassRecord(answers=rounds, counts=[ProbeCounts(values={"queries": queries, "query_seconds": 0.001})])


@pytest.mark.parametrize(
    ("language", "has", "lacks"),
    [
        ("python", "select_related", "Prisma"),
        ("node", "Prisma", "select_related"),
        ("other", "IN (...)", "Django"),
        ("", "select_related", "DEBUG"),
    ],
)
def test_a_remedy_names_the_libraries_of_that_language(language: Language, has: str, lacks: str):
    context = explaining.CaseContext(language=language)
    found = explaining.explain("search", "p95", seen(100, 0.1), seen(2, 0.01), context)

    assert found.causes[0].code == "repeated-statement"
    assert has in found.causes[0].remedy
    assert lacks not in found.causes[0].remedy


@pytest.mark.parametrize("code", CODES)
def test_what_holds_for_all_names_no_library(code: str):
    rule = CODES[code]

    assert [word for words in WORDS.values() for word in words if word in rule.remedy] == []
    assert [word for word in WORDS["python"] if word in rule.remedy_in("node")] == []
    assert [word for word in WORDS["node"] if word in rule.remedy_in("python")] == []
    assert len(rule.remedy_in("")) <= 300  # what a terminal shows


@pytest.mark.parametrize(
    ("programs", "language"),
    [
        (["python3.11"], "python"),
        (["uwsgi-core"], "python"),
        (["bash", "node"], "node"),
        (["bun"], "node"),
        (["java"], "other"),
        ([], ""),
    ],
)
def test_the_language_is_that_of_the_program(programs: list[str], language: Language):
    assert language_of(programs) == language


def test_the_program_is_the_one_that_listens():
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
        with subprocess.Popen([shutil.which("cat") or "cat"], stdin=subprocess.PIPE):
            assert programs(os.getpid(), port) == [Path(sys.executable).resolve().name]


def test_processes_that_do_not_listen_are_not_taken_for_the_service():
    """`docker compose up` waits, and a container answers."""
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
        with subprocess.Popen([shutil.which("cat") or "cat"], stdin=subprocess.PIPE) as waiting:
            assert answers_elsewhere(waiting.pid, port)
            assert not answers_elsewhere(os.getpid(), port)
