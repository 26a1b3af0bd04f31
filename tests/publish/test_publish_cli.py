"""`perfgate publish` as a workflow runs it: a process with a runner's environment, against the fake."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import forked
import pytest
from fake_github.server import FakeGitHub
from publish.desks import opened
from report.samples import shop_facts

from perfgate.files import codec
from perfgate.report import build

BUDGET = """\
version: 1
name: shop
target: http://127.0.0.1:8765
load: {rate: 10/s, duration: 5s}
endpoints:
  search: {request: GET /search, budget: {p95: 120ms}}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with a judged run in it."""
    facts = shop_facts()
    root = tmp_path_factory.mktemp("built")
    folder = root / ".perfgate" / "runs" / facts.run.id
    folder.mkdir(parents=True)
    codec.write(facts.run, folder / "run.json")
    codec.write(facts.verdict, folder / "verdict.json")
    build(facts.verdict, facts.run, facts.past_runs, folder)
    (root / "perf").mkdir()
    (root / "perf" / "budgets.yaml").write_text(BUDGET, encoding="utf-8")
    return root


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """A copy of its own: publishing writes into it."""
    return shutil.copytree(built, tmp_path / "checkout")


def perfgate(project: Path, known: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PERFGATE_", "GITHUB_"))}
    return forked.perfgate("publish", *arguments, cwd=project, env={**own, **known, "GITHUB_WORKSPACE": str(project)})


def test_a_workflow_tells_its_verdict(github: FakeGitHub, tmp_path: Path, project: Path):
    repo, pull, known = opened(github, tmp_path, "pull-requests", "checks", "statuses")

    done = perfgate(project, known, "latest", "--budget", "perf/budgets.yaml", "--check", "--status")

    assert done.returncode == 0, done.stderr
    (comment,) = repo.comments.values()
    assert "### ❌ `shop` FAIL: 2 of 9 budgets broken" in comment.body
    assert len(comment.body.encode("utf-16-le")) // 2 < 65_536
    assert [check["name"] for check in repo.checks] == ["perfgate: shop"]
    assert [one["path"] for one in repo.checks[0]["annotations"]] == [
        "perf/budgets.yaml"
    ] * 4  # not of what is undecided
    assert [status["state"] for status in repo.statuses] == ["failure"]
    assert "FAIL: 2 of 9" in (tmp_path / "summary.md").read_text()
    outputs = (tmp_path / "output").read_text()
    assert "\nfail\n" in outputs
    assert "\n3\n" in outputs  # two broken, one not measured
    assert f"/pull/{pull.number}#issuecomment-" in outputs
    assert done.stdout.startswith("::error file=perf/budgets.yaml,title=search p95%3A fail::search p95 82 to 131 ms")
    assert known["GITHUB_TOKEN"] not in done.stdout + done.stderr + outputs + comment.body


def test_a_read_only_token_is_a_warning_with_the_lines_to_paste(github: FakeGitHub, tmp_path: Path, project: Path):
    repo, _, known = opened(github, tmp_path)

    done = perfgate(project, known, "latest")

    assert done.returncode == 0
    assert "The verdict stands." in done.stderr
    assert "    permissions:\n      contents: read\n      pull-requests: write\n" in done.stderr
    assert repo.comments == {}


def test_settings_come_from_the_environment_too(github: FakeGitHub, tmp_path: Path, project: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests", "statuses")
    settings = {"PERFGATE_COMMENT": "never", "PERFGATE_STATUS": "1", "PERFGATE_ANNOTATIONS": "0"}

    done = perfgate(project, known | settings, "latest")

    assert (repo.comments, len(repo.statuses), done.stdout) == ({}, 1, "")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["latest", "--to", "gitlub"], 2, "Known: github"),
        (["latest", "--comment", "sometimes"], 2, "sometimes"),
        (["nothing"], 3, "There is no run nothing"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, project: Path, arguments: list[str], code: int, said: str):
    done = perfgate(project, {}, *arguments)

    assert done.returncode == code
    assert said in done.stderr


def test_outside_of_github_it_says_so(tmp_path: Path, project: Path):
    done = perfgate(project, {}, "latest")

    assert done.returncode == 0
    assert "no workflow of GitHub Actions" in done.stderr
