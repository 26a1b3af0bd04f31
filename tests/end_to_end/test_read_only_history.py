"""A history that can be read and not be written: the verdict stands, is told, and says that the baseline stays behind."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from processes import wait_for
from projects import Project, Shop

BUDGETS = """
version: 1
name: shop
target: {target}
load: {{rate: 20/s, duration: 1s}}
endpoints:
  list products: {{request: GET {path}, budget: {{errors: 1%, p95: 5s +50%}}}}
"""
PROTECTED = "#!/bin/sh\necho 'GH013: Repository rule violations found for refs/heads/perfgate-data.'\nexit 1\n"
READ_ONLY = "#!/bin/sh\necho 'Permission to octo/shop.git denied to github-actions[bot].'\nexit 1\n"
NOTE = "This run is not in the history"


def git(folder: Path, *arguments: str) -> None:
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
    subprocess.run(["git", *arguments], cwd=folder, env=environ, capture_output=True, check=True)


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return tmp_path / "remote.git"


@pytest.fixture
def checkout(tmp_path: Path, remote: Path) -> Project:
    folder = tmp_path / "checkout"
    git(tmp_path, "init", "-q", "--bare", str(remote))
    git(tmp_path, "init", "-q", "-b", "main", str(folder))
    git(folder, "remote", "add", "origin", str(remote))
    return Project(folder)


def refuse(remote: Path, script: str) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(script)
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("script", "path", "code"), [(PROTECTED, "/products", 0), (READ_ONLY, "/nowhere", 1)], ids=["pass", "fail"]
)
def test_a_branch_that_refuses_changes_no_verdict(
    checkout: Project, remote: Path, shop: Shop, script: str, path: str, code: int
):
    refuse(remote, script)
    checkout.write(BUDGETS.format(target=shop.url, path=path))

    done = checkout.perfgate("run", "--save", "--history", "git:perfgate-data")

    assert done.returncode == code, done.stderr
    assert "Not added to the history: branch perfgate-data refuses to be written" in done.stderr
    assert script.split("'")[1] in done.stderr
    assert "Settings > Rules > Rulesets" in done.stderr
    assert NOTE in done.stdout
    assert NOTE in checkout.verdict()["notes"][0]
    for told in ("report.md", "report.html", "junit.xml", "run.json"):
        assert (checkout.runs[-1] / told).is_file(), told
    assert NOTE in (checkout.runs[-1] / "report.md").read_text()

    (remote / "hooks" / "pre-receive").unlink()
    later = checkout.perfgate("history", "add", "latest", "--history", "git:perfgate-data")

    assert "Added run" in later.stdout, later.stderr


def test_so_does_a_database_without_the_right_to_insert(project: Project, shop: Shop):
    project.write(BUDGETS.format(target=shop.url, path="/products"))
    assert project.perfgate("run").returncode == 0
    with closing(sqlite3.connect(project.folder / ".perfgate" / "history.db")) as database:
        database.execute("CREATE TRIGGER no BEFORE INSERT ON perfgate_runs BEGIN SELECT RAISE(ABORT, 'no'); END")

    done = project.perfgate("run")

    assert done.returncode == 0, done.stderr
    assert "Not added to the history" in done.stderr
    assert NOTE in project.verdict()["notes"][0]
    assert "1 of 5 runs" in done.stdout  # the one before; this one is none of them
    assert project.perfgate("history", "list").stdout.count("shop") == 1


def test_adding_by_hand_is_about_adding(checkout: Project, remote: Path, shop: Shop):
    checkout.write(BUDGETS.format(target=shop.url, path="/products"))
    done = checkout.perfgate("run", "--no-save", "--history", "git:perfgate-data")
    assert "0 of 5 runs" in done.stdout
    refuse(remote, PROTECTED)

    done = checkout.perfgate("history", "add", "latest", "--history", "git:perfgate-data")

    assert done.returncode == 3
    assert "GH013" in done.stderr


@pytest.mark.slow
def test_a_job_that_is_cancelled_in_the_middle_of_a_push_says_what_makes_sure_of_the_run(
    checkout: Project, remote: Path, shop: Shop, tmp_path: Path
):
    refuse(remote, f"#!/bin/sh\ntouch {tmp_path}/pushing\nwhile [ ! -e {tmp_path}/go ]; do sleep 0.1; done\n")
    checkout.write(BUDGETS.format(target=shop.url, path="/products"))
    process = checkout.start("run", "--save", "--history", "git:perfgate-data")
    try:
        wait_for((tmp_path / "pushing").exists, "a push")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    finally:
        (tmp_path / "go").touch()
        process.kill()

    assert process.returncode == 130
    run = checkout.runs[-1].name
    assert f"Interrupted while this run was added to the history: `perfgate history add {run}`" in said
    (remote / "hooks" / "pre-receive").unlink()
    later = checkout.perfgate("history", "add", run, "--history", "git:perfgate-data")
    assert later.returncode == 0, later.stderr
    assert later.stdout.startswith(("Added", "Already there"))
