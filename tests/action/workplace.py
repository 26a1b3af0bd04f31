"""Workflows that use the action: an event, a fresh clone, a job."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from action.interpreter import Job, clean
from fake_github import events
from fake_github.server import FakeGitHub
from fake_github.world import Pull, Repository

ROOT = Path(__file__).parent.parent.parent
FAULT = "search:errors=100%"
READS_ITS_ANCESTORS = """\
pid=$PPID
while [ "$pid" -gt 1 ]; do
  for file in environ cmdline; do tr '\\0' '\\n' < /proc/$pid/$file; echo; done
  pid=$(sed -n 's/^PPid:[^0-9]*//p' /proc/$pid/status)
done
"""
SECONDS_ENOUGH = "8s"  # limits are about the machine; these tests are not


def short_load(text: str) -> str:
    """The demo's budget file with little load, limits on errors only, and a shop that writes down what it was given."""
    data = yaml.safe_load(text)
    data["load"] = {"rate": "30/s", "warmup": "500ms", "duration": "2s"}
    data["service"]["command"] = (
        f"env > service.env; sh ancestors.sh > ancestors.txt; exec {data['service']['command']}"
    )
    data["defaults"]["timeout"] = "20s"
    data["defaults"]["budget"] = {"p95": SECONDS_ENOUGH, "errors": "1% +1pp"}
    for one in (*data["endpoints"].values(), *data.get("journeys", {}).values()):
        one.get("budget", {}).pop("p95", None)
    data["gate"] = {"baseline": {"branch": "main", "runs": 20, "min_runs": 1}}
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def git(*arguments: str, folder: Path) -> str:
    own = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    who = {f"GIT_{role}_{key}": "test@example.invalid" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**os.environ, **own, **who}, capture_output=True, text=True, check=True
    )
    return done.stdout


@dataclass
class Workplace:
    remote: Path
    github: FakeGitHub
    folder: Path
    repo: Repository
    numbers: Any = field(default_factory=lambda: count(1))

    def job(self, event: str, payload: dict[str, Any], token: str, *, fault: str = "", **environ: str) -> Job:
        place = self.folder / f"job-{next(self.numbers)}"
        place.mkdir()
        git("clone", "--quiet", "--depth=1", f"file://{self.remote}", str(place / "shop"), folder=place)
        known_as = f"{self.github.server}/{self.repo.full_name}"
        git("remote", "set-url", "origin", known_as, folder=place / "shop")
        git("config", f"url.file://{self.remote}.insteadOf", known_as, folder=place / "shop")
        (place / "temp").mkdir()
        known = events.environ(self.github, self.repo, event, payload, place, token="")
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        more = {"PERFGATE_DEMO_FAULTS": fault} if fault else {}
        base = {**clean(), "PATH": path, "GIT_CONFIG_GLOBAL": "/dev/null", "NO_COLOR": "1"}
        base["PERFGATE_DIAGNOSE"] = "0"  # a second pass, which tests/end_to_end/test_diagnosis.py is about
        return Job(
            action=place / "shop",
            workspace=place / "shop",
            temp=place / "temp",
            environ={**base, **known, **more, **environ},
            token=token,
        )

    def push_to_main(self, **options: Any) -> Job:
        payload = events.push(self.repo, "main", "a" * 40)
        token = self.github.token("contents", "pull-requests")
        return self.job("push", payload, token, GITHUB_SHA="a" * 40, **options)

    def pull_request(self, pull: Pull, *write: str, **options: Any) -> Job:
        payload = events.pull_request(self.repo, pull)
        return self.job(
            "pull_request", payload, self.github.token(*write), GITHUB_REF=f"refs/pull/{pull.number}/merge", **options
        )

    def second_workflow(self, pull: Pull, run_id: int, *, sha: str = "") -> Job:
        payload = events.workflow_run(self.repo, pull, sha=sha)
        payload["workflow_run"]["id"] = run_id
        return self.job("workflow_run", payload, self.github.token("pull-requests"))

    def remembered(self) -> int:
        """Runs on the data branch."""
        listed = git("ls-tree", "-r", "--name-only", "perfgate-data", folder=self.remote).splitlines()
        return sum(name.startswith("runs/") for name in listed)

    def branches(self) -> list[str]:
        return git("branch", "--format=%(refname:short)", folder=self.remote).split()
