"""Run folders: one run at a time in each, and earlier ones only where they are about the same commit."""

from __future__ import annotations

import json

import servers
from projects import Project

from perfgate.files import reserving

ONE = """
version: 1
target: {target}
load: {{users: 2, duration: 1s}}
gate: {{probe: false}}
endpoints:
  home: {{request: GET /, budget: {{errors: 1%}}}}
"""


def test_two_runs_at_once_do_not_share_a_folder(project: Project):
    """The second would delete what the first has recorded, or both be judged by the requests of one."""
    folder = project.folder / "same"
    with servers.serving(servers.answering(200)) as (url, behaviour):
        project.write(ONE.format(target=url))
        with reserving.reserve(folder, project.folder):
            (folder / "run.json").write_text("the other's")
            done = project.perfgate("run", "--out", "same")
            assert (folder / "run.json").read_text() == "the other's"
            assert behaviour.requests == 0
        again = project.perfgate("run", "--out", "same")

    assert done.returncode == 3
    assert "Another run is under way in the run folder same" in done.stderr
    assert again.returncode == 0, again.stderr


def test_a_run_of_another_commit_confirms_nothing(project: Project):
    with servers.serving(servers.answering(500)) as (url, behaviour):
        project.write(ONE.format(target=url))
        project.perfgate("run", "--no-save", "--out", "earlier", GITLAB_CI="true", CI_COMMIT_SHA="a" * 40)
        sent = behaviour.requests
        verdict = project.folder / "earlier" / "verdict.json"
        for name in ("earlier", str(verdict)):
            done = project.perfgate("run", "--confirm", name, GITLAB_CI="true", CI_COMMIT_SHA="b" * 40)
            assert done.returncode == 2
            assert "that run is of another commit" in done.stderr
        assert behaviour.requests == sent
    assert json.loads(verdict.read_text())["outcome"] == "fail"
