"""A generated file is an ordinary locustfile: `locust -f FILE` runs it without perfgate, secrets from the environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scenarios.recording_server import recording_server

from perfgate import budgets, scenarios

EVERYTHING = Path(__file__).parent / "everything"
SECRETS = {"API_TOKEN": "t0psecret-token", "SHOP_PASSWORD": "t0psecret-password"}


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """The scenario of `everything`, in the folder where `perfgate generate` puts it."""
    folder = tmp_path / "project"
    shutil.copytree(EVERYTHING, folder)
    path = folder / "scenarios" / "generated" / "everything.py"
    path.parent.mkdir(parents=True)
    plan = scenarios.plan(budgets.read(folder / "budgets.yaml", SECRETS))
    path.write_text(scenarios.generate(plan, scenario=path), encoding="utf-8")
    return path


def locust(scenario: Path, url: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "locust", "-f", str(scenario), "--headless", "-u", "8", "-r", "8", "-t", "6s"]
    inherited = {name: value for name, value in os.environ.items() if name not in SECRETS}
    return subprocess.run(
        [*command, "--host", url],
        env={**inherited, **environ},
        cwd=scenario.parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_a_scenario_that_an_earlier_version_has_generated_still_runs():
    with recording_server() as server:
        done = locust(Path(__file__).parent / "earlier" / "everything.py", server.url, SECRETS)

    table = done.stdout + done.stderr
    assert done.returncode == 0, table
    assert "Traceback" not in table
    assert re.search(r"GET +show account +\d+ +0\(0\.00%\)", table)
    account = next(request for request in server.requests if request.target == "/accounts/7")
    assert account.header("X-Trace") == b"abc-1-c00kie"


def test_it_runs_with_plain_locust(scenario: Path):
    with recording_server() as server:
        done = locust(scenario, server.url, SECRETS)

    assert done.returncode == 0, done.stdout + done.stderr
    table = done.stdout + done.stderr
    assert re.search(r"GET +list products +\d+ +0\(0\.00%\)", table)
    assert re.search(r"POST +log in +\d+ +0\(0\.00%\)", table)
    assert {request.header("Authorization") for request in server.requests if request.target == "/about"} == {
        b"Bearer t0psecret-token"
    }
    assert not re.search("|".join(SECRETS.values()), scenario.read_text(encoding="utf-8") + table)


def test_a_variable_that_is_not_set_is_named(scenario: Path):
    done = locust(scenario, "http://127.0.0.1:1", {})

    assert done.returncode != 0
    assert "the environment variable API_TOKEN is not set" in done.stderr
